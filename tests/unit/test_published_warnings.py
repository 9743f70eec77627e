"""The view segment_warnings of the published file, on runs made by hand."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from publishing.publish import MACROS

RUN = {
    "run_number": 2,
    "warnings": None,
    "drifted_features": None,
    "last_gap_days": 3,
    "is_held_back": False,
    "has_order_gap": False,
}


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """Two segments, whose spend did not change, and the view."""
    with duckdb.connect() as made:
        made.execute(
            "create table segment_summary as select * from "
            "(values (1, 'One', 100), (2, 'Two', 40)) "
            "as t(segment_id, segment_name, customer_count)"
        )
        made.execute(
            "create table segment_movement (basis text, period text, from_group text, "
            "to_group text, from_segment_id bigint, to_segment_id bigint, customer_count bigint)"
        )
        made.execute(
            "create table segmentation_runs (run_number bigint, warnings text, "
            "drifted_features text, last_gap_days bigint, is_held_back boolean, "
            "has_order_gap boolean, is_current boolean, as_of_date date)"
        )
        made.execute(
            "create table segment_change_drivers (segment_id bigint, period_start_date date, "
            "spend decimal(18, 4), spend_before decimal(18, 4), spend_change decimal(18, 4), "
            "customers_effect double, orders_effect double, lines_effect double, "
            "price_effect double, returns_effect double, customer_count_before bigint)"
        )
        made.execute((MACROS / "segment_warnings.sql").read_text(encoding="utf-8"))
        yield made


def warned(made: duckdb.DuckDBPyConnection, **changed: object) -> list[tuple]:
    """Return kind, segment, text and figures of the warnings of a run."""
    run = RUN | changed
    made.execute(
        "insert into segmentation_runs values "
        "($run_number, $warnings, $drifted_features, $last_gap_days, $is_held_back, "
        "$has_order_gap, true, date '2025-02-05')",
        run,
    )
    return made.execute(
        "select kind, segment_id, segment_name, warning, value_before, value_now, "
        "round(change_share, 4) from segment_warnings"
    ).fetchall()


def spend(made: duckdb.DuckDBPyConnection, segment: int, before: float, now: float, **more) -> None:
    """Add the last step of a segment; lost spend is all of fewer orders."""
    made.execute(
        "insert into segment_change_drivers values (?, ?, ?, ?, ?, 0, ?, 0, 0, 0, ?)",
        [
            segment,
            more.get("day", "2025-01-06"),
            now,
            before,
            now - before,
            now - before,
            more.get("customers", 30),
        ],
    )


def test_nothing_to_look_at_is_no_row(connection) -> None:
    spend(connection, 1, 100, 100)
    assert warned(connection) == []


def test_each_warning_of_the_run_is_a_row_with_its_segment(connection) -> None:
    for period, count in (("run 2", 30), ("run 1", 99)):
        connection.execute(
            f"insert into segment_movement values ('runs', '{period}', '2', '1', 2, 1, {count}), "
            f"('runs', '{period}', '1', '1', 1, 1, 70), "
            f"('snapshots', '{period}', '2', '1', 2, 1, 9)"
        )
    larger = "segment 1 became larger by more than chance since the run before"
    smaller = "segment 2 became smaller by more than chance since the run before"
    extreme = (
        "one value makes up much of lines of segment 7 and of spend in segment 2, maybe by a fault "
        "of the data"
    )
    single = "segment 1 differs from the others by little but spend"
    text = f"{larger}; {smaller}; {extreme}; {single}; something new"
    assert warned(connection, warnings=text) == [
        ("size", 1, "One", larger, 70.0, 100.0, 0.4286),
        ("one feature", 1, "One", single, None, None, None),
        ("extreme value", 2, "Two", extreme, None, None, None),
        ("size", 2, "Two", smaller, 70.0, 40.0, -0.4286),
        ("other", None, None, "something new", None, None, None),
    ]


def test_spend_that_fell_more_than_that_of_all_is_told_with_what_it_is_made_of(connection) -> None:
    spend(connection, 1, 100, 50, day="2024-12-09")
    spend(connection, 1, 1000, 990)
    spend(connection, 2, 100, 80)
    assert warned(connection) == [
        (
            "spend",
            2,
            "Two",
            "spend of segment 2 fell since the period before, mostly by fewer orders per customer",
            100.0,
            80.0,
            -0.2,
        )
    ]


@pytest.mark.parametrize(
    ("before", "now", "customers"), [(100, 81, 30), (100, 50, 29), (0, -20, 30)]
)
def test_a_small_fall_or_of_few_is_not_told(connection, before, now, customers) -> None:
    spend(connection, 1, 1000, 1000)
    spend(connection, 2, before, now, customers=customers)
    assert warned(connection) == []


def test_a_fall_of_all_alike_is_not_told(connection) -> None:
    spend(connection, 1, 1000, 500)
    spend(connection, 2, 100, 50)
    assert warned(connection) == []


def test_drift_gaps_and_refits_are_told_of_the_run(connection) -> None:
    found = warned(
        connection,
        drifted_features="orders_per_28_days, spend_per_28_days",
        is_held_back=True,
        has_order_gap=True,
        last_gap_days=70,
    )
    assert [row[:4] for row in found] == [
        ("drift", None, None, "customers drifted in orders_per_28_days since the fit"),
        ("drift", None, None, "customers drifted in spend_per_28_days since the fit"),
        ("refit held back", None, None, "a refit would have moved too many customers and was held "
         "back"),
        ("order gap", None, None, "no orders for 70 days before the last day with orders"),
    ]  # fmt: skip
    assert found[-1][5] == 70
