"""Write the workbook or the deck, from what is published."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from common.console import say, size
from common.settings import resolve_warehouse
from report_page.target import checked, read_out, write
from store.warehouse import remove_leftovers


def run(ending: str, made_by: Callable[[Path], bytes]) -> int:
    """Write the file that `made_by` returns the content of, with this ending."""
    out = read_out(os.environ.get("OUT", "").strip(), (ending,))
    warehouse = resolve_warehouse()
    remove_leftovers(warehouse)
    if out is None:
        file = warehouse.office(ending)
    else:
        file = checked(out, is_forced=os.environ.get("FORCE", "").strip() == "1")
    started = time.monotonic()
    write(warehouse, file, made_by(warehouse.marts_db))
    seconds = time.monotonic() - started
    say(f"Written: {file} ({size(file.stat().st_size)}, {seconds:.1f} s)")
    return 0
