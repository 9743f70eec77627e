with

members as (

    select * from {{ ref('customer_assignments') }}
    where is_current

),

segment_contacts as (

    select * from {{ ref('segment_contacts') }}

),

contact_keys as (

    select distinct
        interaction_type,
        campaign_id,
        channel
    from segment_contacts

),

segment_sizes as (

    select
        segment_id,
        count(*) as customer_count
    from members
    group by segment_id

),

-- Keep segments that a campaign did not reach, with a count of 0.
filled as (

    select
        contact_keys.interaction_type,
        contact_keys.campaign_id,
        contact_keys.channel,
        segment_sizes.segment_id,
        segment_sizes.customer_count,
        coalesce(segment_contacts.contact_count, 0) as contact_count,
        coalesce(segment_contacts.reached_count, 0) as reached_count,
        case
            when
                contact_keys.interaction_type = 'campaign_sent'
                and contact_keys.campaign_id <> '(none)'
                then coalesce(segment_contacts.responded_count, 0)
        end as responded_count
    from segment_sizes
    cross join contact_keys
    left join segment_contacts
        on
            segment_sizes.segment_id = segment_contacts.segment_id
            and contact_keys.interaction_type
            = segment_contacts.interaction_type
            and contact_keys.campaign_id = segment_contacts.campaign_id
            and contact_keys.channel = segment_contacts.channel

),

-- Campaigns are measured by the share of customers reached who answered,
-- anything else by the share of all customers.
measured as (

    select
        *,
        case
            when interaction_type = 'campaign_sent' then 'reached'
            else 'customers'
        end as rate_basis,
        case
            when interaction_type = 'campaign_sent' then responded_count
            else reached_count
        end as success_count,
        case
            when interaction_type = 'campaign_sent' then reached_count
            else customer_count
        end as trial_count,
        sum(
            case
                when campaign_id <> '(all)' and channel <> '(all)'
                    then contact_count
                else 0
            end
        ) over (partition by segment_id, interaction_type) as type_count
    from filled

),

compared as (

    select
        *,
        cast(contact_count as double)
        / nullif(cast(type_count as double), 0) as contact_share,
        cast(
            sum(contact_count) over (
                partition by interaction_type, campaign_id, channel
            ) as double
        )
        / nullif(
            cast(
                sum(type_count) over (
                    partition by interaction_type, campaign_id, channel
                ) as double
            ),
            0
        ) as population_contact_share,
        cast(success_count as double) / nullif(trial_count, 0) as rate,
        {{ interval_errors() }} as interval_errors,
        cast(
            sum(success_count) over (
                partition by interaction_type, campaign_id, channel
            ) as double
        )
        / nullif(
            cast(
                sum(trial_count) over (
                    partition by interaction_type, campaign_id, channel
                ) as double
            ),
            0
        ) as population_rate
    from measured

),

-- Those whom a campaign reached, and those who answered it, are a group each.
cells as (

    select
        interaction_type,
        campaign_id,
        channel,
        'reached' as measure,
        segment_id,
        reached_count as people
    from measured
    union all
    select
        interaction_type,
        campaign_id,
        channel,
        'responded' as measure,
        segment_id,
        responded_count as people
    from measured
    where responded_count is not null

),

{{ hidden_cells(
    'cells',
    'interaction_type, campaign_id, channel, measure',
    'segment_id',
    'measure'
) }},

rows_hidden as (

    select
        interaction_type,
        campaign_id,
        channel,
        segment_id,
        max(case when is_hidden then 1 else 0 end) = 1 as is_small_group
    from cells_hidden
    group by
        interaction_type,
        campaign_id,
        channel,
        segment_id

),

final as (

    select
        compared.segment_id,
        compared.interaction_type,
        compared.campaign_id,
        compared.channel,
        compared.customer_count,
        compared.contact_count,
        compared.contact_share,
        compared.population_contact_share,
        compared.reached_count,
        compared.responded_count,
        compared.rate_basis,
        compared.rate,
        {{ wilson_bound(
            'compared.rate', 'trial_count', 'interval_errors', '-'
        ) }} as rate_lower,
        {{ wilson_bound(
            'compared.rate', 'trial_count', 'interval_errors', '+'
        ) }} as rate_upper,
        compared.population_rate,
        100 * compared.rate / nullif(compared.population_rate, 0)
            as index_value,
        rows_hidden.is_small_group
        or {{ is_small_count('compared.customer_count') }} as is_small_group
    from compared
    inner join rows_hidden
        on
            compared.interaction_type = rows_hidden.interaction_type
            and compared.campaign_id = rows_hidden.campaign_id
            and compared.channel = rows_hidden.channel
            and compared.segment_id = rows_hidden.segment_id

)

select * from final
