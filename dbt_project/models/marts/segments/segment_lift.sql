{% set minimum = setting_within('lift_min_customers', 2, 1000000000) %}

with

lift_campaigns as (

    select * from {{ ref('lift_campaigns') }}

),

orders as (

    select * from {{ ref('orders') }}

),

customer_campaigns as (

    select * from {{ ref('customer_campaigns') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

customer_statuses as (

    select * from {{ ref('customer_statuses') }}

),

lift_dates as (

    select distinct segmented_as_of_date
    from lift_campaigns

),

-- Customers who could have been addressed: all in the segment on that date.
members as (

    select
        customer_assignments.customer_id,
        customer_assignments.segment_id,
        customer_statuses.is_holdout,
        customer_assignments.as_of_date
    from customer_assignments
    inner join lift_dates
        on customer_assignments.as_of_date = lift_dates.segmented_as_of_date
    inner join customer_statuses
        on customer_assignments.customer_id = customer_statuses.customer_id

),

member_counts as (

    select
        segment_id,
        is_holdout,
        count(*) as customer_count,
        as_of_date
    from members
    group by
        segment_id,
        is_holdout,
        as_of_date

),

-- Sends after the days measured cannot have changed them.
sent as (

    select
        lift_campaigns.campaign_id,
        members.segment_id,
        members.is_holdout,
        count(*) as sent_count,
        count(*) filter (
            where
            customer_campaigns.responded_date
            >= lift_campaigns.first_sent_date
            and customer_campaigns.responded_date
            < lift_campaigns.complete_from_date
        ) as responded_count
    from customer_campaigns
    inner join lift_campaigns
        on
            customer_campaigns.campaign_id = lift_campaigns.campaign_id
            and customer_campaigns.sent_date < lift_campaigns.complete_from_date
    inner join members
        on
            customer_campaigns.customer_id = members.customer_id
            and lift_campaigns.segmented_as_of_date = members.as_of_date
    group by
        lift_campaigns.campaign_id,
        members.segment_id,
        members.is_holdout

),

-- Customers who bought: all others spent nothing.
customer_spend as (

    select
        lift_campaigns.campaign_id,
        lift_campaigns.segmented_as_of_date,
        orders.customer_id,
        cast(sum(orders.spend) as decimal(18, 4)) as spend
    from orders
    inner join lift_campaigns
        on
            lift_campaigns.is_complete
            and orders.order_date >= lift_campaigns.first_sent_date
            and orders.order_date < lift_campaigns.complete_from_date
    group by
        lift_campaigns.campaign_id,
        lift_campaigns.segmented_as_of_date,
        orders.customer_id

),

spent as (

    select
        customer_spend.campaign_id,
        members.segment_id,
        members.is_holdout,
        sum(customer_spend.spend) as spend,
        sum(customer_spend.spend * customer_spend.spend) as squared_spend
    from customer_spend
    inner join members
        on
            customer_spend.customer_id = members.customer_id
            and customer_spend.segmented_as_of_date = members.as_of_date
    group by
        customer_spend.campaign_id,
        members.segment_id,
        members.is_holdout

),

-- Amounts are null until the days measured are over.
lift_groups as (

    select
        lift_campaigns.campaign_id,
        member_counts.segment_id,
        cast(member_counts.customer_count as bigint) as customer_count,
        coalesce(sent.sent_count, 0) as sent_count,
        coalesce(sent.responded_count, 0) as responded_count,
        case
            when lift_campaigns.is_complete
                then cast(coalesce(spent.spend, 0) as decimal(38, 4))
        end as spend,
        case
            when lift_campaigns.is_complete
                then cast(coalesce(spent.squared_spend, 0) as decimal(38, 8))
        end as squared_spend,
        member_counts.is_holdout
    from lift_campaigns
    inner join member_counts
        on lift_campaigns.segmented_as_of_date = member_counts.as_of_date
    left join sent
        on
            lift_campaigns.campaign_id = sent.campaign_id
            and member_counts.segment_id = sent.segment_id
            and member_counts.is_holdout = sent.is_holdout
    left join spent
        on
            lift_campaigns.campaign_id = spent.campaign_id
            and member_counts.segment_id = spent.segment_id
            and member_counts.is_holdout = spent.is_holdout

),

-- The variance of the mean of each group. Rounding can leave a hair below
-- zero where all spent the same.
group_means as (

    select
        *,
        cast(spend as double) / customer_count as mean_spend,
        greatest(
            cast(squared_spend as double)
            - cast(spend as double) * cast(spend as double) / customer_count,
            0
        )
        / nullif(customer_count - 1, 0) / customer_count as mean_variance
    from lift_groups

),

-- All customers not held out against all held out, sent the campaign or not:
-- customers sent it were chosen, customers not held out were drawn.
sides as (

    select
        campaign_id,
        segment_id,
        coalesce(max(customer_count) filter (where not is_holdout), 0)
            as assigned_count,
        coalesce(max(sent_count) filter (where not is_holdout), 0)
            as treated_count,
        coalesce(max(responded_count) filter (where not is_holdout), 0)
            as responded_count,
        max(mean_spend) filter (where not is_holdout)
            as spend_per_assigned_customer,
        max(mean_variance) filter (where not is_holdout) as assigned_variance,
        coalesce(max(customer_count) filter (where is_holdout), 0)
            as held_out_count,
        coalesce(max(sent_count) filter (where is_holdout), 0)
            as contaminated_count,
        max(mean_spend) filter (where is_holdout)
            as spend_per_held_out_customer,
        max(mean_variance) filter (where is_holdout) as held_out_variance
    from group_means
    group by
        campaign_id,
        segment_id

),

-- Welch's: the two groups differ in size and spread.
welch as (

    select
        *,
        spend_per_assigned_customer - spend_per_held_out_customer
            as spend_difference,
        {{ interval_errors() }} as interval_errors,
        sqrt(assigned_variance + held_out_variance) as standard_error,
        power(assigned_variance + held_out_variance, 2)
        / nullif(
            power(assigned_variance, 2) / nullif(assigned_count - 1, 0)
            + power(held_out_variance, 2) / nullif(held_out_count - 1, 0),
            0
        ) as degrees_of_freedom
    from sides
    where treated_count + contaminated_count > 0

),

-- Two groups in which all customers spent the same have no spread.
compared as (

    select
        *,
        coalesce(
            {{ t_quantile('degrees_of_freedom', 'interval_errors') }}
            * standard_error,
            standard_error
        ) as half_width,
        cast(treated_count as double) / nullif(assigned_count, 0)
            as treated_share,
        cast(contaminated_count as double) / nullif(held_out_count, 0)
            as contaminated_share
    from welch

),

-- Not every customer who was not held out was sent the campaign: the difference
-- per customer sent it is as much larger as fewer were.
measured as (

    select
        compared.*,
        lift_campaigns.is_complete,
        lift_campaigns.segmented_as_of_date,
        lift_campaigns.first_sent_date,
        lift_campaigns.complete_from_date,
        case
            when treated_share > contaminated_share
                then 1 / (treated_share - contaminated_share)
        end as treated_factor,
        assigned_count >= {{ minimum }}
        and held_out_count >= {{ minimum }}
            as has_enough_customers,
        spend_difference - half_width as difference_lower,
        spend_difference + half_width as difference_upper
    from compared
    inner join lift_campaigns
        on compared.campaign_id = lift_campaigns.campaign_id

),

concluded as (

    select
        *,
        is_complete
        and has_enough_customers
        and coalesce(difference_lower > 0 or difference_upper < 0, false)
            as is_conclusive
    from measured

),

final as (

    select
        campaign_id,
        segment_id,
        segmented_as_of_date,
        first_sent_date,
        complete_from_date,
        is_complete,
        assigned_count,
        treated_count,
        treated_share,
        responded_count,
        case
            when is_complete
                then
                    cast(responded_count as double)
                    / nullif(treated_count, 0)
        end as response_share,
        held_out_count,
        contaminated_count,
        contaminated_share,
        spend_per_assigned_customer,
        spend_per_held_out_customer,
        spend_difference,
        difference_lower as spend_difference_lower,
        difference_upper as spend_difference_upper,
        is_conclusive,
        spend_difference * treated_factor as lift_per_treated_customer,
        difference_lower * treated_factor as lift_per_treated_customer_lower,
        difference_upper * treated_factor as lift_per_treated_customer_upper,
        case
            when not is_complete
                then
                    'Its {{ var("lift_horizon_days") }} days are over on '
                    || cast(complete_from_date as string) || '.'
            when not has_enough_customers
                then
                    'Too few customers: {{ minimum }} held out and as'
                    || ' many not held out are needed.'
            when not is_conclusive
                then
                    'No clear difference: between '
                    || {{ readable_number('difference_lower', "'money'") }}
                    || ' and '
                    || {{ readable_number('difference_upper', "'money'") }}
                    || ' per customer in {{ var("lift_horizon_days") }} days.'
            else
                'Customers not held out spent '
                || {{ readable_number('abs(spend_difference)', "'money'") }}
                || case when spend_difference > 0 then ' more' else ' less' end
                || ' each in {{ var("lift_horizon_days") }} days than those'
                || ' held out ({{ interval_percent() }} interval of the'
                || ' difference '
                || {{ readable_number('difference_lower', "'money'") }}
                || ' to '
                || {{ readable_number('difference_upper', "'money'") }}
                || ').'
        end as finding
    from concluded

)

select * from final
