"""Look at data without building from it: what was found, what is used, what is rejected and why.

The files are read as a build reads them, into a database that is deleted afterwards, and judged by
the very models of the dbt project that a build judges them by.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from build_database import open_build_database
from column_formats import spoken_format
from console import DATA_REFUSED, LiveLine, Problem, count, run, say
from expressions import Expression
from load_raw import Loaded, LoadedTable, load
from project_sql import ProjectSql, Relation
from refusals import listed, printable, shown
from run_dbt import dbt_vars
from settings import Settings, resolve, table
from sources import source_of
from warehouse import Warehouse

DEFAULT_SOURCE = "own_files"
SCHEMA = "judged"
WIDEST_CELL = 44

EXIT_CODES = """exit codes:
  0  the data can be built from
  1  failed
  2  wrong use: a setting that cannot be
  4  data refused
"""


@dataclass(frozen=True)
class Outcome:
    """What became of rows of a raw table; `place` and `record` are of the first one rejected."""

    source_table: str
    outcome: str
    reason: str
    row_count: int
    place: str = ""
    record: str = ""


class Judge:
    """Makes the models that judge rows, in schema `judged` of a loaded database."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        self._connection = connection
        self._project = ProjectSql(connection, dbt_vars(settings), self._ref)
        self._made: set[str] = set()
        connection.execute(f"create schema if not exists {SCHEMA}")

    def outcomes(self) -> list[Outcome]:
        """Return what becomes of the rows of each raw table."""
        rows = self._connection.execute(
            f"select source_table, outcome, reason, row_count from {self._ref('data_quality')} "
            "order by source_table, outcome, row_count desc, reason"
        ).fetchall()
        first = self._first_rejected()
        return [Outcome(*row, *first.get((row[0], row[2]), ("", ""))) for row in rows]

    def _first_rejected(self) -> dict[tuple[str, str], tuple[str, str]]:
        rows = self._connection.execute(
            "select distinct on (source_table, reason) "
            "source_table, reason, source_file, source_row_number, record_json "
            f"from {self._ref('rejected_records')} "
            "order by source_table, reason, source_file, source_row_number"
        ).fetchall()
        return {
            (source_table, reason): (f"{file}, row {number:,}", record)
            for source_table, reason, file, number, record in rows
        }

    def _ref(self, name: str) -> Relation:
        relation = Relation(SCHEMA, name)
        if name not in self._made:
            sql, config = self._project.model(name)
            # As dbt_project.yml has it: staging are views, other models tables unless they say so.
            usual = "view" if name.startswith("stg_") else "table"
            kind = config.get("materialized", usual)
            kind = "table" if kind == "incremental" else kind
            self._connection.execute(f"create {kind} {relation} as {sql}")
            self._made.add(name)
        return relation


def check(settings: Settings) -> list[Outcome]:
    """Read and judge the data of a source and show what was found.

    Returns what becomes of the rows, as the mart `data_quality` has it.

    Raises:
        Problem: the data is refused, with the message of a build.
    """
    started = time.monotonic()
    source = source_of(settings)
    with temporary_warehouse(settings) as passing:
        say(f"Reading {settings.source} from {source.folder(settings)}")
        loaded = load(passing, origin=Warehouse(settings.warehouse))
        live = LiveLine()
        live.show("  judging the rows ...")
        try:
            with open_build_database(passing, readable=[source.folder(settings)]) as connection:
                formats = formats_of(connection)
                outcomes = Judge(connection, settings).outcomes()
        finally:
            live.clear()
    for loaded_table in loaded.tables:
        show_columns(loaded_table, formats)
    show_outcomes(outcomes)
    say()
    what, judged = ("order line", source.orders_table) if source.orders_table else ("row", None)
    accepted = sum(
        outcome.row_count
        for outcome in outcomes
        if outcome.outcome == "accepted" and judged in (None, outcome.source_table)
    )
    if not accepted:
        raise Problem(f"no {what} was accepted, so there is nothing to segment", DATA_REFUSED)
    say(conclusion(settings, loaded, count(accepted, what), time.monotonic() - started))
    return outcomes


@contextmanager
def temporary_warehouse(settings: Settings) -> Iterator[Settings]:
    """Yield settings with a warehouse that goes when the check ends.

    It is made where the real one is, on a disk that has room for the data.
    """
    place = next(p for p in (settings.warehouse, *settings.warehouse.parents) if p.is_dir())
    try:
        folder = tempfile.mkdtemp(prefix=".check-", dir=place)
    except OSError:
        folder = tempfile.mkdtemp(prefix="check-")
    try:
        yield replace(settings, warehouse=Path(folder))
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def formats_of(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[str]]:
    """Return the formats of each column that is read as dates or numbers."""
    rows = connection.execute(
        "select source_table, column_name, format from raw.column_formats "
        "order by source_table, column_name, format_number"
    ).fetchall()
    found: dict[tuple[str, str], list[str]] = {}
    for source_table, column, text in rows:
        found.setdefault((source_table, column), []).append(text)
    return found


# --- what is shown


def show_columns(loaded: LoadedTable, formats: dict[tuple[str, str], list[str]]) -> None:
    """Show which columns of a table were found and how they are read."""
    if loaded.plan is None:
        return
    raw_table = loaded.table
    say()
    names = listed([file.name for file in loaded.plan.files], 4)
    say(f"{raw_table.name}: {printable(names)}")
    used = sources_of_columns(loaded)
    is_open = raw_table.is_open or not raw_table.columns
    rows = [
        (name, source, read_as(loaded, name, formats.get((raw_table.name, name), [])))
        for name, source in used.items()
        if is_open or name in raw_table.columns
    ]
    show_rows(("column", "from", "read as"), rows)
    absent = [name for name in raw_table.columns if name not in used]
    if absent:
        say(f"  not there, which is fine: {', '.join(absent)}")
    left = [name for name in used if name not in raw_table.columns]
    if left and not is_open:
        say(f"  not used: {printable(listed(left, 12))}")


def sources_of_columns(loaded: LoadedTable) -> dict[str, str]:
    """Return what each column of a raw table is made from, in the words of the files."""
    spelled: dict[str, str] = {}
    for file in loaded.plan.files:
        for name, column in file.columns.items():
            spelled.setdefault(name, column)
    if loaded.mapped is None:
        return spelled
    made = {
        name: source.text if isinstance(source, Expression) else spelled[source]
        for name, source in loaded.mapped.columns.items()
    }
    in_contract = {name: made[name] for name in loaded.table.columns if name in made}
    return in_contract | made


def read_as(loaded: LoadedTable, name: str, formats: Sequence[str]) -> str:
    """Say how a column is read: as text, as dates in a format, as numbers."""
    if name in loaded.table.times:
        known = {"iso": "YYYY-MM-DD"}
        spoken = dict.fromkeys(known.get(text) or spoken_time(text) for text in formats)
        return ", ".join(["dates", *spoken])
    if name in loaded.table.numbers:
        signs = {"comma": "numbers, decimal comma", "point": "numbers, decimal point"}
        return signs.get("".join(formats), "numbers")
    return "text"


def spoken_time(text: str) -> str:
    """Return a format of strptime as people write it."""
    words = {"%H": "HH", "%I": "HH", "%M": "MM", "%S": "SS", "%f": "ffffff", "%p": "AM"}
    spoken = spoken_format(text)
    for directive, word in words.items():
        spoken = spoken.replace(directive, word)
    return spoken


def show_outcomes(outcomes: Sequence[Outcome]) -> None:
    """Show what became of the rows, with the first row of each reason to reject."""
    say()
    say("Rows")
    rows = [
        (
            outcome.source_table,
            outcome.outcome,
            "" if outcome.reason == outcome.outcome else outcome.reason,
            f"{outcome.row_count:,}",
            example(outcome),
        )
        for outcome in outcomes
    ]
    show_rows(("raw table", "outcome", "reason", "rows", "first"), rows, right=(3,))


def example(outcome: Outcome) -> str:
    """Return where the first row of a reason stands, with the value that cannot be read."""
    if not outcome.place:
        return ""
    column = outcome.reason.removeprefix("unreadable_")
    value = json.loads(outcome.record).get(column) if column != outcome.reason else None
    return outcome.place + (f": {shown(value)}" if value is not None else "")


def show_rows(
    heads: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()
) -> None:
    """Show a table, its columns as wide as they need to be."""
    cells = [[cell(text) for text in row] for row in (heads, *rows)]
    widths = [max(len(row[n]) for row in cells) for n in range(len(heads))]
    for row in cells:
        line = "  ".join(
            text.rjust(width) if n in right else text.ljust(width)
            for n, (text, width) in enumerate(zip(row, widths, strict=True))
        )
        say(f"  {line}".rstrip())


def cell(text: str) -> str:
    """Return a text as a cell of a table: on one line, cut to what there is room for."""
    plain = printable(text)
    return plain if len(plain) <= WIDEST_CELL else plain[: WIDEST_CELL - 3] + "..."


def conclusion(settings: Settings, loaded: Loaded, accepted: str, seconds: float) -> str:
    """Return the last line: what a build would work with, and how to start it."""
    span = f", {loaded.first_date} to {loaded.last_date}" if loaded.first_date else ""
    data = f" DATA={settings.data}" if settings.data else ""
    return (
        f"{accepted} of {count(loaded.customer_count, 'customer')}{span} "
        f"can be built from (looked at in {seconds:.1f} s, nothing was built)\n"
        f"  make build SOURCE={settings.source}{data}"
    )


def main() -> int:
    """Check with the settings of the environment."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"settings (environment variables; SOURCE is {DEFAULT_SOURCE} unless given):\n"
        f"{table()}\n\n{EXIT_CODES}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.parse_args()
    given = dict(os.environ)
    if not given.get("SOURCE", "").strip():
        given["SOURCE"] = DEFAULT_SOURCE
    check(resolve(given))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
