"""Ordered export of the marts of a published file, to compare two builds byte for byte."""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import Problem, data_output, say
from common.program import run
from common.quoting import identifier

ROWS_AT_A_TIME = 10_000


def mart_names(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the names of the tables in schema main."""
    rows = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'main' "
        "and database_name = current_database() order by table_name"
    ).fetchall()
    return [name for (name,) in rows]


def export_lines(connection: duckdb.DuckDBPyConnection, mart: str) -> Iterator[str]:
    """Yield the CSV lines of one mart: columns by name, rows in order of all columns.

    Nulls differ from empty texts: a null is nothing, texts are in double quotes.
    """
    columns = connection.execute(
        "select column_name from duckdb_columns() where schema_name = 'main' "
        "and database_name = current_database() and table_name = ? order by column_name",
        [mart],
    ).fetchall()
    names = [identifier(name) for (name,) in columns]
    yield ",".join(names) + "\n"
    cells = ", ".join(f"cast({name} as varchar)" for name in names)
    query = f"select {cells} from {identifier('main', mart)} order by {', '.join(names)}"
    cursor = connection.execute(query)
    while rows := cursor.fetchmany(ROWS_AT_A_TIME):
        for row in rows:
            yield ",".join(_cell(value) for value in row) + "\n"


def _cell(value: str | None) -> str:
    return "" if value is None else '"' + value.replace('"', '""') + '"'


def digests(path: Path) -> dict[str, str]:
    """Return the SHA-256 of the ordered export of each mart of a published file, by name."""
    with open_read_only(path) as connection:
        return {mart: _digest(connection, mart) for mart in mart_names(connection)}


def _digest(connection: duckdb.DuckDBPyConnection, mart: str) -> str:
    digest = hashlib.sha256()
    for line in export_lines(connection, mart):
        digest.update(line.encode())
    return digest.hexdigest()


def open_read_only(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a published file.

    Raises:
        Problem: it is not there or cannot be read.
    """
    if not path.exists():
        raise Problem(f"{path} is not there: expected a published marts.duckdb")
    try:
        return duckdb.connect(path, read_only=True)
    except duckdb.Error as error:
        reason = str(error).split("\n")[0]
        raise Problem(f"{path} cannot be read: {reason}") from error


def main() -> int:
    """Write the marts of a published file as CSV, or a digest of each."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("file", type=Path, help="a published marts.duckdb")
    parser.add_argument("--digest", action="store_true", help="show a SHA-256 per mart only")
    parser.add_argument(
        "--mart", action="append", metavar="NAME", help="only this mart (may be repeated)"
    )
    arguments = parser.parse_args()
    output = data_output()
    with open_read_only(arguments.file) as connection:
        names = mart_names(connection)
        for mart in arguments.mart or names:
            if mart not in names:
                raise Problem(f"no mart {mart}; there are: {', '.join(names)}", 2)
            if arguments.digest:
                say(f"{_digest(connection, mart)}  {mart}")
                continue
            say(f"# {mart}")
            for line in export_lines(connection, mart):
                output.write(line)
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
