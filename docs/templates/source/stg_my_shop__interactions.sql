{{ config(enabled=var('source') == 'my_shop') }}

{{ empty_entity('interactions') }}
