"""Where the header of a table stands, when the first row of its file is not it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from pathlib import Path

from column_names import key
from console import DATA_REFUSED, Problem
from csv_format import sample_of
from refusals import refusal
from text_format import BLANKS, DELIMITERS, TextFormat, split_at_blanks

LINES_SEARCHED = 100
LEAST_NAMES = 2


def with_hint(problem: Problem, path: Path, written: TextFormat, names: Iterable[str]) -> Problem:
    """Return the problem of a header, with the line that has more of the names, if there is one.

    Args:
        problem: What is wrong with the header.
        path: The file.
        written: How it is written.
        names: Names of columns that are looked for.
    """
    above = lines_above(path, written, names)
    if above is None:
        return problem
    return Problem(f"{problem}{_advice(above)}", DATA_REFUSED)


def check_is_no_title(name: str, path: Path, written: TextFormat, header: tuple[str, ...]) -> None:
    """Refuse a first row of one cell where the rows below have several: a title, not a header.

    Raises:
        Problem: names the line where the header seems to stand.
    """
    if sum(bool(cell.strip()) for cell in header) != 1:
        return
    for line, record in _sampled(path, written, written.delimiter):
        if len(record) > LEAST_NAMES and all(cell.strip() for cell in record):
            raise refusal(
                name, f"the first row has one name only, {header[0]!r}{_advice(line - 1)}"
            )


def lines_above(path: Path, written: TextFormat, names: Iterable[str]) -> int | None:
    """Return how many lines stand above the one with most of the names.

    None when no line has two of them, or none has more than the header.
    """
    wanted = {key(name) for name in names}
    best: tuple[int, int] | None = None
    for delimiter in (*DELIMITERS, *BLANKS):
        for line, record in _sampled(path, written, delimiter):
            found = len({key(cell) for cell in record} & wanted)
            if found >= LEAST_NAMES and (best is None or found > best[0]):
                best = (found, line - 1)
    return best[1] if best and best[1] > written.skipped_lines else None


def _advice(above: int) -> str:
    return (
        f"; the header seems to stand in line {above + 1}: write _skip: {above} into columns.yml "
        "in the folder of the data"
    )


def _sampled(path: Path, written: TextFormat, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the first records of a file with the line at which they begin."""
    sample, _ = sample_of(path, written)
    lines = io.StringIO(sample, newline="")
    if delimiter in BLANKS:
        rows = enumerate(map(split_at_blanks(delimiter), lines), start=1)
    else:
        reader = csv.reader(lines, delimiter=delimiter)
        rows = _numbered(reader)
    for line, record in rows:
        if line > LINES_SEARCHED:
            return
        yield line, record


def _numbered(reader: csv.reader) -> Iterator[tuple[int, list[str]]]:
    last = 0
    try:
        for record in reader:
            first, last = last + 1, reader.line_num
            yield first, record
    except csv.Error:
        return
