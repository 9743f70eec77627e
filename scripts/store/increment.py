"""Deciding what a build may keep of the one before it: all that new files do not affect.

What a complete build leaves in the build database can be built on: new files of order lines are
appended, and what they affect (orders, days, weeks) is rebuilt; `dbt_project/macros/increment.sql`
is the other half. Other sources than those that grow are built on while no file of theirs changes.
Where anything else has changed, or it is not certain what was left, all is rebuilt, as with FULL=1,
and the build says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import duckdb

from common.console import count
from common.query_rows import one_row
from common.quoting import identifier
from common.settings import Settings
from common.sources import source_of
from store.build_database import relation_kind
from store.build_inputs import (
    AS_READ,
    FILE_PREFIX,
    GROWING_TABLE,
    LATEST,
    SOURCES_THAT_GROW,
    TABLES_KEPT_WHOLE,
    TABLES_READ,
    files_in,
    inputs_of,
    state_of,
)
from store.build_state import (
    MARK,
    STATE,
    Increment,
    kept_tables,
    open_as_loaded,
    read_state,
    write_plan,
)


def prepare(settings: Settings, *, is_replay: bool) -> tuple[Increment, Mapping[str, str]]:
    """Decide what may be kept, write it down for dbt, and remove the state of the last build.

    To be called between loading and running dbt. Returns the state to write with `complete`
    when this build is published, too.
    """
    readable = [settings.data] if settings.data else []
    with open_as_loaded(settings, readable) as connection:
        now = state_of(connection, settings) if source_of(settings).orders_table else {}
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


def describe(decided: Increment) -> str:
    """Return a line on what is kept and what is rebuilt."""
    if decided.reason is not None:
        return f"  everything is rebuilt: {decided.reason}"
    if decided.new_files is None:
        return (
            f"  no file has changed: what the last build made of {decided.kept_row_count:,} rows "
            f"in {count(decided.kept_file_count, 'file')} is kept"
        )
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
    grows = settings.source in SOURCES_THAT_GROW
    if not now:
        return Increment(f"SOURCE={settings.source} has no order lines")
    if grows and relation_kind(connection, "raw", GROWING_TABLE + AS_READ):
        return Increment(f"columns.yml makes the columns of {GROWING_TABLE}")
    if not before:
        return Increment("there is no complete build to continue from")
    if reason := changed(before, now) or files_changed(before, now, grows=grows):
        return Increment(reason)
    if reason := tables_changed(connection, before[MARK]):
        return Increment(reason)
    if reason := groups_changed(connection, settings):
        return Increment(reason)
    if reason := future_reached(connection, before[LATEST], now[LATEST]):
        return Increment(reason)
    if not grows:
        return unchanged_files(connection)
    files_before, files_now = files_in(before, GROWING_TABLE), files_in(now, GROWING_TABLE)
    new = tuple(name for name in files_now if name not in files_before)
    unchanged = tuple(
        table for table in TABLES_KEPT_WHOLE if is_unchanged(connection, table, before, now)
    )
    return Increment(None, new, rows_kept(connection, new), len(files_before), unchanged)


def unchanged_files(connection: duckdb.DuckDBPyConnection) -> Increment:
    """Build on what the last build made of the same files."""
    (awaited,) = one_row(
        connection, "select count(*) from core.rejected_records where reason = 'in_the_future'"
    )
    if awaited:
        return Increment(f"{count(awaited, 'row')} dated in the future may be in the past by now")
    row_count, file_count = one_row(
        connection, "select coalesce(sum(row_count), 0)::bigint, count(*) from raw.load_ledger"
    )
    return Increment(None, None, row_count, file_count, TABLES_KEPT_WHOLE)


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
    return None


def files_changed(before: Mapping[str, str], now: Mapping[str, str], *, grows: bool) -> str | None:
    """Return which file of the last build has changed that all depends on; None for none.

    grows: whether files of order lines may be new.
    """
    if not grows:
        for name in sorted(before.keys() | now.keys()):
            if name.startswith(FILE_PREFIX) and before.get(name) != now.get(name):
                return f"{name.removeprefix(FILE_PREFIX).partition(':')[2]} has changed"
        return None
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
    if not files_in(now, table) or inputs_of(before, table) != inputs_of(now, table):
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


def groups_changed(connection: duckdb.DuckDBPyConnection, settings: Settings) -> str | None:
    """Return why product groups may not be those that kept tables are made by; None if they are."""
    made_by = "from core.learned_product_groups"
    is_there = relation_kind(connection, "core", "learned_product_groups")
    if not is_there or not one_row(connection, f"select count(*) {made_by}")[0]:
        return None
    if settings.refit == "always":
        return "with REFIT=always products may join the groups"
    (differing,) = one_row(
        connection,
        f"""
        select count(*) from (
            select item, product_group {made_by}
            except
            select item, product_group from history.fit_product_groups
            where fit_number = (select max(fit_number) from history.fit_product_groups)
        )
        """,
    )
    return "product groups are not those of the last build" if differing else None


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
