select
    segment_id,
    interaction_type,
    rate_basis,
    customer_count,
    contact_count,
    reached_count,
    responded_count,
    rate,
    rate_lower,
    rate_upper,
    population_rate,
    index_value
from segment_engagement
where
    campaign_id = '(all)'
    and channel = '(all)'
    and rate is not null
    and not is_small_group
    and interaction_type not in ('order', 'campaign_response')
order by
    interaction_type <> 'campaign_sent',
    interaction_type,
    segment_id;
