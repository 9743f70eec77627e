with

customers as (

    select * from {{ ref('customers') }}

),

interactions as (

    select * from {{ ref('interactions') }}
    where
        interaction_type in (
            'coupon_redeemed', 'service_contact', 'complaint', 'visit',
            'feedback'
        )

),

customer_campaigns as (

    select * from {{ ref('customer_campaigns') }}
    where sent_date is not null

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

lapsed_windows as (

    select * from {{ ref('lapsed_windows') }}

),

contacts as (

    select
        customer_id,
        interaction_type,
        case when interaction_type = 'feedback' then score end as score,
        cast(null as date) as responded_date,
        cast(occurred_at as date) as contact_date
    from interactions
    union all
    select
        customer_id,
        'campaign_sent' as interaction_type,
        cast(null as decimal(18, 4)) as score,
        responded_date,
        sent_date as contact_date
    from customer_campaigns

),

-- Lapsed customers have a window of their own beside those of snapshots.
counted as (

    select
        contacts.*,
        snapshots.as_of_date
    from contacts
    inner join snapshots
        on
            contacts.contact_date >= snapshots.window_start_date
            and contacts.contact_date < snapshots.as_of_date
    union all
    select
        contacts.*,
        lapsed_windows.as_of_date
    from contacts
    inner join customers
        on contacts.customer_id = customers.customer_id
    inner join lapsed_windows
        on
            customers.customer_key = lapsed_windows.customer_key
            and contacts.contact_date >= lapsed_windows.window_start_date
            and contacts.contact_date < lapsed_windows.as_of_date

),

scored_days as (

    select
        contact_date,
        min(score) as lowest_score,
        max(score) as highest_score
    from contacts
    where score is not null
    group by contact_date

),

dates as (

    select distinct as_of_date from counted

),

-- The scale that customers answer on is what all of them have given so far.
scales as (

    select
        dates.as_of_date,
        min(scored_days.lowest_score) as lowest_score,
        max(scored_days.highest_score) as highest_score
    from dates
    inner join scored_days
        on dates.as_of_date > scored_days.contact_date
    group by dates.as_of_date

),

scored as (

    select
        counted.*,
        -- The lowest third of the scale; one score alone shows no scale.
        case
            when scales.highest_score > scales.lowest_score
                then
                    3 * (counted.score - scales.lowest_score)
                    <= scales.highest_score - scales.lowest_score
        end as is_low
    from counted
    left join scales
        on counted.as_of_date = scales.as_of_date

),

final as (

    select
        customer_id,
        {% for kind, interaction_type in contact_kinds().items() -%}
        count(*) filter (where interaction_type = '{{ interaction_type }}')
            as {{ kind }}_count,
        {% endfor -%}
        count(*) filter (where responded_date < as_of_date) as response_count,
        count(score) as score_count,
        count(is_low) as scaled_score_count,
        count(*) filter (where is_low) as low_score_count,
        cast(sum(score) as decimal(18, 4)) as score_sum,
        as_of_date
    from scored
    group by
        customer_id,
        as_of_date

)

select * from final
