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
        transform,
        missing_rule,
        higher_means,
        lower_means,
        dropped_reason,
        weighting,
        fit_number,
        position,
        row_count,
        null_count,
        weight,
        missing_value,
        lower_value,
        upper_value,
        mean_value,
        standard_deviation,
        scale_factor,
        is_clustered,
        is_used
    from feature_catalog_entries

)

select * from final
