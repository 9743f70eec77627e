-- Whom an export of the segment reaches: members less those held out of campaigns, and of these
-- who said no to messages, where the customers' attributes tell. Counts of few are not shown.
with

said_no as (

    select distinct customer_id
    from customer_attributes
    where
        $said_no

),

counted as (

    select
        count(*) as customer_count,
        count(*) filter (customer_segments.is_holdout) as held_out_count,
        count(*) filter (
            not customer_segments.is_holdout and said_no.customer_id is not null
        ) as said_no_count
    from customer_segments
    left join said_no
        on customer_segments.customer_id = said_no.customer_id
    where customer_segments.segment_id = $segment_id and customer_segments.status = 'segmented'

)

select
    customer_count,
    case
        when held_out_count not between 1 and $min_group_size - 1 then held_out_count
    end as held_out_count,
    case
        when held_out_count not between 1 and $min_group_size - 1
            then customer_count - held_out_count
    end as exported_count,
    case
        when said_no_count not between 1 and $min_group_size - 1 then said_no_count
    end as said_no_count
from counted;
