"""Raw files on their way into DuckDB: what they are, their columns, and the SQL that reads them.

Text comes as text, whatever it looks like; Parquet keeps its types. Nothing is guessed from a
sample: encoding and columns are found from the whole file before DuckDB reads it with stated
options, and every row has the file and the row number it stands at.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from common.data_errors import refusal
from common.quoting import identifier, literal
from common.source_contract import RawTable
from loading.file_copies import Opened
from loading.file_layout import FileLayout
from loading.file_search import FoundFile
from loading.json_files import JsonShape
from loading.json_layout import (
    LINES,
)
from loading.text_format import TextFormat

CSV_OPTIONS = (
    "auto_detect = false, header = true, quote = '\"', escape = '\"', comment = '', "
    "nullstr = '', encoding = 'utf-8', strict_mode = true"
)
FLOATS = ("DOUBLE", "FLOAT")
# Whole numbers up to here are exact as doubles.
LARGEST_WHOLE = 2**53


@dataclass(frozen=True)
class RawFile:
    """A file to load.

    Attributes:
        found: Its place and kind.
        opened: What of the file is read, and where it is.
        byte_count: Its size.
        sha256: Its hash.
        header: Column names as they stand in it.
        types: Types of a Parquet file's columns, in the order of the header.
        written: How a text file is written; None for Parquet.
        columns: The file's column for each column of the raw table that it has.
        row_limit: How many of its rows count, all of them when None.
        stamp: Size, time of change and number of the file, from before it was read.
        layout: Where in the file the rows are, as `columns.yml` says.
        shape: How a file of JSON becomes rows.
    """

    found: FoundFile
    opened: Opened = field(compare=False)
    byte_count: int = 0
    sha256: str = ""
    header: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    written: TextFormat | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    row_limit: int | None = None
    stamp: tuple[int, ...] = field(default=(), compare=False)
    layout: FileLayout = field(default_factory=FileLayout)
    shape: JsonShape | None = None

    @property
    def name(self) -> str:
        """Its path within the folder of the data."""
        return self.found.name

    @property
    def path(self) -> Path:
        """Where what is read is: the file itself, or a copy."""
        return self.opened.path

    @property
    def text_format(self) -> TextFormat:
        """How a text file is written; a Parquet file has none."""
        assert self.written is not None, f"{self.name} is Parquet, expected text"
        return self.written

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
        notes = [self.opened.note] if self.opened.note else []
        if self.shape and self.shape.lines:
            notes.append(f"lines are {'.'.join(self.shape.lines)}")
        written = self.written.spoken() if self.written else ""
        return notes + [text for text in [written] if text not in ("", "UTF-8, commas", "UTF-8")]


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
                "changed while it was read: build again once it is complete; a file "
                "that is moved into place by a rename is always complete",
            )


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
        groups: dict[tuple[object, ...], list[RawFile]] = {}
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
    written = file.text_format
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
