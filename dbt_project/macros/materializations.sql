{#
    Tables and views for DuckDB, each replaced by one statement, and incremental
    tables, to which one statement appends. dbt's own ones build beside the old
    table and rename twice, or write new rows to another table first, for
    databases that are read meanwhile; the build database is not read before it
    is published, and what is round a model's query takes longer than the query
    of a small shop.
#}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set dropped = drop_if_there(load_cached_relation(this)) -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if model['language'] == 'python' -%}
        {#- What a Python model returns is written by another connection, which
            must find the old table gone. -#}
        {%- if dropped -%}
            {%- call statement('dropped', auto_begin=False) -%}
                {{ dropped }}
            {%- endcall -%}
        {%- endif -%}
        {%- call statement('main', language='python') -%}
            {{ create_table_as(False, target_relation, compiled_code, 'python') }}
        {%- endcall -%}
    {%- else -%}
        {%- call statement('main') -%}
            {{ dropped }}
            {{ create_table_as(False, target_relation, compiled_code) }}
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_kept = is_incremental() -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        {%- if is_kept -%}
            insert into {{ target_relation }} by name
            {{ compiled_code }}
        {%- else -%}
            {{ drop_if_there(load_cached_relation(this)) }}
            {{ create_table_as(False, target_relation, compiled_code) }}
        {%- endif -%}
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{% materialization view, adapter='duckdb' %}

    {%- set target_relation = this.incorporate(type='view') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- call statement('main') -%}
        {{ drop_if_there(load_cached_relation(this)) }}
        {{ get_create_view_as_sql(target_relation, sql) }}
    {%- endcall -%}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {{ adapter.commit() }}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{% macro drop_if_there(relation) -%}
    {%- if relation is not none -%}
        drop {{ relation.type }} if exists {{ relation }} cascade;
    {%- endif -%}
{%- endmacro %}
