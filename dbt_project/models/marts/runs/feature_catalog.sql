-- Where publishing writes tables out, a view is enough.
{{ config(materialized=made_for_publishing()) }}

with

feature_catalog_entries as (

    select * from {{ ref('feature_catalog_entries') }}

),

final as (

    select
        feature,
        label,
        family,
        unit,
        position,
        higher_means,
        lower_means,
        is_clustered,
        is_used,
        weight,
        weighting,
        transform,
        missing_rule,
        missing_value,
        lower_value,
        upper_value,
        mean_value,
        standard_deviation,
        scale_factor,
        row_count,
        null_count,
        fit_number,
        dropped_reason
    from feature_catalog_entries

)

select * from final
