with

members as (

    select * from {{ ref('int_usefulness_members') }}

),

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

group_totals as (

    select
        basis,
        method,
        group_number,
        sum(customer_count) as customer_count,
        cast(sum(past_spend) as double) / sum(customer_count)
            as past_spend_per_customer
    from groups
    group by
        basis,
        method,
        group_number

),

-- Groups in the order of what was known of them: their spend before.
ranked as (

    select
        *,
        sum(customer_count) over (
            partition by basis, method
            order by past_spend_per_customer desc, group_number asc
            rows between unbounded preceding and current row
        ) - customer_count as customers_ahead,
        0.2 * sum(customer_count) over (partition by basis, method)
            as places
    from group_totals

),

-- A group that the other folds do not know is given the overall mean.
predicted as (

    select
        members.customer_id,
        members.basis,
        members.method,
        members.group_number,
        members.later_spend,
        cast(members.log_later_spend as double) as log_later_spend,
        coalesce(told_by_others.group_mean, told_by_others.overall_mean)
            as prediction,
        told_by_others.overall_mean,
        members.as_of_date
    from members
    inner join told_by_others
        on
            members.basis = told_by_others.basis
            and members.method = told_by_others.method
            and members.group_number = told_by_others.group_number
            and members.fold = told_by_others.fold

),

-- Of the group that the last place falls into, as much as fits.
final as (

    select
        predicted.customer_id,
        predicted.basis,
        predicted.method,
        predicted.group_number,
        predicted.later_spend,
        cast(
            power(predicted.log_later_spend - predicted.prediction, 2)
            as decimal(18, 9)
        ) as squared_error,
        cast(
            power(predicted.log_later_spend - predicted.overall_mean, 2)
            as decimal(18, 9)
        ) as squared_deviation,
        greatest(
            0.0,
            least(
                1.0,
                cast(ranked.places - ranked.customers_ahead as double)
                / ranked.customer_count
            )
        ) as captured_part,
        predicted.as_of_date
    from predicted
    inner join ranked
        on
            predicted.basis = ranked.basis
            and predicted.method = ranked.method
            and predicted.group_number = ranked.group_number

)

select * from final
