with

customer_statuses as (

    select * from {{ ref('customer_statuses') }}

),

customer_assignments as (

    select * from {{ ref('customer_assignments') }}

),

learned_reasons as (

    select * from {{ ref('learned_reasons') }}

),

feature_catalog_entries as (

    select * from {{ ref('feature_catalog_entries') }}

),

customer_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_current

),

lapsed_snapshots as (

    select * from {{ ref('customer_snapshots') }}
    where is_lapsed

),

customer_lifecycle as (

    select * from {{ ref('customer_lifecycle') }}

),

segment_names as (

    select * from {{ ref('segment_names') }}

),

segmentation_run as (

    select * from {{ ref('segmentation_run') }}

),

-- Up to three reasons in one text, the strongest first. A need is called by the
-- end that the customer leans to.
customer_reasons as (

    select
        learned_reasons.customer_id,
        nullif(
            concat_ws(
                '; '
                {%- for rank in range(1, 4) %}
                {%- set unit = 'entries_' ~ rank ~ '.unit' %}
                {%- set reason = 'learned_reasons.reason_' ~ rank %},
                case
                    when entries_{{ rank }}.family <> 'needs'
                        then entries_{{ rank }}.label
                    when {{ reason }}_value < 0
                        then entries_{{ rank }}.lower_means
                    else entries_{{ rank }}.higher_means
                end
                || ' '
                || {{ readable_number(reason ~ '_value', unit) }}
                || ' (segment '
                || {{ readable_number(reason ~ '_segment_value', unit) }}
                || ', runner-up '
                || {{ readable_number(reason ~ '_runner_up_value', unit) }}
                || ')'
                {%- endfor %}
            ),
            ''
        ) as reasons,
        learned_reasons.change_feature,
        learned_reasons.change_to_segment_id,
        learned_reasons.change_from_value,
        learned_reasons.change_to_value
    from learned_reasons
    {% for rank in range(1, 4) -%}
    left join feature_catalog_entries as entries_{{ rank }}
        on
            learned_reasons.reason_{{ rank }}_feature
            = entries_{{ rank }}.feature
    {% endfor %}

),

final as (

    select
        customer_statuses.customer_id,
        customer_assignments.segment_id,
        segment_names.segment_name,
        customer_statuses.status,
        customer_statuses.value_tier,
        customer_lifecycle.stage as lifecycle_stage,
        customer_statuses.is_holdout,
        segmentation_run.as_of_date,
        customer_statuses.scored_as_of_date,
        coalesce(
            customer_snapshots.last_order_date,
            lapsed_snapshots.last_order_date
        ) as last_order_date,
        coalesce(customer_snapshots.order_count, 0) as order_count,
        cast(coalesce(customer_snapshots.spend, 0) as decimal(18, 4)) as spend,
        cast(lapsed_snapshots.spend as decimal(18, 4)) as former_spend,
        customer_statuses.rfm_score,
        customer_statuses.recency_score,
        customer_statuses.frequency_score,
        customer_statuses.monetary_score,
        customer_assignments.confidence,
        customer_assignments.silhouette,
        customer_assignments.squared_distance,
        coalesce(customer_assignments.is_outlier, false) as is_outlier,
        customer_assignments.runner_up_segment_id,
        runner_up_names.segment_name as runner_up_segment_name,
        customer_assignments.runner_up_squared_distance,
        customer_reasons.change_feature,
        customer_reasons.change_from_value,
        customer_reasons.change_to_value,
        customer_reasons.change_to_segment_id,
        customer_reasons.reasons,
        segmentation_run.run_number,
        segmentation_run.fit_number
    from customer_statuses
    cross join segmentation_run
    left join customer_assignments
        on
            customer_statuses.customer_id = customer_assignments.customer_id
            and customer_statuses.scored_as_of_date
            = customer_assignments.as_of_date
    left join customer_reasons
        on customer_statuses.customer_id = customer_reasons.customer_id
    left join customer_lifecycle
        on customer_statuses.customer_id = customer_lifecycle.customer_id
    left join customer_snapshots
        on customer_statuses.customer_id = customer_snapshots.customer_id
    left join lapsed_snapshots
        on customer_statuses.customer_id = lapsed_snapshots.customer_id
    left join segment_names
        on customer_assignments.segment_id = segment_names.segment_id
    left join segment_names as runner_up_names
        on
            customer_assignments.runner_up_segment_id
            = runner_up_names.segment_id

)

select * from final
