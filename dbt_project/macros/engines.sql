{# Every difference between the two engines is a macro in this file. #}


{# A backslash in one of Spark's literals is written twice. #}
{% macro text_literal(value) -%}
    {{ return(adapter.dispatch('text_literal')(value)) }}
{%- endmacro %}

{% macro duckdb__text_literal(value) -%}
    '{{ value | string | replace("'", "''") }}'
{%- endmacro %}

{% macro spark__text_literal(value) -%}
    '{{ value | string | replace('\\', '\\\\') | replace("'", "''") }}'
{%- endmacro %}


{% macro days_between(start_date, end_date) -%}
    {{ return(adapter.dispatch('days_between')(start_date, end_date)) }}
{%- endmacro %}

{% macro duckdb__days_between(start_date, end_date) -%}
    date_diff('day', {{ start_date }}, {{ end_date }})
{%- endmacro %}

{% macro spark__days_between(start_date, end_date) -%}
    cast(datediff({{ end_date }}, {{ start_date }}) as bigint)
{%- endmacro %}


{% macro add_days(from_date, day_count) -%}
    {{ return(adapter.dispatch('add_days')(from_date, day_count)) }}
{%- endmacro %}

{% macro duckdb__add_days(from_date, day_count) -%}
    ({{ from_date }} + cast({{ day_count }} as integer))
{%- endmacro %}

{% macro spark__add_days(from_date, day_count) -%}
    date_add({{ from_date }}, cast({{ day_count }} as int))
{%- endmacro %}


{% macro local_time(utc_timestamp, time_zone) -%}
    {{ return(adapter.dispatch('local_time')(utc_timestamp, time_zone)) }}
{%- endmacro %}

{% macro duckdb__local_time(utc_timestamp, time_zone) -%}
    timezone('{{ time_zone }}', timezone('UTC', {{ utc_timestamp }}))
{%- endmacro %}

{% macro spark__local_time(utc_timestamp, time_zone) -%}
    from_utc_timestamp({{ utc_timestamp }}, '{{ time_zone }}')
{%- endmacro %}


{% macro record_json(relation_alias) -%}
    {{ return(adapter.dispatch('record_json')(relation_alias)) }}
{%- endmacro %}

{% macro duckdb__record_json(relation_alias) -%}
    cast(to_json({{ relation_alias }}) as string)
{%- endmacro %}

{% macro spark__record_json(relation_alias) -%}
    to_json(struct({{ relation_alias }}.*), map('ignoreNullFields', 'false'))
{%- endmacro %}


{# Of many rows few are written out as JSON: those pass the row on as it is. #}
{% macro whole_record(relation_alias) -%}
    {{ return(adapter.dispatch('whole_record')(relation_alias)) }}
{%- endmacro %}

{% macro duckdb__whole_record(relation_alias) -%}
    {{ relation_alias }}
{%- endmacro %}

{% macro spark__whole_record(relation_alias) -%}
    struct({{ relation_alias }}.*)
{%- endmacro %}


{% macro empty_record() -%}
    {{ return(adapter.dispatch('empty_record')()) }}
{%- endmacro %}

{% macro duckdb__empty_record() -%}
    struct_pack(nothing := cast(null as string))
{%- endmacro %}

{% macro spark__empty_record() -%}
    named_struct('nothing', cast(null as string))
{%- endmacro %}


{% macro json_of_record(record) -%}
    {{ return(adapter.dispatch('json_of_record')(record)) }}
{%- endmacro %}

{% macro duckdb__json_of_record(record) -%}
    cast(to_json({{ record }}) as string)
{%- endmacro %}

{% macro spark__json_of_record(record) -%}
    to_json({{ record }}, map('ignoreNullFields', 'false'))
{%- endmacro %}


{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch('row_hash')(columns)) }}
{%- endmacro %}

{% macro duckdb__row_hash(columns) -%}
    hash({{ columns | join(', ') }})
{%- endmacro %}

{% macro spark__row_hash(columns) -%}
    xxhash64({{ columns | join(', ') }})
{%- endmacro %}


{# Numbers from 0 to below bits_in_a_set() as the bits of one: an aggregate. #}
{% macro bit_set(number, condition) -%}
    {{ return(adapter.dispatch('bit_set')(number, condition)) }}
{%- endmacro %}

{% macro duckdb__bit_set(number, condition) -%}
    bit_or(cast(1 as bigint) << cast({{ number }} as bigint)) filter (where {{ condition }})
{%- endmacro %}

{% macro spark__bit_set(number, condition) -%}
    bit_or(shiftleft(cast(1 as bigint), cast({{ number }} as int))) filter (where {{ condition }})
{%- endmacro %}

{% macro bits_in_a_set() -%}
    {{ return(62) }}
{%- endmacro %}


{% macro text_map(pairs) -%}
    {{ return(adapter.dispatch('text_map')(pairs)) }}
{%- endmacro %}

{% macro duckdb__text_map(pairs) -%}
    {%- if pairs -%}
    map(
        [{% for pair in pairs %}{{ text_literal(pair[0]) }}{{ ', ' if not loop.last }}{% endfor %}],
        [{% for pair in pairs %}cast({{ pair[1] }} as string){{ ', ' if not loop.last }}{% endfor %}]
    )
    {%- else -%}
    cast(map([], []) as map(string, string))
    {%- endif -%}
{%- endmacro %}

{% macro spark__text_map(pairs) -%}
    {%- if pairs -%}
    map({% for pair in pairs %}{{ text_literal(pair[0]) }}, cast({{ pair[1] }} as string){{ ', ' if not loop.last }}{% endfor %})
    {%- else -%}
    cast(map() as map<string, string>)
    {%- endif -%}
{%- endmacro %}


{% macro empty_text_map() -%}
    {{ return(adapter.dispatch('text_map')([])) }}
{%- endmacro %}


{% macro unnest_map(relation_alias, map_column, key_name, value_name) -%}
    {{ return(adapter.dispatch('unnest_map')(relation_alias, map_column, key_name, value_name)) }}
{%- endmacro %}

{# The row's other columns stay in reach under the relation's name. #}
{% macro duckdb__unnest_map(relation_alias, map_column, key_name, value_name) -%}
    {{ relation_alias }},
    lateral (
        select
            unnest(map_keys({{ relation_alias }}.{{ map_column }})) as {{ key_name }},
            unnest(map_values({{ relation_alias }}.{{ map_column }})) as {{ value_name }}
    ) as {{ map_column }}_entries
{%- endmacro %}

{% macro spark__unnest_map(relation_alias, map_column, key_name, value_name) -%}
    {{ relation_alias }}
    lateral view explode({{ relation_alias }}.{{ map_column }})
        {{ map_column }}_entries as {{ key_name }}, {{ value_name }}
{%- endmacro %}


{% macro text_join(expression, separator, order_by) -%}
    {{ return(adapter.dispatch('text_join')(expression, separator, order_by)) }}
{%- endmacro %}

{% macro duckdb__text_join(expression, separator, order_by) -%}
    string_agg({{ expression }}, '{{ separator }}' order by {{ order_by }})
{%- endmacro %}

{% macro spark__text_join(expression, separator, order_by) -%}
    listagg({{ expression }}, '{{ separator }}') within group (order by {{ order_by }})
{%- endmacro %}


{% macro text_digest(expression) -%}
    {{ return(adapter.dispatch('text_digest')(expression)) }}
{%- endmacro %}

{% macro duckdb__text_digest(expression) -%}
    sha256({{ expression }})
{%- endmacro %}

{% macro spark__text_digest(expression) -%}
    sha2({{ expression }}, 256)
{%- endmacro %}


{% macro hash_fraction(expression) -%}
    {{ return(adapter.dispatch('hash_fraction')(expression)) }}
{%- endmacro %}

{% macro duckdb__hash_fraction(expression) -%}
    (cast(cast('0x' || substr({{ text_digest(expression) }}, 1, 8) as bigint) as double) / 4294967296)
{%- endmacro %}

{% macro spark__hash_fraction(expression) -%}
    (cast(conv(substr({{ text_digest(expression) }}, 1, 8), 16, 10) as double) / 4294967296)
{%- endmacro %}


{% macro failing(message) -%}
    {{ return(adapter.dispatch('failing')(message)) }}
{%- endmacro %}

{% macro duckdb__failing(message) -%}
    error({{ message }})
{%- endmacro %}

{% macro spark__failing(message) -%}
    raise_error({{ message }})
{%- endmacro %}


{% macro hash_sum(columns) -%}
    {{ return(adapter.dispatch('hash_sum')(columns)) }}
{%- endmacro %}

{% macro duckdb__hash_sum(columns) -%}
    cast(sum(cast(hash({{ columns | join(', ') }}) as hugeint)) as string)
{%- endmacro %}

{% macro spark__hash_sum(columns) -%}
    cast(sum(cast(xxhash64({{ columns | join(', ') }}) as decimal(38, 0))) as string)
{%- endmacro %}


{# What `hash_sum` gives of all rows, from what it gave of parts of them. #}
{% macro total_of_hash_sums(column) -%}
    {{ return(adapter.dispatch('total_of_hash_sums')(column)) }}
{%- endmacro %}

{% macro duckdb__total_of_hash_sums(column) -%}
    cast(sum(cast({{ column }} as hugeint)) as string)
{%- endmacro %}

{% macro spark__total_of_hash_sums(column) -%}
    cast(sum(cast({{ column }} as decimal(38, 0))) as string)
{%- endmacro %}


{% macro engine_version() -%}
    {{ return(adapter.dispatch('engine_version')()) }}
{%- endmacro %}

{% macro duckdb__engine_version() -%}
    'duckdb ' || version()
{%- endmacro %}

{% macro spark__engine_version() -%}
    'spark ' || version()
{%- endmacro %}


{% macro quoted_name(name) -%}
    {{ return(adapter.dispatch('quoted_name')(name)) }}
{%- endmacro %}

{% macro duckdb__quoted_name(name) -%}
    "{{ name | replace('"', '""') }}"
{%- endmacro %}

{% macro spark__quoted_name(name) -%}
    `{{ name | replace('`', '``') }}`
{%- endmacro %}


{% macro unnest_list(relation_alias, list_column, entry_name) -%}
    {{ return(adapter.dispatch('unnest_list')(relation_alias, list_column, entry_name)) }}
{%- endmacro %}

{% macro duckdb__unnest_list(relation_alias, list_column, entry_name) -%}
    {{ relation_alias }},
    lateral (
        select unnest({{ relation_alias }}.{{ list_column }}) as {{ entry_name }}
    ) as {{ list_column }}_entries
{%- endmacro %}

{% macro spark__unnest_list(relation_alias, list_column, entry_name) -%}
    {{ relation_alias }}
    lateral view explode({{ relation_alias }}.{{ list_column }})
        {{ list_column }}_entries as {{ entry_name }}
{%- endmacro %}


{% macro whole_numbers(first_number, last_number) -%}
    {{ return(adapter.dispatch('whole_numbers')(first_number, last_number)) }}
{%- endmacro %}

{% macro duckdb__whole_numbers(first_number, last_number) -%}
    generate_series({{ first_number }}, {{ last_number }})
{%- endmacro %}

{% macro spark__whole_numbers(first_number, last_number) -%}
    sequence({{ first_number }}, {{ last_number }})
{%- endmacro %}


{% macro list_text(list_column) -%}
    {{ return(adapter.dispatch('list_text')(list_column)) }}
{%- endmacro %}

{% macro duckdb__list_text(list_column) -%}
    array_to_string({{ list_column }}, ', ')
{%- endmacro %}

{% macro spark__list_text(list_column) -%}
    array_join({{ list_column }}, ', ')
{%- endmacro %}


{# Quantiles of the values of a group, between which it interpolates, as a list
   in the order of the fractions. #}
{% macro quantiles(expression, fractions) -%}
    {{ return(adapter.dispatch('quantiles')(expression, fractions)) }}
{%- endmacro %}

{% macro duckdb__quantiles(expression, fractions) -%}
    quantile_cont({{ expression }}, [{{ fractions | join(', ') }}])
{%- endmacro %}

{% macro spark__quantiles(expression, fractions) -%}
    percentile({{ expression }}, array({{ fractions | join(', ') }}))
{%- endmacro %}


{% macro list_element(list_column, number) -%}
    {{ return(adapter.dispatch('list_element')(list_column, number)) }}
{%- endmacro %}

{% macro duckdb__list_element(list_column, number) -%}
    list_extract({{ list_column }}, {{ number }})
{%- endmacro %}

{% macro spark__list_element(list_column, number) -%}
    try_element_at({{ list_column }}, {{ number }})
{%- endmacro %}


{% macro snake_case(expression) -%}
    {{ return(adapter.dispatch('snake_case')(expression)) }}
{%- endmacro %}

{% macro duckdb__snake_case(expression) -%}
    trim(regexp_replace(lower({{ expression }}), '[^\p{L}\p{N}]+', '_', 'g'), '_')
{%- endmacro %}

{% macro spark__snake_case(expression) -%}
    trim(both '_' from regexp_replace(lower({{ expression }}), '[^\\p{L}\\p{N}]+', '_'))
{%- endmacro %}


{% macro text_replaced(text, pattern, replacement) -%}
    {{ return(adapter.dispatch('text_replaced')(text, pattern, replacement)) }}
{%- endmacro %}

{% macro duckdb__text_replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ text_literal(pattern) }}, {{ text_literal(replacement) }}, 'g')
{%- endmacro %}

{% macro spark__text_replaced(text, pattern, replacement) -%}
    regexp_replace({{ text }}, {{ text_literal(pattern) }}, {{ text_literal(replacement) }})
{%- endmacro %}


{# Whether the whole text is as the pattern says. #}
{% macro text_matches(text, pattern) -%}
    {{ return(adapter.dispatch('text_matches')(text, pattern)) }}
{%- endmacro %}

{% macro duckdb__text_matches(text, pattern) -%}
    regexp_full_match({{ text }}, {{ text_literal(pattern) }})
{%- endmacro %}

{% macro spark__text_matches(text, pattern) -%}
    {{ text }} rlike {{ text_literal('\\A(?:' ~ pattern ~ ')\\z') }}
{%- endmacro %}


{# ISO 8601. Spark would also take a year alone, or a time alone as today's, and
   would move a time with an offset to UTC. #}
{% macro iso_time(text) -%}
    {{ return(adapter.dispatch('iso_time')(text)) }}
{%- endmacro %}

{% macro duckdb__iso_time(text) -%}
    try_cast({{ text }} as timestamp)
{%- endmacro %}

{% macro spark__iso_time(text) -%}
    case
        when {{ text }} rlike '^[0-9]+-[0-9]+-[0-9]+'
            then cast(try_cast({{ text }} as timestamp_ntz) as timestamp)
    end
{%- endmacro %}


{# Seconds since 1970 as a time, in UTC whatever the time zone of the session. #}
{% macro time_of_seconds(seconds) -%}
    {{ return(adapter.dispatch('time_of_seconds')(seconds)) }}
{%- endmacro %}

{% macro duckdb__time_of_seconds(seconds) -%}
    make_timestamp(cast(round(({{ seconds }}) * 1000000) as bigint))
{%- endmacro %}

{% macro spark__time_of_seconds(seconds) -%}
    timestamp_micros(cast(round(({{ seconds }}) * 1000000) as bigint))
{%- endmacro %}


{# Formats are those of strptime: %Y %y %m %d %b %B %H %I %M %S %f %p. #}
{% macro time_of_text(text, formats) -%}
    {{ return(adapter.dispatch('time_of_text')(text, formats)) }}
{%- endmacro %}

{% macro duckdb__time_of_text(text, formats) -%}
    try_strptime({{ text }}, [{% for format in formats %}{{ text_literal(format) }}{{ ', ' if not loop.last }}{% endfor %}])
{%- endmacro %}

{# A year of two digits is from 1969 to 2068, as strptime has it. #}
{% macro spark__time_of_text(text, formats) -%}
    {%- set letters = {
        '%Y': 'yyyy', '%y': 'yy', '%m': 'M', '%d': 'd', '%b': 'MMM', '%B': 'MMMM',
        '%H': 'H', '%I': 'h', '%M': 'm', '%S': 's', '%f': '[SSSSSS][SSS]', '%p': 'a',
        'T': "'T'",
    } -%}
    coalesce(
        {%- for format in formats %}
        {%- set pattern = namespace(text=format) -%}
        {%- for directive, letter in letters.items() -%}
            {%- set pattern.text = pattern.text | replace(directive, letter) -%}
        {%- endfor %}
        {%- set time = 'try_to_timestamp(' ~ text ~ ', ' ~ text_literal(pattern.text) ~ ')' %}
        {{ time }}
        {%- if '%y' in format %} - make_ym_interval(if(year({{ time }}) > 2068, 100, 0)){% endif -%}
        {{ ',' if not loop.last }}
        {%- endfor %}
    )
{%- endmacro %}


{# A build on top of the last one rebuilds only what new files affect. Whether
   it may is decided before dbt starts (scripts/store/increment.py) and stands in
   raw.load_increment; without that every table is rebuilt. #}
{% macro is_increment() -%}
    {{ return(adapter.dispatch('is_increment')()) }}
{%- endmacro %}

{% macro duckdb__is_increment() -%}
    {%- set found = [] -%}
    {%- if execute -%}
        {%- set query = "select count(*) from duckdb_tables() where "
            ~ "database_name = current_database() and schema_name = 'raw' "
            ~ "and table_name = 'load_increment'" -%}
        {%- for row in run_query(query).rows if row[0] > 0 -%}
            {%- for decided in run_query(
                'select is_increment from ' ~ source('load', 'load_increment')
            ).rows if decided[0] -%}
                {%- do found.append(true) -%}
            {%- endfor -%}
        {%- endfor -%}
    {%- endif -%}
    {{ return(found | length > 0) }}
{%- endmacro %}

{# Rows cannot be deleted from tables of Parquet: they are rebuilt. #}
{% macro spark__is_increment() -%}
    {{ return(false) }}
{%- endmacro %}


{# How a mart that only repeats another table is made. Spark's own Parquet is
   what is published, so it has to be written there. #}
{% macro made_for_publishing() -%}
    {{ return(adapter.dispatch('made_for_publishing')()) }}
{%- endmacro %}

{% macro duckdb__made_for_publishing() -%}
    {{ return('view') }}
{%- endmacro %}

{% macro spark__made_for_publishing() -%}
    {{ return('table') }}
{%- endmacro %}


{# At the start of a run: SQL reads the files of the data and the warehouse, and
   nothing else on the machine. Spark is kept in by who runs it. #}
{% macro limit_access() -%}
    {{ return(adapter.dispatch('limit_access')()) }}
{%- endmacro %}

{% macro duckdb__limit_access() -%}
    {%- set readable = fromjson(env_var('SEGMENTATION_READABLE', '[]')) -%}
    {%- if readable -%}
        {%- set texts = [] -%}
        {%- for path in readable -%}
            {%- do texts.append("'" ~ path | replace("'", "''") ~ "'") -%}
        {%- endfor -%}
        set allowed_paths = [{{ texts | join(', ') }}];
        set allowed_directories = [{{ texts | join(', ') }}];
        set enable_external_access = false
    {%- endif -%}
{%- endmacro %}

{% macro spark__limit_access() -%}
{%- endmacro %}


{# A whole number with a comma at each thousand. #}
{% macro grouped_number(value) -%}
    {{ return(adapter.dispatch('grouped_number')(value)) }}
{%- endmacro %}

{% macro duckdb__grouped_number(value) -%}
    format('{:,}', cast({{ value }} as bigint))
{%- endmacro %}

{% macro spark__grouped_number(value) -%}
    format_number(cast({{ value }} as bigint), 0)
{%- endmacro %}


{# A text whose words, and what stands between them, are changed one by one:
   `changed` is an expression over `word`. #}
{% macro words_changed(text, changed) -%}
    {{ return(adapter.dispatch('words_changed')(text, changed)) }}
{%- endmacro %}

{% macro duckdb__words_changed(text, changed) -%}
    array_to_string([
        {{ changed }}
        for word in regexp_extract_all({{ text }}, '[\p{L}\p{N}'']+|[^\p{L}\p{N}'']+')
    ], '')
{%- endmacro %}

{% macro spark__words_changed(text, changed) -%}
    array_join(
        transform(
            regexp_extract_all({{ text }}, '[\\p{L}\\p{N}\\x27]+|[^\\p{L}\\p{N}\\x27]+', 0),
            word -> {{ changed }}
        ),
        ''
    )
{%- endmacro %}
