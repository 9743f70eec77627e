"""How the rows of a delimited file are held apart: lines above the header, delimiter, line ends."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, AnyStr

from loading.text_format import (
    BLANKS,
    CHUNK_BYTES,
    DELIMITERS,
    Scanned,
    TextFormat,
    open_bytes,
    open_text,
    split_at_blanks,
)

SAMPLE_CHARACTERS = 1 << 16
SAMPLE_RECORDS = 200
LINE_END = re.compile(r"\r\n|\n|\r")
# Blank lines, and Excel's word on the delimiter, may stand before the header.
ABOVE = re.compile(r"(?:[ \t]*(?:\r\n|\n|\r))*(?:sep=(.)(?:\r\n|\n|\r))?", re.IGNORECASE)
# Encodings in which a quote and a line end are bytes that stand for nothing else.
OF_BYTES = ("utf-8", "utf-8-sig", "cp1252")


def format_of(path: Path, scanned: Scanned, skipped_rows: int = 0) -> TextFormat:
    """Find what stands above the header, the delimiter and the line ends of a file.

    Args:
        path: The file.
        scanned: Its encoding.
        skipped_rows: Lines above the header that are known not to belong to the table.
    """
    sample, is_whole = sample_of(path, scanned)
    ends = LINE_END.finditer(sample)
    skipped = [end for end, _ in zip(ends, range(skipped_rows), strict=False)]
    if skipped:
        sample = sample[skipped[-1].end() :]
    above = ABOVE.match(sample)
    assert above is not None, "every part of the pattern may be absent"
    sample = sample[above.end() :]
    stated = above[1] if above[1] in DELIMITERS else None
    delimiter = stated or best_delimiter(sample, is_whole)
    found, is_safe = line_ends(path, scanned)
    return TextFormat(
        scanned.encoding,
        scanned.is_gzipped,
        delimiter,
        found == {"\r"},
        len(skipped) + len(LINE_END.findall(above[0])),
        is_rewritten=not is_safe or delimiter in BLANKS,
    )


def sample_of(path: Path, scanned: Scanned | TextFormat) -> tuple[str, bool]:
    """Return the first characters of a file, and whether they are all of it."""
    with open_text(path, scanned) as file:
        sample = file.read(SAMPLE_CHARACTERS)
    return sample, len(sample) < SAMPLE_CHARACTERS


def best_delimiter(sample: str, is_whole: bool = True) -> str:
    """Return the delimiter under which most records have as many columns as the header.

    Where the header has none of them, columns may be held apart by blanks.
    """
    scores = {}
    for delimiter in DELIMITERS:
        widths = _widths(csv_records(sample, delimiter), is_whole)
        header = widths[0] if widths else 1
        alike = sum(width == header for width in widths) / max(len(widths), 1)
        if header > 1:
            scores[delimiter] = (alike > 0.5, header, alike)
    if scores:
        return max(scores, key=scores.__getitem__)
    for blanks in BLANKS:
        widths = _widths(map(split_at_blanks(blanks), sample.splitlines()), is_whole)
        if len(widths) > 1 and widths[0] > 1 and len(set(widths)) == 1:
            return blanks
    return ","


def csv_records(sample: str, delimiter: str) -> Iterator[list[str]]:
    """Yield the records of a text up to the first that cannot be read."""
    try:
        yield from csv.reader(io.StringIO(sample, newline=""), delimiter=delimiter)
    except csv.Error:
        return


def _widths(records: Iterable[list[str]], is_whole: bool) -> list[int]:
    widths: list[int] = []
    for record in records:
        if record:
            widths.append(len(record))
        if len(widths) > SAMPLE_RECORDS:
            return widths
    # The last record of a sample may be cut.
    return widths if is_whole or len(widths) < 2 else widths[:-1]


def line_ends(path: Path, scanned: Scanned) -> tuple[set[str], bool]:
    r"""Return the line ends outside of double quotes, and whether DuckDB can read them.

    They are `\n`, `\r\n` and `\r`. DuckDB reads files of one kind, and those of Excel, whose
    lines end with `\r\n` and the lines within a cell with `\n`.
    """
    counts: Counter[str] = Counter()
    for text in _whole_ends(path, scanned):
        _count_ends(text, counts)
    if len(+counts) < 2:
        return set(+counts), True
    outside: Counter[str] = Counter()
    is_quoted = False
    for text in _whole_ends(path, scanned):
        parts = _between_quotes(text)
        for part in parts[int(is_quoted) :: 2]:
            _count_ends(part, outside)
        is_quoted ^= len(parts) % 2 == 0
    return set(+outside), set(+outside) == {"\r\n"} and not counts["\r"]


def _whole_ends(path: Path, scanned: Scanned) -> Iterator[bytes | str]:
    """Yield the pieces of a file, none of which ends within a line end of two characters."""
    if scanned.encoding in OF_BYTES:
        with open_bytes(path, scanned.is_gzipped) as file:
            yield from _pieces(file, b"\r")
    else:
        with open_text(path, scanned) as text:
            yield from _pieces(text, "\r")


def _pieces(file: IO[AnyStr], carriage_return: AnyStr) -> Iterator[AnyStr]:
    while piece := file.read(CHUNK_BYTES):
        if piece[-1:] == carriage_return:
            piece += file.read(1)
        yield piece


def _between_quotes(text: bytes | str) -> Sequence[bytes | str]:
    return text.split(b'"') if isinstance(text, bytes) else text.split('"')


def _count_ends(text: bytes | str, counts: Counter[str]) -> None:
    if isinstance(text, bytes):
        _count(text, b"\r\n", b"\r", b"\n", counts)
    else:
        _count(text, "\r\n", "\r", "\n", counts)


def _count(
    text: AnyStr, both: AnyStr, carriage_return: AnyStr, line_feed: AnyStr, counts: Counter[str]
) -> None:
    if carriage_return not in text:
        # As most files are: whether there is one is found at the first of them.
        counts["\n"] += line_feed in text
        return
    pairs = text.count(both)
    counts["\r\n"] += pairs
    counts["\r"] += text.count(carriage_return) - pairs
    counts["\n"] += text.count(line_feed) - pairs
