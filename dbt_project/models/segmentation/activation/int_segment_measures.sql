{% set indexes = ['future_spend', 'retention', 'engagement', 'growth'] %}
{% set amounts = {
    'spend': 'spend per customer',
    'orders': 'orders per customer',
    'order_value': 'spend per order',
} %}
{% set window = spoken_days(var('window_days')) %}
{# A figure of the segment and that of all customers, as people say it. #}
{% set words_of_indexes = {
    'future_spend': 'value_words',
    'retention':
        against_words(
            spoken_share('active_share'),
            spoken_share('population_active_share'),
            "case yield_basis when 'attributes' then ' bought lately'"
            ~ " else ' still buying' end"
        ),
    'engagement':
        'coalesce('
        ~ against_words(
            spoken_share('response_rate'),
            spoken_share('population_response_rate'),
            "' of campaigns answered'"
        ) ~ ', '
        ~ against_words(
            spoken_number('answers_per_customer', "'number'"),
            spoken_number('population_answers', "'number'"),
            "' campaigns answered each'"
        ) ~ ')',
    'growth':
        "'spend ' || replace(" ~ compared_words('growth_index / 100')
        ~ ", 'the average', 'that of similar customers')",
} %}
{% set words_of_amounts = {
    'spend':
        spoken_number('spend', "'currency'") ~ " || ' each in ' || " ~ window
        ~ " || ', ' || " ~ compared_words('spend / population_spend'),
    'orders':
        "case when round(orders, 1) = 1 then '1 order' else "
        ~ spoken_number('orders', "'number'") ~ " || ' orders' end || ' each'"
        ~ " || case when total_orders > 0 then ' in ' || " ~ window
        ~ " else '' end || coalesce(', ' || "
        ~ compared_words('orders / population_orders') ~ ", '')",
    'order_value':
        spoken_number('order_value', "'currency'")
        ~ " || ' an order, ' || "
        ~ compared_words('order_value / population_order_value'),
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

upward_moves as (

    select * from {{ ref('segment_upward_moves') }}

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

source_capabilities as (

    select * from {{ ref('source_capabilities') }}

),

-- Amounts of the window are known and not estimated: they have no interval.
purchases_compared as (

    select
        *,
        cast(sum(spend) over () as double) as total_spend,
        cast(sum(order_count) over () as double)
            as total_orders,
        cast(sum(customer_count) over () as double)
            as total_customers,
        cast(
            sum(
                cast(
                    described_orders_per_customer * customer_count
                    as decimal(38, 9)
                )
            ) over () as double
        ) as described_orders
    from segment_purchases

),

amounts as (

    select
        segment_id,
        total_orders,
        cast(spend as double) / customer_count as spend,
        case
            when total_orders > 0
                then cast(order_count as double) / customer_count
            else described_orders_per_customer
        end as orders,
        cast(spend as double) / nullif(order_count, 0) as order_value,
        nullif(total_spend, 0) / total_customers as population_spend,
        case
            when total_orders > 0 then total_orders
            else nullif(described_orders, 0)
        end / total_customers as population_orders,
        nullif(total_spend, 0) / nullif(total_orders, 0)
            as population_order_value
    from purchases_compared

),

attribute_values as (

    {{ compared_values('customer_attributes', 'attribute_profiles') }}

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
        'share of ' || label || ' ' || value as label
    from attribute_values
    where value is not null
    -- A table of customers may have a column of who complained.
    union all
    select
        attribute_values.customer_id,
        'contact:complaint' as subject,
        case
            when
                lower(attribute_values.value) in ('true', 'yes', 'y', 't')
                or try_cast(attribute_values.value as double) > 0
                then 'contact:complaint'
        end as trait,
        'share of customers with a complaint' as label
    from attribute_values
    cross join source_capabilities
    where
        attribute_values.value is not null
        and not source_capabilities.has_orders
        and {{ described_role(
            snake_case('attribute_values.attribute'), 'attribute_values.label'
        ) }}
        = 'complaint'

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

answers as (

    select true as is_reached
    union all
    select false as is_reached

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
        contacts.segment_id,
        contacts.subject,
        case when answers.is_reached then contacts.subject end as trait,
        contacts.label,
        case
            when answers.is_reached then contacts.reached_count
            else contacts.customer_count - contacts.reached_count
        end as people
    from contacts
    cross join answers

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

-- The label begins with "share of".
shares_worded as (

    select
        *,
        case
            when is_shown
                then
                    {{ against_words(
                        spoken_share('share'), spoken_share('population_share'),
                        'substr(label, 9)'
                    ) }}
            when share >= population_share
                then 'more' || substr(label, 9) || ' than on average'
            else 'fewer' || substr(label, 9) || ' than on average'
        end as words
    from shares_bounded

),

-- Members taken to differ as much as all customers do.
features as (

    select
        segment_id,
        feature,
        label,
        case
            when unit = 'standard deviations'
                then
                    case
                        when standardised_difference > 0 then higher_means
                        else lower_means
                    end
            else
                {{ text_replaced('label', ', at most [0-9]+$', '') }} || ' '
                || {{ against_words(
                    spoken_number('mean_value', 'unit'),
                    spoken_number('population_mean', 'unit')
                ) }}
        end as words,
        {{ described_role('feature', 'label') }} as described_role,
        mean_value,
        standardised_difference as difference,
        index_value,
        {{ interval_errors() }} / sqrt(nullif(known_count, 0)) as margin,
        (mean_value - population_mean)
        / nullif(standardised_difference, 0) as standard_deviation,
        population_mean
    from segment_statistics

),

-- The category, or the channel, that a segment stands out in most; and the
-- income, or what else says what customers could spend, the deals they take,
-- and how satisfied they say they are.
leading_features as (

    select
        *,
        case
            when feature like 'category_%_share' then 'category'
            when feature like 'channel_%_share' then 'channel'
            when
                described_role in ('means', 'deals', 'satisfaction')
                and feature not in ({{ text_list(behaviour_features()) }})
                then described_role
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
                case
                    when subject in ('category', 'channel') then difference
                end desc nulls last,
                feature asc
        ) as place
    from leading_features
    where subject is not null

),

-- Amounts and their labels.
subjects as (

    {% for amount, label in amounts.items() -%}
    select
        '{{ amount }}' as subject,
        '{{ label }}' as label
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

kinds as (

    select 'feature' as kind
    union all
    select 'attribute' as kind

),

figures as (

    select
        endings.figure,
        endings.ending
    from (
        values
        ('share', ''),
        ('difference', ''),
        ('mean', ''),
        ('index', ', index')
    ) as endings (figure, ending)

),

amounts_worded as (

    select
        amounts.segment_id,
        figures.figure,
        subjects.subject,
        subjects.label || figures.ending as label,
        {% for column, name in [
            ('amount', '{}'), ('population', 'population_{}')
        ] -%}
        case subjects.subject
            {% for amount in amounts -%}
            when '{{ amount }}' then amounts.{{ name.format(amount) }}
            {% endfor -%}
        end as {{ column }},
        {% endfor -%}
        case subjects.subject
            {% for amount in amounts -%}
            when '{{ amount }}' then {{ words_of_amounts[amount] }}
            {% endfor -%}
        end as words
    from amounts
    cross join subjects
    inner join figures
        on figures.figure in ('mean', 'index')

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
        {{ words_of_indexes[index] }} as words,
        true as is_shown
    from segment_indexes
    union all
    {% endfor -%}
    select
        segment_id,
        subject,
        label,
        figure,
        case figure
            when 'mean' then case when population is not null then amount end
            else 100 * amount / case when population > 0 then population end
        end as estimate,
        cast(null as double) as lower_value,
        cast(null as double) as upper_value,
        words,
        true as is_shown
    from amounts_worded
    union all
    -- How far the most similar segment of higher value is above this one.
    select
        segment_indexes.segment_id,
        'step' as subject,
        'value of the segment above, index' as label,
        'index' as figure,
        100 * upward_moves.next_future_spend_per_customer
        / case
            when segment_indexes.future_spend_per_customer > 0
                then segment_indexes.future_spend_per_customer
        end as estimate,
        cast(null as double) as lower_value,
        cast(null as double) as upper_value,
        'the nearest segment above has ' || {{ spoken_number(
            'upward_moves.next_future_spend_per_customer',
            'segment_indexes.value_unit'
        ) }} as words,
        true as is_shown
    from segment_indexes
    inner join upward_moves
        on segment_indexes.segment_id = upward_moves.segment_id
    where segment_indexes.yield_basis = 'attributes'
    union all
    select
        shares_worded.segment_id,
        shares_worded.trait as subject,
        shares_worded.label || figures.ending as label,
        figures.figure,
        {% for column, name in [
            ('share', 'estimate'),
            ('share_lower', 'lower_value'),
            ('share_upper', 'upper_value'),
        ] -%}
        case figures.figure
            when 'share' then shares_worded.{{ column }}
            else
                100 * shares_worded.{{ column }}
                / shares_worded.population_share
        end as {{ name }},
        {% endfor -%}
        shares_worded.words,
        shares_worded.is_shown
    from shares_worded
    inner join figures
        on figures.figure in ('share', 'index')
    union all
    select
        segment_id,
        subject,
        label,
        'difference' as figure,
        difference as estimate,
        difference - margin as lower_value,
        difference + margin as upper_value,
        words,
        true as is_shown
    from leading_ranked
    where place = 1
    union all
    select
        features.segment_id,
        kinds.kind || ':' || features.feature as subject,
        features.label || figures.ending as label,
        figures.figure,
        case figures.figure
            when 'difference' then features.difference
            when 'mean' then features.mean_value
            else features.index_value
        end as estimate,
        {% for bound, sign in [('lower', '-'), ('upper', '+')] -%}
        case figures.figure
            when 'difference'
                then features.difference {{ sign }} features.margin
            when 'mean'
                then
                    features.mean_value
                    {{ sign }} features.margin * features.standard_deviation
            else
                features.index_value
                {{ sign }} 100 * features.margin * features.standard_deviation
                / features.population_mean
        end as {{ bound }}_value,
        {% endfor -%}
        features.words,
        true as is_shown
    from features
    cross join kinds
    inner join figures
        on
            figures.figure in ('difference', 'mean')
            or (figures.figure = 'index' and features.population_mean > 0)

),

final as (

    select
        subject || ' ' || figure as measure,
        label,
        words,
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
