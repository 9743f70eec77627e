"""Raw files on their way into DuckDB: what they are, their columns, and the SQL that reads them.

Text comes as text, whatever it looks like; Parquet keeps its types. Nothing is guessed from a
sample: encoding and columns are found from the whole file before DuckDB reads it with stated
options, and every row has the file and the row number it stands at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import duckdb

from column_names import check_required, contract_names, matched
from console import DATA_REFUSED, Problem
from csv_format import LINE_END, format_of
from file_bounds import LONGEST_ROW
from file_copies import Copies, Opened, opened
from file_faults import header_problem, json_problem, unreadable_parquet
from file_layout import FileLayout
from file_search import FoundFile
from header_search import best_line, check_is_no_title, with_hint
from json_files import JsonShape, shape_of, with_arrays
from json_layout import (
    ARRAY,
    CONCATENATED,
    ENDINGS_OF_LINES,
    LINES,
    array_within,
    copy_bytes,
    layout_of_text,
)
from mapping_file import NO_MAPPING, TableMapping
from quoting import identifier, literal
from refusals import refusal
from sources import RawTable
from text_format import Scanned, TextFormat, hash_of, records, scan_text, write_utf8

CSV_OPTIONS = (
    "auto_detect = false, header = true, quote = '\"', escape = '\"', comment = '', "
    "nullstr = '', encoding = 'utf-8', strict_mode = true"
)
MOST_COLUMNS = 2_000
# Of those that are searched for names which the first one has not.
MOST_SHEETS = 10
FLOATS = ("DOUBLE", "FLOAT")
# Whole numbers up to here are exact as doubles.
LARGEST_WHOLE = 2**53


@dataclass(frozen=True)
class RawFile:
    """A file to load.

    Attributes:
        found: Its place and kind.
        byte_count: Its size.
        sha256: Its hash.
        header: Column names as they stand in it.
        types: Types of a Parquet file's columns, in the order of the header.
        written: How a text file is written; None for Parquet.
        columns: The file's column for each column of the raw table that it has.
        row_limit: How many of its rows count, all of them when None.
        stamp: Size, time of change and number of the file, from before it was read.
        opened: What of the file is read, and where it is.
        layout: Where in the file the rows are, as `columns.yml` says.
        shape: How a file of JSON becomes rows.
    """

    found: FoundFile
    byte_count: int
    sha256: str
    header: tuple[str, ...]
    types: tuple[str, ...]
    written: TextFormat | None
    columns: Mapping[str, str] = field(default_factory=dict)
    row_limit: int | None = None
    stamp: tuple[int, ...] = field(default=(), compare=False)
    opened: Opened | None = field(default=None, compare=False)
    layout: FileLayout = field(default_factory=FileLayout)
    shape: JsonShape | None = None

    @property
    def name(self) -> str:
        """Its path within the folder of the data."""
        return self.found.name

    @property
    def path(self) -> Path:
        """Where what is read is: the file itself, or a copy."""
        return self.opened.path if self.opened else self.found.path

    @property
    def is_text(self) -> bool:
        """Whether it is read into a table; Parquet stays where it is, behind a view."""
        return self.found.kind != "parquet"

    @property
    def is_read_in_place(self) -> bool:
        """Whether dbt reads it where it is, and not a copy in the build database."""
        return not self.is_text and not self.found.is_linked

    @property
    def can_grow(self) -> bool:
        """Whether rows added later leave its first bytes as they were."""
        has_end = self.shape is not None and self.shape.layout != LINES
        is_copy = self.path != self.found.path
        return self.written is not None and not (self.written.is_gzipped or is_copy or has_end)

    def spoken(self) -> list[str]:
        """Return what was found, where it is not plain UTF-8 and all of the file."""
        notes = [self.opened.note] if self.opened and self.opened.note else []
        if self.shape and self.shape.lines:
            notes.append(f"lines are {'.'.join(self.shape.lines)}")
        written = self.written.spoken() if self.written else ""
        return notes + [text for text in [written] if text not in ("", "UTF-8, commas", "UTF-8")]


def inspect(
    connection: duckdb.DuckDBPyConnection,
    found: FoundFile,
    table: RawTable,
    copies: Copies,
    mapping: TableMapping = NO_MAPPING,
) -> RawFile:
    """Read size, hash, encoding and columns of a file and check the columns.

    Args:
        connection: Reads the columns of Parquet and JSON.
        found: The file.
        table: The raw table it is for.
        copies: Where copies of files are made that cannot be read as they are.
        mapping: What `columns.yml` says of it.

    Raises:
        Problem: the file cannot be read, or its columns are not those expected.
    """
    stamp = stamp_of(found)
    source = opened(found, mapping.layout, copies)
    file = RawFile(source.found, 0, "", (), (), None, {}, None, stamp, source, mapping.layout)
    if source.copy or source.found.kind == "parquet":
        byte_count, digest = hash_of(found.path, found.name)
        file = replace(file, byte_count=byte_count, sha256=digest)
    if source.found.kind == "parquet":
        header, types = parquet_columns(connection, found.name, source.path)
        file = replace(file, header=header, types=types)
    elif source.found.kind == "json":
        file = with_json_shape(connection, file, copies)
    else:
        file = with_csv_header(file, table)
    try:
        columns = matched(found.name, table, file.header, found.partitions)
        if not mapping.is_given:
            check_required(found.name, table, list(columns), file.header)
    except Problem as problem:
        raise with_header_hint(problem, file, table, mapping) from problem
    return replace(file, columns=columns)


def with_hash(file: RawFile, scanned: Scanned) -> RawFile:
    """Return a file with its size and hash; of a copy they are those of the file itself."""
    if file.opened.copy:
        return file
    return replace(file, byte_count=scanned.byte_count, sha256=scanned.sha256)


def with_csv_header(file: RawFile, table: RawTable) -> RawFile:
    """Return a delimited file with its format and the names of its columns."""
    if file.opened.rows:
        # Written here, of a sheet: nothing has to be found.
        written = TextFormat("utf-8")
    else:
        scanned = scan_text(file.path, file.name, LONGEST_ROW)
        file = with_hash(file, scanned)
        written = format_of(file.path, scanned, file.layout.skipped_rows)
    header = csv_header(file.name, file.path, written)
    if not table.required:
        check_is_no_title(file.name, file.path, written, header, file.opened.rows)
    if any(LINE_END.search(name) for name in header):
        written = replace(written, is_rewritten=True)
    return replace(file, written=written, header=header)


def with_json_shape(
    connection: duckdb.DuckDBPyConnection, file: RawFile, copies: Copies
) -> RawFile:
    """Return a file of JSON with its layout and the names in its objects."""
    # JSON may be one array, whose objects DuckDB bounds.
    scanned = scan_text(file.path, file.name, None)
    file = with_hash(file, scanned)
    written = TextFormat(scanned.encoding, scanned.is_gzipped, "")
    layout = layout_of_text(file.path, written)
    note, path = file.opened.note, file.path
    lines = tuple(file.layout.lines.split(".")) if file.layout.lines else ()
    # DuckDB reads no byte order mark in JSON.
    if written.encoding != "utf-8" or (layout is None and written.is_gzipped):
        path = copies.new(".json")
        write_utf8(file.path, written, path)
        note, written = written.spoken(), TextFormat("utf-8", delimiter="")
    if layout is None:
        is_of_lines = file.found.path.name.lower().removesuffix(".gz").endswith(ENDINGS_OF_LINES)
        within = None if is_of_lines else array_within(path, lines)
        layout = LINES if is_of_lines else CONCATENATED
        if within:
            names, begin, end = within
            source, path, layout = path, copies.new(".json"), ARRAY
            copy_bytes(source, begin, end, path)
            note = f"array {'.'.join(names)}"
    if path != file.path:
        file = replace(file, opened=replace(file.opened, copy=path, note=note))
    try:
        shape = shape_of(connection, file.name, path, layout, lines, is_gzipped=written.is_gzipped)
    except duckdb.Error as error:
        raise json_problem(file.name, path, written, layout, error) from error
    if not shape.header:
        raise json_problem(file.name, path, written, layout)
    return replace(file, written=written, shape=shape, header=shape.header)


def with_header_hint(
    problem: Problem, file: RawFile, table: RawTable, mapping: TableMapping
) -> Problem:
    """Return a problem of columns, with where in the file they may be."""
    if file.shape:
        return with_arrays(problem, file.shape)
    if file.found.kind != "csv":
        return problem
    names = [*(entry.text for entry in mapping.columns), *contract_names(table)]
    if sheet := better_sheet(file, names):
        return Problem(
            f"{problem}; sheet {sheet} has more of the names: write _sheet: {sheet} into "
            "columns.yml in the folder of the data",
            DATA_REFUSED,
        )
    return with_hint(problem, file.path, file.written, names, file.opened.rows)


def better_sheet(file: RawFile, names: Sequence[str]) -> str | None:
    """Return another sheet of a workbook that has more of the names, None where there is none."""
    most, _ = best_line(file.path, file.written, names, file.opened.rows)
    better = None
    for sheet in file.opened.others[:MOST_SHEETS]:
        try:
            other = sheet.read()
        except Problem:
            # It cannot be read, so it is not the one that is meant.
            continue
        found, _ = best_line(other.path, file.written, names, other.rows)
        if found > most:
            most, better = found, sheet.name
    return better


def stamp_of(found: FoundFile) -> tuple[int, ...]:
    """Return what changes when a file is written to or replaced: size, time and number.

    Raises:
        Problem: the file is not there any more.
    """
    try:
        there = found.path.stat()
    except OSError as error:
        raise refusal(found.name, f"cannot be read: {error.strerror}") from error
    return there.st_size, there.st_mtime_ns, there.st_ino


def check_steady(files: Iterable[RawFile]) -> None:
    """Refuse files that were written to since they were first looked at.

    Raises:
        Problem: names the first of them.
    """
    for file in files:
        if file.stamp and stamp_of(file.found) != file.stamp:
            raise refusal(
                file.name,
                "changed while it was read: build again when it is written to the end; a file "
                "that is put in place by a rename is always whole",
            )


def csv_header(name: str, path: Path, written: TextFormat) -> tuple[str, ...]:
    """Return the column names in the first line of a delimited file."""
    try:
        _, header = next(records(path, written), (0, []))
    except Exception as error:
        raise header_problem(name, error) from None
    if not header:
        raise refusal(name, "is empty: expected a header line with the names of the columns")
    if len(header) > MOST_COLUMNS:
        raise refusal(name, f"has {len(header):,} columns: expected at most {MOST_COLUMNS:,}")
    return tuple(header)


def parquet_columns(
    connection: duckdb.DuckDBPyConnection, name: str, path: Path
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return names and types of the columns of a Parquet file."""
    try:
        rows = connection.execute(
            "select column_name, column_type from "
            "(describe from read_parquet(?, hive_partitioning = false))",
            [str(path)],
        ).fetchall()
    except duckdb.Error as error:
        raise unreadable_parquet(name, error) from error
    return tuple(name for name, _ in rows), tuple(kind for _, kind in rows)


def check_contents(files: Sequence[RawFile]) -> None:
    """Refuse two files of a table that hold the very same bytes: each row would count twice."""
    by_hash: dict[str, str] = {}
    for file in files:
        if file.sha256 in by_hash:
            raise refusal(
                file.name,
                f"is a copy of {by_hash[file.sha256]}, byte for byte, and its rows would count "
                "twice: expected one of the two",
            )
        by_hash[file.sha256] = file.name


@dataclass(frozen=True)
class TablePlan:
    """How the files of a table become a raw table.

    Attributes:
        table: The raw table.
        files: Its files, at least one, all text or all Parquet.
        name: Name of the relation that is made: the table's, or with `columns.yml` another one.
    """

    table: RawTable
    files: tuple[RawFile, ...]
    name: str

    @property
    def relation(self) -> str:
        """The relation that is made, quoted."""
        return identifier("raw", self.name)

    @property
    def is_text(self) -> bool:
        """Whether the files are text."""
        return self.files[0].is_text

    @property
    def is_view(self) -> bool:
        """Whether the files stay where they are; what is read through a link is copied."""
        return all(file.is_read_in_place for file in self.files)

    def columns(self) -> list[str]:
        """Return the columns of the raw table but for those added to it.

        Those of the contract come first, whether a file has them or not.
        """
        others = {name for file in self.files for name in file.columns} - set(self.table.columns)
        if self.table.columns:
            return [*self.table.columns, *sorted(others)]
        in_order = dict.fromkeys(name for file in self.files for name in file.columns)
        return list(in_order)

    def fingerprint(self) -> str:
        """Return a hash of all that decides what the raw table holds."""
        parts = [
            (
                *(f.name, f.sha256, f.header, f.types, f.written, f.layout, f.shape),
                *(sorted(f.columns.items()), f.row_limit),
            )
            for f in self.files
        ]
        # A view of Parquet says where the files are.
        places = [str(file.path) for file in self.files] if self.is_view else []
        return hashlib.sha256(repr((self.table, parts, places)).encode()).hexdigest()

    def spellings(self) -> dict[str, str]:
        """Return the column of the raw table by each name that it has in the files."""
        found = {column: name for file in self.files for name, column in file.columns.items()}
        return {name: name for file in self.files for name in file.columns} | found

    def create_table_sql(self) -> str:
        """Return the statement that makes the empty table of text files."""
        columns = [f"{identifier(name)} varchar" for name in self.columns()]
        columns += ["_file varchar", "_row_number bigint"]
        return f"create or replace table {self.relation} ({', '.join(columns)})"

    def select_sql(self, file: RawFile, path: Path) -> str:
        """Return the SELECT that reads a text file, or its UTF-8 copy, as rows of the table."""
        values = [self._text_value(file, name) for name in self.columns()]
        # DuckDB keeps the order of the file while `preserve_insertion_order` holds.
        values += [literal(file.name), "row_number() over ()"]
        limit = "" if file.row_limit is None else f" limit {file.row_limit:d}"
        return f"select {', '.join(values)} from {text_reader(file, path)}{limit}"

    def parquet_sql(self) -> str:
        """Return the SELECT that reads the Parquet files where they are."""
        groups: dict[tuple, list[RawFile]] = {}
        for file in self.files:
            own_name = file.name if file.found.is_linked else ""
            shape = (own_name, file.header, file.types, tuple(sorted(file.columns.items())))
            groups.setdefault(shape, []).append(file)
        mixed = self._columns_of_mixed_types()
        return "\nunion all\n".join(
            self._parquet_group_sql(files, mixed) for files in groups.values()
        )

    def _text_value(self, file: RawFile, name: str) -> str:
        column = file.columns.get(name)
        if column is None:
            return "cast(null as varchar)"
        if column not in file.header:
            return literal(file.found.partitions[column])
        return f"c{file.header.index(column)}"

    def _columns_of_mixed_types(self) -> set[str]:
        types: dict[str, set[str]] = {}
        for file in self.files:
            kinds = dict(zip(file.header, file.types, strict=True))
            for name, column in file.columns.items():
                types.setdefault(name, set()).add(kinds.get(column, "VARCHAR"))
        return {name for name, kinds in types.items() if len(kinds) > 1}

    def _parquet_group_sql(self, files: Sequence[RawFile], mixed: set[str]) -> str:
        first = files[0]
        kinds = dict(zip(first.header, first.types, strict=True))
        values = []
        for name in self.columns():
            column = first.columns.get(name)
            if column is None:
                # A column that other files have takes its type from them.
                value = "null" if self._is_somewhere(name) else "cast(null as varchar)"
            elif column not in kinds:
                value = _partition_value(files, column)
            else:
                value = identifier(column)
                if name in mixed or self._is_text_of_float(name, kinds[column]):
                    value = text_of(value, kinds[column])
            values.append(f"    {value} as {identifier(name)}")
        folder = str(first.path)[: len(str(first.path)) - len(first.name)]
        name = f"substr(filename, {len(folder) + 1})"
        values.append(f"    {literal(first.name) if first.found.is_linked else name} as _file")
        values.append("    file_row_number + 1 as _row_number")
        paths = ", ".join(literal(file.path) for file in files)
        selected = ",\n".join(values)
        return (
            f"select\n{selected}\nfrom read_parquet([{paths}], filename = true, "
            "file_row_number = true, hive_partitioning = false)"
        )

    def _is_somewhere(self, name: str) -> bool:
        return any(name in file.columns for file in self.files)

    def _is_text_of_float(self, name: str, kind: str) -> bool:
        """Say whether a number is an id or a word: 17850.0 is customer 17850."""
        if not self.table.columns or kind not in FLOATS:
            return False
        return name not in (*self.table.numbers, *self.table.times)


def empty_sql(table: RawTable) -> str:
    """Return a SELECT with the columns of a table whose file is not there, and no rows."""
    columns = [f"cast(null as varchar) as {identifier(name)}" for name in table.columns]
    columns += ["cast(null as varchar) as _file", "cast(null as bigint) as _row_number"]
    return f"select {', '.join(columns)} where false"


def text_reader(file: RawFile, path: Path) -> str:
    """Return the table function that reads a text file; its columns are c0, c1, ..."""
    written = file.written
    assert written is not None, "only text files have a text reader"
    if file.shape:
        return file.shape.reader_sql(path, is_gzipped=written.is_gzipped)
    types = ", ".join(f"c{n}: 'VARCHAR'" for n in range(len(file.header)))
    delimiter = literal(written.copy_delimiter)
    options = [CSV_OPTIONS, f"delim = {delimiter}", f"columns = {{{types}}}"]
    if written.has_cr_lines and not written.is_rewritten:
        options.append("new_line = '\\r'")
    if path == file.path:
        options.append(f"compression = '{'gzip' if written.is_gzipped else 'none'}'")
    return f"read_csv({literal(path)}, {', '.join(options)})"


def _partition_value(files: Sequence[RawFile], column: str) -> str:
    """Return the value that the folder of a file gives, such as 2024 of `year=2024`."""
    values = {file.found.partitions[column] for file in files}
    if len(values) == 1:
        return literal(values.pop())
    # The name is taken as it is, whatever it means in a pattern.
    plain = "".join(c if c.isalnum() or c == "_" else f"\\x{{{ord(c):x}}}" for c in column)
    return f"regexp_extract(filename, {literal(f'/{plain}=([^/]*)/')}, 1)"


def text_of(value: str, kind: str) -> str:
    """Return a Parquet value as text; a whole number as such, whatever its type."""
    if kind not in FLOATS:
        return f"cast({value} as varchar)"
    return (
        f"case when abs({value}) < {LARGEST_WHOLE} and {value} = trunc({value}) "
        f"then cast(cast({value} as bigint) as varchar) else cast({value} as varchar) end"
    )
