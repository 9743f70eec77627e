"""The ledger of files, and how many rows of them do not count."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import duckdb

from common.console import (
    count,
    say,
    warn,
)
from common.query_rows import one_count
from common.quoting import identifier
from common.run_environment import environment_text
from loading.loaded import LedgerRow, LoadedTable
from loading.raw_files import TablePlan
from loading.reading import Reading
from store.build_database import relation_kind
from store.history_schema import HISTORY_TABLES

LEDGER_COLUMNS = HISTORY_TABLES["load_ledger"]


def known_files(
    connection: duckdb.DuckDBPyConnection, *, with_raw: bool
) -> dict[tuple[str, str, str], LedgerRow]:
    """Return the files seen before, by table, name and hash, with the time first seen."""
    tables = ["history.load_ledger"]
    if with_raw and relation_kind(connection, "raw", "load_ledger"):
        tables.append("raw.load_ledger")
    columns = ", ".join(name for name, _ in LEDGER_COLUMNS)
    known: dict[tuple[str, str, str], LedgerRow] = {}
    for ledger in tables:
        for values in connection.execute(f"select {columns} from {ledger}").fetchall():
            row = LedgerRow(*values)
            key = (row.source_table, row.file_name, row.file_sha256)
            # What was published counts: a clock may have been wrong at a load since.
            known.setdefault(key, row)
    return known


def warn_of_clock(known: Iterable[LedgerRow], clock: datetime) -> None:
    """Say so where files were loaded at a time that is still to come."""
    latest = max((row.loaded_at for row in known if row.loaded_at), default=clock)
    if latest > clock:
        warn(
            f"  the ledger has files loaded at {latest}, and the clock of this machine says "
            f"{clock}: one of them was wrong; rows dated after the clock are rejected"
        )


def ledger_of(
    reading: Reading, plan: TablePlan, counts: Mapping[str, int]
) -> tuple[LedgerRow, ...]:
    """Return the rows of the ledger for the files of a table."""
    return tuple(
        LedgerRow(
            plan.table.name,
            file.name,
            file.byte_count,
            file.sha256,
            counts[file.name],
            reading.loaded_at(plan.table, file),
        )
        for file in plan.files
    )


def write_ledger(
    connection: duckdb.DuckDBPyConnection,
    source: str,
    rows: list[LedgerRow],
    pseudonym_check: str | None = None,
    clock_then: datetime | None = None,
) -> None:
    """Write the ledger and the settings of the load."""
    columns = ", ".join(f"{name} {kind}" for name, kind in LEDGER_COLUMNS)
    connection.execute(f"create or replace table raw.load_ledger ({columns})")
    marks = ", ".join("?" for _ in LEDGER_COLUMNS)
    for row in rows:
        values = [getattr(row, name) for name, _ in LEDGER_COLUMNS]
        connection.execute(f"insert into raw.load_ledger values ({marks})", values)
    connection.execute(
        "create or replace table raw.load_settings "
        "(source varchar, environment varchar, pseudonym_check varchar, loaded_at timestamp)"
    )
    loaded_at = clock_then or max(row.loaded_at for row in rows)
    connection.execute(
        "insert into raw.load_settings values (?, ?, ?, ?)",
        [source, environment_text(), pseudonym_check, loaded_at],
    )


def write_left_out(connection: duckdb.DuckDBPyConnection, tables: Sequence[LoadedTable]) -> None:
    """Write down how many rows of each raw table's files are not to be used."""
    connection.execute(
        "create or replace table raw.load_left_out "
        "(source_table varchar, reason varchar, row_count bigint)"
    )
    for loaded in tables:
        if loaded.left_out:
            connection.execute(
                "insert into raw.load_left_out values (?, 'not_selected', ?)",
                [loaded.table.name, loaded.left_out],
            )


def write_withheld(connection: duckdb.DuckDBPyConnection, tables: Sequence[LoadedTable]) -> None:
    """Write down, and say, how many rows of each raw table were forgotten customers'."""
    connection.execute(
        "create or replace table raw.load_withheld (source_table varchar, row_count bigint)"
    )
    for loaded in tables:
        if loaded.plan is None:
            continue
        name = loaded.table.name
        in_files = sum(row.row_count for row in loaded.ledger)
        relation = identifier("raw", name)
        there = one_count(connection, f"select count(*) from {relation}")
        if withheld := in_files - there - loaded.left_out:
            connection.execute("insert into raw.load_withheld values (?, ?)", [name, withheld])
            say(f"  {name:<22} {count(withheld, 'row'):>16} of forgotten customers left out")
