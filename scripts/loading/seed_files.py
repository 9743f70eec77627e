"""Reading of the small CSV files that people edit: definitions, rules and names.

They are written in spreadsheets and editors, so anything may stand in them. A file is accepted
whole or refused in one line that names file, row and column (row 1 is the first after the header).
"""

from __future__ import annotations

import codecs
import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.console import DATA_REFUSED, Problem
from common.data_errors import printable, shown
from common.formulas import SIGNS
from common.settings_table import nearest

MAX_BYTES = 2**20
MAX_CELL = 1_000
ENCODED_OTHERWISE = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE)
# Invisible characters that languages and emoji need; other ones hide or reorder text.
JOINERS = "\u200c\u200d\u00ad"
# What spreadsheets take for a formula, unless nothing but words follow a number: `-1 to 1`.
FORMULA = re.compile(f"[{SIGNS}]")
PLAIN = re.compile(r"[+-]?[.0-9][\w .,%]*([eE][+-]?[0-9]+)?")
NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


@dataclass(frozen=True)
class SeedFile:
    """A file, the name messages give it, and the columns it may have.

    Attributes:
        path: Where the file is.
        name: What messages begin with.
        columns: The columns there are.
        required: Those that must be there.
        is_exact: Whether SQL reads cells as they are written, spaces around them included.
    """

    path: Path
    name: str
    columns: Sequence[str]
    required: Sequence[str]
    is_exact: bool = False

    def refusal(self, reason: str) -> Problem:
        """Return the problem of this file (exit code 4)."""
        return Problem(printable(f"{self.name}: {reason}"), DATA_REFUSED)

    def refused_cell(self, number: int, column: str, found: str, expected: str) -> Problem:
        """Return the problem of one cell."""
        return self.refusal(
            f"row {number}, column {column}: found {shown(found)}, expected {expected}"
        )

    def rows(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Yield number and cells of each row that is not blank, without spaces around them.

        Raises:
            Problem: the file, its header, a row or a cell cannot be used.
        """
        header, *records = self._records() or [[]]
        names = [name.strip().lower() for name in header]
        self._check_header(names)
        for number, record in enumerate(records, start=1):
            if not any(cell.strip() for cell in record):
                continue
            if len(record) != len(names):
                raise self.refusal(
                    f"row {number} has {len(record)} columns: expected {len(names)}, as above"
                )
            cells = dict(zip(names, record, strict=True))
            for name, cell in cells.items():
                self._check_cell(number, name, cell)
            yield number, {name: cell.strip() for name, cell in cells.items()}

    def _records(self) -> list[list[str]]:
        try:
            with self.path.open("rb") as file:
                content = file.read(MAX_BYTES + 1)
        except OSError as error:
            raise self.refusal(f"cannot be read: {error.strerror or error}") from None
        if len(content) > MAX_BYTES:
            raise self.refusal(f"has more than {MAX_BYTES:,} bytes: expected a file people edit")
        if content.startswith((*ENCODED_OTHERWISE, codecs.BOM_UTF16_BE)):
            raise self.refusal("is UTF-16 or UTF-32, not UTF-8: save it as UTF-8")
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise self.refusal(f"is not UTF-8 in line {line:,}: save it as UTF-8") from None
        if "\0" in text:
            line = text.count("\n", 0, text.index("\0")) + 1
            raise self.refusal(f"has a NUL byte in line {line:,}: expected text")
        try:
            return list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error as error:
            raise self.refusal(f"cannot be read as CSV: {error}") from None

    def _check_header(self, names: list[str]) -> None:
        for name in self.required:
            if name not in names:
                optional = [n for n in self.columns if n not in self.required]
                only = f", of which only {', '.join(self.required)} is required" * bool(optional)
                raise self.refusal(
                    f"no column {name}{nearest(name, names)}; expected the columns "
                    f"{', '.join(self.columns)}{only}"
                )
        for name in names:
            if name not in self.columns:
                raise self.refusal(
                    f"column {shown(name)} is not one of this file{nearest(name, self.columns)}; "
                    f"expected {', '.join(self.columns)}"
                )
            if names.count(name) > 1:
                raise self.refusal(f"has more than one column {name}: expected one")

    def _check_cell(self, number: int, column: str, cell: str) -> None:
        if len(cell) > MAX_CELL:
            raise self.refused_cell(number, column, cell, f"at most {MAX_CELL:,} characters")
        # A printable cell has no such character, and nearly all cells are printable.
        if not cell.isprintable() and any(is_hidden(character) for character in cell):
            raise self.refused_cell(number, column, cell, "text without control characters")
        if self.is_exact and (cell != cell.strip() or cell.lower() == "null"):
            raise self.refused_cell(number, column, cell, "no spaces around it, and not null")
        if FORMULA.match(cell.strip()) and not PLAIN.fullmatch(cell.strip()):
            raise self.refused_cell(
                number, column, cell, "a text that no spreadsheet takes for a formula"
            )


def is_hidden(character: str) -> bool:
    """Say whether a character moves a cursor, hides, reorders text or is none."""
    kind = unicodedata.category(character)
    return kind in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp") and character not in JOINERS


def one_of(choices: Sequence[str], *, any_case: bool = True) -> Callable[[str], str]:
    """Return a reader of one of a few words."""

    def read(text: str) -> str:
        word = text.lower() if any_case else text
        if word not in choices:
            raise ValueError
        return word

    return read


def number_of(text: str) -> float:
    """Return a number that is written in digits, as SQL reads it too.

    Raises:
        ValueError: it is none.
    """
    if not NUMBER.fullmatch(text):
        raise ValueError
    return float(text)
