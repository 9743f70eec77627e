"""Write the page that people look at, from what is published: one file, no network.

With SEGMENT, the one-page brief of that segment instead.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.console import WRONG_USE, Problem, say, size
from common.paths import out_problem, resolve_target
from common.setting_values import read_segment
from common.settings import resolve_warehouse
from common.warehouse_paths import Warehouse
from report_page.page import brief_page, whole_page
from store.atomic_path import sync
from store.temporary import place_in, session
from store.warehouse import remove_leftovers


@dataclass(frozen=True)
class Request:
    """What is asked for."""

    segment_id: int | None
    out: Path | None
    is_forced: bool


def read_request(given: Mapping[str, str]) -> Request:
    """Read and check SEGMENT, OUT and FORCE.

    Raises:
        Problem: with exit code 2 and one line that names the variable.
    """

    def text(name: str) -> str:
        return given.get(name, "").strip()

    segment_id = read_segment(text("SEGMENT"), "the page of all of them")
    out = resolve_target(text("OUT"), out_problem(text("OUT"))) if text("OUT") else None
    if out and out.suffix.lower() not in (".html", ".htm"):
        raise Problem(f"OUT={out}: expected a file whose name ends in .html", WRONG_USE)
    return Request(segment_id, out, text("FORCE") == "1")


def file_of(warehouse: Warehouse, request: Request) -> Path:
    """Return the file to write.

    Raises:
        Problem: OUT is there already, or its folder is not.
    """
    if request.out is None:
        return warehouse.report(request.segment_id)
    file = request.out
    if not file.parent.is_dir():
        raise Problem(f"OUT={file}: there is no folder {file.parent}", WRONG_USE)
    if file.is_dir():
        raise Problem(f"OUT={file}: this is a folder, expected a file", WRONG_USE)
    if file.exists() and not request.is_forced:
        raise Problem(f"{file} is there already: FORCE=1 replaces it, OUT names another", WRONG_USE)
    return file


def write(warehouse: Warehouse, file: Path, page: str) -> None:
    """Put the page in place by a rename, so that no reader opens half of one.

    Raises:
        Problem: the file cannot be written.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with session(place_in(warehouse.path), "report", outside=[temporary]):
            temporary.write_text(page, encoding="utf-8", newline="\n")
            sync(temporary)
            os.replace(temporary, file)
    except OSError as error:
        raise Problem(f"{file} cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)


def main() -> int:
    """Write the page, or the brief of a segment."""
    request = read_request(os.environ)
    warehouse = resolve_warehouse()
    remove_leftovers(warehouse)
    file = file_of(warehouse, request)
    started = time.monotonic()
    if request.segment_id is None:
        page = whole_page(warehouse.marts_db)
    else:
        page = brief_page(warehouse.marts_db, request.segment_id)
    write(warehouse, file, page)
    seconds = time.monotonic() - started
    say(f"Page: {file} ({size(file.stat().st_size)}, {seconds:.1f} s)")
    return 0
