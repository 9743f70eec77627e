{{ config(enabled=var('source') == 'online_retail') }}

{{ empty_entity('interactions') }}
