"""Deciding what a build may keep of the one before it: all that new files do not touch.

What a complete build leaves in the build database can be built on: new files of order lines are
appended, and what they touch (orders, days, weeks) is rebuilt; `dbt_project/macros/increment.sql`
is the other half. Whatever else has changed since, or whenever it is not sure what was left, all
is rebuilt, as with FULL=1, and the build says why.

The state of the last complete build is taken away before dbt starts and written when all is
published, so that a build which was killed half-way is never built on.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.console import Problem, count, warn
from common.project_root import ROOT
from common.query_rows import one_row
from common.quoting import identifier, literal
from common.run_environment import environment_text
from common.settings import Settings
from common.warehouse_paths import Warehouse
from store.build_database import limit_access, limit_resources, relation_kind
from store.privacy import forgotten_file

# Their order lines have no cancellations: one could take back a line of a file that is kept.
SOURCES_THAT_GROW = ("own_files",)
GROWING_TABLE = "order_lines"
# Raw tables that the kept tables are made of besides the one that grows.
TABLES_READ = ("products",)
# Raw tables that some kept tables are made of alone: these stay as they are while their files do.
TABLES_KEPT_WHOLE = ("customers", "interactions", "products")
# The tables that are kept: models with materialized='incremental', by schema.
KEPT_TABLES = {
    "core": (
        "customer_attributes",
        "int_customers_validated",
        "int_products_validated",
        "interactions",
        "products",
        "int_order_lines_keyed",
        "int_order_line_outcomes",
        "int_rejected_lines",
        "order_line_totals",
        "keyed_orders",
    ),
    "features": (
        "customer_campaigns",
        "int_customer_parts",
        "customer_snapshots",
    ),
}
CODE = {
    "dbt_project": ("*.sql", "*.py", "*.yml", "*.csv"),
    "models_py": ("*.py",),
    "scripts": ("*.py",),
}
# Raw tables have it at the end of their name where columns.yml makes others of them.
AS_READ = "_as_read"
# Raw tables have it at the end of their name in the ledger where other files are joined to them.
AS_JOINED = "_joined"
STATE = "last_build"
MARK = "mark"
LATEST = "loaded_at"


@dataclass(frozen=True)
class Increment:
    """What a build goes by.

    Attributes:
        reason: Why everything is rebuilt; None when the last build is built on.
        new_files: Files of order lines that came since.
        kept_row_count: Rows of order lines that are not read again.
        kept_file_count: Files that they stand in.
        unchanged_tables: Raw tables other than order lines of which nothing has changed.
    """

    reason: str | None
    new_files: tuple[str, ...] = ()
    kept_row_count: int = 0
    kept_file_count: int = 0
    unchanged_tables: tuple[str, ...] = ()

    @property
    def is_increment(self) -> bool:
        """Whether the last build is built on."""
        return self.reason is None


def prepare(settings: Settings, *, is_replay: bool) -> tuple[Increment, Mapping[str, str]]:
    """Decide what may be kept, write it down for dbt, and take the last build's state away.

    To be called between loading and running dbt. Returns the state to write with `complete`
    when this build is published, too.
    """
    readable = [settings.data] if settings.data else []
    with open_as_loaded(settings, readable) as connection:
        now = state_of(connection, settings) if settings.source in SOURCES_THAT_GROW else {}
        before = read_state(connection)
        if is_replay:
            decided = Increment("a replay is built from nothing")
        elif settings.full:
            decided = Increment("FULL=1")
        else:
            decided = decide(connection, settings, before, now)
        connection.execute("begin")
        connection.execute(f"drop table if exists raw.{STATE}")
        write_plan(connection, decided)
        connection.execute("commit")
    return decided, now


@contextmanager
def open_as_loaded(
    settings: Settings, readable: Sequence[Path] = ()
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the build database as loading left it; unlike loading, never rebuild it.

    Raises:
        Problem: it cannot be opened.
    """
    warehouse = Warehouse(settings.warehouse)
    try:
        connection = duckdb.connect(warehouse.build_db)
    except duckdb.Error as error:
        reason = " ".join(str(error).split("\n")[0].split())
        raise Problem(
            f"{warehouse.build_db} cannot be opened ({reason}): close the programs that have it "
            "open, and build again"
        ) from error
    try:
        limit_resources(connection, settings)
        limit_access(connection, [warehouse.path, *readable])
        yield connection
    finally:
        connection.close()


def describe(decided: Increment) -> str:
    """Return a line on what is kept and what is rebuilt."""
    if decided.reason is not None:
        return f"  everything is rebuilt: {decided.reason}"
    new = count(len(decided.new_files), "new file") if decided.new_files else "no new file"
    return (
        f"  {new} of order lines: what the last build made of {decided.kept_row_count:,} rows in "
        f"{count(decided.kept_file_count, 'file')} is kept, but for days that are touched"
    )


def decide(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    before: Mapping[str, str],
    now: Mapping[str, str],
) -> Increment:
    """Compare what is there with what the last complete build was made of."""
    if settings.source not in SOURCES_THAT_GROW:
        return Increment(f"SOURCE={settings.source} has no files that are added to")
    if relation_kind(connection, "raw", GROWING_TABLE + AS_READ):
        return Increment(f"columns.yml makes the columns of {GROWING_TABLE}")
    if not before:
        return Increment("there is no complete build to continue from")
    if reason := changed(before, now):
        return Increment(reason)
    if reason := tables_changed(connection, before[MARK]):
        return Increment(reason)
    files_before, files_now = files_in(before, GROWING_TABLE), files_in(now, GROWING_TABLE)
    if reason := future_reached(connection, before[LATEST], now[LATEST]):
        return Increment(reason)
    new = tuple(name for name in files_now if name not in files_before)
    unchanged = tuple(
        table for table in TABLES_KEPT_WHOLE if is_unchanged(connection, table, before, now)
    )
    return Increment(None, new, rows_kept(connection, new), len(files_before), unchanged)


def is_unchanged(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    before: Mapping[str, str],
    now: Mapping[str, str],
) -> bool:
    """Say whether a raw table has the rows of the last build, and they are read as they were.

    Interactions that were rejected as of the future must be of the future still. That is asked of
    the view that the last build validated them by, which compares them with the new load.
    """
    if not files_in(now, table) or about(before, table) != about(now, table):
        return False
    (awaited,) = one_row(
        connection,
        "select count(*) from core.rejected_records "
        "where source_table = ? and reason = 'in_the_future'",
        [table],
    )
    if awaited == 0:
        return True
    (of_the_future,) = one_row(
        connection,
        f"select count(*) from {identifier('core', f'int_{table}_validated')} "
        "where reject_reason = 'in_the_future'",
    )
    return bool(of_the_future == awaited)


def changed(before: Mapping[str, str], now: Mapping[str, str]) -> str | None:
    """Return what has changed since the last build that nothing can be kept of; None if nothing."""
    for name, what in (
        ("code", "the project's code has changed"),
        ("settings", "settings that decide how data is read have changed"),
        ("environment", "the versions of what it is built with have changed"),
        ("privacy", "pseudonyms or forgotten customers have changed"),
        ("mapping", "columns.yml has changed"),
        ("formats", "how dates and numbers are written has changed"),
        ("columns", "columns or their types have changed"),
    ):
        if before.get(name) != now.get(name):
            return what
    if before[LATEST] > now[LATEST]:
        return "the time of the load is before that of the last build"
    for table in TABLES_READ:
        if files_in(before, table) != files_in(now, table):
            return f"the files of {table} have changed"
    files_now = files_in(now, GROWING_TABLE)
    for file, digest in files_in(before, GROWING_TABLE).items():
        if file not in files_now:
            return f"{file} is no longer there"
        if files_now[file] != digest:
            return f"{file} has changed"
    return None


def tables_changed(connection: duckdb.DuckDBPyConnection, mark: str) -> str | None:
    """Return which kept table is not the one that the last complete build left; None if none."""
    found = {
        (schema, name): comment
        for schema, name, comment in connection.execute(
            "select schema_name, table_name, comment from duckdb_tables() "
            "where database_name = current_database()"
        ).fetchall()
    }
    for schema, name in kept_tables():
        if found.get((schema, name)) != mark:
            return f"{name} is not as the last complete build left it"
    return None


def future_reached(connection: duckdb.DuckDBPyConnection, before: str, now: str) -> str | None:
    """Return which rows were rejected as of the future that time has reached; None for none."""
    (reached,) = one_row(
        connection,
        "select count(*) from core.int_order_lines_keyed where reject_reason = 'in_the_future' "
        "and cast(ordered_at as date) <= cast(cast(? as timestamp) as date) + 1",
        [now],
    )
    if reached == 0:
        return None
    return f"{count(reached, 'row')} dated after {before[:10]} are no longer in the future"


def rows_kept(connection: duckdb.DuckDBPyConnection, new_files: Iterable[str]) -> int:
    """Return the rows of order lines in the files that are not new."""
    (row_count,) = one_row(
        connection,
        "select coalesce(sum(row_count), 0)::bigint from raw.load_ledger "
        "where source_table = ? and not list_contains(cast(? as varchar[]), file_name)",
        [GROWING_TABLE, list(new_files)],
    )
    return int(row_count)


def write_plan(connection: duckdb.DuckDBPyConnection, decided: Increment) -> None:
    """Write down for dbt what was decided; None of the last build is kept without it."""
    connection.execute("create or replace table raw.load_increment (is_increment boolean)")
    connection.execute("insert into raw.load_increment values (?)", [decided.is_increment])
    connection.execute("create or replace table raw.load_new_files (source_file varchar)")
    for file in decided.new_files:
        connection.execute("insert into raw.load_new_files values (?)", [file])
    connection.execute("create or replace table raw.load_unchanged_tables (source_table varchar)")
    for table in decided.unchanged_tables:
        connection.execute("insert into raw.load_unchanged_tables values (?)", [table])


def complete(settings: Settings, state: Mapping[str, str]) -> None:
    """Mark what the build database holds as complete: the next build may continue from it.

    The kept tables are marked themselves, so that one which is rebuilt by other means is not
    taken for what was left. What cannot be marked is not built on.
    """
    if not state:
        return
    warehouse = Warehouse(settings.warehouse)
    mark = uuid.uuid4().hex
    try:
        with duckdb.connect(warehouse.build_db) as connection:
            connection.execute("begin")
            for schema, name in kept_tables():
                relation = identifier(schema, name)
                connection.execute(f"comment on table {relation} is {literal(mark)}")
            write_plan(connection, Increment("complete"))
            connection.execute(f"create or replace table raw.{STATE} (name varchar, value varchar)")
            for name, value in {**state, MARK: mark}.items():
                connection.execute(f"insert into raw.{STATE} values (?, ?)", [name, value])
            connection.execute("commit")
    except duckdb.Error as error:
        reason = " ".join(str(error).split("\n")[0].split())
        warn(f"  the next build is a full one: {warehouse.build_db.name} was not marked ({reason})")


def kept_tables() -> list[tuple[str, str]]:
    """Return schema and name of each table that is kept."""
    return [(schema, name) for schema, names in KEPT_TABLES.items() for name in names]


def read_state(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return what the last complete build was made of; empty when there is none."""
    there = connection.execute(
        "select count(*) from duckdb_tables() where database_name = current_database() "
        "and schema_name = 'raw' and table_name = ?",
        [STATE],
    ).fetchone()
    if there == (0,):
        return {}
    return dict(connection.execute(f"select name, value from raw.{STATE}").fetchall())


def forget_state(settings: Settings) -> None:
    """Take the state of the last build away, before dbt is run by hand."""
    if not Warehouse(settings.warehouse).build_db.exists():
        return
    with open_as_loaded(settings) as connection:
        connection.execute("begin")
        connection.execute("create schema if not exists raw")
        connection.execute(f"drop table if exists raw.{STATE}")
        write_plan(connection, Increment("dbt is run by hand"))
        connection.execute("commit")


FILE_PREFIX = "file:"
READING_PREFIX = "reading:"


def files_in(state: Mapping[str, str], table: str) -> dict[str, str]:
    """Return the hash of each file of a raw table."""
    prefix = f"{FILE_PREFIX}{table}:"
    return {
        name.removeprefix(prefix): digest
        for name, digest in state.items()
        if name.startswith(prefix)
    }


def about(state: Mapping[str, str], table: str) -> dict[str, str]:
    """Return what a state says of a raw table: how it is read, its files, files joined to it."""
    prefixes = tuple(f"{FILE_PREFIX}{name}:" for name in (table, f"{table}{AS_JOINED}"))
    return {
        name: value
        for name, value in state.items()
        if name == f"{READING_PREFIX}{table}" or name.startswith(prefixes)
    }


def state_of(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[str, str]:
    """Return all that decides what the kept tables hold, as texts to compare.

    K, REFIT, SEED and AS_OF are not among it: no kept table depends on them.
    """
    files = connection.execute(
        "select source_table, file_name, file_sha256 from raw.load_ledger order by all"
    ).fetchall()
    loaded_at, pseudonym_check, source = one_row(
        connection,
        "select cast(loaded_at as varchar), pseudonym_check, source from raw.load_settings",
    )
    formats = connection.execute(
        "select * from raw.column_formats where source_table in ? order by all",
        [[GROWING_TABLE, *TABLES_READ]],
    ).fetchall()
    columns = [
        (table, name, kind)
        for table in (GROWING_TABLE, *TABLES_READ)
        for name, kind, *_ in connection.execute(f"describe {identifier('raw', table)}").fetchall()
    ]
    warehouse = Warehouse(settings.warehouse)
    given = (source, settings.id, settings.date_format, settings.decimal, settings.target)
    engine = connection.execute("select version()").fetchone()
    return {
        "code": digest_of_code(ROOT),
        "settings": digest((*given, digest_of_file(settings.definitions))),
        "environment": digest((environment_text(), engine)),
        "privacy": digest((pseudonym_check, digest_of_file(forgotten_file(warehouse)))),
        "mapping": digest_of_file(settings.data / "columns.yml" if settings.data else None),
        "formats": digest(formats),
        "columns": digest(columns),
        LATEST: loaded_at,
        **{
            f"{READING_PREFIX}{table}": reading_of(connection, table) for table in TABLES_KEPT_WHOLE
        },
    } | {f"{FILE_PREFIX}{table}:{name}": sha256 for table, name, sha256 in files}


def reading_of(connection: duckdb.DuckDBPyConnection, table: str) -> str:
    """Return a hash of the columns of a raw table, and of how their texts are read."""
    described = connection.execute(f"describe {identifier('raw', table)}").fetchall()
    formats = connection.execute(
        "select * from raw.column_formats where source_table = ? order by all", [table]
    ).fetchall()
    return digest(([column[:2] for column in described], formats))


def digest(value: object) -> str:
    """Return a hash of a value's text."""
    return hashlib.sha256(repr(value).encode()).hexdigest()


def digest_of_file(path: Path | None) -> str:
    """Return a hash of a file; empty when there is none."""
    if path is None or not path.is_file():
        return ""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def digest_of_code(root: Path) -> str:
    """Return a hash of all that makes the tables: the dbt project, what loads and what learns."""
    whole = hashlib.sha256()
    for folder, patterns in CODE.items():
        paths = {path for pattern in patterns for path in (root / folder).rglob(pattern)}
        for path in sorted(path for path in paths if not is_made(path.relative_to(root))):
            whole.update(f"{path.relative_to(root)}\n{digest_of_file(path)}\n".encode())
    return whole.hexdigest()


def is_made(path: Path) -> bool:
    """Say whether a file is written by dbt or Python and is not part of the code."""
    return path.parts[:2] in (("dbt_project", "target"), ("dbt_project", "logs"))
