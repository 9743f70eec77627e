select
    feature,
    label,
    family,
    unit,
    transform,
    weight,
    is_used,
    dropped_reason
from feature_catalog
order by is_used desc, position, feature;
