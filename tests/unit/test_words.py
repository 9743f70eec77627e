"""Figures, comparisons and names as people read them, by the macros that write them."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from common.project_sql import ProjectSql
from report_page import wording


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


@pytest.fixture(scope="module")
def project(connection: duckdb.DuckDBPyConnection) -> ProjectSql:
    return ProjectSql(connection, {})


def value_of(connection: duckdb.DuckDBPyConnection, expression: str) -> object:
    return connection.execute(f"select {expression}").fetchone()[0]


def number(value: float | None) -> str:
    return "cast(null as double)" if value is None else f"cast({value} as double)"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (872.3, "currency", "872"),
        (12345.6, "currency per order", "12,300"),
        (1243.4, "currency", "1,240"),
        (999.6, "currency", "1,000"),
        (-72543.0, "currency a year", "-72,500"),
        (1234567.0, "currency", "1,230,000"),
        (23.84, "currency", "24"),
        (9.996, "currency", "10"),
        (4.5, "currency", "4.50"),
        (3.0, "currency", "3"),
        (-12.0, "currency", "-12"),
        (1234567.0, "visits", "1,234,567"),
        (87.8, "years", "88"),
        (17.58, "1 to 100", "17.6"),
        (5.38, "orders", "5.4"),
        (2.0, "orders", "2"),
        (0.154, "orders", "0.15"),
        (0.004, "orders", "almost 0"),
        (0.0, "orders", "0"),
        (0.624, "share of orders", "62%"),
        (0.0423, "share", "4.2%"),
        (0.0025, "share", "0.25%"),
        (0.997, "share", "99.7%"),
        (87.75, "thousand dollars a year", "88 thousand"),
        (1.0, "share", "100%"),
        (0.0, "share", "0%"),
        (None, "share", None),
        (None, "orders", None),
    ],
)
def test_figures_are_said_as_people_say_them(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    value: float | None,
    unit: str,
    said: str | None,
) -> None:
    assert value_of(connection, project.call("spoken_number", number(value), f"'{unit}'")) == said
    assert wording.spoken(value, unit) == (said or wording.NONE)


@pytest.mark.parametrize(
    ("ratio", "said"),
    [
        (4.2, "about 4 times the average"),
        (3.0, "about three times the average"),
        (1.96, "about twice the average"),
        (1.28, "28% above the average"),
        (1.01, "about the average"),
        (0.92, "8% below the average"),
        (0.5, "about half the average"),
        (0.33, "about a third of the average"),
        (0.11, "89% below the average"),
        (None, None),
    ],
)
def test_ratios_are_compared_in_words(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    ratio: float | None,
    said: str | None,
) -> None:
    assert value_of(connection, project.call("compared_words", number(ratio))) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("DRUG GM", "Drug GM"),
        ("SEAFOOD-PCKGD", "Seafood-Packaged"),
        ("TV & HI-FI", "TV & Hi-Fi"),
        ("KID'S TOYS", "Kid's Toys"),
        ("FOOD OF THE SEA", "Food of The Sea"),
        ("Home decor", "Home decor"),
        ("books", "books"),
        ("ÉPICERIE", "Épicerie"),
        ("24", "24"),
    ],
)
def test_names_in_capitals_have_small_letters(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, name: str, said: str
) -> None:
    literal = "'" + name.replace("'", "''") + "'"
    assert value_of(connection, project.call("readable_name", literal)) == said


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("SOFT DRINKS", "soft drinks"),
        ("FRZN MEAT/MEAT DINNERS", "frozen meat"),
        ("DIAPERS & DISPOSABLES", "diapers"),
        ("MEAT - SHELF STABLE", "meat"),
        ("VEGETABLES (FRESH)", "vegetables"),
        ("T-LIGHT HOLDER", "t-light holder"),
        ("TEA", "tea"),
        ("SET/5 BOWLS", "set/5 bowls"),
        ("Green tea & cups", "Green tea & cups"),
    ],
)
def test_of_several_things_the_first_is_said(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, name: str, said: str
) -> None:
    assert value_of(connection, project.call("readable_item", f"'{name}'")) == said


@pytest.mark.parametrize(
    "name", ["MISCELLANEOUS", "Coupon", "COUPON/MISC ITEMS", "Postage", "manual"]
)
def test_bins_are_known_by_their_name(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, name: str
) -> None:
    assert value_of(connection, project.call("is_bookkeeping_name", f"'{name}'"))


@pytest.mark.parametrize(
    "name", ["FUEL", "Postcards", "Manuals and maps", "Gift wrap", "Other toys"]
)
def test_products_are_no_bins(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, name: str
) -> None:
    assert not value_of(connection, project.call("is_bookkeeping_name", f"'{name}'"))


@pytest.mark.parametrize(
    ("column", "rank"),
    [
        ("monetary", 2),
        ("total_spend", 2),
        ("ltv", 2),
        ("spend_on_wine", 3),
        ("mntwines", 3),
        ("customer_value", 4),
        ("age", None),
        ("order_count", None),
        ("value_segment", None),
        ("income", None),
    ],
)
def test_columns_of_value_are_recognised_by_their_name(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, column: str, rank: int | None
) -> None:
    assert value_of(connection, project.call("value_rank", f"'{column}'")) == rank


def test_a_clause_with_what_is_unknown_is_left_out(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql
) -> None:
    template = "'Go[ by {channel}][: {name}|: {note}|, alone][ in {note}].'"
    placed = {
        name: project.call("placed_value", text)
        for name, text in {"channel": "'m[a]il|{name}'", "name": "null", "note": "null"}.items()
    }
    filled = project.call("known_clauses", project.call("filled_template", template, placed))
    assert value_of(connection, filled) == "Go by m(a)il/(name), alone."
