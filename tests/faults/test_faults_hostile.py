"""Hostile data from own files to core, drawn by hypothesis: it is refused, or all rows add up."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.console import DATA_REFUSED
from hostile import TEXTS
from tried import try_both

COLUMNS = (
    "order_line_id",
    "order_id",
    "customer_id",
    "product_id",
    "quantity",
    "net_amount",
    "channel",
    "ordered_at",
)
ANY_TEXT = st.one_of(
    st.sampled_from(TEXTS), st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
)
NUMBERS = st.one_of(
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
    st.floats().map(repr),
    st.integers().map(str),
    ANY_TEXT,
)
DATES = st.one_of(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31)).map(str),
    st.dates().map(str),
    ANY_TEXT,
)
LINE = st.tuples(ANY_TEXT, ANY_TEXT, ANY_TEXT, ANY_TEXT, NUMBERS, NUMBERS, ANY_TEXT, DATES)
GOOD = ("l0", "o0", "c0", "p0", "1", "5.00", "web", "2024-03-01 10:00:00")


def written(rows: list[tuple[str, ...]]) -> bytes:
    """Return rows as a CSV file, every cell in quotes."""
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([COLUMNS, *rows])
    return file.getvalue().encode()


def check_adds_up(rows: list[tuple[str, ...]], attributes: list[tuple[str, str]]) -> None:
    """Load and judge rows: refused in a line, or each is accepted, rejected or a duplicate."""
    people = io.StringIO()
    writer = csv.writer(people, quoting=csv.QUOTE_ALL, lineterminator="\n")
    writer.writerows([("customer_id", "note"), *attributes])
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        tried = try_both(
            folder, {"order_lines.csv": written(rows), "customers.csv": people.getvalue()}
        )
        # Nothing stands outside of the data and the warehouse, and no text was run.
        assert {path.name for path in folder.iterdir()} <= {"data", "warehouse"}
        assert {path.name for path in (folder / "data").iterdir()} == {
            "order_lines.csv",
            "customers.csv",
        }
        if tried.problem:
            assert tried.problem.exit_code == DATA_REFUSED
            assert str(tried.problem).isprintable()
            return
        assert "order_lines" in tried.loaded
        for table, count in tried.loaded.items():
            outcomes = {
                outcome: sum(
                    n for (t, o, _), n in tried.outcomes.items() if (t, o) == (table, outcome)
                )
                for outcome in ("accepted", "rejected", "duplicate")
            }
            assert sum(outcomes.values()) == count, (table, outcomes)
        # As the file has them: text comes as it was written.
        ids = {row[0] for row in tried.query("select customer_id from raw.order_lines")}
        assert ids <= {None, *(row[2] for row in rows)}
    assert not Path("/tmp/executed").exists()


HOSTILE = given(
    st.lists(LINE, min_size=1, max_size=12), st.lists(st.tuples(ANY_TEXT, ANY_TEXT), max_size=6)
)
QUIET = {"deadline": None, "suppress_health_check": list(HealthCheck), "database": None}


@pytest.mark.faults
@pytest.mark.short
@settings(max_examples=4, derandomize=True, **QUIET)
@HOSTILE
def test_hostile_rows_add_up(
    rows: list[tuple[str, ...]], attributes: list[tuple[str, str]]
) -> None:
    check_adds_up([GOOD, *rows], attributes)


@pytest.mark.faults
@pytest.mark.short
def test_many_hostile_rows_add_up(pytestconfig: pytest.Config) -> None:
    examples = max(10, pytestconfig.getoption("inputs") // 50)

    @settings(max_examples=examples, derandomize=True, **QUIET)
    @HOSTILE
    def many(rows: list[tuple[str, ...]], attributes: list[tuple[str, str]]) -> None:
        check_adds_up([GOOD, *rows], attributes)

    many()
