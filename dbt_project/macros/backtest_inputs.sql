{# All that the segments of the backtest are learned from and assigned to, as
   one hash: a query. Where it is that of the last build, so are they. #}
{% macro backtest_inputs() -%}
    {%- set parts = {
        'features': (
            [whole_record('features')],
            ref('features_by_slot_set') ~ ' as features'
            ~ " where slot_set = 'backtest' and has_sufficient_history"
        ),
        'date': (
            ['as_of_date'], ref('snapshots') ~ ' where is_backtest'
        ),
        'definitions': (
            ['feature', 'position', 'family', 'transform', 'defined_weight',
                'is_clustered', 'missing_rule'],
            ref('feature_catalog_entries') ~ ' where fit_number is not null'
        ),
        'settings': (
            ['k_min', 'k_max', 'seed', 'min_segment_share', 'weighting',
                'max_population_stability_index'],
            ref('fit_request')
        ),
        'fit': (
            ['fit_number', 'seed', 'weighting_setting'], ref('active_fit')
        ),
        'segments': (
            ['segment_id'],
            ref('fit_segments') ~ " where lineage <> 'retired'"
        ),
        'assignments': (
            ['customer_id', 'segment_id'],
            ref('customer_assignments') ~ ' where as_of_date in '
            ~ '(select as_of_date from ' ~ ref('snapshots')
            ~ ' where is_backtest)'
        ),
    } -%}
    with digests as (

        {% for name, (columns, rows) in parts.items() -%}
        select
            '{{ name }}' as part,
            {{ hash_sum(columns) }} as digest
        from {{ rows }}
        {{ 'union all' if not loop.last }}
        {% endfor %}

    )

    select
        {{ text_digest(
            text_join("part || '=' || coalesce(digest, '0')", ';', 'part')
        ) }} as inputs
    from digests
{%- endmacro %}
