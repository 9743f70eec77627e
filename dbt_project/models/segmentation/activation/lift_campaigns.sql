{# Null when there is no holdout yet: no date is on or after it. #}
{% set holdout_start = setting_date('holdout_from_date') %}
{% set horizon = setting_within('lift_horizon_days', 1, 366) %}

with

customer_campaigns as (

    select * from {{ ref('customer_campaigns') }}

),

snapshots as (

    select * from {{ ref('snapshots') }}

),

current_snapshot as (

    select as_of_date
    from snapshots
    where is_current

),

-- One first day for all: customers held out are sent nothing and have no day of
-- their own.
first_sent as (

    select
        customer_campaigns.campaign_id,
        current_snapshot.as_of_date,
        min(customer_campaigns.sent_date) as first_sent_date
    from customer_campaigns
    inner join current_snapshot
        on customer_campaigns.sent_date < current_snapshot.as_of_date
    group by
        customer_campaigns.campaign_id,
        current_snapshot.as_of_date

),

-- No customer was held out of campaigns before the holdout began.
held_out_of as (

    select * from first_sent
    where first_sent_date >= {{ holdout_start }}

),

-- Segments are those of the last snapshot before the campaign: it may have
-- moved customers, so where they are now is a result of it.
final as (

    select
        held_out_of.campaign_id,
        {{ add_days(
            'held_out_of.first_sent_date', horizon
        ) }} <= held_out_of.as_of_date as is_complete,
        max(snapshots.as_of_date) as segmented_as_of_date,
        held_out_of.first_sent_date,
        {{ add_days(
            'held_out_of.first_sent_date', horizon
        ) }} as complete_from_date
    from held_out_of
    inner join snapshots
        on held_out_of.first_sent_date >= snapshots.as_of_date
    group by
        held_out_of.campaign_id,
        held_out_of.first_sent_date,
        held_out_of.as_of_date

)

select * from final
