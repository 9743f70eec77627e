{# How customers respond to discounts, coupons and campaigns: discounts against
   what would have been paid without them, responses null for those who received
   nothing to respond to. #}
{% macro promotion_features() -%}
    {{ return({
        'discount_rate':
            ratio('discount_amount', 'purchase_amount + discount_amount'),
        'discounted_line_share': ratio('discounted_line_count', 'line_count'),
        'coupons_per_28_days': per_28_days('coupon_count'),
        'campaigns_per_28_days': per_28_days('campaign_count'),
        'campaign_response_rate':
            "cast(response_count as double) / nullif(campaign_count, 0)",
    }) }}
{%- endmacro %}
