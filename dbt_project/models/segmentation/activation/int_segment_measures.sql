{% set indexes = ['future_spend', 'retention', 'engagement', 'growth'] %}
{% set amounts = {
    'spend': 'spend per customer',
    'orders': 'orders per customer',
    'order_value': 'spend per order',
} %}

with

segment_indexes as (

    select * from {{ ref('int_segment_indexes') }}

),

segment_purchases as (

    select * from {{ ref('int_segment_purchases') }}

),

segment_statistics as (

    select * from {{ ref('segment_statistics') }}

),

segment_contacts as (

    select * from {{ ref('segment_contacts') }}
    where
        interaction_type <> 'order'
        and campaign_id = '(all)'
        and channel = '(all)'

),

members as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

customer_rhythms as (

    select * from {{ ref('customer_rhythms') }}
    where is_current

),

customer_statuses as (

    select * from {{ ref('customer_statuses') }}

),

customer_attributes as (

    select * from {{ ref('customer_attribute_values') }}

),

attribute_profiles as (

    select * from {{ ref('attribute_profiles') }}
    where is_profiled

),

-- Amounts of the window are known and not estimated: they have no interval.
purchases_compared as (

    select
        *,
        cast(sum(spend) over () as double) as total_spend,
        cast(sum(order_count) over () as double) as total_orders,
        cast(sum(customer_count) over () as double) as total_customers
    from segment_purchases

),

amounts as (

    select
        segment_id,
        total_orders,
        cast(spend as double) / customer_count as spend,
        cast(order_count as double) / customer_count as orders,
        cast(spend as double) / nullif(order_count, 0) as order_value,
        total_spend / total_customers as population_spend,
        total_orders / total_customers as population_orders,
        total_spend / nullif(total_orders, 0) as population_order_value
    from purchases_compared

),

attribute_values as (

    select
        customer_attributes.customer_id,
        customer_attributes.attribute,
        {{ compared_value('customer_attributes.value', 'attribute_profiles') }}
            as value
    from customer_attributes
    inner join attribute_profiles
        on customer_attributes.attribute = attribute_profiles.attribute

),

stages as (

    select
        customer_id,
        {{ lifecycle_stage('customer_rhythms') }} as stage
    from customer_rhythms

),

-- What is or is not true of a customer, one trait of each subject.
traits as (

    select
        customer_id,
        'stage' as subject,
        'stage:' || stage as trait,
        'share of ' || stage || ' customers' as label
    from stages
    union all
    select
        customer_statuses.customer_id,
        'tier' as subject,
        'tier:' || customer_statuses.value_tier as trait,
        'share of customers of tier ' || customer_statuses.value_tier as label
    from customer_statuses
    inner join customer_rhythms
        on customer_statuses.customer_id = customer_rhythms.customer_id
    union all
    select
        customer_id,
        'attribute:' || attribute as subject,
        'attribute:' || attribute || '=' || value as trait,
        'share of ' || replace(attribute, '_', ' ') || ' ' || value as label
    from attribute_values
    where value is not null

),

contact_types as (

    select distinct interaction_type
    from segment_contacts

),

contacts as (

    select
        segment_purchases.segment_id,
        'contact:' || contact_types.interaction_type as subject,
        'share of customers with a '
        || replace(contact_types.interaction_type, '_', ' ') as label,
        coalesce(segment_contacts.reached_count, 0) as reached_count,
        segment_purchases.customer_count
    from segment_purchases
    cross join contact_types
    left join segment_contacts
        on
            segment_purchases.segment_id = segment_contacts.segment_id
            and contact_types.interaction_type
            = segment_contacts.interaction_type

),

-- Customers without a contact have no trait of it, and are known.
trait_counts as (

    select
        members.segment_id,
        traits.subject,
        traits.trait,
        traits.label,
        count(*) as people
    from traits
    inner join members
        on traits.customer_id = members.customer_id
    group by
        members.segment_id,
        traits.subject,
        traits.trait,
        traits.label
    union all
    select
        segment_id,
        subject,
        subject as trait,
        label,
        reached_count as people
    from contacts
    union all
    select
        segment_id,
        subject,
        cast(null as string) as trait,
        label,
        customer_count - reached_count as people
    from contacts

),

known_counts as (

    select
        segment_id,
        subject,
        cast(sum(people) as bigint) as known_people
    from trait_counts
    group by
        segment_id,
        subject

),

trait_totals as (

    select
        subject,
        trait,
        label,
        sum(people) as trait_people,
        sum(sum(people)) over (partition by subject) as subject_people
    from trait_counts
    group by
        subject,
        trait,
        label

),

-- A trait that no customer of a segment has is a share of 0.
shares as (

    select
        known_counts.segment_id,
        trait_totals.trait,
        trait_totals.label,
        coalesce(trait_counts.people, 0) as people,
        known_counts.known_people,
        cast(coalesce(trait_counts.people, 0) as double)
        / cast(known_counts.known_people as double) as share,
        cast(trait_totals.trait_people as double)
        / cast(trait_totals.subject_people as double) as population_share,
        {{ interval_errors() }} as interval_errors
    from known_counts
    inner join trait_totals
        on known_counts.subject = trait_totals.subject
    left join trait_counts
        on
            known_counts.segment_id = trait_counts.segment_id
            and trait_totals.trait = trait_counts.trait
    where
        known_counts.known_people > 0
        and trait_totals.trait is not null

),

shares_bounded as (

    select
        segment_id,
        trait,
        label,
        share,
        {{ wilson_bound('share', 'known_people', 'interval_errors', '-') }}
            as share_lower,
        {{ wilson_bound('share', 'known_people', 'interval_errors', '+') }}
            as share_upper,
        nullif(population_share, 0) as population_share,
        -- A small group must not be worked out from a sentence.
        not {{ is_small_count('people') }}
        and not {{ is_small_count('known_people - people') }} as is_shown
    from shares

),

-- Members taken to differ as much as all customers do.
features as (

    select
        segment_id,
        feature,
        label,
        mean_value,
        standardised_difference as difference,
        index_value,
        {{ interval_errors() }} / sqrt(nullif(known_count, 0)) as margin,
        (mean_value - population_mean)
        / nullif(standardised_difference, 0) as standard_deviation,
        population_mean
    from segment_statistics

),

-- The category, or the channel, that a segment stands out in most.
leading_features as (

    select
        *,
        case
            when feature like 'category_%_share' then 'category'
            when feature like 'channel_%_share' then 'channel'
        end as subject
    from features
    where difference is not null

),

leading_ranked as (

    select
        *,
        row_number() over (
            partition by
                segment_id,
                subject
            order by
                difference desc,
                feature asc
        ) as place
    from leading_features
    where subject is not null

),

measured as (

    {% for index in indexes -%}
    select
        segment_id,
        '{{ index }}' as subject,
        '{{ index | replace("_", " ") }} index' as label,
        'index' as figure,
        {{ index }}_index as estimate,
        {{ index }}_index_lower as lower_value,
        {{ index }}_index_upper as upper_value,
        true as is_shown
    from segment_indexes
    union all
    {% endfor -%}
    {% for amount, label in amounts.items() -%}
    {% for figure in ['index', 'mean'] -%}
    select
        segment_id,
        '{{ amount }}' as subject,
        '{{ label ~ (", index" if figure == "index" else "") }}' as label,
        '{{ figure }}' as figure,
        {% if figure == 'index' -%}
        100 * {{ amount }}
        / case
            when population_{{ amount }} > 0
                then population_{{ amount }}
        end as estimate,
        {% else -%}
        case when total_orders > 0 then {{ amount }} end as estimate,
        {% endif -%}
        cast(null as double) as lower_value,
        cast(null as double) as upper_value,
        true as is_shown
    from amounts
    union all
    {% endfor -%}
    {% endfor -%}
    select
        segment_id,
        trait as subject,
        label,
        'share' as figure,
        share as estimate,
        share_lower as lower_value,
        share_upper as upper_value,
        is_shown
    from shares_bounded
    union all
    select
        segment_id,
        trait as subject,
        label || ', index' as label,
        'index' as figure,
        100 * share / population_share as estimate,
        100 * share_lower / population_share as lower_value,
        100 * share_upper / population_share as upper_value,
        is_shown
    from shares_bounded
    union all
    select
        segment_id,
        subject,
        label,
        'difference' as figure,
        difference as estimate,
        difference - margin as lower_value,
        difference + margin as upper_value,
        true as is_shown
    from leading_ranked
    where place = 1
    {% for kind in ['feature', 'attribute'] -%}
    union all
    select
        segment_id,
        '{{ kind }}:' || feature as subject,
        label,
        'difference' as figure,
        difference as estimate,
        difference - margin as lower_value,
        difference + margin as upper_value,
        true as is_shown
    from features
    union all
    select
        segment_id,
        '{{ kind }}:' || feature as subject,
        label,
        'mean' as figure,
        mean_value as estimate,
        mean_value - margin * standard_deviation as lower_value,
        mean_value + margin * standard_deviation as upper_value,
        true as is_shown
    from features
    union all
    select
        segment_id,
        '{{ kind }}:' || feature as subject,
        label || ', index' as label,
        'index' as figure,
        index_value as estimate,
        index_value - 100 * margin * standard_deviation / population_mean
            as lower_value,
        index_value + 100 * margin * standard_deviation / population_mean
            as upper_value,
        true as is_shown
    from features
    where population_mean > 0
    {% endfor %}

),

final as (

    select
        subject || ' ' || figure as measure,
        label,
        figure,
        segment_id,
        estimate,
        lower_value,
        upper_value,
        is_shown
    from measured
    where estimate is not null

)

select * from final
