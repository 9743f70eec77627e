with

customer_assignments as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_current

),

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

attribute_profiles as (

    select * from {{ ref('attribute_profiles') }}
    where is_number

),

feature_catalog_entries as (

    select * from {{ ref('feature_catalog_entries') }}

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

orders as (

    select
        customer_assignments.segment_id,
        count(*) as customer_count,
        count(*) filter (
            where
            customer_snapshots.last_order_date
            >= {{ add_days(
                'customer_assignments.as_of_date', -var('yield_horizon_days')
            ) }}
        ) as recent_count,
        cast(sum(coalesce(customer_snapshots.spend, 0)) as decimal(38, 4))
            as spend,
        cast(sum(coalesce(customer_snapshots.order_count, 0)) as bigint)
            as order_count
    from customer_assignments
    inner join customer_snapshots
        on customer_assignments.customer_id = customer_snapshots.customer_id
    group by customer_assignments.segment_id

),

-- A table of customers without orders may itself say what each of them is
-- worth, how long ago they bought and how often, by the names of its columns.
-- The value is the column of the setting VALUE, or the best that is recognised.
columns_ranked as (

    select
        attribute_profiles.attribute,
        attribute_profiles.feature,
        attribute_profiles.label,
        attribute_profiles.has_decimal_comma,
        attribute_profiles.maximum_value,
        {{ purchase_role('attribute_profiles.feature') }} as purchase_role,
        {{ described_role(
            'attribute_profiles.feature', 'attribute_profiles.label'
        ) }} as described_role,
        {{ value_rank_of('attribute_profiles.feature') }} as value_rank
    from attribute_profiles
    cross join source_capabilities
    where not source_capabilities.has_orders

),

-- One part alone is a value of any kind.
parts_counted as (

    select
        *,
        case
            when
                value_rank = 3
                and count(*) over (partition by value_rank) = 1
                then 4
            else value_rank
        end as counted_rank
    from columns_ranked

),

columns_placed as (

    select
        *,
        min(counted_rank) over () as best_rank,
        row_number() over (
            partition by counted_rank order by feature
        ) as place
    from parts_counted

),

columns_used as (

    select
        *,
        counted_rank is not null
        and counted_rank = best_rank
        and (place = 1 or counted_rank = 3) as is_value
    from columns_placed

),

-- Values that no shop has are faults of the data.
purchases as (

    select
        customer_attributes.customer_id,
        columns_used.is_value,
        columns_used.purchase_role,
        columns_used.described_role,
        columns_used.maximum_value,
        cast(
            {{ read_number(
                'customer_attributes.value', 'columns_used.has_decimal_comma'
            ) }} as decimal(18, 4)
        ) as number_value
    from customer_attributes
    inner join columns_used
        on
            customer_attributes.attribute = columns_used.attribute
            and (
                columns_used.is_value
                or columns_used.purchase_role in ('recency', 'frequency')
                or columns_used.described_role = 'answers'
            )
    where
        abs({{ read_number(
            'customer_attributes.value', 'columns_used.has_decimal_comma'
        ) }}) <= {{ var('max_amount') }}

),

-- A recency or frequency of up to 5 is a score.
customers_described as (

    select
        customer_id,
        sum(number_value) filter (where is_value) as customer_value,
        min(number_value) filter (
            where purchase_role = 'recency' and maximum_value > 5
        ) as recency,
        max(number_value) filter (
            where purchase_role = 'frequency' and maximum_value > 5
        ) as frequency,
        sum(number_value) filter (where described_role = 'answers') as answers
    from purchases
    group by customer_id

),

usual_recency as (

    select percentile_cont(0.5) within group (order by recency) as usual_days
    from customers_described

),

described as (

    select
        customer_assignments.segment_id,
        count(customers_described.customer_value) as customer_count,
        count(customers_described.recency) as dated_count,
        count(*) filter (
            where customers_described.recency <= usual_recency.usual_days
        ) as recent_count,
        cast(sum(customers_described.customer_value) as decimal(38, 4))
            as customer_value,
        cast(
            sum(
                cast(
                    customers_described.customer_value
                    * customers_described.customer_value as decimal(28, 2)
                )
            ) as double
        ) as squared_value,
        cast(sum(customers_described.frequency) as double)
        / nullif(count(customers_described.frequency), 0)
            as orders_per_customer,
        cast(sum(customers_described.answers) as double)
        / nullif(count(customers_described.answers), 0)
            as answers_per_customer
    from customer_assignments
    inner join customers_described
        on customer_assignments.customer_id = customers_described.customer_id
    cross join usual_recency
    group by customer_assignments.segment_id

),

value_words as (

    select
        max(columns_used.feature) filter (where columns_used.counted_rank <> 3)
            as value_column,
        case
            when
                max(columns_used.counted_rank) = 3
                or bool_and(columns_used.feature = 'monetary')
                then 'spend'
            else
                max(
                    {{ without_unit(
                        'coalesce(feature_catalog_entries.plain_label, '
                        ~ 'columns_used.label)'
                    ) }}
                )
        end as value_label,
        case
            when
                max(columns_used.counted_rank) = 3
                or bool_and({{ is_money_name('columns_used.feature') }})
                then 'currency'
            else
                coalesce(max(feature_catalog_entries.unit), 'as in the file')
        end as value_unit
    from columns_used
    left join feature_catalog_entries
        on columns_used.feature = feature_catalog_entries.feature
    where columns_used.is_value

),

final as (

    select
        case when described.customer_count > 0 then value_words.value_label end
            as value_label,
        case when described.customer_count > 0 then value_words.value_unit end
            as value_unit,
        orders.segment_id,
        orders.customer_count,
        orders.recent_count,
        orders.order_count,
        orders.spend,
        nullif(described.customer_count, 0) as described_customer_count,
        case when described.dated_count > 0 then described.recent_count end
            as described_recent_count,
        nullif(described.dated_count, 0) as described_dated_count,
        described.customer_value as described_value,
        -- The standard error of the mean.
        sqrt(
            greatest(
                described.squared_value / nullif(described.customer_count, 0)
                - power(
                    cast(described.customer_value as double)
                    / nullif(described.customer_count, 0),
                    2
                ),
                0
            )
            / nullif(described.customer_count, 0)
        ) as described_standard_error,
        described.orders_per_customer as described_orders_per_customer,
        described.answers_per_customer as described_answers_per_customer,
        cast(described.recent_count as double)
        / nullif(described.dated_count, 0) as described_recent_share
    from orders
    left join described
        on orders.segment_id = described.segment_id
    cross join value_words

)

select * from final
