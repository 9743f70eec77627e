with

learned_reasons as (

    select * from {{ ref('learned_reasons') }}

),

feature_catalog_entries as (

    select * from {{ ref('feature_catalog_entries') }}

),

-- The three features that speak most for the customer's segment.
reasons as (

    {% for reason_rank in range(1, 4) -%}
    select
        customer_id,
        {{ reason_rank }} as reason_rank,
        reason_{{ reason_rank }}_feature as feature,
        reason_{{ reason_rank }}_value as value,
        reason_{{ reason_rank }}_segment_value as segment_value,
        reason_{{ reason_rank }}_runner_up_value as runner_up_value
    from learned_reasons
    where reason_{{ reason_rank }}_feature is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

worded as (

    select
        reasons.customer_id,
        reasons.reason_rank,
        feature_catalog_entries.label
        || ' '
        || {{ readable_number(
            'reasons.value', 'feature_catalog_entries.unit'
        ) }}
        || ' (segment '
        || {{ readable_number(
            'reasons.segment_value', 'feature_catalog_entries.unit'
        ) }}
        || ', runner-up '
        || {{ readable_number(
            'reasons.runner_up_value', 'feature_catalog_entries.unit'
        ) }}
        || ')' as reason
    from reasons
    inner join feature_catalog_entries
        on reasons.feature = feature_catalog_entries.feature

),

joined as (

    select
        customer_id,
        {{ text_join('reason', '; ', 'reason_rank') }} as reasons
    from worded
    group by customer_id

),

final as (

    select
        learned_reasons.customer_id,
        joined.reasons,
        learned_reasons.change_feature,
        learned_reasons.change_to_segment_id,
        learned_reasons.change_from_value,
        learned_reasons.change_to_value
    from learned_reasons
    left join joined
        on learned_reasons.customer_id = joined.customer_id

)

select * from final
