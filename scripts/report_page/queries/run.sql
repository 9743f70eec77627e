select *
from segmentation_runs
where is_current;
