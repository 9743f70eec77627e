{# What a scan says of a candidate and a fit keeps: in words, and in numbers. #}
{% macro scan_measures() -%}
    {{ return({
        'words': ['verdict', 'verdict_reason', 'choice_reason'],
        'numbers': [
            'k',
            'customer_count',
            'inertia',
            'explained_variance_share',
            'silhouette',
            'reference_silhouette',
            'reference_spread',
            'structure_gap',
            'davies_bouldin',
            'calinski_harabasz',
            'stability',
            'minimum_jaccard',
            'smallest_segment_share',
        ],
    }) }}
{%- endmacro %}
