{{ config(tags=['guards_code']) }}

-- Before customers are held out there are none to compare with: no campaign
-- that was sent to any customer before that day is measured.

select
    segment_lift.campaign_id,
    customer_campaigns.sent_date
from {{ ref('segment_lift') }} as segment_lift
inner join {{ ref('customer_campaigns') }} as customer_campaigns
    on segment_lift.campaign_id = customer_campaigns.campaign_id
where
    coalesce(
        customer_campaigns.sent_date < {{ setting_date('holdout_from_date') }},
        customer_campaigns.sent_date is not null
    )
