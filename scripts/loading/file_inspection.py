"""Looking at a raw file before it is loaded: what it is written in, and which columns it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from common.column_names import check_required, contract_names, matched
from common.console import DATA_REFUSED, Problem
from common.data_errors import refusal
from common.source_contract import RawTable
from loading.csv_format import LINE_END, format_of
from loading.file_bounds import LONGEST_ROW
from loading.file_copies import Copies, opened
from loading.file_diagnostics import header_problem, json_problem, unreadable_parquet
from loading.file_search import FoundFile
from loading.header_search import best_line, check_is_no_title, with_hint
from loading.json_files import shape_of, with_arrays
from loading.json_layout import (
    ARRAY,
    CONCATENATED,
    ENDINGS_OF_LINES,
    LINES,
    array_within,
    copy_bytes,
    layout_of_text,
)
from loading.mapping_file import NO_MAPPING, TableMapping
from loading.raw_files import RawFile, stamp_of
from loading.text_format import TextFormat, hash_of, records, scan_text, write_utf8

MOST_COLUMNS = 2_000
# Of those that are searched for names which the first one has not.
MOST_SHEETS = 10


@dataclass(frozen=True)
class HashedFile:
    """What a file is known by from load to load.

    Attributes:
        stamp: Size, time of change and number of the file, from before it was read.
        byte_count: Its size.
        sha256: Its hash.
    """

    stamp: tuple[int, ...]
    byte_count: int
    sha256: str


def hash_file(found: FoundFile) -> HashedFile:
    """Read a file whole for its hash.

    Raises:
        Problem: the file cannot be read.
    """
    stamp = stamp_of(found)
    return HashedFile(stamp, *hash_of(found.path, found.name))


def hashed_files(files: Sequence[FoundFile], threads: int) -> Iterator[HashedFile]:
    """Yield the hash of each file, several being read at a time.

    Raises:
        Problem: a file cannot be read; it is raised at its turn.
    """
    with ThreadPoolExecutor(threads) as pool:
        yield from pool.map(hash_file, files)


def inspect(
    connection: duckdb.DuckDBPyConnection,
    found: FoundFile,
    table: RawTable,
    copies: Copies,
    mapping: TableMapping = NO_MAPPING,
    hashed: HashedFile | None = None,
) -> RawFile:
    """Read hash, encoding and columns of a file and check the columns.

    Args:
        connection: Reads the columns of Parquet and JSON.
        found: The file.
        table: The raw table it is for.
        copies: Where copies of files are made that cannot be read as they are.
        mapping: What `columns.yml` says of it.
        hashed: Its hash, where it was taken before.

    Raises:
        Problem: the file cannot be read, or its columns are not those expected.
    """
    hashed = hashed or hash_file(found)
    source = opened(found, mapping.layout, copies)
    file = RawFile(
        source.found,
        source,
        byte_count=hashed.byte_count,
        sha256=hashed.sha256,
        stamp=hashed.stamp,
        layout=mapping.layout,
    )
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


def with_csv_header(file: RawFile, table: RawTable) -> RawFile:
    """Return a delimited file with its format and the names of its columns."""
    if file.opened.rows:
        # Written here, of a sheet: nothing has to be found.
        written = TextFormat("utf-8")
    else:
        scanned = scan_text(file.path, file.name, LONGEST_ROW)
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
    return with_hint(problem, file.path, file.text_format, names, file.header, file.opened.rows)


def better_sheet(file: RawFile, names: Sequence[str]) -> str | None:
    """Return another sheet of a workbook that has more of the names, None where there is none."""
    most, _ = best_line(file.path, file.text_format, names, file.opened.rows)
    better = None
    for sheet in file.opened.others[:MOST_SHEETS]:
        try:
            other = sheet.read()
        except Problem:
            # It cannot be read, so it is not the one that is meant.
            continue
        found, _ = best_line(other.path, file.text_format, names, other.rows)
        if found > most:
            most, better = found, sheet.name
    return better


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
