{# A build on top of the last one: what is kept and what is made anew. Whether a
   build is one is asked in engines.sql. #}


{# Replaces dbt's own: what may not be built on is made anew. #}
{% macro should_full_refresh() -%}
    {%- set asked = config.get('full_refresh') -%}
    {%- if asked is none -%}
        {%- set asked = flags.FULL_REFRESH -%}
    {%- endif -%}
    {{ return(asked or not is_increment()) }}
{%- endmacro %}


{# The files of order lines that came since the last build, as a list of texts. #}
{% macro new_files() -%}
    {%- set files = [] -%}
    {%- if execute -%}
        {%- set query = 'select source_file from '
            ~ source('load', 'load_new_files') ~ ' order by source_file' -%}
        {%- for row in run_query(query).rows -%}
            {%- do files.append(text_literal(row[0])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(files | join(', ') or 'null') }}
{%- endmacro %}


{# The files with a line that shares its key with a new one. #}
{% macro touched_files() -%}
    {%- set files = [] -%}
    {%- if execute -%}
        {%- set query = 'select distinct source_file from '
            ~ ref('int_order_lines_touched')
            ~ ' where has_new_key order by source_file' -%}
        {%- for row in run_query(query).rows -%}
            {%- do files.append(text_literal(row[0])) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(files | join(', ') or 'null') }}
{%- endmacro %}


{# Midnight before the first order line that is touched: written as a value, it
   lets the engine skip what is older without reading it. #}
{% macro first_touched_at() -%}
    {%- set touched = ref('int_order_dates_touched') -%}
    {%- set found = ['9999-12-31'] -%}
    {%- if execute -%}
        {%- set query = 'select cast(min(order_date) as string) from '
            ~ touched ~ ' having count(*) > 0' -%}
        {%- for row in run_query(query).rows -%}
            {%- do found.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return("timestamp '" ~ found[-1] ~ " 00:00:00'") }}
{%- endmacro %}


{# As the first touched, but the Monday of its week. #}
{% macro first_touched_week() -%}
    {%- set touched = ref('int_order_dates_touched') -%}
    {%- set found = ['9999-12-31'] -%}
    {%- if execute -%}
        {%- set query = 'select cast(min(week_start_date) as string) from '
            ~ touched ~ ' having count(*) > 0' -%}
        {%- for row in run_query(query).rows -%}
            {%- do found.append(row[0]) -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return("timestamp '" ~ found[-1] ~ " 00:00:00'") }}
{%- endmacro %}


{# Lines of which this build decides what becomes of them: new ones, and those
   that share their key with a new one. #}
{% macro is_decided_anew() -%}
    (source_file, source_row_number) in (
        select touched.source_file, touched.source_row_number
        from {{ ref('int_order_lines_touched') }} as touched
        where touched.has_new_key
    )
{%- endmacro %}


{# For a model's pre_hook: takes away the rows that it is about to make anew. #}
{% macro take_away(condition) -%}
    {%- if is_incremental() -%}
        delete from {{ this }} where {{ condition }}
    {%- endif -%}
{%- endmacro %}


{# Windows that end after the first day that is touched, and those of dates that
   are none any more: for `take_away`. #}
{% macro touched_windows(snapshots) -%}
    as_of_date > {{ first_touched_at() }}
    or as_of_date not in (select as_of_date from {{ snapshots }})
{%- endmacro %}


{# First days of the periods of four weeks with a touched order line: a query. #}
{% macro touched_periods() -%}
    select {{ four_weeks_start('touched.week_start_date') }}
    from {{ ref('int_order_dates_touched') }} as touched
{%- endmacro %}
