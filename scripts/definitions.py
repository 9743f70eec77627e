"""Feature definitions given by DEFINITIONS=, checked and brought into schema `raw`; and written.

The file has the columns of `dbt_project/seeds/feature_definitions.csv`, in any order; all but
`feature` may be missing.
"""

from __future__ import annotations

import csv
import io
import itertools
import math
import os
import re
import textwrap
from collections.abc import Callable
from pathlib import Path

import duckdb

from column_names import ADDED_COLUMNS
from console import DATA_REFUSED, Problem
from customer_table import ID_COLUMN, VIEW
from refusals import printable, shown
from settings import SOURCES_OF_ONE_TABLE, Settings, nearest
from warehouse import Warehouse

FILE_NAME = "feature_definitions.csv"
PREVIOUS_NAME = "feature_definitions.previous.csv"
TABLE = "given_definitions"
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
TRANSFORMS = ("log1p", "sqrt", "identity")
MISSING_VALUES = ("zero", "median", "min", "max")
MAX_POSITION = 10**6
MAX_WEIGHT = 10**6
TRUE, FALSE = ("true", "t", "yes", "1"), ("false", "f", "no", "0")


def load_definitions(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Make `raw.given_definitions` of the file DEFINITIONS=, empty without; returns its rows.

    Raises:
        Problem: the file cannot be used (exit code 4); names row and column.
    """
    path = settings.definitions
    rows = read_definitions(path, settings.source) if path else []
    if path and settings.source in SOURCES_OF_ONE_TABLE:
        check_features(path, rows, columns_there(connection))
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"create or replace table raw.{TABLE} ({columns})")
    marks = ", ".join("?" for _ in COLUMNS)
    for row in rows:
        values = [row[name] for name in COLUMNS]
        connection.execute(f"insert into raw.{TABLE} values ({marks})", values)
    return len(rows)


def read_definitions(path: Path, source: str) -> list[dict[str, object]]:
    """Read and check a file of definitions; rows of other sources are left out.

    Raises:
        Problem: with exit code 4; names the row (1 is the first after the header) and column.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *records = list(csv.reader(file, strict=True)) or [[]]
    except UnicodeDecodeError:
        raise refusal(path, "is not UTF-8: save it as UTF-8") from None
    except (OSError, csv.Error) as error:
        raise refusal(path, f"cannot be read as CSV: {error}") from None
    names = [name.strip().lower() for name in header]
    check_header(path, names)
    rows = []
    for number, record in enumerate(records, start=1):
        if not any(cell.strip() for cell in record):
            continue
        if len(record) != len(names):
            raise refusal(
                path, f"row {number} has {len(record)} columns: expected {len(names)}, as above"
            )
        cells = {n: cell.strip() for n, cell in zip(names, record, strict=True)}
        row = checked_row(path, number, cells)
        if row["source"] in ("*", source):
            rows.append(row | {"_row": number})
    check_rows(path, rows, source)
    return rows


def check_header(path: Path, names: list[str]) -> None:
    """Refuse a header without `feature`, with a column twice, or with one that is none."""
    if "feature" not in names:
        raise refusal(
            path,
            f"no column feature{nearest('feature', names)}; expected the columns "
            f"{', '.join(COLUMNS)}, of which only feature is required",
        )
    for name in names:
        if name not in COLUMNS:
            raise refusal(
                path,
                f"column {shown(name)} is not one of a definition{nearest(name, COLUMNS)}; "
                f"expected {', '.join(COLUMNS)}",
            )
        if names.count(name) > 1:
            raise refusal(path, f"has more than one column {name}: expected one")


def checked_row(path: Path, number: int, cells: dict[str, str]) -> dict[str, object]:
    """Return the row with its types; an empty cell is what a definition mostly says."""

    def read(column: str, default: str, convert: Callable[[str], object], expected: str) -> object:
        text = cells.get(column, "") or default
        try:
            return convert(text)
        except ValueError:
            raise refusal(
                path, f"row {number}, column {column}: found {shown(text)}, expected {expected}"
            ) from None

    feature = read("feature", "", required, "the name of a feature")
    label = cells.get("label", "") or str(feature).replace("_", " ")
    return {
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


def check_rows(path: Path, rows: list[dict[str, object]], source: str) -> None:
    """Refuse a file without a row that counts, or with two for one feature."""
    if not rows:
        raise refusal(path, f"has no row whose source is * or {source}: expected at least one")
    seen: dict[tuple[object, object], object] = {}
    for row in rows:
        key = (row["source"], row["feature"])
        if key in seen:
            raise refusal(
                path,
                f"row {row['_row']}, column feature: {row['feature']} is defined in row "
                f"{seen[key]} too; expected one row for each",
            )
        seen[key] = row["_row"]
    if not any(row["is_clustered"] and row["weight"] for row in rows):
        raise refusal(
            path,
            "no row has is_clustered true and a weight above 0: expected at least one feature "
            "to cluster customers by",
        )


def columns_there(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the columns of a customer's table as features are named after them."""
    found = connection.execute(f"describe raw.{VIEW}").fetchall()
    columns = [name for name, *_ in found if name not in (ID_COLUMN, *ADDED_COLUMNS)]
    names: list[str] = []
    for plain in map(feature_name, sorted(columns)):
        numbers = itertools.chain([""], (f"_{n}" for n in itertools.count(2)))
        names.append(next(plain + n for n in numbers if plain + n not in names))
    return names


def feature_name(column: str) -> str:
    """Return what macro `snake_case` makes of a column's name."""
    words = "".join(c if c.isalnum() else " " for c in column.lower()).split()
    return "_".join(words)


def check_features(path: Path, rows: list[dict[str, object]], there: list[str]) -> None:
    """Refuse a definition of a feature that the table has no column for."""
    for row in rows:
        if row["feature"] not in there:
            raise refusal(
                path,
                f"row {row['_row']}, column feature: the table has no column {row['feature']}"
                f"{nearest(str(row['feature']), there)}; the columns there are: "
                f"{', '.join(there)}",
            )


def write_proposals(settings: Settings, build_db: Path | None = None) -> str:
    """Write the definitions that the build proposed and used; returns what to say of them.

    They stand in the warehouse for people to copy and edit: no build reads them unless they are
    given by DEFINITIONS=. Without proposals nothing is written and nothing said.
    """
    warehouse = Warehouse(settings.warehouse)
    with duckdb.connect(build_db or warehouse.build_db, read_only=True) as connection:
        cursor = connection.execute(
            "select settings.* from features.feature_settings as settings "
            "inner join features.int_feature_proposals as proposals "
            "on settings.feature = proposals.feature order by settings.position"
        )
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, values, strict=True)) for values in cursor.fetchall()]
    if not rows:
        return ""
    target = warehouse.path / FILE_NAME
    previous = keep_previous(target, text_of_rows(settings.source, rows))
    clustered = ", ".join(f"{r['feature']} ({r['transform']})" for r in rows if r["is_clustered"])
    profiled = ", ".join(str(r["feature"]) for r in rows if not r["is_clustered"])
    told = [
        f"{target.name}: nobody defined features, so these were proposed; edit a copy and give it "
        "by DEFINITIONS=",
        f"  clustered: {clustered or 'none'}",
        f"  profiled only: {profiled or 'none'}",
        *(
            [f"  the file that stood there, and differs, is now {previous.name}"]
            if previous
            else []
        ),
    ]
    return "\n".join(
        line
        for text in told
        for line in textwrap.wrap(
            text.strip(),
            96,
            initial_indent="  " + " " * (len(text) - len(text.lstrip())),
            subsequent_indent="      ",
        )
    )


def text_of_rows(source: str, rows: list[dict[str, object]]) -> str:
    """Return definitions as the text of a CSV file."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(COLUMNS), lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: text_of(value) for name, value in row.items()} | {"source": source})
    return text.getvalue()


def keep_previous(target: Path, text: str) -> Path | None:
    """Write the file in one step; returns where one that differs, maybe edited, was put."""
    previous = None
    if target.exists():
        if target.read_bytes() == text.encode():
            return None
        previous = target.with_name(PREVIOUS_NAME)
        os.replace(target, previous)
    new = target.with_name(target.name + ".new")
    new.write_text(text, encoding="utf-8", newline="")
    os.replace(new, target)
    return previous


def text_of(value: object) -> str:
    """Return a cell as the seed writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)


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


def one_of(choices: tuple[str, ...]) -> Callable[[str], str]:
    """Return a reader of one of a few words."""

    def read(text: str) -> str:
        if text.lower() not in choices:
            raise ValueError
        return text.lower()

    return read


def weight(text: str) -> float:
    """Return a number that a weight can be."""
    number = float(text)
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
    if not math.isfinite(float(text)):
        raise ValueError
    return text


def refusal(path: Path, reason: str) -> Problem:
    """Return the problem of a file of definitions that cannot be used (exit code 4)."""
    return Problem(printable(f"DEFINITIONS: {path.name}: {reason}"), DATA_REFUSED)
