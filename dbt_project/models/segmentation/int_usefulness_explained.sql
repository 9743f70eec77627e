with

groups as (

    select * from {{ ref('int_usefulness_groups') }}

),

-- What the customers of the other folds say of this one's.
told_by_others as (

    select
        basis,
        method,
        group_number,
        fold,
        cast(customer_count as double) as n,
        cast(log_sum as double) as s,
        cast(log_squares as double) as q,
        cast(
            sum(log_sum) over (partition by basis, method, group_number)
            - log_sum as double
        )
        / nullif(
            sum(customer_count) over (partition by basis, method, group_number)
            - customer_count,
            0
        ) as group_mean,
        cast(
            sum(log_sum) over (partition by basis, method)
            - sum(log_sum) over (partition by basis, method, fold) as double
        )
        / nullif(
            sum(customer_count) over (partition by basis, method)
            - sum(customer_count) over (partition by basis, method, fold),
            0
        ) as overall_mean
    from groups

),

-- A group that the other folds do not know is told the overall mean.
predicted as (

    select
        *,
        coalesce(group_mean, overall_mean) as prediction
    from told_by_others

),

squared as (

    select
        basis,
        method,
        group_number,
        cast(
            q - 2 * prediction * s + prediction * prediction * n
            as decimal(38, 9)
        ) as residual,
        cast(
            q - 2 * overall_mean * s + overall_mean * overall_mean * n
            as decimal(38, 9)
        ) as total
    from predicted

),

final as (

    select
        basis,
        method,
        count(distinct group_number) as group_count,
        1 - cast(sum(residual) as double)
        / nullif(cast(sum(total) as double), 0) as variance_explained
    from squared
    group by
        basis,
        method

)

select * from final
