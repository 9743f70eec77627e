{# The stage of a customer of customer_rhythms. Being silent for longer than
   usual says more of a customer than being new. #}
{% macro lifecycle_stage(rhythms) -%}
    {%- set gaps = var('stage_gaps') -%}
    case
            when {{ rhythms }}.has_lapsed then 'lapsed'
            when {{ rhythms }}.silent_gaps >= {{ gaps['lapsing'] }}
                then 'lapsing'
            when {{ rhythms }}.silent_gaps >= {{ gaps['slipping'] }}
                then 'slipping'
            when {{ rhythms }}.tenure_days < {{ var('yield_horizon_days') }}
                then 'new'
            else 'active'
        end
{%- endmacro %}
