"""Feature definitions given by DEFINITIONS=, checked and brought into schema `raw`; and written.

The file has the columns of `dbt_project/seeds/feature_definitions.csv`, in any order; all but
`feature` may be missing.
"""

from __future__ import annotations

import csv
import io
import itertools
import os
import textwrap
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import duckdb

from common.column_names import ADDED_COLUMNS, feature_name
from common.console import warn
from common.data_errors import listed, shown
from common.project_sql import PROJECT, ProjectSql
from common.query_rows import named_rows
from common.setting_values import SOURCES_OF_ONE_TABLE, known_sources
from common.settings import Settings
from common.settings_table import nearest
from common.source_contract import Source
from loading.definition_rows import (
    AS_WRITTEN,
    COLUMNS,
    Definition,
    check_twice,
    checked_row,
    given_file,
    read_definitions,
)
from loading.id_column import ID_COLUMN, VIEW
from loading.seed_files import SeedFile
from store.atomic_path import atomic_path

FILE_NAME = "feature_definitions.csv"
PREVIOUS_NAME = "feature_definitions.previous.csv"
TABLE = "given_definitions"
SEEDS = PROJECT / "seeds"
"""A row of definitions by column, with its types, and its number in the file as `_row`."""


def load_definitions(connection: duckdb.DuckDBPyConnection, settings: Settings) -> int:
    """Make `raw.given_definitions` of the file DEFINITIONS=, empty without; returns its rows.

    Raises:
        Problem: the file cannot be used (exit code 4); names row and column.
    """
    path = settings.definitions
    rows = read_definitions(path, settings.source) if path else []
    columns = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    connection.execute(f"create or replace table raw.{TABLE} ({columns})")
    marks = ", ".join("?" for _ in COLUMNS)
    for row in rows:
        values = [row[name] for name in COLUMNS]
        connection.execute(f"insert into raw.{TABLE} values ({marks})", values)
    return len(rows)


def seed_file(path: Path = SEEDS / FILE_NAME) -> SeedFile:
    """Return the definitions of the project, in which no column and no cell may be missing."""
    return SeedFile(path, path.name, tuple(COLUMNS), tuple(COLUMNS), is_exact=True)


def seed_rows(path: Path = SEEDS / FILE_NAME) -> list[Definition]:
    """Read and check the definitions of the project, of all sources.

    Raises:
        Problem: with exit code 4; names row and column.
    """
    file = seed_file(path)
    content = file.path.read_bytes() if file.path.is_file() else b""
    return [dict(row) for row in checked_seed(file, content, *known_sources())]


@cache
def checked_seed(file: SeedFile, content: bytes, *sources: str) -> list[Definition]:
    """Read and check the definitions of the project; the same ones are read once."""
    del content
    rows = []
    for number, cells in file.rows():
        row = checked_row(file, number, cells)
        for column, cell in cells.items():
            # SQL reads the seed as it is written, an empty cell as null.
            if not cell or (column in AS_WRITTEN and cell != row[column]):
                raise file.refused_cell(number, column, cell, f"{row[column] or 'a text'}")
        if row["source"] not in ("*", *sources):
            raise file.refused_cell(
                number, "source", str(row["source"]), f"*, {', '.join(sources)}"
            )
        rows.append(row)
    check_twice(file, rows)
    return rows


def check_features(
    connection: duckdb.DuckDBPyConnection, settings: Settings, source: Source, project: ProjectSql
) -> None:
    """Refuse a definition to cluster by that nothing computes; say it of one to profile by.

    Raises:
        Problem: with exit code 4; names file, row and column.
    """
    file, unknown = of_attributes(settings, source, project)
    attributes = feature_names(attributes_there(connection, settings, project)) if unknown else []
    orders = project.call("behaviour_features") if source.orders_table else []
    for row in unknown:
        if row["feature"] not in attributes:
            report_absent(file, row, [*attributes, *orders])


def of_attributes(
    settings: Settings, source: Source, project: ProjectSql
) -> tuple[SeedFile, list[Definition]]:
    """Return the file whose definitions count, and its rows of features not made from orders."""
    orders = project.call("behaviour_features") if source.orders_table else []
    file, rows = active_definitions(settings, source)
    return file, [row for row in rows if row["feature"] not in orders]


def report_absent(file: SeedFile, row: Definition, there: list[str]) -> None:
    """Refuse or report one definition that nothing computes."""
    problem = file.refusal(
        f"row {row['_row']}, column feature: nothing computes {shown(row['feature'])}"
        f"{nearest(str(row['feature']), there)}; expected one of {listed(there, 40) or 'none'}"
    )
    if row["is_clustered"] and row["weight"]:
        raise problem
    warn(f"  {problem}; it is left out")


def active_definitions(settings: Settings, source: Source) -> tuple[SeedFile, list[Definition]]:
    """Return the file whose definitions count, and its rows that do.

    Rows of the seed for every source are about orders, and one for this source goes before them.
    """
    if settings.definitions:
        file = given_file(settings.definitions)
        rows = read_definitions(settings.definitions, settings.source)
    else:
        file = seed_file()
        general = ["*"] if source.orders_table else []
        rows = [r for r in seed_rows() if r["source"] in (settings.source, *general)]
    by_feature: dict[object, Definition] = {}
    for row in sorted(rows, key=lambda row: row["source"] != "*"):
        by_feature[row["feature"]] = row
    return file, sorted(by_feature.values(), key=lambda row: row["_row"])


def attributes_there(
    connection: duckdb.DuckDBPyConnection, settings: Settings, project: ProjectSql
) -> list[str]:
    """Return the names of the customers' attributes in the loaded tables."""
    if settings.source in SOURCES_OF_ONE_TABLE:
        found = connection.execute(f"describe raw.{VIEW}").fetchall()
        return [name for name, *_ in found if name not in (ID_COLUMN, *ADDED_COLUMNS)]
    staged, _ = project.model(f"stg_{settings.source}__customers")
    found = connection.execute(
        f"select distinct unnest(map_keys(attributes)) from ({staged}) as staged"
    ).fetchall()
    return [name for (name,) in found]


def feature_names(attributes: Iterable[str]) -> list[str]:
    """Return the names of the features that are made of attributes."""
    names: list[str] = []
    for plain in map(feature_name, sorted(attributes)):
        numbers = itertools.chain([""], (f"_{n}" for n in itertools.count(2)))
        names.append(next(plain + n for n in numbers if plain + n not in names))
    return names


def write_proposals(settings: Settings, build_db: Path | None = None) -> str:
    """Write the definitions that the build proposed and used; returns the message about them.

    They stand in the warehouse for people to copy and edit: no build reads them unless they are
    given by DEFINITIONS=. Without proposals nothing is written and nothing said, nor beside orders,
    where a file of the answers alone would leave out what is made of orders.
    """
    warehouse = settings.place
    with duckdb.connect(build_db or warehouse.build_db, read_only=True) as connection:
        rows = named_rows(
            connection,
            "select settings.* from features.feature_settings as settings "
            "inner join features.feature_proposals as proposals "
            "on settings.feature = proposals.feature "
            "inner join core.source_capabilities as capabilities on not capabilities.has_orders "
            "order by settings.position",
        )
    if not rows:
        return ""
    target = warehouse.path / FILE_NAME
    previous = keep_previous(target, text_of_rows(settings.source, rows))
    clustered = ", ".join(f"{r['feature']} ({r['transform']})" for r in rows if r["is_clustered"])
    profiled = ", ".join(str(r["feature"]) for r in rows if not r["is_clustered"])
    texts = [
        f"{target.name}: no features were defined, so these were proposed; edit a copy and give it "
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
        for text in texts
        for line in textwrap.wrap(
            text.strip(),
            96,
            initial_indent="  " + " " * (len(text) - len(text.lstrip())),
            subsequent_indent="      ",
        )
    )


def text_of_rows(source: str, rows: list[Definition]) -> str:
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
    with atomic_path(target) as new:
        new.write_text(text, encoding="utf-8", newline="")
    return previous


def text_of(value: object) -> str:
    """Return a cell as the seed writes it."""
    return str(value).lower() if isinstance(value, bool) else str(value)
