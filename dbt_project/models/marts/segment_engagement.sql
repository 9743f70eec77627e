with

segment_summary as (

    select * from {{ ref('segment_summary') }}
    where customer_count > 0

),

segment_contacts as (

    select * from {{ ref('int_segment_contacts') }}

),

contact_keys as (

    select distinct
        interaction_type,
        campaign_id,
        channel
    from segment_contacts

),

-- A segment that a campaign did not reach is told as such.
filled as (

    select
        contact_keys.interaction_type,
        contact_keys.campaign_id,
        contact_keys.channel,
        segment_summary.segment_id,
        segment_summary.customer_count,
        coalesce(segment_contacts.contact_count, 0) as contact_count,
        coalesce(segment_contacts.reached_count, 0) as reached_count,
        case
            when
                contact_keys.interaction_type = 'campaign_sent'
                and contact_keys.campaign_id <> '(none)'
                then coalesce(segment_contacts.responded_count, 0)
        end as responded_count
    from segment_summary
    cross join contact_keys
    left join segment_contacts
        on
            segment_summary.segment_id = segment_contacts.segment_id
            and contact_keys.interaction_type
            = segment_contacts.interaction_type
            and contact_keys.campaign_id = segment_contacts.campaign_id
            and contact_keys.channel = segment_contacts.channel

),

-- A campaign is measured by who answered of those reached, anything else by
-- who did it of all customers.
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

final as (

    select
        interaction_type,
        campaign_id,
        channel,
        rate_basis,
        segment_id,
        customer_count,
        contact_count,
        reached_count,
        responded_count,
        contact_share,
        population_contact_share,
        rate,
        {{ wilson_bound('rate', 'trial_count', 'interval_errors', '-') }}
            as rate_lower,
        {{ wilson_bound('rate', 'trial_count', 'interval_errors', '+') }}
            as rate_upper,
        population_rate,
        100 * rate / nullif(population_rate, 0) as index_value
    from compared

)

select * from final
