"""The dashboards of examples/superset in Apache Superset: imported, drawn and compared.

Run by `make test-superset`. With PICTURES, a folder, pictures of the dashboards are kept there.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

from common.warehouse_paths import Warehouse
from handover.dashboards import write_bundle
from report_pages import edited, make_hostile
from shops import rows
from shown_marts import make_shown
from superset_browser import draw, logged_in

pytestmark = pytest.mark.superset

# Of a chart: the columns of its rows, and the same figures from the marts.
FIGURES = {
    "Customers in segments": (
        ["customers"],
        "select sum(customer_count) from segment_summary",
    ),
    "Spend in the window": (["spend"], "select sum(spend) from segment_summary"),
    "Spend per customer": (
        ["mean_spend"],
        "select sum(spend) / sum(customer_count) from segment_summary",
    ),
    "Active in the last complete period": (
        ["active_share"],
        "select sum(active_count) / sum(customer_count) from segment_trends where is_complete "
        "group by period_start_date order by period_start_date desc limit 1",
    ),
    "Segments at a glance": (
        ["segment_id", "segment_name", "strategy", "customer_count", "spend_per_customer"],
        "select segment_id, segment_name, strategy, customer_count, spend_per_customer "
        "from segment_summary",
    ),
    "Share of customers and of spend": (
        ["share_of_customers", "share_of_spend"],
        "select customer_share, spend_share from segment_summary",
    ),
    "Spend and future spend per customer": (
        ["spend_per_customer", "future_spend_per_customer", "customers"],
        "select spend_per_customer, future_spend_per_customer, customer_count from segment_summary",
    ),
    "Spend by segment and value tier": (["spend"], "select spend from segment_grid"),
    "What segments and plain methods predict": (
        ["method", "spend_explained"],
        "select method, future_spend_variance_explained from segment_baselines "
        "where basis = 'backtest'",
    ),
    "The current run": (
        ["verdict", "k", "verdict_reason"],
        "select verdict, k, verdict_reason from segmentation_runs where is_current",
    ),
    "What became of the raw rows": (
        ["source_table", "outcome", "row_count"],
        "select source_table, outcome, row_count from data_quality",
    ),
    "Moves between segments": (
        ["moves"],
        "select sum(n) from (select sum(customer_count) as n from segment_movement "
        "where basis = 'snapshots' and from_segment_id <> to_segment_id "
        "group by from_segment_id, to_segment_id having n >= 5)",
    ),
    "Bought again": (
        ["active_after"],
        "select sum(future_active_share * customer_window_count) / sum(customer_window_count) "
        "from segment_yield where basis = 'backtest' and customer_count >= 5",
    ),
    "Moved into a cell, net, since the snapshot before": (
        ["net_moved"],
        "select net_moved_count from segment_grid where net_moved_count is not null",
    ),
    "Growth against similar customers": (
        ["growth_ratio", "relative_growth"],
        "select growth_ratio, relative_growth from segment_yield "
        "where basis = 'backtest' and customer_count >= 5",
    ),
    "Runs": (
        ["run_number", "k", "stability"],
        "select run_number, k, stability from segmentation_runs",
    ),
}
# The same of the dashboard of one segment, which begins with the first.
OF_A_SEGMENT = {
    "Customers": (
        ["customers"],
        "select customer_count from segment_summary where segment_id = 1",
    ),
    "Who they are and what to do": (
        ["segment_name", "description", "objective"],
        "select segment_summary.segment_name, description, objective from segment_summary "
        "join segment_playbook using (segment_id) where segment_id = 1",
    ),
    "What sets it apart": (
        ["difference"],
        "select standardised_difference from segment_profiles "
        "where segment_id = 1 and family <> 'needs' "
        "order by abs(standardised_difference) desc, feature limit 12",
    ),
    "What they buy": (
        ["category_label", "segment_share", "population_share"],
        "select category_label, spend_share, population_spend_share "
        "from segment_category_affinity where segment_id = 1 "
        "order by spend desc, category limit 10",
    ),
    "Value tiers": (["customers"], "select customer_count from segment_grid where segment_id = 1"),
    "Active share by period": (
        ["active_share"],
        "select active_share from segment_trends where segment_id = 1 and is_complete",
    ),
}
PICTURES = os.environ.get("PICTURES")


def picture(name: str) -> Path | None:
    """Return where the picture of a dashboard is kept, if anywhere."""
    return Path(PICTURES) / f"{name}.png" if PICTURES else None


def comparable(found: list) -> list[list]:
    """Return rows in an order of their own, numbers rounded, however Superset writes them."""

    def one(value: object) -> object:
        try:
            return round(float(value), 6)
        except (TypeError, ValueError):
            return value

    return sorted(([one(value) for value in row] for row in found), key=str)


def imported(superset, marts: Path) -> dict[str, int]:
    """Import the dashboards of a published file; returns their numbers by their titles."""
    before = {board["id"] for board in superset.ask("GET", "dashboard/")["result"]}
    superset.import_dashboards(write_bundle(Warehouse(marts.parent)))
    boards = superset.ask("GET", "dashboard/")["result"]
    new = {board["dashboard_title"]: board["id"] for board in boards if board["id"] not in before}
    assert len(new) == 3
    return new


def test_every_chart_is_drawn_with_the_figures_of_the_marts(superset, shop, tmp_path, note):
    marts = edited(shop, tmp_path / "a warehouse", make_shown)
    boards = imported(superset, marts)
    compared, charts = 0, 0
    with logged_in(superset) as browser:
        for title, number in boards.items():
            named = {
                chart["id"]: chart["slice_name"]
                for chart in superset.ask("GET", f"dashboard/{number}/charts")["result"]
            }
            drawn = draw(browser, superset, number, picture(title))
            assert drawn.failed == []
            assert set(drawn.rows) == set(named)
            shown = drawn.page.inner_text("body")
            assert "No results" not in shown
            assert "No data" not in shown
            assert "Error" not in shown
            charts += len(named)
            figures = OF_A_SEGMENT if "one segment" in title else FIGURES
            for chart, found in drawn.rows.items():
                assert found, named[chart]
                if named[chart] in figures:
                    columns, sql = figures[named[chart]]
                    given = comparable([[row[column] for column in columns] for row in found])
                    assert given == comparable(rows(marts, sql)), named[chart]
                    compared += 1
    assert compared == len(FIGURES) + len(OF_A_SEGMENT)
    note(f"Superset: {charts} charts drawn, the figures of {compared} compared with the marts")


def test_nothing_can_be_written_and_no_other_file_read(superset, shop, tmp_path):
    marts = edited(shop, tmp_path / "kept", make_shown)
    before = hashlib.sha256(marts.read_bytes()).hexdigest()
    imported(superset, marts)
    (database,) = [
        one["id"]
        for one in superset.ask("GET", "database/")["result"]
        if one["database_name"].endswith(str(marts.parent))
    ]
    write = "create table main.mine as select 1 as a"
    secret = tmp_path / "secret.csv"
    secret.write_text("a\n1\n")
    with pytest.raises(AssertionError, match=r"DML|not allowed"):
        superset.sql_lab(database, write)
    # An administrator of Superset lets people write: DuckDB does not.
    change = f"database/{database}"
    superset.ask("PUT", change, {"allow_dml": True})
    with pytest.raises(AssertionError, match="read-only mode"):
        superset.sql_lab(database, write)
    for other in (
        f"select * from read_csv('{secret}')",
        f"copy (select 1 as a) to '{tmp_path / 'made.csv'}'",
        f"attach '{tmp_path / 'made.duckdb'}' as other",
        "set enable_external_access = true",
    ):
        with pytest.raises(AssertionError, match=r"disabled|locked|not allowed"):
            superset.sql_lab(database, other)
    # Without the settings of the engine, the address alone keeps the file as it is.
    superset.ask("PUT", change, {"extra": json.dumps({})})
    with pytest.raises(AssertionError, match="read-only mode"):
        superset.sql_lab(database, write)
    assert superset.sql_lab(database, "select 1 as a") == [{"a": 1}]
    assert hashlib.sha256(marts.read_bytes()).hexdigest() == before
    assert not marts.with_name("marts.duckdb.wal").exists()
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith("made")] == []


def test_texts_of_the_data_are_shown_as_texts(superset, shop, tmp_path):
    boards = imported(superset, edited(shop, tmp_path / "hostile", make_hostile))
    with logged_in(superset) as browser:
        for number in boards.values():
            drawn = draw(browser, superset, number)
            assert drawn.failed == []
            assert drawn.page.evaluate("window.hostile") is None
