"""The layouts of files that campaign tools import, as `layouts.yml` has them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from common.project_sql import LOADER

LAYOUTS_FILE = Path(__file__).parent / "layouts.yml"
MEGABYTE = 10**6


@dataclass(frozen=True)
class Layout:
    """A file that a tool imports.

    Attributes:
        name: Its name, for LAYOUT.
        documented: The page that says what the tool imports.
        key: SQL of that by which the tool knows people.
        columns: SQL of each column, by its name in the file.
        removed: Columns of the file of customers who left.
        most_rows: Rows that a file may have; None where there is no limit.
        most_bytes: Bytes that a file may have; None where there is no limit.
        least_rows: People below which the tool does not use a list.
    """

    name: str
    documented: str
    key: str
    columns: dict[str, str]
    removed: tuple[str, ...]
    most_rows: int | None
    most_bytes: int | None
    least_rows: int


@cache
def layouts() -> dict[str, Layout]:
    """Return the layouts by their names."""
    described = yaml.load(LAYOUTS_FILE.read_text(encoding="utf-8"), LOADER)
    return {
        name: Layout(
            name=name,
            documented=entry["documented"],
            key=entry["key"],
            columns=dict(entry["columns"]),
            removed=tuple(entry.get("removed", entry["columns"])),
            most_rows=entry.get("most_rows"),
            most_bytes=entry["most_megabytes"] * MEGABYTE if "most_megabytes" in entry else None,
            least_rows=entry.get("least_rows", 0),
        )
        for name, entry in described.items()
    }
