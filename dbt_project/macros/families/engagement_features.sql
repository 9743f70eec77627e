{# How customers get in touch and what they say: contacts per 28 observed days,
   and the scores of their feedback, null for those who gave none. #}
{% macro engagement_features() -%}
    {{ return({
        'service_contacts_per_28_days':
            "cast(service_contact_count * 28 as double) / observed_days",
        'complaints_per_28_days':
            "cast(complaint_count * 28 as double) / observed_days",
        'visits_per_28_days':
            "cast(visit_count * 28 as double) / observed_days",
        'feedback_score': ratio('score_sum', 'score_count'),
        'low_score_share': ratio('low_score_count', 'judged_score_count'),
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
