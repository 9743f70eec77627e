{# Features that needs are made of: their block, and the count that a share is
   of. Blocks are balanced, whatever the number of their features. Features for
   needs only say much the same as others, which would weigh twice as much
   among all features. #}
{% macro needs_columns() -%}
    {%- set columns = {
        'private_label_share': ['promotion', 'lines'],
        'discount_rate': ['promotion', 'lines'],
        'discounted_line_share': ['promotion', 'lines', 'needs only'],
        'coupons_per_28_days': ['promotion', 'measure'],
        'campaign_response_rate': ['engagement', 'measure'],
        'service_contacts_per_28_days': ['engagement', 'measure'],
        'visits_per_28_days': ['engagement', 'measure'],
        'feedback_score': ['engagement', 'measure'],
        'weekend_order_share': ['time', 'orders'],
        'evening_order_share': ['time', 'orders'],
        'morning_order_share': ['time', 'orders', 'needs only'],
        'lines_per_order': ['style', 'measure'],
        'small_order_share': ['style', 'orders', 'needs only'],
        'price_per_line': ['style', 'measure', 'needs only'],
        'quantity_per_line': ['style', 'measure', 'needs only'],
    } -%}
    {%- for position in range(1, slot_counts()['category'] + 1) -%}
        {%- do columns.update({
            'category_' ~ position ~ '_share': ['basket', 'lines']
        }) -%}
    {%- endfor -%}
    {%- for position in range(1, slot_counts()['channel'] + 1) -%}
        {%- do columns.update({
            'channel_' ~ position ~ '_share': ['channel', 'orders']
        }) -%}
    {%- endfor -%}
    {{ return(columns) }}
{%- endmacro %}


{# Columns that a fit stores about its needs: of a feature that axes are made of,
   and of an axis. #}
{% macro needs_fields() -%}
    {%- set fields = ['needs_block', 'share_of', 'prior_count', 'mean_share'] -%}
    {%- for name in ['coefficient', 'loading'] -%}
        {%- for number in range(1, 5) -%}
            {%- do fields.append(name ~ '_' ~ number) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(fields + [
        'trend_intercept', 'trend_slope', 'trend_curvature',
        'spread_intercept', 'spread_slope', 'score_deviation', 'threshold',
    ]) }}
{%- endmacro %}


{# Scores of the needs of a fit, as columns. #}
{% macro need_scores() -%}
    {{ return(['need_1', 'need_2', 'need_3', 'need_4']) }}
{%- endmacro %}
