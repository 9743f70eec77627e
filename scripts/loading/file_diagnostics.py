"""Explaining what is wrong with a file: the row, the line, what was expected, what to do.

These read the file a second time with a plain parser, which happens only after it was refused.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import duckdb

from common.console import Problem, count
from common.data_errors import first_lines, refusal, shown
from loading.file_bounds import LONGEST_OBJECT
from loading.json_layout import LINES
from loading.text_format import DELIMITERS, TextFormat, open_text, records

# DuckDB names the file, which may be a copy.
IN_A_FILE = re.compile(r' in file "[^"]*"')
# So few rows of another width at the end of a file may be a note below the table.
MOST_NOTES = 9
MEMORY_ERRORS = (duckdb.OutOfMemoryException, duckdb.IOException)


def header_problem(name: str, error: Exception) -> Problem:
    """Return the problem of a header line that cannot be read."""
    if isinstance(error, Problem):
        return error
    return refusal(name, f"the header cannot be read: {error}")


def csv_problem(
    name: str, path: Path, written: TextFormat, header: Sequence[str], error: Exception
) -> Problem:
    """Find the first row that cannot be read and say what is wrong with it.

    Rows are numbered as in the raw table: 1 is the first one after the header.
    """
    if isinstance(error, MEMORY_ERRORS):
        return Problem(f"{name}: {first_lines(error)}")
    row, line = 0, 1
    read = records(path, written)
    try:
        for row, (line, record) in enumerate(read):
            has_end = len(record) == len(header) + 1 and not record[-1]
            if row and len(record) != len(header) and not has_end:
                fault = _width_fault(row, line, record, header, written)
                return refusal(name, fault + _note_below(row, record, read, header))
    except csv.Error as csv_error:
        if "unexpected end" in str(csv_error):
            reason = "opens a double quote that is never closed"
        elif "is longer than" in str(csv_error):
            reason = f"{csv_error}; is a double quote in it never closed?"
        else:
            reason = (
                f"has a character after a closing double quote: expected {_delimiter(written)}; "
                "a double quote inside a text is written twice"
            )
        return refusal(name, f"row {row + 1:,} {reason}")
    return refusal(name, f"cannot be read as CSV: {first_lines(error)}")


def json_problem(
    name: str, path: Path, written: TextFormat, layout: str, error: duckdb.Error | None = None
) -> Problem:
    """Find the first line that is no JSON object, or names something twice."""
    if isinstance(error, MEMORY_ERRORS):
        return Problem(f"{name}: {first_lines(error)}")
    if layout != LINES:
        what = IN_A_FILE.sub("", first_lines(error)) if error else "there is no object with names"
        return refusal(name, f"cannot be read as JSON: {what}; expected objects, or one array")
    with open_text(path, written) as file:
        for number, line in enumerate(iter(partial(file.readline, LONGEST_OBJECT + 1), ""), 1):
            if len(line) > LONGEST_OBJECT:
                return refusal(name, f"line {number:,} has more than {LONGEST_OBJECT:,} characters")
            if not line.strip():
                continue
            try:
                value = json.loads(line, object_pairs_hook=_pairs)
            except _RepeatedNameError as repeated:
                return refusal(name, f"line {number:,} has the name {repeated} twice")
            except (ValueError, RecursionError) as fault:
                return refusal(
                    name,
                    f"line {number:,} is no JSON object ({fault}): expected one object on each "
                    "line, or one array of objects",
                )
            if not isinstance(value, dict):
                return refusal(
                    name,
                    f"line {number:,} is {shown(line.strip())}: expected a JSON object",
                )
    return refusal(name, f"cannot be read as JSON lines: {first_lines(error) if error else ''}")


def unreadable_parquet(name: str, error: duckdb.Error) -> Problem:
    """Return the problem of a Parquet file that is damaged or something else."""
    return refusal(name, f"is damaged or is not Parquet: {first_lines(error)}")


class _RepeatedNameError(Exception):
    pass


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise _RepeatedNameError(shown(name))
        found[name] = value
    return found


def _delimiter(written: TextFormat) -> str:
    singular = DELIMITERS.get(written.delimiter, "blanks").removesuffix("s")
    return f"a {singular}"


def _note_below(
    row: int,
    record: Sequence[str],
    after: Iterator[tuple[int, list[str]]],
    header: Sequence[str],
) -> str:
    """Say so where a row and the few that follow look like a note below the table."""
    try:
        rest = [record for _, record in islice(after, MOST_NOTES + 1)]
    except csv.Error:
        return ""
    is_below = row > 1 and len(rest) <= MOST_NOTES and len(record) < len(header)
    if not is_below or any(len(each) == len(header) for each in rest):
        return ""
    return (
        f". Nothing of the table follows: if it is a note or a sum below the table, remove the "
        f"last {count(1 + len(rest), 'line')}"
    )


def _width_fault(
    row: int, line: int, record: Sequence[str], header: Sequence[str], written: TextFormat
) -> str:
    """Describe a row of another width than the header, and where it seems to be shifted."""
    kind = _delimiter(written)
    fault = (
        f"row {row:,} (line {line:,}) has {count(len(record), 'column')}: expected {len(header)}, "
        f"as in the header; is a text with {kind} or a line break not in double quotes?"
    )
    if len(record) > len(header):
        fault += f" Column {header[-1]} has {shown(record[len(header) - 1])}"
    else:
        fault += f" Column {header[len(record)]} and those after it are not there"
    return fault
