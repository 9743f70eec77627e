"""Load raw files into schema `raw` of the build database, with a ledger of what was loaded.

Also brings schema `history`, the state of the last published version, into the build database.
Parquet files stay where they are, behind a view; text files are copied as text. Loading the same
files twice changes nothing.
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace as replace_fields
from datetime import UTC, datetime
from pathlib import Path

import duckdb

from common.console import (
    count,
    say,
)
from common.machine import memory_bytes
from common.project_sql import ProjectSql
from common.setting_values import SOURCES_OF_ONE_TABLE
from common.settings import Settings, resolve
from common.source_contract import Source
from common.sources import source_of
from common.system_errors import explained
from common.text_columns import IdSettings, Stated
from common.warehouse_paths import Warehouse
from dbt_runs.run_dbt import dbt_vars
from loading import raw_files
from loading.column_labels import write_labels
from loading.definitions import check_features, load_definitions, of_attributes
from loading.guarding import guard_for
from loading.id_column import identify
from loading.kept_formats import create_formats, known_formats, write_formats
from loading.ledger import known_files, warn_of_clock, write_ledger, write_left_out, write_withheld
from loading.load_facts import facts
from loading.load_table import load_table
from loading.loaded import LedgerRow, Loaded, LoadedTable, files_of
from loading.mapping_file import (
    read_mapping,
)
from loading.project_files import check_project
from loading.raw_schema import drop_other_tables
from loading.reading import Reading
from loading.source_of_warehouse import check_loaded_source, check_published_source
from loading.value_column import check_value
from store.build_database import healed, open_build_database
from store.build_state import Increment, write_plan
from store.history import copy_history
from store.plain_names import PlainNames, is_pattern, plain_names
from store.privacy import Guard
from store.published_file import check_published
from store.replay import Replay, forget_what_came_later
from store.warehouse import exclusive, set_aside_wal

CUSTOMERS = "customers"


def load(
    settings: Settings,
    now: datetime | None = None,
    replay: Replay | None = None,
    origin: Warehouse | None = None,
) -> Loaded:
    """Load the source's files and the published history into the build database.

    The caller holds the warehouse's lock. `now` is the time that new files get in the ledger;
    it is the one place where the clock is read. A `replay` brings the history and the files that
    were known at the run it starts from. An `origin` is the warehouse whose history counts, where
    it is another one than is loaded into.

    Raises:
        Problem: the data is refused (exit code 4), or the warehouse belongs to another source
            (exit code 2).
    """
    warehouse = settings.place
    source = source_of(settings)
    clock = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None, microsecond=0)
    set_aside_wal(warehouse)
    origin = replay.origin if replay else origin or warehouse
    check_published_source(origin, settings.source)
    check_project(settings, source, origin)
    folder = source.folder(settings)
    guard = guard_for(settings, source, origin)
    readable = [folder, origin.path]
    with (
        plain_names() as names,
        open_build_database(settings, readable=[*readable, names.folder]) as connection,
        tempfile.TemporaryDirectory(
            prefix="reading-", dir=place_of_copies(warehouse, names)
        ) as copies,
    ):
        check_loaded_source(connection, warehouse, settings.source)
        copy_history(connection, origin)
        if replay:
            forget_what_came_later(connection, replay)
        connection.execute("begin")
        connection.execute("create schema if not exists raw")
        known = known_files(connection, with_raw=replay is None)
        warn_of_clock(known.values(), clock)
        reading = reading_of(
            settings, source, guard, connection, Path(copies), names, known, clock, replay
        )
        then = min(replay.loaded_at, clock) if replay and replay.loaded_at else None
        loaded = load_source(connection, reading, source, settings, then)
        connection.execute("commit")
        return loaded


def reading_of(
    settings: Settings,
    source: Source,
    guard: Guard,
    connection: duckdb.DuckDBPyConnection,
    copies: Path,
    names: PlainNames,
    known: dict[tuple[str, str, str], LedgerRow],
    clock: datetime,
    replay: Replay | None,
) -> Reading:
    """Return what reading the files goes by."""
    folder = source.folder(settings)
    return Reading(
        place=folder,
        temporary=copies,
        known=known,
        clock=clock,
        guard=guard,
        project=ProjectSql(connection, dbt_vars(settings)),
        stated=stated_formats(settings, source),
        mappings=read_mapping(
            folder,
            source.tables,
            may_map=source.is_mappable,
            may_select=source.is_selectable,
        ),
        names=names,
        is_replay=bool(replay and replay.loaded_at),
        is_mappable=source.is_mappable,
        orders=source.tables[0] if source.is_mappable else None,
        memory=memory_bytes(settings.memory),
    )


def stated_formats(settings: Settings, source: Source) -> Stated:
    """Return the formats that the settings state, or the source where they do not."""
    return Stated(
        settings.date_format or source.date_order,
        settings.decimal,
        IdSettings(settings.ids == "as_written", settings.missing_ids),
    )


def load_source(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    source: Source,
    settings: Settings,
    then: datetime | None,
) -> Loaded:
    """Bring all of schema `raw` up to date.

    `then` is the time of the load that is replayed; None for a load of today.
    """
    tables = load_tables(connection, reading, source, settings)
    rows = [row for each in tables for row in (*each.ledger, *each.joined)]
    drop_other_tables(connection, source, reading, tables)
    if source.name in SOURCES_OF_ONE_TABLE:
        tables = [identified(connection, each, settings.id) for each in tables]
    load_definitions(connection, settings)
    write_formats(connection, source, reading, tables)
    write_labels(connection, tables)
    if not source.is_mappable:
        check_features(connection, settings, source, reading.project)
    check_value(connection, settings, source, reading.project)
    write_ledger(connection, settings.source, rows, reading.guard.check, then)
    write_left_out(connection, tables)
    write_withheld(connection, tables)
    # Who builds decides later what may be kept: loading alone keeps nothing.
    write_plan(connection, Increment("nothing was decided"))
    are_counted = settings.k is not None or settings.as_of is not None
    loaded = facts(connection, reading.project, source, rows, are_counted=are_counted)
    raw_files.check_steady(files_of(tables))
    return replace_fields(loaded, tables=tuple(tables))


def load_tables(
    connection: duckdb.DuckDBPyConnection, reading: Reading, source: Source, settings: Settings
) -> list[LoadedTable]:
    """Bring all raw tables up to date, in the order of the source.

    Where definitions speak of attributes in files of people's own, the small file that holds them
    comes first: a name that is in no file is refused before any order is read.
    """
    tables: dict[str, LoadedTable] = {}
    if source.is_mappable and of_attributes(settings, source, reading.project)[1]:
        for raw_table in source.tables:
            if raw_table.name == CUSTOMERS:
                tables[CUSTOMERS] = load_table(connection, reading, raw_table)
        if known_formats(connection, reading.stated) is None:
            # Staging reads it to find the attributes, and no load has made it yet.
            create_formats(connection)
        check_features(connection, settings, source, reading.project)
    for raw_table in source.tables:
        if raw_table.name not in tables:
            tables[raw_table.name] = load_table(connection, reading, raw_table)
    return [tables[raw_table.name] for raw_table in source.tables]


def identified(
    connection: duckdb.DuckDBPyConnection, loaded: LoadedTable, wanted: str | None
) -> LoadedTable:
    """Find the id of a table of customers; its other columns are those that `_only` names."""
    mapped = loaded.mapped
    if mapped is None or not mapped.only:
        identify(connection, wanted)
        return loaded
    kept = {identify(connection, wanted, mapped.only), *mapped.only}
    columns = {name: source for name, source in mapped.columns.items() if name in kept}
    return replace_fields(loaded, mapped=replace_fields(mapped, columns=columns))


def place_of_copies(warehouse: Warehouse, names: PlainNames) -> Path:
    """Return a folder on the warehouse's disk, where DuckDB can read from it by its path."""
    return names.folder if is_pattern(warehouse.temporary) else warehouse.temporary


def main() -> int:
    """Load the files of the source that the settings name."""
    settings = resolve()
    started = time.monotonic()
    say(f"Loading {settings.source} into {settings.warehouse}")
    warehouse = settings.place
    with exclusive(warehouse), healed(warehouse), explained("loading"):
        check_published(warehouse)
        loaded = load(settings)
    seconds = time.monotonic() - started
    say(f"Loaded {count(loaded.row_count, 'row')} in {seconds:.1f} s")
    return 0
