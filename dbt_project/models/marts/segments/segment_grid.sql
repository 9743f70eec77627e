{% set tiers = value_tier_names() %}

with

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

segment_tiers_before as (

    select * from {{ ref('segment_tiers_before') }}

),

-- Without orders nothing is spent: there is no tier to cross segments with.
today as (

    select * from {{ ref('snapshots') }}
    where
        is_current
        and has_orders

),

tiers as (

    {% for tier in tiers -%}
    select
        '{{ tier }}' as value_tier,
        {{ loop.index }} as tier_number
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

counted as (

    select
        customer_segments.segment_id,
        customer_segments.value_tier,
        count(*) as customer_count,
        count(*) filter (
            where customer_segments.lifecycle_stage in ('slipping', 'lapsing')
        ) as slipping_count,
        sum(customer_segments.spend) as spend
    from customer_segments
    cross join today
    group by
        customer_segments.segment_id,
        customer_segments.value_tier

),

least_counts as (

    select
        greatest(
            {{ setting_within('min_group_size', 1, 1000000) }},
            {{ setting_within('min_grid_share', 0, 1) }}
            * sum(customer_count)
        ) as least_count
    from counted

),

cells_to_no as (

    select
        counted.segment_id,
        1 as no_cell,
        0 as no_filled,
        {% for tier in tiers -%}
        coalesce(
            sum(counted.customer_count) filter (
                where counted.value_tier = '{{ tier }}'
            ),
            0
        ) as {{ tier }}_count,
        {% endfor -%}
        max(least_counts.least_count) as least_count
    from counted
    cross join least_counts
    group by counted.segment_id

),

-- From the highest tier down, a cell takes in the next tier until it holds
-- enough customers.
{% for tier in tiers -%}
{% set before = 'no' if loop.first else tiers[loop.index0 - 1] -%}
cells_to_{{ tier }} as (

    select
        *,
        {{ before }}_cell
        + case when {{ before }}_filled >= least_count then 1 else 0 end
            as {{ tier }}_cell,
        {{ tier }}_count
        + case
            when {{ before }}_filled >= least_count then 0
            else {{ before }}_filled
        end as {{ tier }}_filled
    from cells_to_{{ before }}

),

{% endfor -%}
{% set last = tiers[-1] -%}
-- The lowest one, where it is left with too few, joins the cell above it.
placed as (

    select
        filled.segment_id,
        tiers.value_tier,
        tiers.tier_number,
        least(
            case tiers.value_tier
                {% for tier in tiers -%}
                when '{{ tier }}' then filled.{{ tier }}_cell
                {% endfor -%}
            end,
            case
                when filled.{{ last }}_filled < filled.least_count
                    then greatest(filled.{{ last }}_cell - 1, 1)
                else filled.{{ last }}_cell
            end
        ) as cell_number
    from cells_to_{{ last }} as filled
    cross join tiers

),

folded as (

    select
        placed.segment_id,
        placed.cell_number,
        min(case when counted.customer_count > 0 then placed.tier_number end)
            as first_tier,
        max(case when counted.customer_count > 0 then placed.tier_number end)
            as last_tier,
        {{ text_join(
            'case when counted.customer_count > 0 then placed.value_tier end',
            ', ',
            'placed.tier_number'
        ) }} as tiers,
        cast(sum(counted.customer_count) as bigint) as customer_count,
        cast(sum(counted.slipping_count) as bigint) as slipping_count,
        sum(counted.spend) as spend,
        coalesce(sum(segment_tiers_before.customer_count), 0) as before_count,
        sum(segment_tiers_before.followed_customer_count) as followed_count,
        sum(segment_tiers_before.future_spend) as future_spend
    from placed
    left join counted
        on
            placed.segment_id = counted.segment_id
            and placed.value_tier = counted.value_tier
    left join segment_tiers_before
        on
            placed.segment_id = segment_tiers_before.segment_id
            and placed.value_tier = segment_tiers_before.value_tier
    group by
        placed.segment_id,
        placed.cell_number

),

-- Sizes of cells are known to the reader: customers who slip and those who do
-- not are the columns of a table of people.
cells as (

    select
        'grid' as table_name,
        segment_id,
        cell_number,
        stage_group,
        people
    from (
        select
            segment_id,
            cell_number,
            slipping_count as slipping,
            customer_count - slipping_count as going_on
        from folded
    ) as members
    unpivot (people for stage_group in (slipping, going_on))

),

{{ hidden_cells(
    'cells', 'table_name', 'segment_id, cell_number', 'stage_group'
) }},

hidden as (

    select
        segment_id,
        cell_number,
        bool_or(is_hidden) as is_slipping_hidden
    from cells_hidden
    group by
        segment_id,
        cell_number

),

periods as (

    select max(from_date) as from_date
    from segment_tiers_before

),

final as (

    select
        folded.segment_id,
        segment_names.segment_name,
        first_tiers.value_tier as tier_from,
        last_tiers.value_tier as tier_to,
        folded.tiers,
        folded.customer_count,
        cast(folded.customer_count as double)
        / cast(sum(folded.customer_count) over () as double) as customer_share,
        cast(
            case
                when
                    periods.from_date is not null
                    and not {{ is_small_count('folded.before_count') }}
                    then folded.customer_count - folded.before_count
            end as bigint
        ) as net_moved_count,
        periods.from_date as moved_from_date,
        cast(
            case
                when not hidden.is_slipping_hidden then folded.slipping_count
            end as bigint
        ) as slipping_count,
        case
            when not hidden.is_slipping_hidden
                then
                    cast(folded.slipping_count as double)
                    / folded.customer_count
        end as slipping_share,
        cast(folded.spend as decimal(18, 4)) as spend,
        cast(folded.spend as double)
        / nullif(cast(sum(folded.spend) over () as double), 0) as spend_share,
        cast(folded.spend as double) / folded.customer_count
            as spend_per_customer,
        case
            when
                folded.followed_count
                >= {{ setting_within('min_group_size', 1, 1000000) }}
                then cast(folded.future_spend as double) / folded.followed_count
        end as future_spend_per_customer,
        {{ is_small_count('folded.customer_count') }} as is_small_group
    from folded
    cross join periods
    inner join hidden
        on
            folded.segment_id = hidden.segment_id
            and folded.cell_number = hidden.cell_number
    inner join segment_names
        on folded.segment_id = segment_names.segment_id
    inner join tiers as first_tiers
        on folded.first_tier = first_tiers.tier_number
    inner join tiers as last_tiers
        on folded.last_tier = last_tiers.tier_number

)

select * from final
