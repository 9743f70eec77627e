-- To the cent, segment by segment: categories hold what members spent; and the
-- shares of a segment's purchases add up to one, where there are purchases.

with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

members as (

    select
        customer_assignments.segment_id,
        sum(customer_snapshots.spend) as spend
    from customer_assignments
    inner join {{ ref('customer_snapshots') }} as customer_snapshots
        on
            customer_assignments.customer_id = customer_snapshots.customer_id
            and customer_assignments.as_of_date = customer_snapshots.as_of_date
    group by customer_assignments.segment_id

),

categories as (

    select
        segment_id,
        sum(spend) as spend,
        sum(purchase_amount) as purchase_amount,
        sum(spend_share) as spend_share
    from {{ ref('segment_category_affinity') }}
    group by segment_id

)

select
    coalesce(members.segment_id, categories.segment_id) as segment_id,
    members.spend as member_spend,
    categories.spend as category_spend,
    categories.spend_share
from members
full outer join categories
    on members.segment_id = categories.segment_id
where
    coalesce(members.spend, 0) <> coalesce(categories.spend, 0)
    or (
        categories.purchase_amount <> 0
        -- Shares are doubles: their sum is 1 up to rounding.
        and abs(categories.spend_share - 1) > 1e-9
    )
