with

dataset as (

    with

    labels as (

        -- Segments that may be shown, with a short name for axes.
        select
            segment_id,
            segment_name,
            segment_id || ' ' || case
                when length(segment_name) <= 32 then segment_name
                else rtrim(left(segment_name, 31)) || '…'
            end as segment,
            bool_or(customer_count between 1 and 4) over () as has_small_segment
        from segment_summary
        qualify customer_count not between 1 and 4

    )

    select
        labels.segment,
        labels.segment_name,
        segment_summary.description,
        segment_rules.rule,
        segment_playbook.strategy,
        segment_playbook.strategy_reason,
        segment_playbook.objective,
        segment_playbook.offer,
        segment_playbook.positioning,
        segment_playbook.channel,
        segment_summary.growth_direction,
        labels.segment_id,
        segment_summary.customer_count,
        segment_summary.order_count,
        segment_summary.spend,
        case
            when not labels.has_small_segment then segment_summary.customer_share
        end as customer_share,
        case
            when not labels.has_small_segment then segment_summary.spend_share
        end as spend_share,
        segment_summary.spend_per_customer,
        segment_summary.orders_per_customer,
        segment_summary.mean_days_since_last_order,
        segment_summary.future_spend_per_customer,
        segment_summary.mean_confidence
    from segment_summary
    inner join labels
        on segment_summary.segment_id = labels.segment_id
    left join segment_playbook
        on segment_summary.segment_id = segment_playbook.segment_id
    left join segment_rules
        on segment_summary.segment_id = segment_rules.segment_id

)

-- Evidence reads no empty file, so a row without values stands for no rows.
select dataset.*
from (select 1) as always
left join dataset
    on true
