-- Where publishing writes tables out, a view is enough.
{{ config(materialized=made_for_publishing()) }}

select * from {{ ref('feature_catalog_entries') }}
