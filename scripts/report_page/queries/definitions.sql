-- The descriptions that the published file carries as comments.
select
    table_name,
    column_name,
    comment
from duckdb_columns()
where
    schema_name = 'main'
    and database_name = current_database()
    and comment is not null
    and table_name in ('segment_grid', 'segment_playbook', 'segment_profiles', 'segment_summary')
order by table_name, column_index;
