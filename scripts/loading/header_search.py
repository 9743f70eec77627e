"""Where the header of a table stands, when the first row of its file is not it."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from common.column_names import key
from common.console import DATA_REFUSED, Problem, count
from common.data_errors import refusal, shown
from loading.csv_format import sample_of
from loading.text_format import BLANKS, DELIMITERS, TextFormat, split_at_blanks

if TYPE_CHECKING:
    from _csv import Reader

LINES_SEARCHED = 100
LEAST_NAMES = 2
# Of digits and signs alone, as numbers, amounts, shares and dates are.
NUMBER = re.compile(r"[^\w]*\d[\d\W]*")


def with_hint(
    problem: Problem,
    path: Path,
    written: TextFormat,
    names: Iterable[str],
    header: Sequence[str] = (),
    rows: Sequence[int] = (),
) -> Problem:
    """Return the problem of a header, with the line where the header seems to stand, if any does.

    That is the line with more of the names, or else the first below a title that looks like one.

    Args:
        problem: What is wrong with the header.
        path: The file.
        written: How it is written.
        names: Names of columns that are looked for.
        header: The first row.
        rows: Rows of a sheet at which the first records of the file stand.
    """
    line = header_line(path, written, names, rows)
    if line is None:
        line, _ = line_below_title(path, written, header, rows) or (None, 0)
    return Problem(f"{problem}{_advice(line, rows)}", DATA_REFUSED) if line else problem


def check_is_no_title(
    name: str, path: Path, written: TextFormat, header: Sequence[str], rows: Sequence[int] = ()
) -> None:
    """Refuse a first row with fewer names than a row below has that looks like a header.

    For tables whose columns may have any names.

    Raises:
        Problem: names the line where the header seems to stand.
    """
    below = line_below_title(path, written, header, rows)
    if below is not None:
        line, cells = below
        there = ", ".join(shown(cell) for cell in header if cell.strip())
        named = sum(bool(cell.strip()) for cell in header)
        raise refusal(
            name,
            f"the first row has {count(named, 'name')} only ({there}) where others have "
            f"{cells} cells{_advice(line, rows)}",
        )


def line_below_title(
    path: Path, written: TextFormat, header: Sequence[str], rows: Sequence[int] = ()
) -> tuple[int, int] | None:
    """Return the first line, or row of a sheet, that makes the first row a title, and its cells.

    A single name above rows of several cells is a title; where there are more, the row below must
    be of different texts, none of them a number. A title need not hold the delimiter of the rows
    below it: with another one than that of the first row, they must be of one length.
    """
    named = sum(bool(cell.strip()) for cell in header)
    for delimiter in (
        [written.delimiter] if rows else dict.fromkeys((written.delimiter, *DELIMITERS))
    ):
        records = list(_sampled(path, written, delimiter, rows))
        for number, (line, record) in enumerate(records):
            missing = len(record) - named
            if len(record) <= LEAST_NAMES or not all(cell.strip() for cell in record):
                continue
            is_short = missing >= LEAST_NAMES and missing * 3 >= len(record)
            are_names = len(set(record)) == len(record) and not any(map(NUMBER.fullmatch, record))
            is_table = delimiter == written.delimiter or (
                are_names and len({len(below) for _, below in records[number:-1] if below}) == 1
            )
            if is_table and (named == 1 or (is_short and are_names)):
                return line, len(record)
    return None


def header_line(
    path: Path, written: TextFormat, names: Iterable[str], rows: Sequence[int] = ()
) -> int | None:
    """Return the line, or the row of a sheet, that has most of the names.

    None when no line has two of them, or none has more than the header.
    """
    _, line = best_line(path, written, names, rows)
    first = rows[0] if rows else written.skipped_lines + 1
    return line if line > first else None


def best_line(
    path: Path, written: TextFormat, names: Iterable[str], rows: Sequence[int] = ()
) -> tuple[int, int]:
    """Return how many of the names a line has at most, and which line; 0, 0 below two of them."""
    wanted = {key(name) for name in names}
    best = (0, 0)
    for delimiter in [written.delimiter] if rows else (*DELIMITERS, *BLANKS):
        for line, record in _sampled(path, written, delimiter, rows):
            found = len({key(cell) for cell in record} & wanted)
            if found >= LEAST_NAMES and found > best[0]:
                best = (found, line)
    return best


def _advice(line: int, rows: Sequence[int]) -> str:
    return (
        f"; the header seems to stand in {'row' if rows else 'line'} {line}: write "
        f"_skip: {line - 1} into columns.yml in the folder of the data"
    )


def _sampled(
    path: Path, written: TextFormat, delimiter: str, rows: Sequence[int] = ()
) -> Iterator[tuple[int, list[str]]]:
    """Yield the first records of a file with the line, or row of a sheet, where they begin."""
    sample, _ = sample_of(path, written)
    lines = io.StringIO(sample, newline="")
    if rows:
        yield from zip(rows, csv.reader(lines), strict=False)
        return
    records: Iterable[tuple[int, list[str]]]
    if delimiter in BLANKS:
        records = enumerate(map(split_at_blanks(delimiter), lines), start=1)
    else:
        records = _numbered(csv.reader(lines, delimiter=delimiter))
    for line, record in records:
        if line > LINES_SEARCHED:
            return
        yield line, record


def _numbered(reader: Reader) -> Iterator[tuple[int, list[str]]]:
    last = 0
    try:
        for record in reader:
            first, last = last + 1, reader.line_num
            yield first, record
    except csv.Error:
        return
