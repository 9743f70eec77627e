"""Files that are read as a copy: a sheet of a workbook, the file in a zip archive.

A copy lies in a folder that goes when the load ends. What a file unpacks to is limited.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import zipfile
import zlib
from dataclasses import dataclass, replace
from pathlib import Path

from common.data_errors import listed, refusal
from loading.file_bounds import Bounds, most_unpacked
from loading.file_layout import FileLayout
from loading.file_search import COMPRESSED, KINDS, FoundFile, is_passing, kind_of
from loading.text_format import CHUNK_BYTES

PROGRAM = Path(__file__).with_name("read_workbook.py")
LEAST_MEMORY = 1 << 30
NO_FILES = ("__MACOSX", "Thumbs.db", "desktop.ini")
LOCKED = 0x1
STARTS = (
    (b"<", "a web page or XML and no workbook: open it and save it as CSV"),
    (b"PK\x03\x04", "damaged, or no workbook"),
    (b"\xd0\xcf\x11\xe0", "damaged, or no workbook"),
)


@dataclass(frozen=True)
class Copies:
    """Where copies are made, and what making them may take.

    Attributes:
        folder: They go with it.
        memory: Bytes that reading a workbook may use.
    """

    folder: Path
    memory: int = LEAST_MEMORY

    def new(self, ending: str) -> Path:
        """Return the path of a file that is not there yet."""
        return Path(tempfile.mkdtemp(dir=self.folder)) / f"copy{ending}"


@dataclass(frozen=True)
class Opened:
    """A file as it can be read.

    Attributes:
        found: The file; its kind is that of what is read.
        copy: What is read, where it is not the file itself.
        note: What of the file is read, such as `sheet Orders`.
        rows: Rows of the sheet at which the first rows of the copy stand.
        others: The other sheets of a workbook, not yet read.
    """

    found: FoundFile
    copy: Path | None = None
    note: str = ""
    rows: tuple[int, ...] = ()
    others: tuple[Sheet, ...] = ()

    @property
    def path(self) -> Path:
        """Where what is read is."""
        return self.copy or self.found.path


@dataclass(frozen=True)
class Sheet:
    """A sheet of a workbook that can be read."""

    name: str
    workbook: Opened
    copies: Copies

    def read(self) -> Opened:
        """Return it as a copy.

        Raises:
            Problem: it is empty, or takes too much memory.
        """
        return sheet_of(self.workbook, FileLayout(sheet=self.name), self.copies)


def opened(found: FoundFile, layout: FileLayout, copies: Copies) -> Opened:
    """Return a file as it can be read: itself, or a copy of what is in it.

    Raises:
        Problem: it cannot be unpacked, or `columns.yml` says of it what it has not.
    """
    opened = Opened(found)
    if found.kind == "zip":
        opened = unpacked(found, copies)
    if opened.found.kind == "workbook":
        return sheet_of(opened, layout, copies)
    if layout.sheet:
        raise refusal(found.name, f"is no workbook: it has no sheet {layout.sheet} (_sheet)")
    if layout.lines and opened.found.kind != "json":
        raise refusal(found.name, f"is not JSON: it has no array {layout.lines} (_lines)")
    if layout.skipped_rows and opened.found.kind != "csv":
        raise refusal(found.name, "has no rows above its header (_skip): it is no CSV or workbook")
    return opened


def unpacked(found: FoundFile, copies: Copies) -> Opened:
    """Unpack the one file of data in a zip archive.

    Raises:
        Problem: there is none or more than one, it is locked, damaged or a bomb.
    """
    try:
        with zipfile.ZipFile(found.path) as archive:
            files = [info for info in archive.infolist() if is_of_data(info)]
            if len(files) != 1:
                names = listed([info.filename for info in files]) or "none that is read"
                raise refusal(found.name, f"expected one file of data in it; there is {names}")
            (info,) = files
            kind = kind_of(info.filename)
            assert kind is not None, "is_of_data() has looked"
            if kind == "zip" or info.flag_bits & LOCKED:
                what = "is a zip archive too" if kind == "zip" else "is locked by a password"
                raise refusal(found.name, f"{info.filename} {what}: unpack it")
            endings = Path(info.filename.lower()).suffixes[-2:]
            # Nothing else of the name: what stands in it may be a pattern to DuckDB.
            copy = copies.new("".join(end for end in endings if end in (*KINDS, COMPRESSED)))
            _unpack(found, archive, info, copy)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError) as error:
        raise refusal(found.name, f"cannot be unpacked: {error}") from error
    # A Parquet file is read as one behind a link is: into a table.
    linked = replace(found, kind=kind, is_linked=found.is_linked or kind == "parquet")
    return Opened(linked, copy, f"{info.filename} in zip")


def is_of_data(info: zipfile.ZipInfo) -> bool:
    """Say whether a file in an archive is one of data, and not a folder or a program's own."""
    path = Path(info.filename)
    is_own = is_passing(path) or any(part in NO_FILES for part in path.parts)
    return not info.is_dir() and not is_own and kind_of(path.name) is not None


def _unpack(found: FoundFile, archive: zipfile.ZipFile, info: zipfile.ZipInfo, copy: Path) -> None:
    bounds = Bounds(found.name, None, found.path.stat().st_size)
    with archive.open(info) as source, copy.open("wb") as target:
        while piece := source.read(CHUNK_BYTES):
            bounds.count(piece)
            target.write(piece)


def sheet_of(opened: Opened, layout: FileLayout, copies: Copies) -> Opened:
    """Write a sheet of a workbook as CSV.

    Raises:
        Problem: it is no workbook, has not the sheet, or takes too much memory.
    """
    name, copy = opened.found.name, copies.new(".csv")
    if layout.lines:
        raise refusal(name, f"is a workbook: it has no array {layout.lines} (_lines)")
    memory = max(copies.memory, LEAST_MEMORY)
    most_bytes = most_unpacked(opened.path.stat().st_size)
    arguments = (opened.path, copy, layout.sheet, layout.skipped_rows, memory, most_bytes)
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *map(str, arguments)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        raise refusal(
            name,
            f"takes more than {memory / 1e9:.1f} GB of memory or ten minutes to read: save its "
            "sheet as CSV",
        )
    found = json.loads(done.stdout)
    if "unreadable" in found:
        raise refusal(name, f"is {what_it_is(opened.path)} ({found['unreadable']})")
    if "problem" in found:
        raise refusal(name, found["problem"])
    if not found["rows"]:
        raise refusal(name, f"sheet {found['sheets'][0]} is empty: expected a row with the names")
    sheets, others = found["sheets"], [name for name in found["all"] if name not in found["sheets"]]
    note = f"{'sheets' if len(sheets) > 1 else 'sheet'} {listed(sheets)}"
    note += f" of {len(found['all'])}" if others else ""
    return Opened(
        replace(opened.found, kind="csv"),
        copy,
        note,
        tuple(found["rows"]),
        () if layout.sheet else tuple(Sheet(sheet, opened, copies) for sheet in others),
    )


def what_it_is(path: Path) -> str:
    """Say what a file is that cannot be read as a workbook."""
    with path.open("rb") as file:
        start = file.read(CHUNK_BYTES).lstrip(b"\xef\xbb\xbf \t\r\n")
    for begin, what in STARTS:
        if start.startswith(begin):
            return what
    return "no workbook" if b"\0" in start else "text and no workbook: name it .csv"
