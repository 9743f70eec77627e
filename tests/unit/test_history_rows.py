"""Tables of the history that publishing puts together of what is stored and what a run adds."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from store.history_rows import LOADED, OF_THE_FIT, READ, WHOLE, rows_sql
from store.history_schema import HISTORY_TABLES


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    """A build database with one stored fit and empty tables of what a run made."""
    with duckdb.connect() as made:
        made.execute("attach ':memory:' as build")
        for schema in ("history", "segmentation", "features", "core", "raw"):
            made.execute(f"create schema build.{schema}")
        for name, columns in HISTORY_TABLES.items():
            kinds = ", ".join(f'"{column}" {kind}' for column, kind in columns)
            made.execute(f"create table build.history.{name} ({kinds})")
        made.execute("insert into build.history.fits (fit_number, k) values (1, 3)")
        yield made


def active_fit(connection: duckdb.DuckDBPyConnection, number: int, *, is_refit: bool) -> None:
    """Make the one row of the active fit, with a measure and the names that it reads."""
    fits = [column for column, _ in HISTORY_TABLES["fits"] if column not in ("fit_number", "k")]
    connection.execute(
        f"create table build.segmentation.active_fit as select {number} as fit_number, 4 as k, "
        f"{is_refit} as is_refit, 'candidate' as slot_set, "
        + ", ".join(f"null as {column}" for column in fits)
    )


def found(connection: duckdb.DuckDBPyConnection, name: str, columns: str = "*") -> list[tuple]:
    return connection.execute(f"select {columns} from ({rows_sql(name)}) order by all").fetchall()


def test_a_fit_of_this_run_is_added_to_those_stored(connection):
    active_fit(connection, 2, is_refit=True)
    assert found(connection, "fits", "fit_number, k") == [(1, 3), (2, 4)]


def test_the_stored_fit_that_stays_is_not_added_again(connection):
    active_fit(connection, 1, is_refit=False)
    assert found(connection, "fits", "fit_number, k") == [(1, 3)]


def test_columns_and_types_are_those_of_the_history(connection):
    active_fit(connection, 2, is_refit=True)
    described = connection.execute(f"describe {rows_sql('fits')}").fetchall()
    assert [(column, kind.lower()) for column, kind, *_ in described] == HISTORY_TABLES["fits"]


def test_baselines_are_numbered_by_the_active_fit(connection):
    active_fit(connection, 2, is_refit=True)
    connection.execute(
        "create table build.segmentation.learned_k_scan as select list(t) as scaling from (values "
        "('a', 1, true, [0.5], [0.4, 0.6]), ('b', 2, false, null, null)) "
        "as t(feature, position, is_used, bin_edges, bin_shares)"
    )
    assert found(connection, "fit_baselines") == [("a", 2, 1, [0.5], [0.4, 0.6])]
    # A refit that is held back is not the active fit.
    connection.execute("update build.segmentation.active_fit set is_refit = false, fit_number = 1")
    assert found(connection, "fit_baselines") == []


def test_centroids_are_those_of_the_segments_that_this_run_learned(connection):
    active_fit(connection, 2, is_refit=True)
    connection.execute(
        "create table build.segmentation.learned_segments as select 5 as segment_id, "
        "[{'feature': 'a', 'position': 1, 'scaled_value': 0.5, 'original_value': 2.0}, "
        "{'feature': 'b', 'position': 2, 'scaled_value': -0.5, 'original_value': 3.0}] as centroid"
    )
    assert found(connection, "fit_centroids") == [
        ("a", 2, 5, 1, 0.5, 2.0),
        ("b", 2, 5, 2, -0.5, 3.0),
    ]


def test_categories_are_those_that_the_active_fit_reads(connection):
    active_fit(connection, 2, is_refit=True)
    connection.execute(
        "create table build.features.category_slots as select * from (values "
        "('stored', 'category', 'bread', 1), ('candidate', 'category', 'fish', 1), "
        "('candidate', 'category', null, 2)) "
        "as t(slot_set, kind, name, position)"
    )
    assert found(connection, "fit_categories") == [(2, "category", "fish", 1)]


def test_a_file_keeps_the_time_it_was_first_loaded_at(connection):
    connection.execute(
        "insert into build.history.load_ledger values "
        "('order_lines', 'a.csv', 1, 'x', 5, timestamp '2026-01-01 10:00'), "
        "('order_lines', 'gone.csv', 1, 'y', 5, timestamp '2026-01-01 10:00')"
    )
    connection.execute(
        "create table build.raw.load_ledger as select * from (values "
        "(timestamp '2026-02-01 10:00', 'order_lines', 'a.csv', 1, 'x', 5), "
        "(timestamp '2026-02-01 10:00', 'order_lines', 'new.csv', 1, 'z', 5)) "
        "as t(loaded_at, source_table, file_name, file_bytes, file_sha256, row_count)"
    )
    rows = found(connection, "load_ledger", "file_name, month(loaded_at)")
    assert rows == [("a.csv", 1), ("gone.csv", 1), ("new.csv", 2)]


def test_pseudonyms_are_remembered_where_there_are_any(connection):
    connection.execute(
        "create table build.raw.load_settings as select cast(null as varchar) as pseudonym_check"
    )
    assert found(connection, "pseudonymisation") == []
    connection.execute("update build.raw.load_settings set pseudonym_check = 'a digest'")
    assert found(connection, "pseudonymisation") == [("a digest",)]


def test_a_run_keeps_the_time_its_data_was_loaded_at(connection):
    connection.execute("create schema build.marts")
    connection.execute("create table build.segmentation.run_facts (loaded_at timestamp)")
    connection.execute("insert into build.segmentation.run_facts values ('2026-02-01 10:00')")
    connection.execute(
        "insert into build.history.runs (run_number, loaded_at) values (1, '2026-01-01 10:00')"
    )
    connection.execute(
        "create table build.marts.segmentation_runs as "
        "select * exclude (run_number, loaded_at), unnest([1, 2]) as run_number "
        "from build.history.runs"
    )
    rows = found(connection, "runs", "run_number, month(loaded_at)")
    assert rows == [(1, 1), (2, 2)]


def test_numbers_of_runs_that_were_rolled_back_stay_given_out(connection):
    connection.execute("insert into build.history.highest_numbers values (7, 1, 5)")
    connection.execute(
        "create table build.segmentation.segmentation_run as select 6 as run_number, "
        "2 as fit_number"
    )
    connection.execute(
        "create table build.segmentation.fit_segments as select unnest([3, 8]) as segment_id"
    )
    assert found(connection, "highest_numbers") == [(7, 2, 8)]
    connection.execute("delete from build.history.highest_numbers")
    assert found(connection, "highest_numbers") == [(6, 2, 8)]


def test_queries_read_what_they_say(connection):
    """Publishing from Spark shows them these tables and no other."""
    text = " ".join(rows_sql(name) for name in (*OF_THE_FIT, *WHOLE)).replace('"', "")
    named = {f"{schema}.{name}" for schema, name in READ} | {f"raw.{name}" for name in LOADED}
    schemas = ("core.", "segmentation.", "features.", "marts.", "raw.")
    words = {word.removeprefix("build.").rstrip(")") for word in text.split() if "build." in word}
    assert {word for word in words if word.startswith(schemas)} == named
