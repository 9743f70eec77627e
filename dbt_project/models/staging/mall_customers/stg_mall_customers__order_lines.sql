{{ config(enabled=var('source') == 'mall_customers') }}

{{ empty_entity('order_lines') }}
