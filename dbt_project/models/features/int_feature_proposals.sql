{% set taken = [
    'customer_id', 'name_set', 'observed_days', 'is_current',
    'has_sufficient_history', 'as_of_date', 'previous_segment_id', '',
] %}

with

attribute_profiles as (

    select * from {{ ref('int_attribute_profiles') }}

),

source_shape as (

    select * from {{ ref('source_shape') }}

),

-- Rows of the seed for every source are about orders.
definitions as (

    select source from {{ ref('feature_definitions') }}
    where source = {{ text_literal(var('source')) }}
    union all
    select source from {{ source('load', 'given_definitions') }}

),

defined as (

    select count(*) > 0 as is_defined from definitions

),

-- Only customers without orders are described by their attributes alone, and
-- what somebody defined needs no proposal.
proposable as (

    select
        attribute_profiles.*,
        -- From 1 where both tails are as long; the ratio of a lognormal is
        -- exp(1.645 standard deviations of its logarithm).
        (attribute_profiles.p95_value - attribute_profiles.median_value)
        / nullif(
            attribute_profiles.median_value - attribute_profiles.p05_value, 0
        ) as tail_ratio
    from attribute_profiles
    inner join source_shape
        on not source_shape.has_orders
    inner join defined
        on not defined.is_defined

),

-- What cannot describe a kind of customer, for the first reason that applies.
judged as (

    select
        *,
        case
            when distinct_count = 1 then 'constant'
            when
                feature in (
                    {%- for name in taken %}
                    '{{ name }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
                then 'its name is taken'
            when is_time
                then 'dates or times: a feature is a number'
            when
                is_whole
                and known_count = customer_count
                and distinct_number_count = customer_count
                and maximum_value - minimum_value = customer_count - 1
                then 'numbers the rows'
            when
                distinct_count > 0.5 * known_count
                and {{ text_matches(
                    'feature',
                    '(.*_)?(id|key|code|zip|zipcode|postcode|phone|mobile|fax|'
                    ~ 'number|no|nr|num|index|row)|unnamed(_.*)?'
                ) }}
                then 'an id or a code, going by its name'
            when is_number then null
            when distinct_count >= 0.9 * known_count and distinct_count > 9
                then
                    'near-unique text: ' || cast(distinct_count as string)
                    || ' values of ' || cast(known_count as string)
            when not is_profiled
                then
                    'text of ' || cast(distinct_count as string)
                    || ' different values'
        end as left_out_reason
    from proposable

),

final as (

    select
        attribute,
        feature,
        left_out_reason,
        case
            when left_out_reason is null and not is_number
                then 'profiled by value'
            when
                left_out_reason is null
                and distinct_number_count <= 3
                then 'profiled'
            when left_out_reason is null then 'clustered'
            else 'left out'
        end as proposal,
        case
            when minimum_value < 0 then 'identity'
            when
                p95_value > median_value
                and coalesce(tail_ratio, 1e9) >= {{ var('log_tail_ratio') }}
                then 'log1p'
            when
                p95_value > median_value
                and coalesce(tail_ratio, 1e9) >= {{ var('sqrt_tail_ratio') }}
                then 'sqrt'
            else 'identity'
        end as transform,
        case
            when
                minimum_value = 0
                and maximum_value = 1
                and distinct_number_count = 2
                then 'share of customers'
            else 'as in the file'
        end as unit,
        -- By name, so that the order of columns in the file does not matter.
        row_number() over (order by feature, attribute) as position
    from judged

)

select * from final
