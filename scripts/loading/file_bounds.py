"""How much a text file may take: its longest line, and what a compressed one unpacks to.

Checked piece by piece while a file is first read, so that no more of it is held than one piece.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from typing import AnyStr, NamedTuple, TextIO

from common.console import size
from common.data_errors import refusal

# DuckDB's own bounds: a row of CSV, with the lines within its quotes, and an object of JSON.
LONGEST_ROW = 2_000_000
LONGEST_OBJECT = 16_000_000
# Text that people keep shrinks to a twentieth; this is far beyond, and only for large files.
MOST_UNPACKED = 200
ALWAYS_UNPACKED = 1_000_000_000


def most_unpacked(packed_size: int) -> int:
    """Return to how many bytes a compressed file may unpack."""
    return max(ALWAYS_UNPACKED, packed_size * MOST_UNPACKED)


class Bounds:
    """Counts what is read of a file.

    Args:
        name: The file, for messages.
        longest_line: Characters of its longest line; None where it has no lines.
        packed_size: Bytes of a compressed file; None where it is not compressed.
    """

    def __init__(self, name: str, longest_line: int | None, packed_size: int | None) -> None:
        self._name = name
        self._longest_line = longest_line
        self._most = None if packed_size is None else most_unpacked(packed_size)
        self._unpacked = self._held = 0
        self._line = 1

    def count(self, piece: bytes | str) -> None:
        """Count a piece, which is no longer than the longest line may be.

        Raises:
            Problem: more was read than is allowed.
        """
        self._unpacked += len(piece)
        if self._most is not None and self._unpacked > self._most:
            raise refusal(
                self._name,
                f"unpacks to more than {size(self._most)}, more than {MOST_UNPACKED} times its "
                "size: unpack it, if it is meant to be so large",
            )
        if self._longest_line is None:
            return
        if isinstance(piece, bytes):
            found = _line_ends(piece, (b"\n", b"\r"))
        else:
            found = _line_ends(piece, ("\n", "\r"))
        if self._held + (found.first if found else len(piece)) > self._longest_line:
            raise refusal(
                self._name,
                f"line {self._line:,} has more than {self._longest_line:,} characters: expected "
                "rows on separate lines",
            )
        if found:
            self._line += found.number
            self._held = len(piece) - found.last - 1
        else:
            self._held += len(piece)


class _LineEnds(NamedTuple):
    """Of a piece: the place of the first line end and of the last, and how many there are."""

    first: int
    last: int
    number: int


def _line_ends(piece: AnyStr, ends: Sequence[AnyStr]) -> _LineEnds | None:
    """Return where the lines of a piece end, None where it has no line end."""
    firsts = [at for end in ends if (at := piece.find(end)) >= 0]
    if not firsts:
        return None
    last = max(piece.rfind(end) for end in ends)
    return _LineEnds(min(firsts), last, max(piece.count(end) for end in ends))


class BoundedLines:
    """The lines of a text for a reader of CSV, up to a row that is too long."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._held = 0

    def __iter__(self) -> Iterator[str]:
        while line := self._file.readline(LONGEST_ROW + 1):
            self._held += len(line)
            if self._held > LONGEST_ROW:
                raise csv.Error(f"is longer than {LONGEST_ROW:,} characters")
            yield line

    def row_ended(self) -> None:
        """Begin to count at the next row."""
        self._held = 0
