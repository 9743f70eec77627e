"""Rows of feature definitions, read and checked one by one."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from loading.seed_files import SeedFile, number_of, one_of

COLUMNS: dict[str, str] = {
    "source": "varchar",
    "position": "bigint",
    "feature": "varchar",
    "label": "varchar",
    "family": "varchar",
    "unit": "varchar",
    "transform": "varchar",
    "weight": "double",
    "is_clustered": "boolean",
    "missing_value": "varchar",
    "higher_means": "varchar",
    "lower_means": "varchar",
}
AS_WRITTEN = ("transform", "missing_value")
TRANSFORMS = ("log1p", "sqrt", "identity")
MISSING_VALUES = ("zero", "median", "min", "max")
MAX_POSITION = 10**6
MAX_WEIGHT = 10**6
TRUE, FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")
Definition: TypeAlias = dict[str, Any]


def given_file(path: Path) -> SeedFile:
    """Return the file DEFINITIONS=."""
    return SeedFile(path, f"DEFINITIONS: {path.name}", tuple(COLUMNS), ("feature",))


def read_definitions(path: Path, source: str) -> list[Definition]:
    """Read and check a file of definitions; rows of other sources are left out.

    Raises:
        Problem: with exit code 4; names the row (1 is the first after the header) and column.
    """
    file = given_file(path)
    rows = [checked_row(file, number, cells) for number, cells in file.rows()]
    check_twice(file, rows)
    counted = [row for row in rows if row["source"] in ("*", source)]
    if not counted:
        raise file.refusal(f"has no row whose source is * or {source}: expected at least one")
    check_clustered(file, counted)
    return counted


def checked_row(file: SeedFile, number: int, cells: dict[str, str]) -> Definition:
    """Return the row with its types and number; an empty cell is what a definition mostly says."""

    def read(column: str, default: str, convert: Callable[[str], object], expected: str) -> object:
        text = cells.get(column, "") or default
        try:
            return convert(text)
        except ValueError:
            raise file.refused_cell(number, column, text, expected) from None

    feature = read("feature", "", required, "the name of a feature")
    label = cells.get("label", "") or str(feature).replace("_", " ")
    return {
        "_row": number,
        "source": cells.get("source", "") or "*",
        "position": read(
            "position", str(number), whole, f"a whole number from 0 to {MAX_POSITION:,}"
        ),
        "feature": feature,
        "label": label,
        "family": cells.get("family", "") or "attributes",
        "unit": cells.get("unit", "") or "as in the file",
        "transform": read(
            "transform", "identity", one_of(TRANSFORMS), f"one of {', '.join(TRANSFORMS)}"
        ),
        "weight": read("weight", "1", weight, f"a number from 0 to {MAX_WEIGHT:,}"),
        "is_clustered": read("is_clustered", "true", yes_or_no, "true or false"),
        "missing_value": read(
            "missing_value",
            "median",
            missing_value,
            f"one of {', '.join(MISSING_VALUES)}, or a number",
        ),
        "higher_means": cells.get("higher_means", "") or f"high {label}",
        "lower_means": cells.get("lower_means", "") or f"low {label}",
    }


def check_twice(file: SeedFile, rows: list[Definition]) -> None:
    """Refuse a file with two rows for one feature of one source."""
    seen: dict[tuple[object, object], object] = {}
    for row in rows:
        key = (row["source"], row["feature"])
        if key in seen:
            raise file.refusal(
                f"row {row['_row']}, column feature: {row['feature']} is defined in row "
                f"{seen[key]} too; expected one row for each"
            )
        seen[key] = row["_row"]


def check_clustered(file: SeedFile, rows: list[Definition]) -> None:
    """Refuse rows that leave nothing to cluster customers by."""
    if rows and not any(row["is_clustered"] and row["weight"] for row in rows):
        raise file.refusal(
            "no row has is_clustered true and a weight above 0: expected at least one feature "
            "to cluster customers by"
        )


def required(text: str) -> str:
    """Return a text that is not empty."""
    if not text:
        raise ValueError
    return text


def whole(text: str) -> int:
    """Return a whole number that a position can be."""
    if not re.fullmatch(r"[0-9]{1,7}", text) or int(text) > MAX_POSITION:
        raise ValueError
    return int(text)


def weight(text: str) -> float:
    """Return a number that a weight can be."""
    number = number_of(text)
    if not 0 <= number <= MAX_WEIGHT:
        raise ValueError
    return number


def yes_or_no(text: str) -> bool:
    """Return the truth of true and false, yes and no, 1 and 0."""
    if text.lower() not in (*TRUE, *FALSE):
        raise ValueError
    return text.lower() in TRUE


def missing_value(text: str) -> str:
    """Return a rule for null: a word or a number."""
    if text.lower() in MISSING_VALUES:
        return text.lower()
    if not math.isfinite(number_of(text)):
        raise ValueError
    return text
