-- Why a customer is in its segment, what speaks most for it first: the rows of
-- customer_explanations. A macro looks tables up in the database in use, which
-- need not be its own when several are attached: it refuses those of another run.
create or replace macro main.explain_customer(customer) as table
select
    customer_id,
    feature,
    label,
    unit,
    value,
    segment_value,
    runner_up_value,
    contribution,
    segment_id,
    runner_up_segment_id
from main.customer_explanations
where
    customer_id = text_of(customer)
    and case
        when
            '<run_id>' = (
                select run_id from main.segmentation_runs
                where is_current
            )
            then true
        else error(
            'explain_customer looks at the database in use, which is of '
            || 'another run than its own: say use <its name> first'
        )
    end
order by contribution desc, position
