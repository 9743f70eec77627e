"""The fixture shop, built as a user would, against totals that README.md works out by hand."""

import shutil
import stat
from decimal import Decimal

import duckdb
import pytest

from export_ordered import digests
from shops import (
    ANA,
    FIXTURES,
    SHOP,
    ZOE,
    Builds,
    Built,
    build,
    copy_warehouse,
    read_csv,
    spend_by_customer,
)
from store.history_schema import HISTORY_TABLES

ORDINARY = [f"c{i:02}" for i in range(1, 25)]


def build_again(builds: Builds) -> Built:
    """Build the fixture shop a second time into a copy of its warehouse."""
    warehouse = copy_warehouse(builds["shop"], builds.folder("repeated_shop") / "warehouse")
    return build(SHOP, warehouse, threads=2).checked()


CHAINS = [{"repeated_shop": build_again}]


# --- who there is and what they spent


def test_every_customer_has_the_status_worked_out_by_hand(marts):
    others = {
        "c35": "insufficient_history",  # first order ten days before
        "c37": "lapsed",  # the only order lies before the window
        "c38": "never_ordered",  # a return alone
        "c39": "never_ordered",  # from customers.csv
        "c40": "never_ordered",  # from interactions.csv
    }
    edges = {f"c{i}" for i in range(25, 45)} - {"c41", *others}  # all rows of c41 are rejected
    segmented = {*ORDINARY, *edges, "007", "7", ANA, ZOE}
    expected = others | dict.fromkeys(segmented, "segmented")
    found = dict(marts.execute("select customer_id, status from customer_segments").fetchall())
    assert found == expected
    assert len(found) == 47


def test_spend_is_right_to_the_cent(marts):
    expected = {
        "c25": "50.00",
        "c26": "20.00",
        "c27": "21.00",
        "c28": "20.00",
        "c29": "50.00",
        "c30": "13.00",
        "c31": "40.00",
        "c32": "3.00",
        "c33": "60.00",
        "c34": "150.00",
        "c35": "30.00",
        "c36": "9.99",
        "c37": "0.00",
        "c38": "0.00",
        "c39": "0.00",
        "c40": "0.00",
        "c42": "0.00",
        "c43": "0.00",
        "c44": "-40.00",
        "007": "30.00",
        "7": "10.00",
        ANA: "33.33",
        ZOE: "44.44",
    }
    for i in range(1, 9):
        expected[f"c{i:02}"] = f"{50 * (18 + i) + 25}"
        expected[f"c{i + 8:02}"] = f"{8 * (150 + 10 * i) + 24}"
        expected[f"c{i + 16:02}"] = f"{12 * (55 + 2 * i)}"
    found = dict(marts.execute("select customer_id, spend from customer_segments").fetchall())
    assert found == {customer: Decimal(spend) for customer, spend in expected.items()}


def test_spend_of_ordinary_customers_is_the_sum_of_their_file(marts):
    by_customer = spend_by_customer(SHOP / "order_lines.csv", ORDINARY)
    found = dict(marts.execute("select customer_id, spend from customer_segments").fetchall())
    assert by_customer == {customer: found[customer] for customer in ORDINARY}


def test_segments_hold_what_their_customers_spent(marts):
    # Ordinary customers 9,200 + 12,672 + 6,144; edges in the window 544.76 less the 30.00 of
    # c35, who is not segmented.
    ((customers, spend),) = marts.execute(
        "select sum(customer_count), sum(spend) from segment_summary"
    ).fetchall()
    assert (customers, spend) == (42, Decimal("28530.76"))


def test_all_accepted_money_is_in_core(shop):
    # What the window leaves out: c32 100.00, c37 75.00, c38 -15.00, c44 50.00.
    ((money, lines),) = shop.query_build("select sum(net_amount), count(*) from core.order_lines")
    assert (money, lines) == (Decimal("28770.76"), 1227)


def test_the_three_ordinary_behaviours_are_told_apart(marts):
    groups = marts.execute(
        "select segment_id, list(customer_id order by customer_id) from customer_segments "
        "where customer_id in (select unnest(?)) group by segment_id",
        [ORDINARY],
    ).fetchall()
    assert sorted(members for _, members in groups) == [
        ORDINARY[:8],
        ORDINARY[8:16],
        ORDINARY[16:],
    ]


# --- the published file


def test_every_table_and_column_is_commented(marts):
    assert not marts.execute(
        "select schema_name, table_name from duckdb_tables() where coalesce(comment, '') = ''"
    ).fetchall()
    assert not marts.execute(
        "select table_name, column_name from duckdb_columns() "
        "where not internal and schema_name = 'main' and coalesce(comment, '') = ''"
    ).fetchall()


def test_the_file_holds_the_marts_and_the_history(marts):
    tables = marts.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    assert {name for schema, name in tables if schema == "history"} == set(HISTORY_TABLES)
    assert {name for schema, name in tables if schema == "main"} == {
        "customer_attributes",
        "customer_feature_values",
        "customer_features",
        "customer_lifecycle",
        "customer_periods",
        "customer_segments",
        "data_quality",
        "dates",
        "feature_catalog",
        "product_groups",
        "segment_category_affinity",
        "segment_demographics",
        "segment_lift",
        "segment_engagement",
        "segment_grid",
        "segment_movement",
        "segment_playbook",
        "segment_profiles",
        "segment_rules",
        "segment_summary",
        "segment_trends",
        "segment_baselines",
        "segment_yield",
        "segmentation_k_scan",
        "segmentation_runs",
    }
    assert not marts.execute(
        "select * from duckdb_constraints() where constraint_type in ('PRIMARY KEY', 'UNIQUE')"
    ).fetchall()
    assert not marts.execute("select * from duckdb_indexes()").fetchall()


def test_nobody_can_write_to_the_file(shop):
    assert stat.S_IMODE(shop.marts.stat().st_mode) == 0o444
    with (
        duckdb.connect(shop.marts, read_only=True) as connection,
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        connection.execute("create table more (id integer)")


def test_the_version_is_kept(shop):
    kept = shop.warehouse.versions / "1" / "marts.duckdb"
    assert kept.read_bytes() == shop.marts.read_bytes()


def test_the_summary_names_every_segment(shop, marts):
    for (name,) in marts.execute("select segment_name from segment_summary").fetchall():
        assert " ".join(name.split()[:3]) in shop.output
        assert len(name.split()) <= 8
    assert (
        "Customers: 47 (42 segmented, 3 never ordered, 1 insufficient history, 1 lapsed)"
        in shop.output
    )
    assert str(shop.marts) in shop.output


# --- building again


@pytest.mark.many_builds
@pytest.mark.short
def test_a_second_build_of_the_same_adds_no_run(shop, builds):
    repeated = builds["repeated_shop"]
    assert repeated.query("select run_number from segmentation_runs") == [(1,)]
    assert repeated.query("select count(*) from history.fits") == [(1,)]
    assert digests(repeated.marts) == digests(shop.marts)
    ledger = "select * from history.load_ledger order by all"
    assert repeated.query(ledger) == shop.query(ledger)


@pytest.mark.many_builds
@pytest.mark.short
@pytest.mark.parametrize(
    ("settings", "printed"),
    [
        pytest.param({"k": 47}, "customers", id="more segments than customers"),
        pytest.param({"k": 1}, "K=1", id="one segment"),
        pytest.param({"source": "complete_journey", "data": ""}, "own_files", id="other source"),
        pytest.param({"source": "own_fils"}, "own_files", id="unknown source"),
        pytest.param({"as_of": "2023-06-01"}, "AS_OF", id="a date before the data"),
    ],
)
def test_an_impossible_setting_is_refused_and_changes_nothing(shop, tmp_path, settings, printed):
    warehouse = tmp_path / "warehouse"
    warehouse.mkdir()
    published = shutil.copy2(shop.marts, warehouse)
    before = shop.marts.read_bytes()
    refused = build(**({"data": SHOP} | settings), warehouse=warehouse)
    assert refused.code == 2
    assert printed in refused.output.splitlines()[-1]
    assert "Running dbt" not in refused.output
    with open(published, "rb") as file:
        assert file.read() == before


def test_the_readme_of_the_fixture_names_every_edge_customer():
    text = (FIXTURES / "README.md").read_text(encoding="utf-8")
    customers = {
        row["customer_id"].strip() for row in read_csv(FIXTURES / "by_hand/order_lines.csv")
    }
    assert not [customer for customer in customers - {""} if f"`{customer}`" not in text]
