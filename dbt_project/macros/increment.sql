{# A build on top of the last one: what is kept and what is rebuilt. Whether a
   build is one is asked in engines.sql. #}


{# Replaces dbt's own: what may not be built on is rebuilt. #}
{% macro should_full_refresh() -%}
    {%- set asked = config.get('full_refresh') -%}
    {%- if asked is none -%}
        {%- set asked = flags.FULL_REFRESH -%}
    {%- endif -%}
    {{ return(asked or not is_increment()) }}
{%- endmacro %}


{# The first column of a query, as a list of texts. #}
{% macro queried_texts(query) -%}
    {%- set texts = [] -%}
    {%- if execute -%}
        {%- for row in run_query(query).rows -%}
            {%- do texts.append(text_literal(row[0])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(texts) }}
{%- endmacro %}


{# The files of order lines that came since the last build, as a list of texts. #}
{% macro new_files() -%}
    {{ return(
        queried_texts(
            'select source_file from ' ~ source('load', 'load_new_files')
            ~ ' order by source_file'
        ) | join(', ')
        or 'null'
    ) }}
{%- endmacro %}


{# Whether a model that is made of whole files is up to date: an increment has
   no other files of the raw tables that its meta names as made_of. #}
{% macro is_up_to_date() -%}
    {%- set made_of = model.config.meta.get('made_of', []) -%}
    {%- if not made_of or not is_incremental() -%}
        {{ return(false) }}
    {%- endif -%}
    {%- set unchanged = queried_texts(
        'select source_table from '
        ~ source('load', 'load_unchanged_tables')
        ~ ' where source_table in (' ~ text_list(made_of) ~ ')'
    ) -%}
    {{ return(unchanged | length == made_of | length) }}
{%- endmacro %}


{# What a model's inputs were when the table that is there was made: its comment
   as a text literal; none where nothing of the last build is kept. #}
{% macro inputs_of_last_build() -%}
    {%- if load_cached_relation(this) is none or not is_increment() -%}
        {{ return(none) }}
    {%- endif -%}
    {{ return((queried_texts(
        'select comment from duckdb_tables() where'
        ~ ' database_name = current_database()'
        ~ ' and schema_name = ' ~ text_literal(this.schema)
        ~ ' and table_name = ' ~ text_literal(this.identifier)
    ) + [none])[0]) }}
{%- endmacro %}


{# The keys of the new files: a query. #}
{% macro new_file_keys() -%}
    select {{ row_hash(['new_files.source_file']) }} as file_key
    from {{ source('load', 'load_new_files') }} as new_files
{%- endmacro %}


{# Valid lines of the new files: the end of a query. #}
{% macro from_new_lines() -%}
    from {{ ref('int_order_lines_keyed') }} as new_lines
    where
        new_lines.reject_reason is null
        and new_lines.file_key in ({{ new_file_keys() }})
{%- endmacro %}


{# Hashes of the keys that new lines have: a query. #}
{% macro new_line_keys() -%}
    select {{ row_hash(line_key('new_lines.')) }} as line_key_hash
    {{ from_new_lines() }}
{%- endmacro %}


{# The new files, and those of older lines in conflict with a new one, as a list of
   texts. #}
{% macro files_of_rejected_lines() -%}
    {{ return(
        queried_texts(
            'select source_file from ' ~ source('load', 'load_new_files')
            ~ ' union select file_name from ' ~ source('load', 'load_ledger')
            ~ ' where ' ~ row_hash(['file_name']) ~ ' in (select file_key from '
            ~ ref('int_order_line_outcomes')
            ~ " where outcome = 'rejected' and line_key_hash in ("
            ~ new_line_keys() ~ ')) order by source_file'
        ) | join(', ')
        or 'null'
    ) }}
{%- endmacro %}


{# Midnight before the first new order line: written as a value, it lets the
   engine skip what is older without reading it. #}
{% macro first_new_at() -%}
    {{ return(first_midnight(
        'select cast(min(new_lines.order_date) as string) as day '
        ~ from_new_lines()
    )) }}
{%- endmacro %}


{# Midnight before the first affected order. #}
{% macro first_affected_at() -%}
    {{ return(first_midnight(
        'select cast(min(order_date) as string) as day from '
        ~ ref('affected_orders')
    )) }}
{%- endmacro %}


{# The midnight that a day begins with, which a query gives as a text; in the
   year 9999 where it gives none. #}
{% macro first_midnight(query) -%}
    {%- set days = queried_texts(
        'select day from (' ~ query ~ ') as days where day is not null'
    ) -%}
    {%- set day = (days or ["'9999-12-31'"])[0] | replace("'", '') -%}
    {{ return("timestamp '" ~ day ~ " 00:00:00'") }}
{%- endmacro %}


{# For a model's pre_hook: deletes the rows that it is about to rebuild. #}
{% macro delete_affected_rows(condition) -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where {{ condition }}
    {%- endif -%}
{%- endmacro %}


{# Windows that end after the first affected day, and those of dates that are
   none any more: for `delete_affected_rows`. #}
{% macro affected_windows(snapshots) -%}
    as_of_date > {{ first_affected_at() }}
    or as_of_date not in (select as_of_date from {{ snapshots }})
{%- endmacro %}


{# Rows of the days with an affected order: a condition for what is stored by
   day, where rows have the columns `ordered_at` and `order_date`. #}
{% macro of_affected_days() -%}
    ordered_at >= {{ first_affected_at() }}
        and order_date in (
            select affected.order_date
            from {{ ref('affected_orders') }} as affected
        )
{%- endmacro %}


{# Numbers of the weeks with an affected order: a query. #}
{% macro affected_weeks() -%}
    select floor({{ grid_day('affected.week_start_date') }} / 7.0)
    from {{ ref('affected_orders') }} as affected
{%- endmacro %}


{# Lines or orders of the affected orders: a condition for tests, as what else
   there is was tested when it was built. A build that starts over has no
   affected orders, and its tests look at all rows. Hashes find nulls, too. #}
{% macro of_affected_orders(prefix='') -%}
    {%- set affected_orders = ref('affected_orders') -%}
    {%- set key = ['customer_key', 'order_key', 'order_date'] -%}
    {%- if is_increment() -%}
        {%- set own_key = [] -%}
        {%- for column in key -%}
            {%- do own_key.append(prefix ~ column) -%}
        {%- endfor -%}
        {{ prefix }}ordered_at >= {{ first_affected_at() }}
        and {{ row_hash(own_key) }} in (
            select {{ row_hash(key) }} as order_hash
            from {{ affected_orders }}
        )
    {%- else -%}
        true
    {%- endif -%}
{%- endmacro %}
