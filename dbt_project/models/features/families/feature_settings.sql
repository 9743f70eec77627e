{% set columns = [
    'source', 'position', 'feature', 'label', 'family', 'unit', 'transform',
    'weight', 'is_clustered', 'missing_value', 'higher_means', 'lower_means',
] %}

with

feature_definitions as (

    select * from {{ ref('feature_definitions') }}
    where source in ('*', {{ text_literal(var('source')) }})

),

given_definitions as (

    select * from {{ source('load', 'given_definitions') }}
    where source in ('*', {{ text_literal(var('source')) }})

),

feature_proposals as (

    select * from {{ ref('feature_proposals') }}
    where proposal in ('clustered', 'profiled')

),

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

last_positions as (

    select max(cast(position as bigint)) as position from feature_definitions

),

-- Proposed numbers count once each. Beside features made of orders customers
-- are clustered by answers only where the weights are found in the data.
proposed as (

    select
        'proposed' as source,
        feature_proposals.position
        + case
            when source_capabilities.has_orders
                then coalesce(last_positions.position, 0)
            else 0
        end as position,
        feature_proposals.feature,
        feature_proposals.label,
        feature_proposals.family,
        feature_proposals.unit,
        feature_proposals.transform,
        case
            when
                feature_proposals.proposal = 'clustered'
                and not source_capabilities.has_orders
                then 1.0
            else 0.0
        end as weight,
        feature_proposals.proposal = 'clustered' as is_clustered,
        'median' as missing_value,
        feature_proposals.higher_means,
        feature_proposals.lower_means
    from feature_proposals
    cross join source_capabilities
    cross join last_positions

),

present as (

    select
        source_capabilities.has_orders,
        (select count(*) from given_definitions) > 0 as is_given
    from source_capabilities

),

-- A file given by DEFINITIONS= wins. In the seed, rows for every source are
-- about orders. There are proposals only where nothing is defined.
origins as (

    select {{ columns | join(', ') }}
    from given_definitions
    union all
    select {{ columns | join(', ') }}
    from feature_definitions
    inner join present
        on
            not present.is_given
            and (feature_definitions.source <> '*' or present.has_orders)
    union all
    select {{ columns | join(', ') }}
    from proposed

),

-- A definition for this source goes before the one for every source.
ranked as (

    select
        *,
        row_number() over (
            partition by feature order by source = '*', source
        ) as preference
    from origins

),

final as (

    select
        feature,
        label,
        family,
        unit,
        transform,
        missing_value,
        higher_means,
        lower_means,
        cast(position as bigint) as position,
        cast(weight as double) as weight,
        cast(is_clustered as boolean) as is_clustered
    from ranked
    where preference = 1

)

select * from final
