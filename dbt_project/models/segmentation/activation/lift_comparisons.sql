with

lift_groups as (

    select * from {{ ref('int_lift_groups') }}

),

-- The variance of the mean of each group. Rounding can leave a hair below
-- zero where all spent the same.
groups as (

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
            as assigned_sent_count,
        coalesce(max(responded_count) filter (where not is_holdout), 0)
            as assigned_responded_count,
        max(mean_spend) filter (where not is_holdout) as assigned_mean,
        max(mean_variance) filter (where not is_holdout) as assigned_variance,
        coalesce(max(customer_count) filter (where is_holdout), 0)
            as held_out_count,
        coalesce(max(sent_count) filter (where is_holdout), 0)
            as held_out_sent_count,
        coalesce(max(responded_count) filter (where is_holdout), 0)
            as held_out_responded_count,
        max(mean_spend) filter (where is_holdout) as held_out_mean,
        max(mean_variance) filter (where is_holdout) as held_out_variance
    from groups
    group by
        campaign_id,
        segment_id

),

-- Welch's: the two groups differ in size and spread.
welch as (

    select
        *,
        assigned_mean - held_out_mean as spend_difference,
        {{ interval_errors() }} as interval_errors,
        sqrt(assigned_variance + held_out_variance) as standard_error,
        power(assigned_variance + held_out_variance, 2)
        / nullif(
            power(assigned_variance, 2) / nullif(assigned_count - 1, 0)
            + power(held_out_variance, 2) / nullif(held_out_count - 1, 0),
            0
        ) as degrees_of_freedom
    from sides

),

-- Two groups in which all customers spent the same have no spread.
final as (

    select
        campaign_id,
        segment_id,
        assigned_count,
        assigned_sent_count,
        assigned_responded_count,
        held_out_count,
        held_out_sent_count,
        assigned_mean,
        held_out_mean,
        spend_difference,
        coalesce(
            {{ t_quantile('degrees_of_freedom', 'interval_errors') }}
            * standard_error,
            standard_error
        ) as half_width,
        cast(assigned_sent_count as double) / nullif(assigned_count, 0)
            as treated_share,
        cast(held_out_sent_count as double) / nullif(held_out_count, 0)
            as contaminated_share
    from welch
    where assigned_sent_count + held_out_sent_count > 0

)

select * from final
