{# How customers get in touch and what they say: contacts per 28 observed days,
   and the scores of their feedback, null for those who gave none. #}
{% macro engagement_features() -%}
    {{ return({
        'service_contacts_per_28_days': per_28_days('service_contact_count'),
        'complaints_per_28_days': per_28_days('complaint_count'),
        'visits_per_28_days': per_28_days('visit_count'),
        'feedback_score': ratio('score_sum', 'score_count'),
        'low_score_share': ratio('low_score_count', 'scaled_score_count'),
    }) }}
{%- endmacro %}


{# Contacts that are counted in a window, and their interaction_type. #}
{% macro contact_kinds() -%}
    {{ return({
        'coupon': 'coupon_redeemed',
        'campaign': 'campaign_sent',
        'service_contact': 'service_contact',
        'complaint': 'complaint',
        'visit': 'visit',
    }) }}
{%- endmacro %}
