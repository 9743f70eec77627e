"""What marts, columns and values were called before a marts_schema_version, by one list.

`marts_renames.csv` has a row for each name that changed: `mart`, `column` and `value` are names as
they were, and `new_name` is the new name of the last of these that is given. Publishing makes views
of the old names by it, loading reads the state of an older file by it, and docs/upgrading.md shows
it. Views are made of the renames of the current version only; the rows of a version stay in the
list for as long as files of the version before it may be built upon.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

LIST = Path(__file__).parent / "marts_renames.csv"


@dataclass(frozen=True)
class Rename:
    """One name that changed: of a mart, of a column (`value` is empty), or of a value in one."""

    version: int
    mart: str
    column: str
    value: str
    new_name: str


@dataclass(frozen=True)
class OldMart:
    """A mart as it was before a marts_schema_version.

    columns: old names of columns by new name. values: old values by new value, for a column by its
    new name.
    """

    name: str
    new_name: str
    columns: dict[str, str]
    values: dict[str, dict[str, str]]


def read_renames(path: Path = LIST) -> list[Rename]:
    """Return the list, in its order."""
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Rename(
                int(row["marts_schema_version"]),
                row["mart"],
                row["column"],
                row["value"],
                row["new_name"],
            )
            for row in csv.DictReader(file)
        ]


def old_marts(renames: Iterable[Rename], version: int) -> list[OldMart]:
    """Return the marts that a version renamed something of, by their old names."""
    marts: dict[str, list[Rename]] = {}
    for rename in renames:
        if rename.version == version:
            marts.setdefault(rename.mart, []).append(rename)
    return [_old_mart(name, of_mart) for name, of_mart in sorted(marts.items())]


def _old_mart(name: str, renames: list[Rename]) -> OldMart:
    new_names = [rename.new_name for rename in renames if not rename.column]
    columns = {r.new_name: r.column for r in renames if r.column and not r.value}
    new_columns = {old: new for new, old in columns.items()}
    values: dict[str, dict[str, str]] = {}
    for rename in renames:
        if rename.value:
            column = new_columns.get(rename.column, rename.column)
            values.setdefault(column, {})[rename.new_name] = rename.value
    return OldMart(name, new_names[0] if new_names else name, columns, values)


def former_columns(renames: Iterable[Rename], mart: str) -> dict[str, list[str]]:
    """Return the former names of the renamed columns of a mart, the last one first."""
    renames = list(renames)
    former: dict[str, list[str]] = {}
    for version in sorted({rename.version for rename in renames}, reverse=True):
        before = next((o for o in old_marts(renames, version) if o.new_name == mart), None)
        if before is None:
            continue
        named = {names[-1]: column for column, names in former.items()}
        for new, old in before.columns.items():
            former.setdefault(named.get(new, new), []).append(old)
        mart = before.name
    return former
