"""Write the page that people look at, from what is published: one file, no network.

With SEGMENT, the one-page brief of that segment instead.
"""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.console import say, size
from common.setting_values import read_segment
from common.settings import resolve_warehouse
from common.warehouse_paths import Warehouse
from report_page.page import brief_page, whole_page
from report_page.target import checked, read_out, write
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
    out = read_out(text("OUT"), (".html", ".htm"))
    return Request(segment_id, out, text("FORCE") == "1")


def file_of(warehouse: Warehouse, request: Request) -> Path:
    """Return the file to write.

    Raises:
        Problem: OUT is there already, or its folder is not.
    """
    if request.out is None:
        return warehouse.report(request.segment_id)
    return checked(request.out, is_forced=request.is_forced)


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
    write(warehouse, file, page.encode())
    seconds = time.monotonic() - started
    say(f"Page: {file} ({size(file.stat().st_size)}, {seconds:.1f} s)")
    return 0
