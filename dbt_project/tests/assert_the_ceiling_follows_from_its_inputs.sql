{{ config(tags=['guards_code']) }}

-- Members times gap times net rate, from the columns beside it; 0 where that is
-- negative, and null only where a part is.

with

recomputed as (

    select
        segment_id,
        opportunity_ceiling_amount,
        opportunity_ceiling_lower,
        opportunity_ceiling_upper,
        case
            when future_spend_gap * (up_rate - down_rate) is not null
                then
                    greatest(
                        customer_count
                        * (
                            next_future_spend_per_customer
                            - future_spend_per_customer
                        )
                        * (up_rate - down_rate),
                        0
                    )
        end as expected_amount
    from {{ ref('segment_playbook') }}

)

-- The rates are rounded before they are subtracted here: a part in a billion.
select *
from recomputed
where
    (opportunity_ceiling_amount is null) <> (expected_amount is null)
    or abs(opportunity_ceiling_amount - expected_amount)
    > 0.000000001 * (1 + expected_amount)
    or opportunity_ceiling_lower > opportunity_ceiling_amount + 0.000001
    or opportunity_ceiling_upper < opportunity_ceiling_amount - 0.000001
