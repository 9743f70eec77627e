"""What a text file is written in: encoding, compression, delimiter, line ends.

Every byte is looked at once, in pieces: what is found holds for the whole file and not for a
sample of it.
"""

from __future__ import annotations

import codecs
import csv
import gzip
import hashlib
import io
import itertools
import re
import sys
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO, cast

from common.data_errors import refusal
from loading.file_bounds import LONGEST_ROW, BoundedLines, Bounds

CHUNK_BYTES = 1 << 20
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
# Columns held apart by one blank or more, or by two or more, so that a text may have one.
BLANKS = (" ", "  ")
GZIP_MAGIC = b"\x1f\x8b"
# Longest mark first: UTF-32's begins like UTF-16's.
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
SPOKEN = {
    "utf-8": "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252",
}
OTHER_FILES = (
    (b"PK\x03\x04", "a workbook or a zip archive and not text: name it .xlsx or .zip"),
    (b"\xd0\xcf\x11\xe0", "a workbook and not text: name it .xls"),
    (b"PAR1", "Parquet and not text: name it .parquet"),
    (b"%PDF", "a PDF and not text: save the data as CSV"),
    (b"SQLite format 3", "a database and not text: save the data as CSV"),
)
LONE_BYTES = re.compile("[\udc80-\udcff]")
BEYOND_ASCII = re.compile("[\u0080-\ud7ff\ue000-\U0010ffff]")


@dataclass(frozen=True)
class TextFormat:
    """How the text of a file is written.

    Attributes:
        encoding: Name of Python's codec.
        is_gzipped: Whether the file is compressed.
        delimiter: Between columns; empty for JSON lines.
        has_cr_lines: Whether lines end with a lone carriage return.
        skipped_lines: Lines before the header: titles, blank ones, and Excel's `sep=;`.
        is_rewritten: Whether DuckDB reads a copy in which every row is written alike: where line
            ends are mixed, a name has a line break, or blanks hold the columns apart.
    """

    encoding: str
    is_gzipped: bool = False
    delimiter: str = ","
    has_cr_lines: bool = False
    skipped_lines: int = 0
    is_rewritten: bool = False

    @property
    def is_utf8(self) -> bool:
        """Whether the text is UTF-8."""
        return self.encoding in ("utf-8", "utf-8-sig")

    @property
    def is_plain(self) -> bool:
        """Whether DuckDB can read the file as it is.

        Where the lines it skips end otherwise than the others, it loses rows without a word.
        """
        return self.is_utf8 and not self.skipped_lines and not self.is_rewritten

    @property
    def copy_delimiter(self) -> str:
        """The delimiter of a copy."""
        return "," if self.delimiter in BLANKS else self.delimiter

    def spoken(self) -> str:
        """Return what was found, such as `Windows-1252, semicolons, gzip`."""
        parts = [SPOKEN[self.encoding]]
        if self.delimiter:
            parts.append(DELIMITERS.get(self.delimiter, "columns held apart by blanks"))
        if self.is_gzipped:
            parts.append("gzip")
        return ", ".join(parts)


@dataclass(frozen=True)
class Scanned:
    """A text file's encoding and compression."""

    encoding: str
    is_gzipped: bool


def hash_of(path: Path, name: str) -> tuple[int, str]:
    """Return size and hash of a file, read in pieces, during which other threads may run."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256")
            return file.tell(), digest.hexdigest()
    except OSError as error:
        raise refusal(name, f"cannot be read: {error.strerror}") from error


def scan_text(path: Path, name: str, longest_line: int | None = LONGEST_ROW) -> Scanned:
    """Read a text file whole and find its encoding.

    UTF-8 is what is UTF-8 from the first byte to the last. What is not, and has no byte order
    mark, is Windows-1252, of which Latin-1 is a part.

    Raises:
        Problem: the file cannot be read, is no text, is in no encoding that is known, or has more
            in a line, or unpacked, than a file may have.
    """
    with path.open("rb") as file:
        is_gzipped = file.read(2) == GZIP_MAGIC
    try:
        with open_bytes(path, is_gzipped) as file:
            start = file.read(CHUNK_BYTES)
        check_is_text(name, start)
        bounds = Bounds(name, longest_line, path.stat().st_size if is_gzipped else None)
        encoding = marked_encoding(start) or unmarked_encoding(
            path, name, start, is_gzipped, bounds
        )
        if encoding not in ("utf-8", "cp1252"):
            check_decodes(path, name, encoding, is_gzipped, bounds)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise refusal(name, f"is damaged: it cannot be unpacked ({error})") from error
    return Scanned(encoding, is_gzipped)


def check_is_text(name: str, start: bytes) -> None:
    """Refuse files of other kinds under a name of text, and empty ones."""
    if not start.strip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"):
        raise refusal(name, "is empty: expected a header line with the names of the columns")
    for magic, what in OTHER_FILES:
        if start.startswith(magic):
            raise refusal(name, f"is {what}")


def marked_encoding(start: bytes) -> str | None:
    """Return the encoding that a byte order mark names, or None."""
    return next((name for mark, name in BYTE_ORDER_MARKS if start.startswith(mark)), None)


def unmarked_encoding(path: Path, name: str, start: bytes, is_gzipped: bool, bounds: Bounds) -> str:
    """Return the encoding of a file without a mark: UTF-8, UTF-16 by its zeros, or Windows-1252."""
    if b"\0" in start:
        for offset, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
            if start[offset::2].count(0) > len(start) / 4 and not start[1 - offset :: 2].count(0):
                return encoding
    decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
    lone = beyond = zeros = 0
    with open_bytes(path, is_gzipped) as file:
        for chunk in itertools.chain(_chunks(file), [b""]):
            bounds.count(chunk)
            zeros += chunk.count(0)
            if chunk.isascii() and not decoder.getstate()[0] and chunk:
                continue
            text = decoder.decode(chunk, final=not chunk)
            # Without a list of what is found: that takes a hundred times the piece.
            lone += len(text) - len(LONE_BYTES.sub("", text))
            beyond += len(text) - len(BEYOND_ASCII.sub("", text))
    if zeros:
        raise unreadable(path, name, "utf-8", is_gzipped, b"\0")
    if not lone:
        return "utf-8"
    if beyond > lone:
        raise unreadable(path, name, "utf-8", is_gzipped)
    check_decodes(path, name, "cp1252", is_gzipped)
    return "cp1252"


def check_decodes(
    path: Path, name: str, encoding: str, is_gzipped: bool, bounds: Bounds | None = None
) -> None:
    """Refuse a file that is not in this encoding throughout."""
    decoder = codecs.getincrementaldecoder(encoding)("strict")
    try:
        with open_bytes(path, is_gzipped) as file:
            for chunk in _chunks(file):
                text = decoder.decode(chunk)
                if bounds:
                    bounds.count(text)
                if "\0" in text:
                    raise unreadable(path, name, encoding, is_gzipped, b"\0")
            decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        raise unreadable(path, name, encoding, is_gzipped) from None


def unreadable(
    path: Path, name: str, encoding: str, is_gzipped: bool, byte: bytes = b""
) -> Exception:
    """Find the first line that cannot be read and return the problem."""
    if encoding not in ("utf-8", "utf-8-sig", "cp1252"):
        return refusal(
            name, f"is not whole {SPOKEN[encoding]}, as its start says; save it as UTF-8"
        )
    with open_bytes(path, is_gzipped) as file:
        for number, line in enumerate(_lines(file), start=1):
            try:
                line.decode(encoding)
                found = 0 if byte and byte in line else None
            except UnicodeDecodeError as error:
                found = line[error.start]
            if found is not None:
                return refusal(
                    name,
                    f"line {number:,} has the byte 0x{found:02x}, which is no "
                    f"{SPOKEN[encoding]} text; save the file as UTF-8",
                )
    return refusal(name, "has bytes that are no text; save the file as UTF-8")


@contextmanager
def open_bytes(path: Path, is_gzipped: bool) -> Iterator[IO[bytes]]:
    """Open a file for reading its bytes, unpacked."""
    with gzip.open(path) if is_gzipped else path.open("rb") as file:
        yield cast("IO[bytes]", file)


@contextmanager
def open_text(path: Path, written: TextFormat | Scanned) -> Iterator[TextIO]:
    """Open a file for reading its text, line ends kept, its byte order mark left out."""
    with (
        open_bytes(path, written.is_gzipped) as file,
        io.TextIOWrapper(file, encoding=written.encoding, newline="") as text,
    ):
        yield text


def split_at_blanks(blanks: str) -> Callable[[str], list[str]]:
    """Return what splits a line at one or more blanks, or at two or more."""
    gap = re.compile(rf"[ \t]{{{len(blanks)},}}")
    return lambda line: gap.split(line.strip()) if line.strip() else []


def records(path: Path, written: TextFormat) -> Iterator[tuple[int, list[str]]]:
    """Yield (line number, record) of a delimited file, header first, empty lines left out.

    A plain parser, for headers, for finding faults, and for copies that DuckDB can read.
    """
    csv.field_size_limit(min(sys.maxsize, 2**31 - 1))
    with open_text(path, written) as file:
        for _ in range(written.skipped_lines):
            file.readline()
        if written.delimiter in BLANKS:
            rows = map(split_at_blanks(written.delimiter), file)
            yield from (
                (number, row) for number, row in enumerate(rows, written.skipped_lines + 1) if row
            )
            return
        lines = BoundedLines(file)
        reader = csv.reader(lines, delimiter=written.delimiter, strict=True)
        last_line = written.skipped_lines
        for record in reader:
            lines.row_ended()
            first_line, last_line = last_line + 1, written.skipped_lines + reader.line_num
            if record:
                yield first_line, record


def write_utf8(path: Path, written: TextFormat, target: Path) -> None:
    """Write a copy in plain UTF-8 from the header on; where rows are not alike, row by row."""
    with target.open("w", encoding="utf-8", newline="") as copy:
        if written.is_rewritten:
            rows = (record for _, record in records(path, written))
            # A line break in a name of the header makes DuckDB lose rows without a word.
            header = [" ".join(name.split()) for name in next(rows, [])]
            # All quoted: Python 3.11 leaves a lone carriage return in a cell without quotes.
            writer = csv.writer(
                copy,
                delimiter=written.copy_delimiter,
                lineterminator="\n",
                quoting=csv.QUOTE_ALL,
            )
            writer.writerows(itertools.chain([header], rows))
            return
        with open_text(path, written) as source:
            for _ in range(written.skipped_lines):
                source.readline()
            while text := source.read(CHUNK_BYTES):
                copy.write(text)


def _chunks(file: IO[bytes]) -> Iterator[bytes]:
    while chunk := file.read(CHUNK_BYTES):
        yield chunk


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    """Yield the lines of a file, whatever ends them, those that are too long in parts."""
    with io.TextIOWrapper(file, encoding="latin-1", newline="") as text:
        while line := text.readline(LONGEST_ROW):
            yield line.encode("latin-1")
