{# A category as a segment's name speaks of it; an empty slot keeps
   a name that says so. #}
{% macro spoken_name() -%}
    coalesce({{ readable_name('named.name') }}, 'an unfilled position')
{%- endmacro %}
