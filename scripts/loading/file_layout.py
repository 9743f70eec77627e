"""How the files of a table are laid out, where `columns.yml` has to say it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SKIP_KEY = "_skip"
SHEET_KEY = "_sheet"
LINES_KEY = "_lines"
MOST_SKIPPED = 1_000


@dataclass(frozen=True)
class FileLayout:
    """What `columns.yml` says of the layout of a table's files.

    Attributes:
        skipped_rows: Rows above the header, blank ones included.
        sheet: Sheet of a workbook; the first visible one when empty.
        lines: Path of the array in JSON whose elements are the rows, such as `line_items`.
    """

    skipped_rows: int = 0
    sheet: str = ""
    lines: str = ""


def layout_of(texts: Mapping[str, str]) -> FileLayout:
    """Return the layout that the texts of keys of `columns.yml` state.

    Raises:
        ValueError: says which text cannot be, and why.
    """
    skip = texts.get(SKIP_KEY, "0")
    if not (skip.isascii() and skip.isdigit() and int(skip) <= MOST_SKIPPED):
        raise ValueError(
            f"{skip!r} is no number of rows: expected how many stand above the header, up to "
            f"{MOST_SKIPPED:,}"
        )
    return FileLayout(int(skip), texts.get(SHEET_KEY, ""), texts.get(LINES_KEY, ""))
