"""Raw files on their way into DuckDB: finding them, checking them, explaining what is wrong."""

from __future__ import annotations

import csv
import hashlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from console import DATA_REFUSED, Problem, count
from quoting import identifier, literal
from settings import nearest
from sources import RawTable

ENDINGS = (".csv", ".parquet")
ADDED_COLUMNS = ("_file", "_row_number")
HASH_CHUNK_BYTES = 1 << 20
CSV_OPTIONS = (
    "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"', "
    "comment = '', nullstr = '', encoding = 'utf-8', strict_mode = true"
)


@dataclass(frozen=True)
class RawFile:
    """A file to load: its table, place, size, hash and column names as they stand in it.

    `row_limit` is how many of its rows count, all of them when None.
    """

    table: RawTable
    path: Path
    byte_count: int
    sha256: str
    header: tuple[str, ...]
    row_limit: int | None = None

    @property
    def is_csv(self) -> bool:
        """Whether the file is CSV text; Parquet otherwise."""
        return self.path.suffix == ".csv"

    def selected_columns(self) -> list[tuple[str, str]]:
        """Return (expression, name) of each column of the raw table, in its order.

        Contract columns come first in the order of the contract, then what else the file has,
        by name, so that the order of columns in the file does not matter.
        """
        in_file = {normal(name): name for name in self.header}
        columns = [
            (identifier(in_file[name]) if name in in_file else "cast(null as varchar)", name)
            for name in self.table.columns
        ]
        others = [name for name in in_file if name not in self.table.columns]
        if self.table.columns:
            others.sort()
        return columns + [(identifier(in_file[name]), name) for name in others]


def normal(name: str) -> str:
    """Return a column name as tables have it: no space around it, lower case."""
    return name.strip().lower()


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def find(folder: Path, table: RawTable) -> Path | None:
    """Find the file of a table in a folder; None when an optional one is not there.

    Raises:
        Problem: there are both a CSV and a Parquet file, or a required one is missing.
    """
    names = sorted(p.name for p in folder.iterdir() if p.is_file())
    found = [n for n in names if Path(n).stem == table.name and Path(n).suffix in ENDINGS]
    if len(found) > 1:
        raise refusal(folder, f"has both {' and '.join(found)}: expected one of them")
    if not found and table.is_required:
        there = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "") or "no files"
        near = nearest(f"{table.name}.csv", names)
        raise refusal(
            folder,
            f"expected {table.name}.csv or {table.name}.parquet; there is {there}{near}",
        )
    return folder / found[0] if found else None


def inspect(connection: duckdb.DuckDBPyConnection, path: Path, table: RawTable) -> RawFile:
    """Read size, hash and columns of a file and check the columns.

    Raises:
        Problem: the file cannot be read, or its columns are not those expected.
    """
    try:
        byte_count, digest = path.stat().st_size, sha256_of(path)
    except OSError as error:
        raise refusal(path, f"cannot be read: {error.strerror}") from error
    header = csv_header(path) if path.suffix == ".csv" else parquet_header(connection, path)
    check_header(path, table, header)
    return RawFile(table, path, byte_count, digest, header)


def csv_header(path: Path) -> tuple[str, ...]:
    """Return the column names in the first line of a CSV file."""
    try:
        header = next(_csv_records(path), ())
    except UnicodeDecodeError:
        raise explain_encoding(path) from None
    except csv.Error as error:
        raise refusal(path, f"the header cannot be read: {error}") from None
    if not header:
        raise refusal(path, "is empty: expected a header line with the names of the columns")
    return tuple(header)


def parquet_header(connection: duckdb.DuckDBPyConnection, path: Path) -> tuple[str, ...]:
    """Return the column names of a Parquet file."""
    try:
        rows = connection.execute(
            "select column_name from (describe from read_parquet(?))", [str(path)]
        ).fetchall()
    except duckdb.Error as error:
        raise unreadable_parquet(path, error) from error
    return tuple(name for (name,) in rows)


def check_header(path: Path, table: RawTable, header: Sequence[str]) -> None:
    """Check that the columns have distinct names and that none is missing.

    Raises:
        Problem: names the columns concerned, those there are and the nearest names.
    """
    names = [normal(name) for name in header]
    if "" in names:
        raise refusal(path, f"column {names.index('') + 1} has no name: expected a name for each")
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise refusal(path, f"has more than one column {', '.join(repeated)}: expected one")
    reserved = [name for name in names if name in ADDED_COLUMNS]
    if reserved:
        raise refusal(path, f"column {reserved[0]}: this name is taken, expected another one")
    missing = [name for name in table.required if name not in names]
    if missing:
        wanted = ", ".join(name + nearest(name, names) for name in missing)
        split = _other_delimiter(header)
        raise refusal(
            path,
            f"no column {wanted}; the columns there are: {', '.join(names)}"
            + (f". They look separated by {split}: expected commas" if split else ""),
        )


def explain_csv(path: Path, header: Sequence[str], error: duckdb.Error) -> Problem:
    """Find the first row that cannot be read and say what is wrong with it.

    Rows are numbered as in the raw table: 1 is the first one after the header. Reads the file a
    second time with a plain parser, which happens only after DuckDB refused the file.
    """
    row, line = 0, 1
    try:
        for row, line, record in _numbered_records(path):
            if len(record) != len(header) and not (
                len(record) == len(header) + 1 and not record[-1]
            ):
                return refusal(
                    path,
                    f"row {row:,} (line {line:,}) has {count(len(record), 'column')}: "
                    f"expected {len(header)}, as in the header; is a text with a comma or a "
                    "line break not in double quotes?",
                )
    except UnicodeDecodeError:
        return explain_encoding(path)
    except csv.Error as csv_error:
        reason = (
            "opens a double quote that is never closed"
            if "unexpected end" in str(csv_error)
            else "has a character after a closing double quote: expected a comma; a double "
            "quote inside a text is written twice"
        )
        return refusal(path, f"row {row + 1:,} {reason}")
    if _mixes_line_ends(path):
        return refusal(path, "mixes Windows and Unix line ends: expected one kind")
    return refusal(path, f"cannot be read as CSV: {first_lines(error)}")


def explain_encoding(path: Path) -> Problem:
    """Find the first line that is not UTF-8."""
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError as error:
                is_utf16 = number == 1 and line[:2] in (b"\xff\xfe", b"\xfe\xff")
                found = "UTF-16" if is_utf16 else f"the byte 0x{line[error.start]:02x}"
                return refusal(
                    path, f"is not UTF-8: line {number:,} has {found}; save the file as UTF-8"
                )
    return refusal(path, "is not UTF-8: save the file as UTF-8")


def unreadable_parquet(path: Path, error: duckdb.Error) -> Problem:
    """Return the problem of a Parquet file that is damaged or something else."""
    return refusal(path, f"is damaged or is not Parquet: {first_lines(error)}")


def refusal(path: Path, reason: str) -> Problem:
    """Return the problem of data that is not accepted (exit code 4)."""
    return Problem(f"{path.name or path}: {reason}", DATA_REFUSED)


def first_lines(error: duckdb.Error) -> str:
    """Return the telling part of a DuckDB message, on one line."""
    text = str(error).split("\n\n")[0].split("Possible fixes")[0]
    return " ".join(text.split())[:300]


def read_sql(file: RawFile) -> str:
    """Return the SELECT that reads a file with its contract columns, file name and row number."""
    columns = ",\n".join(f"    {value} as {identifier(name)}" for value, name in _selected(file))
    limit = "" if file.row_limit is None else f" limit {file.row_limit:d}"
    return f"select\n{columns}\nfrom {_reader(file)}{limit}"


def empty_sql(table: RawTable) -> str:
    """Return a SELECT with the columns of a table whose file is not there, and no rows."""
    columns = [f"cast(null as varchar) as {identifier(name)}" for name in table.columns]
    columns += ["cast(null as varchar) as _file", "cast(null as bigint) as _row_number"]
    return f"select {', '.join(columns)} where false"


def _selected(file: RawFile) -> Iterator[tuple[str, str]]:
    yield from file.selected_columns()
    yield literal(file.path.name), "_file"
    # DuckDB keeps the order of the file while `preserve_insertion_order` holds.
    yield "row_number() over ()" if file.is_csv else "file_row_number + 1", "_row_number"


def _reader(file: RawFile) -> str:
    path = literal(file.path)
    if not file.is_csv:
        return f"read_parquet({path}, file_row_number = true)"
    types = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in file.header)
    return f"read_csv({path}, {CSV_OPTIONS}, columns = {{{types}}})"


def _csv_records(path: Path) -> Iterator[list[str]]:
    """Yield the records of a CSV file, header first, empty lines left out."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8-sig", newline="") as file:
        yield from (record for record in csv.reader(file, strict=True) if record)


def _numbered_records(path: Path) -> Iterator[tuple[int, int, list[str]]]:
    """Yield (row number, number of its first line, record) for the rows after the header."""
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        row, last_line = -1, 0
        for record in reader:
            first_line, last_line = last_line + 1, reader.line_num
            row += bool(record)
            if record and row > 0:
                yield row, first_line, record


def _other_delimiter(header: Sequence[str]) -> str:
    """Return the name of a delimiter other than the comma, where a lone column holds it."""
    names = {";": "semicolons", "\t": "tabs", "|": "bars"}
    return next((names[c] for c in names if len(header) == 1 and c in header[0]), "")


def _mixes_line_ends(path: Path) -> bool:
    with path.open("rb") as file:
        ends = {line.endswith(b"\r\n") for line in file if line.endswith(b"\n")}
    return len(ends) > 1
