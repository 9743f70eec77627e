"""Publish: write the marts and the state into a new file and put it in place of the published one.

Readers keep the version they opened and get the new one when they reconnect. Whatever fails
before the rename leaves the published file as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.console import DATA_REFUSED, Problem, count, size
from common.data_errors import first_line
from common.query_rows import one_row
from common.quoting import identifier, literal
from common.settings import Settings
from common.system_errors import problem_of
from common.trimming import text_sql
from common.warehouse_paths import Warehouse
from dbt_runs.dbt_results import check_success, read_json
from dbt_runs.fit_settings import check_before_publishing
from publishing.marts_schema import check_schema
from publishing.old_names import write_old_names
from publishing.published_tables import HISTORY, PublishedTable, tables_to_publish
from publishing.scoring_macro import write_scoring_macro
from store.atomic_path import sync
from store.build_database import limit_access, limit_resources
from store.forgotten_totals import Pending, complete_forgetting, past_of, pending_of
from store.history import Published, published_facts
from store.kept_versions import (
    keep_published,
    make_read_only,
    put_in_place,
    version_of,
    working_folder,
)
from store.warehouse import set_aside_wal

STORAGE_VERSION = "v1.0.0"
MACROS = Path(__file__).parent / "published_macros"


@dataclass(frozen=True)
class Publication:
    """What was published."""

    path: Path
    byte_count: int
    table_count: int
    row_count: int
    run_number: int


def publish(
    settings: Settings, target: Path | None = None, build_db: Path | None = None
) -> Publication:
    """Publish what the last `dbt build` made. The caller holds the warehouse's lock.

    `target` is dbt's target folder and `build_db` the build database, by default those in the
    warehouse.

    Raises:
        Problem: the build did not succeed, or the file could not be written; what was published
            before is untouched.
    """
    warehouse = settings.place
    target = target or warehouse.dbt_target
    check_success(target)
    tables = tables_to_publish(read_json(target / "manifest.json"))
    # What a program wrote since loading must not be taken for what is published.
    set_aside_wal(warehouse)
    before = published_facts(warehouse)
    pending = pending_of(warehouse)
    try:
        check_before_publishing(build_db or warehouse.build_db)
        keep_published(warehouse, before.run_number if before else None)
        with working_folder(warehouse) as folder:
            new_file = folder / warehouse.marts_db.name
            row_count = write(settings, tables, new_file, build_db or warehouse.build_db, pending)
            run_number = check_run(warehouse, new_file, before)
            check_schema(warehouse, new_file)
            make_read_only(new_file)
            sync(new_file)
            put_in_place(warehouse, new_file, run_number, settings.keep)
        if pending:
            complete_forgetting(warehouse, pending, run_number)
    except (OSError, duckdb.Error) as error:
        problem = problem_of(error, "publishing")
        raise problem or Problem(
            f"publishing failed, nothing was changed: {first_line(error)}"
        ) from error
    return Publication(
        warehouse.marts_db,
        warehouse.marts_db.stat().st_size,
        len(tables),
        row_count,
        run_number,
    )


def write(
    settings: Settings,
    tables: list[PublishedTable],
    new_file: Path,
    build_db: Path,
    pending: Pending | None = None,
) -> int:
    """Write all tables with their comments into a new file; returns their rows together.

    pending: what counts customers who were forgotten, and is left out.
    """
    with duckdb.connect() as connection:
        limit_resources(connection, settings)
        limit_access(connection, [settings.warehouse])
        connection.execute(f"attach {literal(build_db)} as build (read_only)")
        connection.execute(
            f"attach {literal(new_file)} as marts (storage_version {literal(STORAGE_VERSION)})"
        )
        connection.execute("create schema marts.history")
        sources = relations(connection, tables, pending)
        for published in tables:
            write_table(connection, published, sources[published.schema, published.name])
            write_comments(connection, published)
        write_macros(connection, MACROS)
        write_old_names(connection, "marts")
        connection.execute("checkpoint marts")
        connection.execute("detach marts")
        connection.execute(f"attach {literal(new_file)} as marts (read_only)")
        return sum(
            verified_rows(connection, published, sources[published.schema, published.name])
            for published in tables
        )


def relations(
    connection: duckdb.DuckDBPyConnection,
    tables: Sequence[PublishedTable],
    pending: Pending | None,
) -> dict[tuple[str, str], str]:
    """Return what to publish of each table of the build database, as a relation."""
    found = {
        (table.schema, table.name): f"({table.rows})"
        if table.rows
        else identifier("build", table.source_schema, table.source_name)
        for table in tables
    }
    past = past_of(connection, pending, found["main", "segmentation_runs"]) if pending else None
    if past is None:
        return found
    return {place: past.relation_sql(connection, place, found[place]) for place in found}


def write_table(
    connection: duckdb.DuckDBPyConnection, published: PublishedTable, source: str
) -> None:
    """Copy one relation, in the order of its key so that its export is always the same."""
    order = ", ".join(identifier(column) for column in published.primary_key) or "all"
    connection.execute(
        f"create table {identifier('marts', published.schema, published.name)} as "
        f"select * from {source} order by {order}"
    )


def write_comments(connection: duckdb.DuckDBPyConnection, published: PublishedTable) -> None:
    """Write the descriptions of a table and its columns as comments, in one transaction."""
    path = identifier("marts", published.schema, published.name)
    described = {f"table {path}": published.description}
    for column, *_ in connection.execute(f"from {path} limit 0").description:
        description = published.column_descriptions.get(column, "")
        described[f"column {path}.{identifier(column)}"] = description
    comments = [f"comment on {what} is {literal(text)}" for what, text in described.items() if text]
    connection.execute("; ".join(["begin", *comments, "commit"]))


def write_macros(connection: duckdb.DuckDBPyConnection, folder: Path) -> None:
    """Create views and macros in the attached file `marts`, views before what reads them.

    They name tables as `main.<table>`: a view finds them in its own file, a macro in the database
    in use. Where a macro says `<run_id>`, it gets the run that the file is of, and for
    `text_of(customer)` the SQL by which staging reads ids.
    """
    files = sorted(folder.glob("*.sql")) if folder.is_dir() else []
    if not files:
        return
    connection.execute("use marts")
    (run_id,) = one_row(
        connection, "select max(run_id) from main.segmentation_runs where is_current"
    )
    for file in files:
        statement = file.read_text(encoding="utf-8")
        statement = statement.replace("text_of(customer)", text_sql("customer"))
        connection.execute(statement.replace("'<run_id>'", literal(run_id or "")))
    write_scoring_macro(connection)
    connection.execute("use memory")


def verified_rows(
    connection: duckdb.DuckDBPyConnection, published: PublishedTable, source: str
) -> int:
    """Return the rows of a published table.

    The keys of marts are tested in the build, those of the state here.

    Raises:
        Problem: they are not as many as in the build database, or two have the same key.
    """
    written = identifier("marts", published.schema, published.name)
    expected, found = one_row(
        connection, f"select (select count(*) from {source}), (select count(*) from {written})"
    )
    if expected != found:
        raise Problem(
            f"{published.name}: wrote {found:,} rows, expected {expected:,}; not published"
        )
    if published.schema == HISTORY and published.primary_key:
        key = ", ".join(identifier(column) for column in published.primary_key)
        (distinct,) = one_row(
            connection, f"select count(*) from (select distinct {key} from {written})"
        )
        if distinct != found:
            raise Problem(
                f"{HISTORY}.{published.name} has {found:,} rows and {distinct:,} different keys "
                f"({', '.join(published.primary_key)}), expected one row for each; not published"
            )
    return int(found)


def check_run(warehouse: Warehouse, new_file: Path, before: Published | None) -> int:
    """Return the run number of the new file's current run.

    Raises:
        Problem: there is not exactly one current run, its as-of date is before that of the
            published one, or it does not continue from what is published now.
    """
    with duckdb.connect(new_file, read_only=True) as connection:
        rows = connection.execute(
            "select run_number, run_id, as_of_date from segmentation_runs where is_current"
        ).fetchall()
        (previous,) = one_row(
            connection, "select max(run_number) from segmentation_runs where not is_current"
        )
    if len(rows) != 1:
        raise Problem(f"segmentation_runs has {len(rows)} current runs, expected 1; not published")
    run_number, run_id, as_of_date = rows[0]
    if not before or before.run_number is None:
        before = None
    elif as_of_date < before.as_of_date:
        raise Problem(
            f"the data ends before what is published: its as-of date is {as_of_date}, the "
            f"published one {before.as_of_date}; nothing was overwritten",
            DATA_REFUSED,
        )
    is_repeat = before is not None and before.run_number == run_number
    goes_on = is_repeat or before is None or before.run_number == previous
    if not goes_on or (not is_repeat and is_taken(warehouse, run_number, run_id)):
        raise Problem(
            "what was built does not continue from what is published now, which was changed since "
            "it was loaded: run make build"
        )
    return int(run_number)


def is_taken(warehouse: Warehouse, run_number: int, run_id: str) -> bool:
    """Say whether a kept version of another run has this number."""
    kept = version_of(warehouse, run_number).file
    if not kept.exists():
        return False
    with duckdb.connect(kept, read_only=True) as connection:
        return connection.execute(
            "select run_id from segmentation_runs where is_current"
        ).fetchall() != [(run_id,)]


def describe(publication: Publication) -> str:
    """Return one line on what was published."""
    return (
        f"  {publication.path.name:<22} {count(publication.row_count, 'row'):>16} "
        f"{size(publication.byte_count):>9}  run {publication.run_number}, "
        f"{count(publication.table_count, 'table')}"
    )
