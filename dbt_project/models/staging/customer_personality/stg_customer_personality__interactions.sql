{{ config(enabled=var('source') == 'customer_personality') }}

{{ empty_entity('interactions') }}
