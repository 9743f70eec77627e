with

names_ranked as (

    select * from {{ ref('int_feature_names_ranked') }}
    where is_current

),

stored_names as (

    select * from {{ ref('int_feature_names_stored') }}

),

positions as (

    {% for position in range(1, 9) -%}
    select
        'category' as kind,
        {{ position }} as position
    union all
    {% endfor -%}
    {% for position in range(1, 4) -%}
    select
        'channel' as kind,
        {{ position }} as position
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- Whoever stays among the largest keeps its position, so that a column means
-- the same from fit to fit as long as it can.
kept as (

    select
        names_ranked.kind,
        names_ranked.name,
        stored_names.position
    from names_ranked
    inner join stored_names
        on
            names_ranked.kind = stored_names.kind
            and names_ranked.name = stored_names.name

),

newcomers as (

    select
        names_ranked.kind,
        names_ranked.name,
        row_number() over (
            partition by names_ranked.kind order by names_ranked.size_rank
        ) as queue_number
    from names_ranked
    left join kept
        on
            names_ranked.kind = kept.kind
            and names_ranked.name = kept.name
    where kept.name is null

),

free_positions as (

    select
        positions.kind,
        positions.position,
        row_number() over (
            partition by positions.kind order by positions.position
        ) as queue_number
    from positions
    left join kept
        on
            positions.kind = kept.kind
            and positions.position = kept.position
    where kept.position is null

),

seated as (

    select
        newcomers.kind,
        newcomers.name,
        free_positions.position
    from newcomers
    inner join free_positions
        on
            newcomers.kind = free_positions.kind
            and newcomers.queue_number = free_positions.queue_number

),

final as (

    select
        kind,
        name,
        cast(position as bigint) as position
    from kept
    union all
    select
        kind,
        name,
        cast(position as bigint) as position
    from seated

)

select * from final
