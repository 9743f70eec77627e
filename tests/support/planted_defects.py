"""Defects of the SQL, one for each reconciliation."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Defect:
    """An edit of a model that a reconciliation must notice.

    Attributes:
        what: What goes wrong.
        group: Defects of one group are built together; one of them, or more, is of data.
        model: The model's file below dbt_project/models; None where the data is what is wrong.
        old: Text that stands in it once.
        new: What takes its place.
        also: Other reconciliations that notice it.
    """

    what: str
    group: str
    model: str | None
    old: str = ""
    new: str = ""
    also: tuple[str, ...] = ()


DEFECTS = {
    "assert_some_order_was_accepted": Defect(
        "no amount can be read, so every line is rejected", "no orders", None
    ),
    "assert_cancelled_lines_cancel_out": Defect(
        "a purchase is taken for cancelled without a cancellation",
        "cancellations",
        "core/validation/int_order_line_outcomes.sql",
        "    from paired\n    where\n        (is_cancellation and not is_after_cancellation)\n"
        "        or (not is_cancellation and is_before_cancellation)\n",
        "    from cancellable_lines\n    where order_id = 'o2501'\n",
    ),
    "assert_orders_hold_the_money_of_their_lines": Defect(
        "an order is lost",
        "orders",
        "core/keyed_orders.sql",
        "    from lines\n",
        "    from lines\n    where order_key <> {{ row_hash([\"'o2501'\"]) }}\n",
    ),
    "assert_category_spend_sums_to_spend": Defect(
        "purchases of a category are not counted",
        "categories",
        "core/order_line_totals.sql",
        "(where order_lines.is_purchase) as purchase_line_count,\n",
        "(\n            where order_lines.is_purchase and products.category <> 'Books'\n"
        "        ) as purchase_line_count,\n",
    ),
    "assert_features_see_only_their_window": Defect(
        "a customer's first order is taken from before the window",
        "windows",
        "features/activity/customer_snapshots.sql",
        "        totals.first_order_date,\n",
        "        totals.first_order_date\n"
        "        - case when known.customer_id = 'c34' then 400 else 0 end as first_order_date,\n",
    ),
    "assert_accepted_rows_are_in_core": Defect(
        "accepted rows do not reach their entity",
        "customers",
        "core/interactions.sql",
        "where reject_reason is null",
        "where reject_reason is null and interaction_type <> 'feedback'",
    ),
    "assert_every_raw_row_is_accounted_for": Defect(
        "duplicates are dropped without being counted",
        "customers",
        "marts/runs/data_quality.sql",
        "    from record_outcomes\n",
        "    from record_outcomes\n    where outcome <> 'duplicate'\n",
    ),
    "assert_rejected_records_are_all_kept": Defect(
        "rejected rows are counted and not kept",
        "customers",
        "core/rejected_records.sql",
        "    from products_validated\n    where reason <> 'exact_duplicate'",
        "    from products_validated\n"
        "    where reason not in ('exact_duplicate', 'missing_product_id')",
    ),
    "assert_every_customer_has_exactly_one_status": Defect(
        "a customer without orders is left out",
        "customers",
        "marts/customers/customer_segments.sql",
        "\n)\n\nselect * from final",
        "    where customer_statuses.customer_id <> 'c39'\n\n)\n\nselect * from final",
    ),
    "assert_every_customer_has_exactly_one_stage": Defect(
        "a customer without orders is left out",
        "stages",
        "marts/customers/customer_lifecycle.sql",
        "    where today.is_current\n",
        "    where today.is_current and customers.customer_id <> 'c39'\n",
    ),
    "assert_customer_periods_hold_all_orders": Defect(
        "returns are left out of periods",
        "stages",
        "marts/customers/customer_periods.sql",
        "sum(orders.spend) as spend",
        "sum(greatest(orders.spend, 0)) as spend",
    ),
    "assert_spend_in_marts_equals_spend_in_core": Defect(
        "negative spend is made zero",
        "customers",
        "marts/customers/customer_segments.sql",
        "cast(coalesce(customer_snapshots.spend, 0) as decimal(18, 4)) as spend",
        "cast(greatest(customer_snapshots.spend, 0) as decimal(18, 4)) as spend",
    ),
    "assert_one_candidate_is_chosen_per_scan": Defect(
        "every candidate is shown as chosen",
        "customers",
        "marts/runs/segmentation_k_scan.sql",
        "    select * from stored_scans\n",
        "    select * replace (true as is_chosen) from stored_scans\n",
    ),
    "assert_runs_go_on_from_the_one_before": Defect(
        "no run is current",
        "acting",
        "marts/runs/segmentation_runs.sql",
        "run_number = max(run_number) over () as is_current",
        "run_number = 0 as is_current",
    ),
    "assert_segment_ids_are_never_reused": Defect(
        "ids that a fit retired are in a later one",
        "ids",
        "segmentation/model/fit_segments.sql",
        "    {{ rows_of_active_fit('new_segments', 'stored_segments', columns) }}\n",
        "    {{ rows_of_active_fit('new_segments', 'stored_segments', columns) }}\n"
        "    union all\n"
        "    select * replace ('retired' as lineage, 0 as fit_number)\n"
        "    from ({{ rows_of_active_fit('new_segments', 'stored_segments', columns) }})\n",
    ),
    "assert_assignments_go_on": Defect(
        "a customer's stay ends though the customer is still there",
        "customers",
        "segmentation/history/history_assignments.sql",
        "    select * from past_stays\n    union all\n    select * from stays\n",
        "    select * from past_stays\n    union all\n"
        "    select * replace (\n"
        "        case when customer_id = 'c01' then 1 else last_run_number end\n"
        "        as last_run_number\n"
        "    )\n"
        "    from stays\n",
    ),
    "assert_contributions_sum_to_the_margin": Defect(
        "distances are not those that the reasons were taken from",
        "customers",
        "marts/customers/customer_segments.sql",
        "customer_assignments.runner_up_squared_distance,",
        "customer_assignments.runner_up_squared_distance + 0.000001\n"
        "            as runner_up_squared_distance,",
    ),
    "assert_holdout_is_spread_over_segments": Defect(
        "everybody is held out",
        "customers",
        "marts/customers/customer_segments.sql",
        "        customer_statuses.is_holdout,\n",
        "        true as is_holdout,\n",
    ),
    "assert_profiles_recompute_from_feature_values": Defect(
        "means are off by a thousandth",
        "customers",
        "marts/segments/segment_profiles.sql",
        "        segment_statistics.mean_value,\n",
        "        segment_statistics.mean_value * 1.001 as mean_value,\n",
    ),
    "assert_every_snapshot_customer_has_features": Defect(
        "a customer is lost where windows of features are joined",
        "segments",
        "features/families/features_by_slot_set.sql",
        "select * from {{ ref('customer_snapshots') }}",
        "select * from {{ ref('customer_snapshots') }} where customer_id <> 'c35'",
    ),
    "assert_demographics_sum_to_customers": Defect(
        "a value is left out",
        "segments",
        "marts/segments/segment_demographics.sql",
        "    from customer_attributes\n    inner join attribute_profiles\n",
        "    from (select * from customer_attributes where value <> 'high')\n"
        "        as customer_attributes\n    inner join attribute_profiles\n",
    ),
    "assert_small_groups_are_hidden": Defect(
        "small groups of one attribute are shown",
        "acting",
        "marts/segments/segment_demographics.sql",
        "        case when not is_hidden then people end as shown_count",
        "        case\n            when not is_hidden or attribute = 'income_band' then people\n"
        "        end as shown_count",
    ),
    "assert_population_shares_are_those_of_customers": Defect(
        "a customer too many is counted for the population",
        "segments",
        "marts/segments/segment_demographics.sql",
        "        cast(column_people as double)\n",
        "        cast(\n            column_people\n"
        "            + case attribute when 'income_band' then 1 else 0 end as double\n        )\n",
    ),
    "assert_movement_counts_customers_once": Defect(
        "customers who are new at one date are left out",
        "segments",
        "marts/segments/segment_movement.sql",
        "    from snapshot_movement\n",
        "    from snapshot_movement\n"
        "    where from_segment_id is not null or to_date <> date '2024-10-28'\n",
    ),
    "assert_movement_ends_in_segment_sizes": Defect(
        "whoever comes to the current date is taken for staying away",
        "segments",
        "marts/segments/segment_movement.sql",
        "        cast(unioned.to_segment_id as bigint) as to_segment_id,\n",
        "        cast(\n            case\n"
        "                when unioned.to_date < date '2025-02-05' then unioned.to_segment_id\n"
        "            end as bigint\n        ) as to_segment_id,\n",
    ),
    "assert_every_segment_has_one_strategy": Defect(
        "a segment has no playbook",
        "acting",
        "marts/segments/segment_playbook.sql",
        "    from joined\n",
        "    from joined\n    where segment_id <> 1\n",
    ),
    "assert_the_ceiling_follows_from_its_inputs": Defect(
        "the ceiling is more than its parts make",
        "acting",
        "segmentation/activation/segment_upward_moves.sql",
        "then greatest(amount, 0) end",
        "then greatest(amount, 0) + 1 end",
    ),
    "assert_lift_begins_with_the_holdout": Defect(
        "campaigns are measured though nobody was held out",
        "acting",
        "segmentation/activation/lift_campaigns.sql",
        "where first_sent_date >= {{ holdout_start }}",
        "where first_sent_date is not null",
    ),
    "assert_lift_counts_whole_segments": Defect(
        "customers are counted twice, in the rows that the defect above makes",
        "acting",
        "marts/segments/segment_lift.sql",
        "        count(*) as customer_count,\n        as_of_date\n    from members",
        "        2 * count(*) as customer_count,\n        as_of_date\n    from members",
    ),
    "assert_segment_names_are_distinct": Defect(
        "all segments have one name",
        "segments",
        "marts/segments/segment_summary.sql",
        "        segment_names.segment_name,\n",
        "        'Everybody' as segment_name,\n",
    ),
    "assert_segment_sizes_sum_to_segmented_customers": Defect(
        "each segment counts a customer too many",
        "segments",
        "marts/segments/segment_summary.sql",
        "coalesce(totals.customer_count, 0) as customer_count",
        "coalesce(totals.customer_count, 0) + 1 as customer_count",
    ),
    "assert_grid_cells_sum_to_segments": Defect(
        "customers of a tier are in no cell",
        "segments",
        "marts/segments/segment_grid.sql",
        "        sum(customer_segments.spend) as spend\n    from customer_segments\n",
        "        sum(customer_segments.spend) as spend\n"
        "    from (select * from customer_segments where value_tier <> 'low')\n"
        "        as customer_segments\n",
    ),
    "assert_segment_spend_sums_to_customer_spend": Defect(
        "each segment spends a cent too much",
        "segments",
        "marts/segments/segment_summary.sql",
        "cast(counted.spend as decimal(18, 4)) as spend",
        "cast(counted.spend + 0.01 as decimal(18, 4)) as spend",
    ),
    "assert_category_spend_sums_to_segment_spend": Defect(
        "a category is lost",
        "behaviour",
        "marts/segments/segment_category_affinity.sql",
        "    left join numbered_products\n"
        "        on order_lines.product_key = numbered_products.product_key\n",
        "    left join numbered_products\n"
        "        on order_lines.product_key = numbered_products.product_key\n"
        "    where numbered_products.category_number <> 1\n",
    ),
    "assert_engagement_counts_every_contact": Defect(
        "a kind of contact is lost",
        "behaviour",
        "segmentation/activation/segment_contacts.sql",
        "select * from {{ ref('int_customer_contacts') }}",
        "select * from {{ ref('int_customer_contacts') }} where interaction_type <> 'complaint'",
    ),
    "assert_trends_hold_all_spend_of_members": Defect(
        "what was bought before the window is left out",
        "behaviour",
        "marts/segments/segment_trends.sql",
        "    from orders\n    inner join members\n",
        "    from (select * from orders where order_date >= date '2024-02-07')\n"
        "        as orders\n    inner join members\n",
    ),
    "assert_trends_go_on_from_period_to_period": Defect(
        "newcomers of a segment are not counted",
        "behaviour",
        "marts/segments/segment_trends.sql",
        "filter (where active_before is null)",
        "filter (where active_before is null and segment_id <> 1)",
    ),
    "assert_future_spend_is_what_customers_ordered": Defect(
        "a cent is added to what each customer spent",
        "yield",
        "segmentation/backtest/int_customer_future_spend.sql",
        "sum(spend) filter (",
        "0.01 + sum(spend) filter (",
    ),
    "assert_yield_counts_every_customer_followed": Defect(
        "a customer is counted at too many dates",
        "yield",
        "marts/segments/segment_yield.sql",
        "        ranked.customer_window_count,\n        coalesce",
        "        ranked.customer_window_count + 1 as customer_window_count,\n        coalesce",
    ),
    "assert_projections_are_for_the_members_of_today": Defect(
        "yield is projected to a customer too many",
        "yield",
        "marts/segments/segment_yield.sql",
        "        count(*) as current_customer_count\n",
        "        count(*) + 2 as current_customer_count\n",
    ),
    "assert_expected_growth_sums_to_growth": Defect(
        "a segment is expected to spend what others did",
        "yield",
        "marts/segments/segment_yield.sql",
        "        ranked.expected_spend,\n",
        "        cast(ranked.expected_spend * 1.001 as decimal(18, 4))\n"
        "            as expected_spend,\n",
    ),
    "assert_methods_are_compared_on_the_same_spend": Defect(
        "a method loses a customer",
        "yield",
        "segmentation/backtest/baseline_comparison.sql",
        "        count(*) as customer_count,\n",
        "        count(*) - 1 as customer_count,\n",
    ),
}
