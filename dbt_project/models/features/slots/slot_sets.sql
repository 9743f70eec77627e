{% set slots = slot_counts() %}

with

category_slots as (

    select * from {{ ref('category_slots') }}

),

-- One column for each slot; null where no name fills it.
filled as (

    select
        {% for kind, count in slots.items() -%}
        {% for position in range(1, count + 1) -%}
        max(name) filter (
            where kind = '{{ kind }}' and position = {{ position }}
        ) as {{ kind }}_{{ position }},
        max(column_number) filter (
            where kind = '{{ kind }}' and position = {{ position }}
        ) as {{ kind }}_{{ position }}_column,
        {% endfor -%}
        {% endfor -%}
        slot_set
    from category_slots
    group by slot_set

),

stored as (

    select * from filled
    where slot_set = 'stored'

),

compared as (

    select
        filled.*,
        {% for kind, count in slots.items() -%}
        {% for position in range(1, count + 1) -%}
        {% set name = kind ~ '_' ~ position -%}
        coalesce(filled.{{ name }}, '') = coalesce(stored.{{ name }}, '')
        and {% endfor -%}
        {% endfor -%}
        stored.slot_set is not null as is_as_stored
    from filled
    left join stored
        on filled.slot_set = 'candidate'

),

serving as (

    select
        *,
        max(case when is_as_stored then 1 else 0 end) over () = 1
            as is_candidate_stored
    from compared

),

-- The stored fit reads features by its own slots, a new fit by the slots of
-- today: mostly the two are the same, and one set then. The backtest reads them
-- by the slots of its date.
final as (

    select
        slot_set,
        {% for kind, count in slots.items() -%}
        {% for position in range(1, count + 1) -%}
        {{ kind }}_{{ position }},
        {{ kind }}_{{ position }}_column,
        {% endfor -%}
        {% endfor -%}
        slot_set = 'stored' as is_stored,
        slot_set = 'candidate'
        or (slot_set = 'stored' and is_candidate_stored) as is_candidate,
        slot_set = 'backtest' as is_backtest
    from serving
    where not is_as_stored

)

select * from final
