{#
    Tables and views for DuckDB, each replaced by one statement, and incremental
    tables, to which one statement appends, or which stay as they are where they
    are made of whole files that did not change. dbt's own ones build beside the old
    table and rename twice, or write new rows to another table first, for
    databases that are read meanwhile; the build database is not read before it
    is published, and what is round a model's query takes longer than the query
    of a small shop. A table of which the hooks left no row is created again, as
    its columns may be others.
#}

{% materialization table, adapter='duckdb', supported_languages=['sql', 'python'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {#- The macro that the model's meta names gives a query of all that the
        table is made of: where that is as in the last build, so is the table. -#}
    {%- set inputs_query = model.config.meta.get('inputs') -%}
    {%- set inputs = queried_texts(context[inputs_query]())[0]
        if inputs_query else none -%}
    {%- if inputs and inputs == inputs_of_last_build() -%}
        {%- call noop_statement('main', 'KEPT') -%}
            {{ compiled_code }}
        {%- endcall -%}
        {{ return({'relations': [target_relation]}) }}
    {%- endif -%}
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
    {#- Of a Python model, only a new transaction sees the table. -#}
    {%- if inputs -%}
        {%- call statement('inputs_noted', auto_begin=False) -%}
            comment on table {{ target_relation }} is {{ inputs }}
        {%- endcall -%}
    {%- endif -%}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}

{% endmaterialization %}

{% materialization incremental, adapter='duckdb', supported_languages=['sql'] %}

    {%- set target_relation = this.incorporate(type='table') -%}
    {%- set is_kept = is_incremental() and not model.config.meta.get('made_of') -%}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {%- if is_up_to_date() -%}
        {%- call noop_statement('main', 'KEPT') -%}
            {{ compiled_code }}
        {%- endcall -%}
    {%- else -%}
        {%- set is_appended = is_kept and has_rows(target_relation) -%}
        {%- call statement('main') -%}
            {%- if is_appended -%}
                insert into {{ target_relation }} by name
                {{ compiled_code }}
            {%- elif is_kept -%}
                create or replace table {{ target_relation }} as
                {{ compiled_code }}
            {%- else -%}
                {{ drop_if_there(load_cached_relation(this)) }}
                {{ create_table_as(False, target_relation, compiled_code) }}
            {%- endif -%}
        {%- endcall -%}
    {%- endif -%}
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

{% macro has_rows(relation) -%}
    {%- set found = run_query('select 1 from ' ~ relation ~ ' limit 1') -%}
    {{ return(found.rows | length > 0) }}
{%- endmacro %}

{% macro drop_if_there(relation) -%}
    {%- if relation is not none -%}
        drop {{ relation.type }} if exists {{ relation }} cascade;
    {%- endif -%}
{%- endmacro %}


{# Rows of a seed on Spark, as one statement. dbt-spark puts each value between
   quotes as it is, so a text with a quote in it ended the statement, and an
   empty cell was the word None. #}
{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model['config'].get('column_types', {}) -%}
    {%- set rows = [] -%}
    {%- for row in agate_table.rows -%}
        {%- set cells = [] -%}
        {%- for name in agate_table.column_names -%}
            {%- set value = row[loop.index0] -%}
            {%- set type = types.get(name, adapter.convert_type(agate_table, loop.index0)) -%}
            {%- set text = 'null' if value is none else text_literal(value | string) -%}
            {%- do cells.append('cast(' ~ text ~ ' as ' ~ type ~ ')') -%}
        {%- endfor -%}
        {%- do rows.append('(' ~ cells | join(', ') ~ ')') -%}
    {%- endfor -%}
    {%- if rows -%}
        {%- set sql = 'insert into ' ~ this.render() ~ ' values ' ~ rows | join(', ') -%}
        {%- do adapter.add_query(sql, abridge_sql_log=True) -%}
        {{ return(sql) }}
    {%- endif -%}
    {{ return('') }}
{%- endmacro %}
