"""Segments by needs in a build: what is published agrees with itself."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from chance_shop import build_chance
from common.project_sql import project_vars
from models_py.dbt_inputs import key_ordered, of_fit
from models_py.needs import source_with_scores
from models_py.product_group_step import Calendar
from needs_shop import CATEGORIES, CUSTOMERS, VOLUME, build_needs, customer_id, leanings
from scored_marts import opened
from shops import Built

pytestmark = [pytest.mark.many_builds, pytest.mark.short]

CHAINS = [{"needs": build_needs}, VOLUME, {"chance": build_chance}]
TOLERANCE = 1e-9


@pytest.fixture(scope="module")
def needs(builds) -> Built:
    return builds["needs"]


def of_customers(built: Built, columns: str, where: str = "is_current") -> dict[str, tuple]:
    """Columns of the published features of today by customer."""
    found = built.query(f"select customer_id, {columns} from customer_features where {where}")
    return {row[0]: row[1:] for row in found}


def test_segments_are_by_needs_and_said_to_be_constructive(needs):
    assert needs.current_run("verdict") == ("constructive",)
    chosen = needs.query(
        "select rung, k, reliability > 0.5, stability > 0.7 from segmentation_k_scan "
        "where is_chosen"
    )
    assert chosen == [("needs", 5, True, True)]
    used = needs.query("select feature from feature_catalog where is_used order by position")
    assert used == [("need_1",), ("need_2",)]
    assert needs.one("select count(*) from segment_summary") == (5,)


def test_the_needs_are_the_planted_ones(needs):
    found = of_customers(needs, "need_1, need_2")
    scores = np.array([found[customer_id(number)] for number in range(CUSTOMERS)], dtype=float)
    between = np.abs(np.corrcoef(scores.T, leanings().T)[:2, 2:])
    assert np.sort(between.max(axis=1))[0] > 0.9
    assert set(between.argmax(axis=1)) == {0, 1}
    assert scores.std(axis=0) == pytest.approx([1, 1], abs=0.01)


def test_segments_are_called_by_what_their_members_want(needs):
    names = [name.lower() for (name,) in needs.query("select segment_name from segment_summary")]
    assert names.count("all-round, no pronounced need") == 1
    assert all(len(name.split()) <= 8 for name in names)
    spoken = " | ".join(names)
    for pair in (("bakery", "dairy"), ("fish", "produce"), ("drinks", "snacks"), ("evening",)):
        assert any(word in spoken for word in pair), spoken
    for word in ("spend", "frequent", "average"):
        assert word not in spoken
    # Each end of an axis is in words of its own, and the labels of scores have both.
    ends = needs.query("select label, higher_means, lower_means from feature_catalog where is_used")
    for label, high, low in ends:
        assert label == f"from {low} to {high}" and high != low


def test_the_chosen_candidate_has_the_names_and_sizes_that_are_published(needs):
    told = json.loads(
        needs.one("select candidate_segments from segmentation_k_scan where is_chosen")[0]
    )
    published = needs.query("select customer_count, segment_name from segment_summary")
    assert sorted((one["customers"], one["name"]) for one in told) == sorted(published)
    profiles = {one["name"].lower(): one["profile"].lower() for one in told}
    assert profiles["all-round, no pronounced need"] == ""
    assert "spend share of bakery -" in profiles["strong in fish and produce"]


def test_products_are_grouped_by_what_precedes_the_backtest(needs):
    """The step has no model of dates before it, so it works the date out as `snapshots` does."""
    ((first, last),) = needs.query_build(
        "select min(order_date), max(order_date) from core.order_lines where not is_return"
    )
    days = project_vars()
    names = ("yield_horizon_days", "snapshot_step_days", "min_observed_days")
    calendar = Calendar(*(int(days[name]) for name in names))
    found = needs.query_build("select as_of_date from features.snapshots where is_backtest")
    assert found == [(calendar.until(first, last, None),)]


def test_every_candidate_has_segments_by_name(needs):
    found = needs.query(
        "select rung, k, customer_count, candidate_segments from segmentation_k_scan"
    )
    assert {rung for rung, *_ in found} == {"joint", "needs"}
    for rung, k, customers, text in found:
        told = json.loads(text)
        assert len({one["name"] for one in told}) == len(told) == k, (rung, k)
        assert sum(one["customers"] for one in told) == customers == CUSTOMERS
        assert "{name}" not in text


def test_segments_differ_in_needs_and_not_in_spend(needs):
    ratio = needs.one(
        "select var_pop(mean_spend) / any_value(total) from ("
        "select avg(ln(1 + spend)) over (partition by segment_id) as mean_spend, "
        "var_pop(ln(1 + spend)) over () as total from ("
        "select segment_id, spend_per_28_days as spend from customer_segments "
        "inner join customer_features using (customer_id) where is_current))"
    )
    assert ratio[0] < 0.03


def test_the_macro_scores_every_customer_as_the_build_did(needs):
    with duckdb.connect() as connection:
        connection.execute(f"attach '{needs.marts}' as marts (read_only)")
        connection.execute(
            "create view customers as from marts.main.customer_features where is_current"
        )
        columns = (
            "customer_id, segment_id, runner_up_segment_id, squared_distance, "
            "runner_up_squared_distance, confidence"
        )
        scored, published = (
            {row[0]: row[1:] for row in connection.execute(query).fetchall()}
            for query in (
                f"select {columns} from marts.main.score_customers('customers')",
                f"select {columns} from marts.main.customer_segments",
            )
        )
    assert len(scored) == CUSTOMERS and scored.keys() == published.keys()
    for customer, row in scored.items():
        assert row[:2] == published[customer][:2], customer
        assert row[2:] == pytest.approx(published[customer][2:], abs=TOLERANCE), customer


def test_python_gives_every_customer_and_date_the_scores_that_are_published(needs):
    for marts in opened(needs):
        relation = marts.connection.table
        scaling = of_fit(relation("marts.history.fit_features"), marts.fit_number)
        features = relation("marts.main.customer_features").filter("has_sufficient_history")
        scored = pa.Table.from_batches(
            source_with_scores(
                key_ordered(
                    features.select("* exclude (need_1, need_2, need_3, need_4)"), "as_of_date"
                ),
                scaling,
            )()
        )
        names = ["customer_id", "as_of_date", *marts.features]
        assert marts.features == ("need_1", "need_2")
        assert scored.num_rows > 2 * CUSTOMERS
        for name in names:
            published = features.order("customer_id, as_of_date").select(name).to_arrow_table()
            assert scored.column(name).to_pylist() == published.column(name).to_pylist()


def test_reasons_of_every_customer_add_up_to_the_margin(needs):
    ((customers, most),) = needs.query(
        "select count(*), max(abs(parts - margin)) from (select sum(contribution) as parts, "
        "any_value(runner_up_squared_distance - squared_distance) as margin "
        "from customer_explanations inner join customer_segments using (customer_id) "
        "group by customer_id having count(*) = 2)"
    )
    assert customers == CUSTOMERS and most <= TOLERANCE


def test_reasons_add_up_to_the_margin_and_speak_of_needs(needs):
    ends = [
        end
        for row in needs.query("select higher_means, lower_means from feature_catalog")
        for end in row
    ]
    with duckdb.connect(needs.marts, read_only=True) as connection:
        for number in range(0, CUSTOMERS, 60):
            customer = customer_id(number)
            found = connection.execute(
                "select feature, contribution from explain_customer(?)", [customer]
            ).fetchall()
            assert {feature for feature, _ in found} == {"need_1", "need_2"}
            ((margin, reasons),) = connection.execute(
                "select runner_up_squared_distance - squared_distance, reasons "
                "from customer_segments where customer_id = ?",
                [customer],
            ).fetchall()
            assert sum(part for _, part in found) == pytest.approx(margin, abs=TOLERANCE)
            assert any(reasons.startswith(f"{end} ") for end in ends)


def test_customers_who_differ_in_volume_only_have_tiers_and_it_is_said_that_needs_do_not_differ(
    builds,
):
    volume = builds["volume"]
    verdict, why = volume.current_run("verdict", "verdict_reason")
    assert verdict == "weak"
    assert "; no needs to segment by: " in why
    assert "no needs to segment by" in " ".join(volume.output.split())
    assert volume.query("select distinct rung from segmentation_k_scan where is_chosen") == [
        ("joint",)
    ]
    names = " | ".join(name for (name,) in volume.query("select segment_name from segment_summary"))
    assert not any(category.lower() in names.lower() for category in CATEGORIES), names
    tiers = volume.query(
        "select value_tier, avg(spend_per_28_days) from customer_segments "
        "inner join customer_features using (customer_id) "
        "where is_current group by value_tier order by 2 desc"
    )
    assert [tier for tier, _ in tiers] == ["top", "high", "medium", "low"]
    assert tiers[0][1] > 5 * tiers[-1][1]


def test_pure_chance_is_weak_and_has_no_needs(builds):
    verdict, why = builds["chance"].current_run("verdict", "verdict_reason")
    assert verdict == "weak"
    assert "; no needs to segment by: " in why
