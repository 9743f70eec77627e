{% set taken = [
    'customer_id', 'slot_set', 'observed_days', 'is_current', 'is_lapsed',
    'has_sufficient_history', 'as_of_date', 'previous_segment_id', '',
] %}

with

attribute_profiles as (

    select * from {{ ref('attribute_profiles') }}

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

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

-- Attributes with a definition need no proposal.
proposable as (

    select
        attribute_profiles.*,
        {{ code_reason() }} as code_reason,
        source_capabilities.has_orders,
        -- From 1 where both tails are as long; the ratio of a lognormal is
        -- exp(1.645 standard deviations of its logarithm).
        (attribute_profiles.p95_value - attribute_profiles.median_value)
        / nullif(
            attribute_profiles.median_value - attribute_profiles.p05_value, 0
        ) as tail_ratio
    from attribute_profiles
    cross join source_capabilities
    inner join defined
        on not defined.is_defined

),

-- What cannot describe a kind of customer, for the first reason that applies.
checked as (

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
            when
                has_orders
                and feature in ({{ text_list(behaviour_features()) }})
                then 'its name is taken'
            when is_time
                then 'dates or times: a feature is a number'
            when code_reason is not null then code_reason
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

-- Answers on a scale from 1 to 5 or 7, or from 0 or 1 to 10, of which most are
-- given; beside orders also on other scales from 0 or 1. In a table of recency,
-- frequency and monetary value the first is worse the higher it is, unless it
-- is a score from 1 to 5.
recognised as (

    select
        *,
        is_whole
        and not {{ is_count_name('feature') }}
        and (
            (
                minimum_value = 1
                and maximum_value in (5, 7)
                and distinct_number_count >= maximum_value - 1
            )
            or (
                minimum_value in (0, 1)
                and maximum_value = 10
                and distinct_number_count >= 8
            )
            or (
                has_orders
                and minimum_value in (0, 1)
                and maximum_value between 4 and 10
                and distinct_number_count >= maximum_value - 1
            )
        ) as is_attitude,
        is_whole and minimum_value = 1 and maximum_value = 5 as is_score,
        {{ purchase_role('feature') }} as purchase_role,
        {{ age_role('feature') }} as age_role
    from checked

),

-- Beside orders, numbers that most customers have are answers where there are
-- several on one scale; scores of recency, frequency and monetary value are
-- none.
answers as (

    select
        *,
        is_attitude
        and left_out_reason is null
        and 2 * known_count >= customer_count
        and not {{ text_matches(
            'feature', '(r|f|m|rfm)_?(score|rank|quintile|cell)?'
        ) }} as is_answer
    from recognised

),

-- Customers with orders are described by what they do. Only answers say what it
-- cannot.
scales as (

    select
        *,
        not has_orders
        or (
            is_answer
            and sum(case when is_answer then 1 else 0 end) over (
                partition by maximum_value
            ) >= {{ var('min_answers') }}
        ) as is_proposed
    from answers

),

-- Of a name that ends in a unit, such as income (k$), the unit is left to the
-- label, unless names differ in it alone.
called as (

    select
        *,
        minimum_value = 0
        and maximum_value = 1
        and distinct_number_count = 2 as is_yes_or_no,
        {{ without_unit('label') }} as bare_label
    from scales
    where is_proposed

),

spoken as (

    select
        *,
        case
            when count(*) over (partition by bare_label) > 1 then label
            else bare_label
        end as said
    from called

),

final as (

    select
        attribute,
        feature,
        case when age_role = 'birth' then 'year of birth' else label end
            as label,
        left_out_reason,
        case
            when is_attitude then 'attitudes'
            when purchase_role = 'recency' then 'recency'
            when purchase_role is not null then 'value'
            else 'attributes'
        end as family,
        case
            when purchase_role = 'recency' and is_score then 'recently active'
            when purchase_role = 'recency' then 'long absent'
            when purchase_role = 'frequency' then 'frequent'
            when purchase_role = 'monetary' then 'high spend'
            when age_role = 'age' then 'older'
            when age_role = 'birth' then 'younger'
            when said like 'number of %' then 'many ' || substr(said, 11)
            when is_yes_or_no then 'often ' || said
            else 'high ' || said
        end as higher_means,
        case
            when purchase_role = 'recency' and is_score then 'long absent'
            when purchase_role = 'recency' then 'recently active'
            when purchase_role = 'frequency' then 'infrequent'
            when purchase_role = 'monetary' then 'low spend'
            when age_role = 'age' then 'younger'
            when age_role = 'birth' then 'older'
            when said like 'number of %' then 'few ' || substr(said, 11)
            when is_yes_or_no then 'seldom ' || said
            else 'low ' || said
        end as lower_means,
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
            when is_yes_or_no then 'share of customers'
            when age_role = 'birth' then 'year'
            else 'as in the file'
        end as unit,
        -- By name, so that the order of columns in the file does not matter.
        row_number() over (order by feature, attribute) as position
    from spoken

)

select * from final
