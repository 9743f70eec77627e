with

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

attribute_profiles as (

    select * from {{ ref('attribute_profiles') }}
    where is_profiled

),

members as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

compared_values as (

    {{ compared_values('customer_attributes', 'attribute_profiles') }}

),

member_values as (

    select
        members.segment_id,
        compared_values.attribute,
        compared_values.value
    from compared_values
    inner join members
        on compared_values.customer_id = members.customer_id

),

-- A text where a number is expected is unknown.
segment_attributes as (

    select
        segment_id,
        attribute,
        value,
        count(*) as customer_count
    from member_values
    where value is not null
    group by
        segment_id,
        attribute,
        value

),

values_counted as (

    select
        attribute,
        value,
        sum(customer_count) as customer_count
    from segment_attributes
    group by
        attribute,
        value

),

values_ranked as (

    select
        *,
        row_number() over (
            partition by attribute order by customer_count, value
        ) as size_rank,
        sum(customer_count) over (
            partition by attribute
            order by customer_count, value
            rows between unbounded preceding and current row
        ) - customer_count as count_below,
        min(customer_count) over (partition by attribute) as smallest_count,
        sum(customer_count) over (partition by attribute) as known_count
    from values_counted

),

-- Rare values are folded, and with them the next larger ones until the fold
-- holds two values and is no small group itself: the size of a single folded
-- value would be what the others leave of the population. Attributes that
-- hardly any customer has are left out.
values_folded as (

    select
        attribute,
        value,
        smallest_count < {{ setting_within('min_group_size', 1, 1000000) }}
        and (
            customer_count < {{ var('min_group_size') }}
            or size_rank <= 2
            or count_below < {{ var('min_group_size') }}
        ) as is_combined
    from values_ranked
    where known_count >= {{ var('min_group_size') }}

),

values_renamed as (

    select
        attribute,
        value,
        case when is_combined then '(small groups)' else value end
            as shown_value,
        is_combined
    from values_folded

),

values_shown as (

    select
        attribute,
        shown_value,
        is_combined,
        count(*) as value_count
    from values_renamed
    group by
        attribute,
        shown_value,
        is_combined

),

segment_values as (

    select
        segment_attributes.segment_id,
        segment_attributes.attribute,
        values_renamed.shown_value,
        sum(segment_attributes.customer_count) as customer_count
    from segment_attributes
    inner join values_renamed
        on
            segment_attributes.attribute = values_renamed.attribute
            and segment_attributes.value = values_renamed.value
    group by
        segment_attributes.segment_id,
        segment_attributes.attribute,
        values_renamed.shown_value

),

segments as (

    select distinct
        segment_id,
        attribute
    from segment_attributes

),

-- Keep values that no customer of a segment has, with a count of 0.
filled as (

    select
        values_shown.attribute,
        values_shown.shown_value as value,
        segments.segment_id,
        cast(coalesce(segment_values.customer_count, 0) as bigint) as people,
        values_shown.value_count,
        values_shown.is_combined
    from values_shown
    inner join segments
        on values_shown.attribute = segments.attribute
    left join segment_values
        on
            segments.segment_id = segment_values.segment_id
            and values_shown.attribute = segment_values.attribute
            and values_shown.shown_value = segment_values.shown_value

),

cells as (

    select
        *,
        sum(people) over (partition by attribute) as population_known_count
    from filled

),

{{ hidden_cells('cells', 'attribute', 'segment_id', 'value') }},

-- Shares are of customers whose attribute is known. The population is all of
-- them, whether a segment shows the value or not.
shares as (

    select
        *,
        case when not is_hidden then people end as shown_count,
        case
            when not is_hidden
                then cast(people as double) / cast(row_people as double)
        end as customer_share,
        cast(column_people as double)
        / cast(population_known_count as double) as population_share
    from cells_hidden

),

final as (

    select
        shares.segment_id,
        shares.attribute,
        attribute_profiles.label as attribute_label,
        shares.value,
        shares.is_combined,
        cast(shares.value_count as bigint) as value_count,
        shares.shown_count as customer_count,
        case
            when not shares.is_total_hidden
                then cast(shares.row_people as bigint)
        end as known_count,
        shares.customer_share,
        shares.population_share,
        100 * shares.customer_share / shares.population_share as index_value,
        shares.is_hidden as is_small_group
    from shares
    inner join attribute_profiles
        on shares.attribute = attribute_profiles.attribute

)

select * from final
