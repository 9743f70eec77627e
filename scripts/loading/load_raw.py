"""Load raw files into schema `raw` of the build database, with a ledger of what was loaded.

Also brings schema `history`, the state of the last published version, into the build database.
Parquet files stay where they are, behind a view; text files are copied as text. Loading the same
files twice changes nothing.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from dataclasses import replace as replace_fields
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb

from common.column_names import ADDED_COLUMNS, check_required
from common.console import (
    DATA_REFUSED,
    WRONG_USE,
    LiveLine,
    Problem,
    count,
    say,
    size,
    warn,
)
from common.data_errors import listed, printable, refusal
from common.project_sql import ProjectSql, Relation
from common.query_rows import one_count, one_row
from common.quoting import identifier, literal
from common.run_environment import environment_text
from common.settings import SOURCES_OF_ONE_TABLE, Settings, memory_bytes, processors, resolve, table
from common.sources import RawTable, Source, source_of
from common.system_errors import problem_of, told
from common.text_columns import Column, IdSettings, Stated
from dbt_runs.run_dbt import dbt_vars
from loading import attributes_in_orders, file_search, joined_files, raw_files
from loading.column_formats import FormatRow, find_formats
from loading.column_mapping import (
    MappedTable,
    check_lengths,
    left_out_sql,
    map_columns,
    mapped_sql,
    missing_sql,
    used_columns,
)
from loading.customer_ids import id_formats
from loading.date_formats import nothing_usable
from loading.definitions import check_features, load_definitions, of_attributes
from loading.export_examples import GENERAL_HINT, example_hint
from loading.file_copies import LEAST_MEMORY, Copies
from loading.file_diagnostics import csv_problem, json_problem, unreadable_parquet
from loading.file_inspection import hashed_files, inspect, with_header_hint
from loading.file_search import FoundFile
from loading.first_row_fields import (
    AS_FILLED,
    Filled,
    OrderFields,
    filled_sql,
    find_filled,
    of_files,
    order_fields,
)
from loading.id_column import ID_COLUMN, RAW_TABLE, VIEW, identify
from loading.joined_files import Join
from loading.mapping_file import (
    FILE_NAME,
    JOIN_KEY,
    MISSING_KEY,
    NO_MAPPING,
    TableMapping,
    read_mapping,
)
from loading.project_files import check_project
from loading.raw_files import RawFile, TablePlan
from loading.text_format import write_utf8
from store.build_database import drop_relation, healed, open_build_database, relation_kind
from store.history import copy_history, published_facts
from store.history_schema import HISTORY_TABLES
from store.increment import AS_READ, Increment, write_plan
from store.plain_names import PlainNames, is_pattern, plain_names
from store.privacy import DECLARED, Guard, guard_of
from store.published_file import check_published
from store.replay import Replay, forget_what_came_later, has_only_grown
from store.warehouse import Warehouse, exclusive, set_aside_wal

OWN_TABLES = (
    "load_ledger",
    "load_settings",
    "load_withheld",
    "load_left_out",
    "column_formats",
    "given_definitions",
    "load_increment",
    "load_new_files",
    "last_build",
)
CUSTOMERS = "customers"
FORMATS = "column_formats"
# Raw tables have it at the end of their name in the ledger where other files are joined to them.
AS_JOINED = "_joined"
# Types of columns in which times may stand as numbers.
NUMBER_TYPES = ("INTEGER", "UINTEGER", "BIGINT", "UBIGINT", "DOUBLE", "FLOAT")
LEDGER_COLUMNS = HISTORY_TABLES["load_ledger"]


@dataclass(frozen=True)
class Loaded:
    """What loading brought.

    Attributes:
        row_count: Rows in all raw tables.
        customer_count: Customers in the table of order lines.
        first_date: Day of the first order; None when no time can be read.
        last_date: Day of the last order; None when no time can be read.
        tables: What each raw table was made from.
    """

    row_count: int
    customer_count: int
    first_date: date | None
    last_date: date | None
    tables: tuple[LoadedTable, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class LoadedTable:
    """A raw table and what it was made from.

    Attributes:
        table: The raw table.
        plan: How its files were read; None when there are none.
        mapped: What `columns.yml` made of their columns; None when it says nothing.
        ledger: Its rows in the ledger, one for each file.
        is_kept: Whether it is the table of an earlier load.
        left_out: Rows of the files that `_where` of `columns.yml` leaves out.
        missing: Values of the files that `_missing` takes for none.
        filled: Fields of orders that were filled forward.
        joined: Rows in the ledger of files that were joined to it.
        joined_plans: How these were read.
    """

    table: RawTable
    plan: TablePlan | None = None
    mapped: MappedTable | None = None
    ledger: tuple[LedgerRow, ...] = ()
    is_kept: bool = False
    left_out: int = 0
    missing: int = 0
    filled: Filled | None = None
    joined: tuple[LedgerRow, ...] = ()
    joined_plans: tuple[TablePlan, ...] = ()


@dataclass(frozen=True)
class LedgerRow:
    """A file in the ledger."""

    source_table: str
    file_name: str
    file_bytes: int
    file_sha256: str
    row_count: int
    loaded_at: datetime


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
    warehouse = Warehouse(settings.warehouse)
    source = source_of(settings)
    clock = (now or datetime.now(UTC)).astimezone(UTC).replace(tzinfo=None, microsecond=0)
    set_aside_wal(warehouse)
    origin = replay.origin if replay else origin or warehouse
    check_published_source(origin, settings.source)
    check_project(settings, origin)
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
        reading = Reading(
            folder,
            Path(copies),
            known,
            clock,
            guard,
            ProjectSql(connection, dbt_vars(settings)),
            Stated(
                settings.date_format or source.date_order,
                settings.decimal,
                IdSettings(settings.ids == "as_written", settings.missing_ids),
            ),
            read_mapping(
                folder,
                source.tables,
                may_map=source.is_mappable,
                may_select=source.is_selectable,
            ),
            names,
            bool(replay and replay.loaded_at),
            source.is_mappable,
            source.tables[0] if source.is_mappable else None,
            memory_bytes(settings.memory),
        )
        tables = load_tables(connection, reading, source, settings)
        rows = [row for each in tables for row in (*each.ledger, *each.joined)]
        drop_other_tables(connection, source, reading, tables)
        if source.name in SOURCES_OF_ONE_TABLE:
            tables = [identified(connection, each, settings.id) for each in tables]
        load_definitions(connection, settings)
        then = min(replay.loaded_at, clock) if replay and replay.loaded_at else None
        write_formats(connection, source, reading, tables)
        if not source.is_mappable:
            check_features(connection, settings, reading.project)
        write_ledger(connection, settings.source, rows, guard.check, then)
        write_left_out(connection, tables)
        write_withheld(connection, tables)
        # Who builds decides later what may be kept: loading alone keeps nothing.
        write_plan(connection, Increment("nothing was decided"))
        loaded = facts(connection, reading.project, source, rows)
        raw_files.check_steady(files_of(tables))
        connection.execute("commit")
        return replace_fields(loaded, tables=tuple(tables))


def load_tables(
    connection: duckdb.DuckDBPyConnection, reading: Reading, source: Source, settings: Settings
) -> list[LoadedTable]:
    """Bring all raw tables up to date, in the order of the source.

    Where definitions speak of attributes in files of people's own, the small file that holds them
    comes first: a name that is in no file is refused before any order is read.
    """
    tables: dict[str, LoadedTable] = {}
    if source.is_mappable and of_attributes(settings, reading.project)[1]:
        for raw_table in source.tables:
            if raw_table.name == CUSTOMERS:
                tables[CUSTOMERS] = load_table(connection, reading, raw_table)
        if known_formats(connection, reading.stated) is None:
            # Staging reads it to find the attributes, and no load has made it yet.
            create_formats(connection)
        check_features(connection, settings, reading.project)
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


def files_of(tables: Iterable[LoadedTable]) -> list[RawFile]:
    """Return the files that tables were made from."""
    plans = [plan for each in tables for plan in (each.plan, *each.joined_plans) if plan]
    return [file for plan in plans for file in plan.files]


def place_of_copies(warehouse: Warehouse, names: PlainNames) -> Path:
    """Return a folder on the warehouse's disk, where DuckDB can read from it by its path."""
    return names.folder if is_pattern(warehouse.temporary) else warehouse.temporary


def guard_for(settings: Settings, source: Source, warehouse: Warehouse) -> Guard:
    """Return what keeps customers' ids, and those who were forgotten, out of the raw tables.

    Raises:
        Problem: the warehouse was made otherwise, or which column names the customer is unknown.
    """
    is_one_table = source.name in SOURCES_OF_ONE_TABLE
    column = settings.id if is_one_table and settings.id else source.customer_column
    guard = guard_of(warehouse, column, asked=settings.pseudonymise, macro=source.customer_macro)
    guard = replace_fields(guard, missing=settings.missing_ids)
    if is_one_table and not settings.id and (guard.key or guard.forgotten):
        raise Problem(
            f"ID is missing: customers of {warehouse.path} have pseudonyms or were forgotten, so "
            "the column with the customer must be known before the file is read; expected "
            "ID=<column>",
            WRONG_USE,
        )
    return guard


def check_published_source(warehouse: Warehouse, source: str) -> None:
    """Refuse a warehouse that was published from another source."""
    published = published_facts(warehouse)
    if published is not None and published.source not in (None, source):
        raise other_source(warehouse, source, f"was published from {published.source}")


def check_loaded_source(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, source: str
) -> None:
    """Refuse a warehouse whose build database was loaded from another source."""
    if relation_kind(connection, "raw", "load_settings") is None:
        return
    row = connection.execute("select source from raw.load_settings").fetchone()
    if row and row[0] != source:
        raise other_source(warehouse, source, f"was loaded from {row[0]}")


def other_source(warehouse: Warehouse, source: str, what: str) -> Problem:
    """Return the problem of a warehouse that belongs to another source."""
    return Problem(
        f"SOURCE={source}: the warehouse {warehouse.path} {what}; expected that source, "
        "or another WAREHOUSE",
        WRONG_USE,
    )


@dataclass(frozen=True)
class Reading:
    """What reading the files of a source goes by.

    Attributes:
        place: The folder of the data, or its only file.
        temporary: Folder for copies of what cannot be read as it is.
        known: Files seen before, by table, name and hash.
        clock: Time that new files get.
        guard: What keeps customers out.
        project: The SQL of the dbt project, for values in text.
        stated: Formats that the settings state.
        mappings: What `columns.yml` says, by raw table.
        names: Paths that DuckDB does not take for patterns.
        is_replay: Whether files are read as they were when `known` ends.
        is_mappable: Whether `columns.yml` may say which column stands for what.
        orders: The table of orders where customers may stand in its files.
        memory: Bytes that the load may use.
    """

    place: Path
    temporary: Path
    known: dict[tuple[str, str, str], LedgerRow]
    clock: datetime
    guard: Guard
    project: ProjectSql
    stated: Stated
    mappings: dict[str, TableMapping]
    names: PlainNames
    is_replay: bool = False
    is_mappable: bool = False
    orders: RawTable | None = None
    memory: int = LEAST_MEMORY

    @property
    def copies(self) -> Copies:
        """Where copies are made, and what making them may take."""
        return Copies(self.names.of(self.temporary), self.memory)

    def seen(self, raw_table: RawTable, file: RawFile) -> LedgerRow | None:
        """Return what the ledger knows of this very content."""
        return self.known.get((raw_table.name, file.name, file.sha256))

    def loaded_at(self, raw_table: RawTable, file: RawFile) -> datetime:
        """Return when a file was first loaded.

        A time that is still to come was taken from a clock that was wrong: now counts instead.
        """
        seen = self.seen(raw_table, file)
        return min(seen.loaded_at or self.clock, self.clock) if seen else self.clock

    def then(self, raw_table: RawTable, name: str) -> LedgerRow | None:
        """Return what the ledger knows of a file of this name, the latest of its contents."""
        rows = [
            row
            for (table, file_name, _), row in self.known.items()
            if (table, file_name) == (raw_table.name, name)
        ]
        return max(rows, key=lambda row: (row.loaded_at, row.row_count), default=None)


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


def load_table(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    raw_table: RawTable,
) -> LoadedTable:
    """Bring one raw table up to date with its files; it is empty when an optional one has none."""
    started = time.monotonic()
    files = read_files(connection, reading, raw_table)
    if not files:
        replace(connection, "table", raw_table.name, raw_files.empty_sql(raw_table))
        return LoadedTable(raw_table)
    mapping = reading.mappings.get(raw_table.name, NO_MAPPING)
    is_of_orders = is_among_orders(reading, raw_table, files, mapping)
    is_mapped = mapping.is_given or is_of_orders
    name = raw_table.name + AS_READ if is_mapped else raw_table.name
    plan = TablePlan(raw_table, tuple(files), name)
    joins = find_joins(connection, reading, plan, mapping)
    mapped = mapped_table(connection, plan, mapping, joins) if is_mapped else None
    guarded = guarded_column(reading.guard, plan, mapped)
    orders = orders_to_guard(connection, reading, plan, mapped, joins) if guarded else None
    reading, mapped = with_declared(reading, mapped, guarded)
    settled = files_there(connection, reading, plan, guarded)
    live = LiveLine()
    live.show(f"  {raw_table.name:<22} reading {size(sum(f.byte_count for f in files))} ...")
    try:
        if joins:
            counts, joined = read_joined(connection, reading, plan, joins, mapping, guarded, orders)
            is_kept = False
        else:
            counts, is_kept = read_table(connection, reading, plan, guarded, orders)
            joined = ()
    finally:
        live.clear()
    if mapped:
        check_lengths(connection, mapped)
    filled = None
    if mapped or not is_kept:
        filled = fill_forward(connection, reading, plan, mapped, () if mapped else settled)
    left_out = missing = 0
    if mapped:
        if is_of_orders:
            mapped = with_attributes_only(connection, reading, mapped, mapping)
        if filled:
            mapped = replace_fields(mapped, read_name=raw_table.name + AS_FILLED)
        query = mapped_sql(connection, reading.project, mapped, reading.stated)
        replace(connection, "view", raw_table.name, query)
        left_out = rows_left_out(connection, reading, mapped)
        missing = values_missing(connection, reading, mapped, mapping)
    if raw_table.is_required and not sum(counts.values()):
        raise refusal(files[0].name, "has no rows: expected at least one")
    say_loaded(plan, counts, time.monotonic() - started, is_kept)
    if filled:
        say(f"  {raw_table.name:<22} {printable(filled.spoken())}")
    ledger = ledger_of(reading, plan, counts)
    is_kept = is_kept and mapped is None
    plans = tuple(join.plan for join in joins)
    return LoadedTable(
        raw_table,
        plan,
        mapped,
        ledger,
        is_kept,
        left_out,
        missing,
        filled,
        joined=joined,
        joined_plans=plans,
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


def find_joins(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    mapping: TableMapping,
) -> list[Join]:
    """Find and inspect the files that `_join` of `columns.yml` names; empty where it names none.

    Raises:
        Problem: there are none, or a key is no column.
    """
    option = mapping.options.get(JOIN_KEY)
    if option is None:
        return []
    plans = []
    for pattern in mapping.by_name(JOIN_KEY):
        table = RawTable(plan.table.name + AS_JOINED)
        try:
            found = file_search.find_files(reading.place, table, pattern)
        except Problem as problem:
            raise option.refused(str(problem)) from problem
        files = [
            inspect(connection, file.readable(reading.names), table, reading.copies)
            for file in found
        ]
        plans.append(TablePlan(table, tuple(files), table.name))
    return joined_files.joins_of(option, plan, plans)


def read_joined(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    joins: Sequence[Join],
    mapping: TableMapping,
    guarded: str | None,
    orders: OrderFields | None,
) -> tuple[dict[str, int], tuple[LedgerRow, ...]]:
    """Make a raw table with the columns of other files; returns its rows and theirs.

    What is guarded is so in the table alone: the files are in temporary tables until then.
    """
    option = mapping.options[JOIN_KEY]
    plans = [plan, *(join.plan for join in joins)]
    tables = [f"joining_{number}" for number in range(len(plans))]
    counts = [
        read_aside(connection, reading, each, name)
        for each, name in zip(plans, tables, strict=True)
    ]
    for join, name in zip(joins, tables[1:], strict=True):
        joined_files.check_keys(connection, reading.project, option, join, name)
    select = joined_files.joined_sql(reading.project, plan, joins, tables)
    drop_relation(connection, "raw", plan.name)
    if guarded:
        columns = joined_files.joined_columns(plan, joins)
        names = ", ".join(map(identifier, [*columns, *ADDED_COLUMNS]))
        with guarded_sql(connection, reading, select, columns, guarded, orders) as rows:
            connection.execute(
                f"create table {plan.relation} as select * from ({rows}) as guarded_rows({names})",
                reading.guard.parameters(),
            )
    else:
        connection.execute(f"create table {plan.relation} as {select}")
    for name in tables:
        connection.execute(f"drop table temp.{identifier(name)}")
    for join in joins:
        joined_files.say_unmatched(connection, reading.project, plan.relation, join)
    ledger = [
        row
        for join, rows in zip(joins, counts[1:], strict=True)
        for row in ledger_of(reading, join.plan, rows)
    ]
    return counts[0], tuple(ledger)


def read_aside(
    connection: duckdb.DuckDBPyConnection, reading: Reading, plan: TablePlan, name: str
) -> dict[str, int]:
    """Copy files into a temporary table; returns the rows of each."""
    relation = f"temp.{identifier(name)}"
    create = f"create or replace temp table {identifier(name)}"
    if not plan.is_text:
        connection.execute(f"{create} as {plan.parquet_sql()}")
    else:
        columns = ", ".join(f"{identifier(column)} varchar" for column in plan.columns())
        connection.execute(f"{create} ({columns}, _file varchar, _row_number bigint)")
        for file in plan.files:
            with utf8_file(file, reading.temporary) as plain:
                select = plan.select_sql(file, reading.names.of(plain))
                try:
                    connection.execute(f"insert into {relation} {select}")
                except duckdb.Error as error:
                    raise text_problem(file, error) from error
    rows = connection.execute(f"select _file, count(*) from {relation} group by _file").fetchall()
    return dict.fromkeys((file.name for file in plan.files), 0) | dict(rows)


def is_among_orders(
    reading: Reading, raw_table: RawTable, files: Sequence[RawFile], mapping: TableMapping
) -> bool:
    """Say whether customers are read from the files of orders, and no line says which columns."""
    if reading.orders is None or not raw_table.is_open:
        return False
    orders = find_files(
        reading.place, reading.orders, reading.mappings.get(reading.orders.name, NO_MAPPING)
    )
    return attributes_in_orders.is_of_orders(
        raw_table, {file.name for file in files}, {file.name for file in orders}, mapping
    )


def with_attributes_only(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    mapped: MappedTable,
    mapping: TableMapping,
) -> MappedTable:
    """Return customers in files of orders with their attributes only, and say which they are."""
    assert reading.orders is not None, "is_among_orders() has found the table of orders"
    of_orders = reading.mappings.get(reading.orders.name, NO_MAPPING)
    used = attributes_in_orders.columns_of_orders(connection, reading.orders, of_orders, mapped)
    kept = attributes_in_orders.without_orders(connection, reading.project, mapped, mapping, used)
    names = [name for name in kept.columns if name not in kept.table.columns]
    say(
        f"  {mapped.table.name}: read from the file of {reading.orders.name}; attributes are "
        f"{printable(listed(names, 12)) or 'none'}; _only in columns.yml names others"
    )
    return kept


def fill_forward(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    mapped: MappedTable | None,
    settled: Collection[str] = (),
) -> Filled | None:
    """Fill forward what stands on the first rows of orders only; None where nothing does.

    The rows as they were read stay beside it. Files in `settled` are known to need none.
    """
    found = order_fields(plan, mapped)
    new = [file.name for file in plan.files if file.name not in settled]
    looked_at = of_files(found, new) if found and settled else found
    filled = find_filled(connection, reading.project, looked_at) if looked_at else None
    if found is None or filled is None:
        return None
    table = plan.table.name
    if mapped is None:
        kind = relation_kind(connection, "raw", table)
        drop_relation(connection, "raw", table + AS_READ)
        relation = identifier(table + AS_READ)
        connection.execute(f"alter {kind} {plan.relation} rename to {relation}")
        found = replace_fields(found, relation=identifier("raw", table + AS_READ))
    name = table + AS_FILLED if mapped else table
    replace(connection, "table", name, filled_sql(reading.project, found, filled))
    return filled


def rows_left_out(
    connection: duckdb.DuckDBPyConnection, reading: Reading, mapped: MappedTable
) -> int:
    """Return, and say, how many rows `_where` of `columns.yml` leaves out."""
    if mapped.where is None:
        return 0
    query = left_out_sql(connection, reading.project, mapped, reading.stated)
    row_count = one_count(connection, query)
    if row_count:
        say(
            f"  {mapped.table.name:<22} {count(row_count, 'row'):>16} left out by "
            f"_where: {printable(mapped.where.text)}"
        )
    return row_count


def values_missing(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    mapped: MappedTable,
    mapping: TableMapping,
) -> int:
    """Return, and say, how many values `_missing` of `columns.yml` takes for none."""
    option = mapping.options.get(MISSING_KEY)
    if option is None:
        return 0
    query = missing_sql(connection, reading.project, mapped, reading.stated)
    value_count = one_count(connection, query)
    say(
        f"  {mapped.table.name:<22} {count(value_count, 'cell'):>16} taken for missing by "
        f"_missing: {printable(option.text)}"
    )
    return value_count


def mapped_table(
    connection: duckdb.DuckDBPyConnection,
    plan: TablePlan,
    mapping: TableMapping,
    joins: Sequence[Join] = (),
) -> MappedTable:
    """Return what `columns.yml` makes of some files.

    Raises:
        Problem: a required column is missing all the same.
    """
    try:
        spellings = joined_files.spellings_of(plan, joins)
        mapped = map_columns(connection, plan.table, plan.name, spellings, mapping)
    except Problem as problem:
        raise with_header_hint(problem, plan.files[0], plan.table, mapping) from problem
    for file in plan.files:
        has = file.columns.keys() | {name for join in joins for name in join.columns.values()}
        there = [c for c in mapped.columns if used_columns(mapped, c) <= has]
        check_required(file.name, plan.table, there, file.header)
    return mapped


def read_files(
    connection: duckdb.DuckDBPyConnection, reading: Reading, raw_table: RawTable
) -> list[RawFile]:
    """Find and inspect the files of a table; a refusal says which ready example is for them."""
    try:
        return found_files(connection, reading, raw_table)
    except Problem as problem:
        is_first_try = reading.is_mappable and not reading.mappings
        if not raw_table.is_required or not is_first_try:
            raise
        hint = example_hint(connection, reading.place, raw_table, reading.names, reading.copies)
        is_named = FILE_NAME in str(problem)
        told_more = f"{problem}{hint or ('' if is_named else GENERAL_HINT)}"
        raise Problem(told_more, problem.exit_code) from problem


def found_files(
    connection: duckdb.DuckDBPyConnection, reading: Reading, raw_table: RawTable
) -> list[RawFile]:
    """Find and inspect the files of a table, as they were then when this is a replay."""
    mapping = reading.mappings.get(raw_table.name, NO_MAPPING)
    found = [file.readable(reading.names) for file in find_files(reading.place, raw_table, mapping)]
    if not found:
        say(f"  {raw_table.name:<22} {'no file':>16}")
        return []
    then = {file.name: reading.then(raw_table, file.name) for file in found}
    if reading.is_replay and (any(then.values()) or not raw_table.is_required):
        # What came in later as a file of its own was not there then.
        found = [file for file in found if then[file.name]]
        if not found:
            say(f"  {raw_table.name:<22} {'not there then':>16}")
            return []
    live = LiveLine()
    files = []
    try:
        hashes = hashed_files(found, processors())
        for number, (file, hashed) in enumerate(zip(found, hashes, strict=True), start=1):
            live.show(f"  {raw_table.name:<22} looking at file {number:,} of {len(found):,} ...")
            inspected = inspect(connection, file, raw_table, reading.copies, mapping, hashed)
            files.append(as_it_was(inspected, then[file.name]) if reading.is_replay else inspected)
    finally:
        live.clear()
    raw_files.check_contents(files)
    return files


def find_files(place: Path, raw_table: RawTable, mapping: TableMapping) -> list[FoundFile]:
    """Find the files of a table, by its name or as `columns.yml` says.

    Raises:
        Problem: there are none, though they are required or spoken of.
    """
    if mapping.pattern:
        try:
            return file_search.find_files(place, raw_table, mapping.pattern.text)
        except Problem as problem:
            raise mapping.pattern.refused(str(problem)) from problem
    found = file_search.find_files(place, raw_table)
    if not found and mapping.columns:
        raise mapping.columns[0].refused(f"there is no file {raw_table.name}.csv it could be of")
    return found


def say_loaded(plan: TablePlan, counts: dict[str, int], seconds: float, is_kept: bool) -> None:
    """Show one line for a table, and how its text is written where that is not plain UTF-8."""
    files = plan.files
    rows, byte_count = sum(counts.values()), sum(file.byte_count for file in files)
    notes = [count(len(files), "file")] if len(files) > 1 else []
    notes += sorted({note for file in files for note in file.spoken()})
    notes += ["unchanged"] if is_kept else []
    say(
        f"  {plan.table.name:<22} {count(rows, 'row'):>16} {size(byte_count):>9} "
        f"{seconds:>6.1f} s{'  ' if notes else ''}{'; '.join(notes)}"
    )


def as_it_was(file: RawFile, then: LedgerRow | None) -> RawFile:
    """Return a file as a replay reads it; a change that cannot be undone is told."""
    if then is None:
        warn(f"{file.name} was not loaded then: all of its rows count")
        return file
    if file.sha256 == then.file_sha256:
        return file
    if file.can_grow and has_only_grown(file.path, then.file_bytes, then.file_sha256):
        return replace_fields(
            file,
            byte_count=then.file_bytes,
            sha256=then.file_sha256,
            row_limit=then.row_count,
        )
    warn(
        f"{file.name} has changed since and is read as it is now: rows that came later "
        "with an earlier date count"
    )
    return file


def guarded_column(guard: Guard, plan: TablePlan, mapped: MappedTable | None) -> str | None:
    """Return the column of a raw table whose customers are guarded, None where there is none.

    Raises:
        Problem: `columns.yml` makes customers by an expression, or a folder is named by one.
    """
    column = guard.column_of(plan.columns() if mapped is None else list(mapped.columns))
    if mapped is not None and column is not None:
        source = mapped.columns[column]
        if not isinstance(source, str):
            raise refusal(
                "columns.yml",
                f"{column} of {plan.table.name} is an expression: expected a column of the files, "
                "where customers have pseudonyms or were forgotten",
            )
        column = source
    if column is not None and any(column in _partitions(file) for file in plan.files):
        raise refusal(
            plan.table.name,
            f"a folder of its files is named by a {column}, and names of files are written down: "
            "expected customers in a column of the files, where they have pseudonyms or were "
            "forgotten",
        )
    return column


def with_declared(
    reading: Reading, mapped: MappedTable | None, guarded: str | None
) -> tuple[Reading, MappedTable | None]:
    """Return what a table is read by, where `_missing` takes ids for none that get pseudonyms."""
    if mapped is None or guarded is None or not reading.guard.key:
        return reading, mapped
    declared = mapped.missing.get(guarded, ())
    if not declared:
        return reading, mapped
    guard = replace_fields(reading.guard, declared=tuple(declared))
    missing = {**mapped.missing, guarded: (*declared, DECLARED)}
    return replace_fields(reading, guard=guard), replace_fields(mapped, missing=missing)


def _partitions(file: RawFile) -> set[str]:
    return {name for name, column in file.columns.items() if column in file.found.partitions}


def read_table(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    guarded: str | None,
    orders: OrderFields | None,
) -> tuple[dict[str, int], bool]:
    """Make the raw table or view of some files; returns the rows of each, and if it was kept.

    A table made before from the very same files and columns is kept.
    """
    name = plan.name
    kind = "view" if plan.is_view and not guarded else "table"
    mark = plan.fingerprint() + reading.guard.mark(guarded)
    if relation_kind(connection, "raw", name) == kind and comment_of(connection, name) == mark:
        seen = {file.name: reading.seen(plan.table, file) for file in plan.files}
        kept = {file: row.row_count for file, row in seen.items() if row}
        if len(kept) == len(seen):
            return kept, True
    if plan.is_text:
        counts = read_text_files(connection, reading, plan, guarded, orders)
    else:
        counts = {file.name: parquet_rows(connection, reading, plan, file) for file in plan.files}
        if guarded:
            copy_guarded(connection, reading, plan, guarded, orders)
        else:
            replace(connection, kind, name, plan.parquet_sql())
    connection.execute(f"comment on {kind} {identifier('raw', name)} is {literal(mark)}")
    return counts, False


def read_text_files(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    guarded: str | None,
    orders: OrderFields | None,
) -> dict[str, int]:
    """Copy text files into a raw table, one after the other; returns the rows of each.

    Files that the table has already stay in it.
    """
    there: dict[str, int] = {}
    if relation_kind(connection, "raw", plan.name) == "table":
        there = files_there(connection, reading, plan, guarded)
    if not there:
        if relation_kind(connection, "raw", plan.name) not in (None, "table"):
            drop_relation(connection, "raw", plan.name)
        connection.execute(plan.create_table_sql())
    counts = {}
    for file in plan.files:
        if file.name in there:
            counts[file.name] = there[file.name]
            continue
        with utf8_file(file, reading.temporary) as plain:
            path = reading.names.of(plain)
            try:
                counts[file.name] = insert_rows(
                    connection, reading, plan, guarded, orders, file, path
                )
            except duckdb.Error as error:
                raise text_problem(file, error) from error
    return counts


def files_there(
    connection: duckdb.DuckDBPyConnection, reading: Reading, plan: TablePlan, guarded: str | None
) -> dict[str, int]:
    """Return the rows of the files that a raw table holds, where others only come on top.

    It is empty where the table must be made anew: a file of it has changed or is not there any
    more, or its columns are others now; or where it does not hold the files as they were read, but
    filled forward.
    """
    seen = {file.name: reading.seen(plan.table, file) for file in plan.files}
    before = replace_fields(plan, files=tuple(file for file in plan.files if seen[file.name]))
    if not before.files or before.columns() != plan.columns():
        return {}
    mark = before.fingerprint() + reading.guard.mark(guarded)
    if comment_of(connection, plan.name) != mark:
        return {}
    return {name: row.row_count for name, row in seen.items() if row}


def insert_rows(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    guarded: str | None,
    orders: OrderFields | None,
    file: RawFile,
    path: Path,
) -> int:
    """Copy a text file into its raw table; returns the rows of the file."""
    select = plan.select_sql(file, path)
    if guarded is None:
        return one_count(connection, f"insert into {plan.relation} {select}")
    with guarded_sql(connection, reading, select, plan.columns(), guarded, orders) as rows:
        statement = f"insert into {plan.relation} {rows}"
        written = one_count(connection, statement, reading.guard.parameters())
    if not reading.guard.forgotten:
        return written
    return one_count(connection, f"select count(*) from ({select})")


def orders_to_guard(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    mapped: MappedTable | None,
    joins: Sequence[Join],
) -> OrderFields | None:
    """Return the columns that say what an order is; None where nobody is forgotten, or none do.

    Customers that are read from files of orders have the lines of these orders beside them.
    """
    if not reading.guard.forgotten or reading.orders is None:
        return None
    if plan.table.name == reading.orders.name:
        return order_fields(plan, mapped)
    mapping = reading.mappings.get(reading.orders.name, NO_MAPPING)
    files = {file.name for file in find_files(reading.place, reading.orders, mapping)}
    if not {file.name for file in plan.files} <= files:
        return None
    as_orders = replace_fields(plan, table=reading.orders)
    if mapping.is_given:
        joined = find_joins(connection, reading, as_orders, mapping)
        found = order_fields(as_orders, mapped_table(connection, as_orders, mapping, joined))
    else:
        found = order_fields(as_orders, None)
    there = set(joined_files.joined_columns(plan, joins))
    if found is None or found.order not in there:
        return None
    product = found.product if found.product in there else None
    fields = tuple(name for name in found.fields if name in there)
    return replace_fields(found, product=product, fields=fields)


@contextmanager
def guarded_sql(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    select: str,
    columns: Sequence[str],
    guarded: str,
    orders: OrderFields | None,
) -> Iterator[str]:
    """Yield the SELECT of raw rows with customers guarded; it takes the guard's parameters.

    Who is forgotten is so with whole orders: where the customer stands on the first row only, the
    rows that would be filled from it are left out too. Rows are in a temporary table meanwhile.
    """
    guard = reading.guard
    if not guard.forgotten or orders is None:
        yield guard.select_sql(select, columns, guarded)
        return
    names = ", ".join(map(identifier, [*columns, *ADDED_COLUMNS]))
    aside = replace_fields(orders, relation="temp.rows_to_guard")
    connection.execute(
        f"create or replace temp table rows_to_guard as select * from ({select}) as rows({names})"
    )
    try:
        rows = f"select {names} from {aside.relation}"
        if filled := find_filled(connection, reading.project, aside):
            whole = f"select {names} from ({filled_sql(reading.project, aside, filled)})"
            kept = guard.select_sql(whole, columns, guarded)
            rows += f" semi join ({kept}) as kept({names}) using (_file, _row_number)"
        yield guard.select_sql(rows, columns, guarded)
    finally:
        connection.execute(f"drop table {aside.relation}")


def copy_guarded(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    guarded: str,
    orders: OrderFields | None,
) -> None:
    """Copy Parquet files into a raw table: a view would show what they hold."""
    select = plan.parquet_sql()
    columns = [
        f"{identifier(column)} {'varchar' if column == guarded else kind}"
        for column, kind, *_ in connection.execute(f"describe {select}").fetchall()
    ]
    if relation_kind(connection, "raw", plan.name) not in (None, "table"):
        drop_relation(connection, "raw", plan.name)
    # Made by its columns: DuckDB 2.0.0 shows no rows of a table that was made as an empty SELECT
    # and then filled, in the same transaction, by one with NOT IN (SELECT ...).
    connection.execute(f"create or replace table {plan.relation} ({', '.join(columns)})")
    with guarded_sql(connection, reading, select, plan.columns(), guarded, orders) as rows:
        connection.execute(f"insert into {plan.relation} {rows}", reading.guard.parameters())


@contextmanager
def utf8_file(file: RawFile, temporary: Path) -> Iterator[Path]:
    """Yield the path of a text file in plain UTF-8: itself, or a copy while it is read."""
    if file.text_format.is_plain:
        yield file.path
        return
    with tempfile.TemporaryDirectory(prefix="reading-", dir=temporary) as folder:
        copy = Path(folder) / "utf8.csv"
        try:
            write_utf8(file.path, file.text_format, copy)
        except csv.Error as error:
            raise csv_problem(file.name, file.path, file.text_format, file.header, error) from error
        yield copy


def text_problem(file: RawFile, error: duckdb.Error) -> Problem:
    """Return what is wrong with a text file that DuckDB refused."""
    if problem := problem_of(error, f"loading {file.name}"):
        return problem
    if file.shape:
        return json_problem(file.name, file.path, file.text_format, file.shape.layout, error)
    return csv_problem(file.name, file.path, file.text_format, file.header, error)


def comment_of(connection: duckdb.DuckDBPyConnection, name: str) -> str | None:
    """Return the comment of a raw table or view: the mark of what it was made from."""
    row = connection.execute(
        "select comment from ("
        "select database_name, schema_name, table_name, comment from duckdb_tables() union all "
        "select database_name, schema_name, view_name, comment from duckdb_views()) "
        "where database_name = current_database() and schema_name = 'raw' and table_name = ?",
        [name],
    ).fetchone()
    return row[0] if row else None


def parquet_rows(
    connection: duckdb.DuckDBPyConnection, reading: Reading, plan: TablePlan, file: RawFile
) -> int:
    """Count the rows of a Parquet file; at first sight reading every value, for damage to show."""
    if seen := reading.seen(plan.table, file):
        return seen.row_count
    columns = ", ".join(identifier(name) for name in file.header)
    try:
        return one_count(
            connection,
            f"select count(*), bit_xor(hash({columns})) "
            "from read_parquet(?, hive_partitioning = false)",
            [str(file.path)],
        )
    except duckdb.Error as error:
        raise (
            problem_of(error, f"loading {file.name}") or unreadable_parquet(file.name, error)
        ) from error


def replace(connection: duckdb.DuckDBPyConnection, kind: str, name: str, query: str) -> None:
    """Make a table or view of schema raw anew, whichever of the two was there."""
    if relation_kind(connection, "raw", name) not in (None, kind):
        drop_relation(connection, "raw", name)
    connection.execute(f"create or replace {kind} raw.{identifier(name)} as {query}")


def drop_other_tables(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    reading: Reading,
    tables: Sequence[LoadedTable],
) -> None:
    """Take away raw tables that the source no longer has."""
    kept = {raw_table.name for raw_table in source.tables}
    kept |= {loaded.table.name + AS_READ for loaded in tables if loaded.mapped}
    made = {AS_READ, AS_FILLED}
    kept |= {loaded.table.name + end for loaded in tables if loaded.filled for end in made}
    kept |= {*OWN_TABLES}
    names = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'raw' "
        "and database_name = current_database() union all "
        "select view_name from duckdb_views() where schema_name = 'raw' "
        "and database_name = current_database()"
    ).fetchall()
    for (name,) in names:
        if name not in kept:
            drop_relation(connection, "raw", name)


def write_formats(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    reading: Reading,
    tables: Sequence[LoadedTable],
) -> None:
    """Find the formats of all text columns that are read as dates or numbers, and keep them.

    Those of a table that is kept are kept too, unless other formats are stated.
    """
    before = known_formats(connection, reading.stated)
    rows = []
    for loaded_table in tables:
        raw_table = loaded_table.table
        if loaded_table.is_kept and before is not None:
            rows += [row for row in before if row[0] == raw_table.name and row[2] != "id"]
            continue
        columns = text_columns(connection, raw_table, ["VARCHAR"])
        numbers = [column for column in columns if column.name in raw_table.numbers]
        columns = text_columns(connection, raw_table, ["VARCHAR", *NUMBER_TYPES])
        times = [column for column in columns if column.name in raw_table.times]
        rows += find_formats(connection, reading.project, numbers, times, reading.stated)
    if source.has_id_rules and source.customer_column:
        column = source.customer_column
        named = [t.table.name for t in tables if t.plan and column in t.table.columns]
        if source.name in SOURCES_OF_ONE_TABLE:
            column, named = ID_COLUMN, [VIEW]
        rows += id_formats(connection, reading.project, named, column, reading.stated.ids)
    create_formats(connection)
    connection.execute(f"comment on table raw.{FORMATS} is {literal(repr(reading.stated))}")
    for row in rows:
        connection.execute(f"insert into raw.{FORMATS} values (?, ?, ?, ?, ?, ?)", row)


def create_formats(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the table of formats anew, without rows and without the mark of a load."""
    connection.execute(
        f"create or replace table raw.{FORMATS} (source_table varchar, column_name varchar, "
        "kind varchar, format_number integer, format varchar, source_file varchar)"
    )


def known_formats(connection: duckdb.DuckDBPyConnection, stated: Stated) -> list[FormatRow] | None:
    """Return the formats found by the last load; None when none were, or others were stated."""
    if comment_of(connection, FORMATS) != repr(stated):
        return None
    return connection.execute(f"select * from raw.{FORMATS}").fetchall()


def text_columns(
    connection: duckdb.DuckDBPyConnection, raw_table: RawTable, types: Sequence[str]
) -> list[Column]:
    """Return the columns of a raw table that are of some types, in the order of their names."""
    names = connection.execute(
        "select column_name from duckdb_columns() where database_name = current_database() "
        "and schema_name = 'raw' and table_name = ? and list_contains(?, data_type) "
        "order by column_name",
        [raw_table.name, list(types)],
    ).fetchall()
    return [Column(raw_table.name, n, f"{raw_table.name}: column {n}") for (n,) in names]


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


def facts(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    source: Source,
    rows: list[LedgerRow],
) -> Loaded:
    """Return what the settings are checked against: rows, customers, first and last day."""
    customer_column = source.customer_column
    if source.orders_table is None or source.time_column is None or customer_column is None:
        return customer_facts(connection, project, source, rows)
    orders = Relation("raw", source.orders_table)
    customer = customer_sql(project, source, orders, customer_column)
    formats = project.call("column_formats", orders, source.time_column)
    moment = project.macro("time_in_format", identifier(source.time_column), formats)
    loaded_at = max(row.loaded_at for row in rows)
    # Rows that core will reject for their customer or their date say nothing about either.
    # Customers are fewer than lines: the id of each is read once.
    column = identifier(customer_column)
    customers, first, last = one_row(
        connection,
        f"select count(distinct {customer}), cast(min(first_moment) as date), "
        "cast(max(last_moment) as date) from ("
        f"select {column}, min({moment}) as first_moment, max({moment}) as last_moment "
        f"from {orders} where {moment} >= timestamp '1970-01-01' "
        f"and cast({moment} as date) <= cast(? as date) + 1 group by {column}"
        f") where {customer} is not null",
        [loaded_at],
    )
    if customers == 0:
        time = Column(source.orders_table, source.time_column, "")
        raise nothing_usable(connection, customer_column, time, customer, moment)
    return Loaded(sum(row.row_count for row in rows), customers, first, last)


def customer_sql(project: ProjectSql, source: Source, relation: Relation, column: str) -> str:
    """Return the customer's id of a raw table as staging reads it."""
    rules = project.call("column_formats", relation, column)
    return project.macro(
        source.customer_macro,
        identifier(column),
        *([rules] if source.has_id_rules else []),
    )


def customer_facts(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    source: Source,
    rows: list[LedgerRow],
) -> Loaded:
    """Return the facts of a source with one row per customer, or of one that tells none."""
    if source.customer_column is None:
        row_count = sum(row.row_count for row in rows)
        return Loaded(row_count, row_count, None, None)
    relation = Relation("raw", VIEW if source.name in SOURCES_OF_ONE_TABLE else RAW_TABLE)
    customer = customer_sql(project, source, relation, source.customer_column)
    customers = one_count(connection, f"select count(distinct {customer}) from {relation}")
    if customers == 0:
        raise Problem(
            f"{RAW_TABLE}: no row has a {source.customer_column}; expected one in each row",
            DATA_REFUSED,
        )
    return Loaded(sum(row.row_count for row in rows), customers, None, None)


def main() -> int:
    """Load the files of the source that the settings name."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"settings (environment variables):\n{table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    settings = resolve()
    started = time.monotonic()
    say(f"Loading {settings.source} into {settings.warehouse}")
    warehouse = Warehouse(settings.warehouse)
    with exclusive(warehouse), healed(warehouse), told("loading"):
        check_published(warehouse)
        loaded = load(settings)
    seconds = time.monotonic() - started
    say(f"Loaded {count(loaded.row_count, 'row')} in {seconds:.1f} s")
    return 0
