{{ config(enabled=var('source') == 'own_table') }}

{{ empty_entity('interactions') }}
