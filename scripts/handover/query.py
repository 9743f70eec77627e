"""Query the published file in SQL: prints a table, changes nothing.

    make query SQL="from segment_summary"
    make query FILE=scripts/queries/who_moved.sql
    make query FILE=who_moved FORMAT=csv > moved.csv

The file is opened read-only, and the SQL can read and write no other file. With neither SQL nor
FILE, lists the questions of scripts/queries.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from math import isfinite
from pathlib import Path

import duckdb

from common.console import WRONG_USE, Problem, data_output, plain, say, warn
from common.data_errors import first_line
from common.formulas import guarded
from common.paths import resolve_path
from common.project_root import ROOT
from common.query_rows import Row
from common.quoting import literal
from common.setting_values import read_word
from common.settings import resolve_warehouse
from common.settings_table import nearest
from handover.summary import table_text
from store.published_file import not_published
from store.temporary import place_of_user, session
from store.warehouse import remove_leftovers

QUERIES = ROOT / "scripts" / "queries"
FORMATS = ("table", "csv", "json")
ROWS_SHOWN = 100
ROWS_AT_A_TIME = 10_000
MIN_WIDTH, MAX_CELL = 60, 60
NUMBERS = ("INTEGER", "BIGINT", "HUGEINT", "SMALLINT", "TINYINT", "DOUBLE", "FLOAT", "DECIMAL")


@dataclass(frozen=True)
class Result:
    """What a query gives: names and types of its columns, and its rows in pieces."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    pieces: Iterator[list[Row]]


def open_published(
    path: Path, spill: Path, settings: Mapping[str, str] | None = None
) -> duckdb.DuckDBPyConnection:
    """Open a published file so that SQL can read it and touch nothing else.

    What does not fit into memory goes to the folder `spill`. SQL cannot change the settings of
    DuckDB, nor those that are given here.

    Raises:
        Problem: it is not there or cannot be read.
    """
    if not path.exists():
        raise not_published(path)
    try:
        connection = duckdb.connect(
            path, read_only=True, config={"python_enable_replacements": "false"}
        )
        connection.execute(f"set temp_directory = {literal(spill)}")
        for name, value in (settings or {}).items():
            connection.execute(f"set {name} = {literal(value)}")
        connection.execute("set autoinstall_known_extensions = false")
        connection.execute("set autoload_known_extensions = false")
        connection.execute("set enable_external_access = false")
        connection.execute("set lock_configuration = true")
    except duckdb.Error as error:
        reason = first_line(error)
        raise Problem(f"{path} cannot be read: {reason}") from error
    return connection


def ask(connection: duckdb.DuckDBPyConnection, sql: str) -> Result:
    """Run all statements; the rows are those of the last one.

    Raises:
        Problem: DuckDB refuses one of them (exit code 2).
    """
    try:
        statements = connection.extract_statements(sql)
        if not statements:
            raise Problem("there is no SQL in what was given", WRONG_USE)
        cursor = connection.execute(statements[0])
        for statement in statements[1:]:
            cursor = connection.execute(statement)
        columns = cursor.description or []
        names = tuple(column[0] for column in columns)
        types = tuple(str(column[1]) for column in columns)
        return Result(names, types, _pieces(cursor) if columns else iter(()))
    except duckdb.Error as error:
        raise refused(error) from error


def _pieces(cursor: duckdb.DuckDBPyConnection) -> Iterator[list[Row]]:
    try:
        while rows := cursor.fetchmany(ROWS_AT_A_TIME):
            yield rows
    except duckdb.Error as error:
        raise refused(error) from error


def refused(error: duckdb.Error) -> Problem:
    """Return the problem of SQL that DuckDB refuses, with the place that it points at."""
    lines = [line.rstrip() for line in str(error).splitlines() if line.strip()]
    return Problem("\n  ".join(lines), WRONG_USE)


def text_of(value: object) -> str:
    """Return a value as it is shown in a table; what a terminal would obey is spelled out."""
    text = "null" if value is None else _text(value)
    shown = plain(text)
    return shown if len(shown) <= MAX_CELL else shown[: MAX_CELL - 3] + "..."


def _text(value: object) -> str:
    """Return a value as text; lists and structs as JSON."""
    if isinstance(value, bool | list | tuple | dict):
        return json.dumps(json_value(value), ensure_ascii=False)
    return str(value)


def shown_rows(result: Result, limit: int) -> tuple[list[tuple[str, ...]], bool]:
    """Return the first rows as texts, and whether there are more."""
    rows: list[tuple[str, ...]] = []
    for piece in result.pieces:
        rows += [tuple(text_of(value) for value in row) for row in piece[: limit + 1 - len(rows)]]
        if len(rows) > limit:
            return rows[:limit], True
    return rows, False


def write_table(result: Result) -> None:
    """Write the first rows as a table, and say when there are more."""
    rows, has_more = shown_rows(result, ROWS_SHOWN)
    if not result.names:
        say("Done; there is nothing to show.")
        return
    left = [i for i, kind in enumerate(result.types) if not kind.upper().startswith(NUMBERS)]
    width = max(MIN_WIDTH, shutil.get_terminal_size((10_000, 24)).columns)
    say(table_text(result.names, rows, width, left=left))
    if has_more:
        warn(f"The first {ROWS_SHOWN} rows; FORMAT=csv or FORMAT=json gives all")
    elif not rows:
        warn("no rows")


def write_csv(result: Result) -> None:
    """Write all rows as CSV with a header; a null is nothing, an empty text is two quotes.

    Texts that a spreadsheet would take for formulas are guarded as in exports.
    """
    output = data_output()
    output.write(",".join(map(_cell, result.names)) + "\n")
    for piece in result.pieces:
        output.write("".join(",".join(map(_cell, row)) + "\n" for row in piece))


def _cell(value: object) -> str:
    if value is None:
        return ""
    # Numbers and dates cannot hold a formula; what is text can.
    text = guarded(value) if isinstance(value, str) else _text(value)
    is_plain = text and not any(c in text for c in ',"\r\n')
    return text if is_plain else '"' + text.replace('"', '""') + '"'


def write_json(result: Result) -> None:
    """Write all rows as a JSON list, one object a line."""
    output = data_output()
    before = "[\n"
    for piece in result.pieces:
        for row in piece:
            values = (json_value(value) for value in row)
            record = dict(zip(result.names, values, strict=True))
            output.write(before + json.dumps(record, ensure_ascii=False))
            before = ",\n"
    output.write("\n]\n" if before == ",\n" else "[]\n")


def json_value(value: object) -> object:
    """Return a value as JSON has it; numbers that JSON cannot hold are null."""
    if isinstance(value, Decimal):
        value = float(value)
    if isinstance(value, float):
        return value if isfinite(value) else None
    if isinstance(value, list | tuple):
        return [json_value(item) for item in value]
    if isinstance(value, dict):
        return {str(key): json_value(item) for key, item in value.items()}
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def first_comment(sql: str) -> str:
    """Return the comment that a query begins with, on one line."""
    lines = []
    for line in sql.splitlines():
        if not line.startswith("--"):
            break
        lines.append(line.removeprefix("--").strip())
    return " ".join(lines)


def query_files() -> list[Path]:
    """Return the files of the questions that come with the project."""
    return sorted(QUERIES.glob("*.sql"))


def find_file(text: str) -> Path:
    """Return the file that FILE names: a path, or the name of a file of scripts/queries.

    Raises:
        Problem: there is no such file.
    """
    known = {path.stem: path for path in query_files()}

    def refuse(reason: str) -> Problem:
        near = nearest(Path(text).stem, known)
        expected = f"expected a file, or one of {', '.join(known)}"
        return Problem(f"FILE={text}: {reason}{near}; {expected}", WRONG_USE)

    path = resolve_path(text, refuse)
    if not path.is_file() and text in known:
        return known[text]
    if not path.is_file():
        raise refuse("there is no such file")
    return path


def question(given: Mapping[str, str]) -> str:
    """Return the SQL that SQL or FILE gives.

    Raises:
        Problem: neither or both are given, or the file cannot be read.
    """
    sql, file = given.get("SQL", "").strip(), given.get("FILE", "").strip()
    if sql and file:
        raise Problem("SQL and FILE are both given: expected one of them", WRONG_USE)
    if sql:
        return sql
    if not file:
        names = "\n".join(f"  {p.stem:<28} {first_comment(p.read_text())}" for p in query_files())
        raise Problem(
            'expected SQL="..." or FILE=..., such as make query SQL="from segment_summary"; '
            f"questions that come with the project, by FILE=<name>:\n{names}",
            WRONG_USE,
        )
    path = find_file(file)
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Problem(f"FILE={file}: cannot be read as UTF-8 text ({error})", WRONG_USE) from error


WRITERS = {"table": write_table, "csv": write_csv, "json": write_json}


def main() -> int:
    """Ask what SQL or FILE of the environment says."""
    warehouse = resolve_warehouse()
    remove_leftovers(warehouse)
    chosen = os.environ.get("FORMAT", "").strip() or "table"
    write = WRITERS[read_word("FORMAT", chosen, FORMATS)]
    sql = question(os.environ)
    with (
        session(place_of_user(), "query") as spill,
        open_published(warehouse.marts_db, spill) as connection,
    ):
        write(ask(connection, sql))
    return 0
