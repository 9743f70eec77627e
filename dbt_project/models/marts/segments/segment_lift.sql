{% set minimum = setting_within('lift_min_customers', 2, 1000000000) %}

with

lift_comparisons as (

    select * from {{ ref('lift_comparisons') }}

),

lift_campaigns as (

    select * from {{ ref('lift_campaigns') }}

),

-- Not every customer who was not held out was sent the campaign: the difference
-- per customer sent it is as much larger as fewer were.
measured as (

    select
        lift_comparisons.*,
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
    from lift_comparisons
    inner join lift_campaigns
        on lift_comparisons.campaign_id = lift_campaigns.campaign_id

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
        assigned_sent_count as treated_count,
        treated_share,
        assigned_responded_count as responded_count,
        case
            when is_complete
                then
                    cast(assigned_responded_count as double)
                    / nullif(assigned_sent_count, 0)
        end as response_share,
        held_out_count,
        held_out_sent_count as contaminated_count,
        contaminated_share,
        assigned_mean as spend_per_assigned_customer,
        held_out_mean as spend_per_held_out_customer,
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
