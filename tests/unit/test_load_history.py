"""What a load takes of what was published: history, the ledger, and clocks that were wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from common.project_sql import ProjectSql
from common.quoting import literal
from common.settings import Settings
from common.shipped_sources import OWN_FILES
from common.text_columns import Stated
from common.warehouse_paths import Warehouse
from loading.load_raw import load
from loading.loaded import LedgerRow
from loading.reading import Reading
from loading.table_files import read_files
from loads import HEADER, NOW, ROW, query, refused
from store.history_schema import HISTORY_TABLES
from store.plain_names import plain_names
from store.privacy import Guard


def publish_history(order_settings: Settings, *statements: str) -> None:
    path = Warehouse(order_settings.warehouse).marts_db
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(path) as connection:
        connection.execute("create schema history")
        for statement in statements:
            connection.execute(statement)
    path.chmod(0o444)


def test_history_is_empty_when_nothing_is_published(order_settings: Settings) -> None:
    load(order_settings, NOW)
    for name, columns in HISTORY_TABLES.items():
        if columns:
            assert query(order_settings, f"select count(*) from history.{name}") == [(0,)]


def test_history_is_copied_by_name(order_settings: Settings) -> None:
    publish_history(
        order_settings,
        "create table history.load_ledger as select 'gone' as dropped_column, "
        "'a.csv' as file_name, 'order_lines' as source_table",
    )
    load(order_settings, NOW)
    assert query(
        order_settings,
        "select source_table, file_name, file_bytes, loaded_at from history.load_ledger",
    ) == [("order_lines", "a.csv", None, None)]


def test_published_history_remembers_when_a_file_was_first_seen(order_settings: Settings) -> None:
    load(order_settings, NOW)
    ledger = query(order_settings, "select * from raw.load_ledger")
    marks = ", ".join("?" for _ in ledger[0])
    publish_history(order_settings, "create table history.load_ledger as from (select 1) limit 0")
    path = Warehouse(order_settings.warehouse).marts_db
    path.chmod(0o644)
    columns = ", ".join(f"{name} {kind}" for name, kind in HISTORY_TABLES["load_ledger"])
    with duckdb.connect(path) as connection:
        connection.execute(f"create or replace table history.load_ledger ({columns})")
        connection.execute(f"insert into history.load_ledger values ({marks})", ledger[0])
    Warehouse(order_settings.warehouse).build_db.unlink()
    load(order_settings, NOW + timedelta(days=30))
    assert query(order_settings, "select * from raw.load_ledger") == ledger


def test_a_published_file_that_cannot_be_read_is_not_passed_over(order_settings: Settings) -> None:
    order_settings.warehouse.mkdir()
    Warehouse(order_settings.warehouse).marts_db.write_bytes(b"no database")
    assert "cannot be read" in refused(order_settings, 1)


def test_a_replay_leaves_out_a_file_that_came_later(
    order_settings: Settings, two_orders: Path
) -> None:
    then = datetime(2025, 1, 1)
    old, new = two_orders / "order_lines_1.csv", two_orders / "order_lines_2.csv"
    (two_orders / "order_lines.csv").rename(old)
    new.write_text(HEADER + "o3,c3,2024-03-05,1\n")
    table = OWN_FILES.tables[0]
    row = LedgerRow(table.name, old.name, old.stat().st_size, "", 2, then)
    known = {(table.name, old.name, row.file_sha256): row}
    with duckdb.connect() as connection, plain_names() as names:
        project = ProjectSql(connection)
        for is_replay, expected in ((True, [old.name]), (False, [old.name, new.name])):
            reading = Reading(
                two_orders,
                two_orders,
                known,
                then,
                Guard("customer_id"),
                project,
                Stated(),
                {},
                names,
                is_replay,
            )
            files = read_files(connection, reading, table)
            assert [file.name for file in files] == expected


def test_a_clock_that_was_ahead_at_one_load_is_not_believed_later(
    order_settings: Settings, two_orders: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (two_orders / "order_lines.csv").write_text(HEADER + ROW + "o2,c2,2050-03-04,1\n")
    assert load(replace(order_settings, k=3), NOW.replace(year=2099)).last_date == date(2050, 3, 4)
    warehouse = Warehouse(order_settings.warehouse)
    publish_ledger(warehouse)
    for _ in range(2):
        capsys.readouterr()
        assert load(replace(order_settings, k=3), NOW).last_date == date(2024, 1, 2)
        assert "the ledger has files loaded at 2099" in capsys.readouterr().err
        assert query(order_settings, "select distinct year(loaded_at) from raw.load_ledger") == [
            (2026,)
        ]
        assert query(order_settings, "select year(loaded_at) from raw.load_settings") == [(2026,)]


def test_a_clock_that_was_behind_at_one_load_does_not_outdo_what_was_published(
    order_settings: Settings, two_orders: Path
) -> None:
    load(order_settings, NOW)
    publish_ledger(Warehouse(order_settings.warehouse))
    load(order_settings, NOW.replace(year=2024, month=2))
    assert load(replace(order_settings, k=3), NOW).last_date == date(2024, 3, 4)


def publish_ledger(warehouse: Warehouse) -> None:
    """Write a published file with the ledger of the last load."""
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute(f"attach {literal(warehouse.build_db)} as build (read_only)")
        connection.execute("create schema history")
        connection.execute("create table history.load_ledger as from build.raw.load_ledger")
        connection.execute(
            "create table segmentation_runs as select 1 as run_number, true as is_current, "
            "'own_files' as source, date '2050-01-31' as as_of_date"
        )
