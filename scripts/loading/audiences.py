"""Audiences of one's own: rules of `audiences.csv`, each a condition on columns of the marts.

A condition is what an expression of `columns.yml` is: it is parsed, and what is known to be plain
is written again from its parts. Queries, files, settings, the clock and chance are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.data_errors import first_line
from common.quoting import identifier
from common.setting_values import known_sources
from common.settings_table import nearest
from loading.definitions import SEEDS
from loading.expression_kinds import NUMBER, TEXT, TIME
from loading.expressions import Expression, ExpressionError, parse, written
from loading.seed_files import SeedFile

FILE_NAME = "audiences.csv"
COLUMNS = ("source", "audience", "description", "include", "exclude")
# Where a name is looked for, in this order.
MARTS = ("customer_segments", "customer_lifecycle", "customer_features")
ATTRIBUTES = "attributes."
EVERY_SOURCE = "*"
NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
TAKEN = ("all", "lapsed", "insufficient_history", "never_ordered")
EXPECTED = (
    "a condition such as value_tier = 'top' and spend > 100, on columns of "
    f"{', '.join(MARTS[:-1])} or {MARTS[-1]}, or on attributes.<name>"
)


@dataclass(frozen=True)
class Rule:
    """An audience: who is in it, and who of them is not.

    Attributes:
        number: Its row in the file.
        name: Its name, for AUDIENCE.
        description: What it is, in words.
        include: The condition of those who are in it.
        exclude: The condition of those of them who are not; None for nobody.
    """

    number: int
    name: str
    description: str
    include: Expression
    exclude: Expression | None

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that its conditions name, attributes among them."""
        excluded = self.exclude.columns if self.exclude else frozenset()
        return tuple(sorted(self.include.columns | excluded))


def file_of_project() -> Path:
    """Return the file of the project's audiences, which may be missing."""
    return SEEDS / FILE_NAME


def read_rules(
    connection: duckdb.DuckDBPyConnection,
    types: Mapping[str, str],
    source: str,
    path: Path | None = None,
) -> list[Rule]:
    """Read and check the audiences of a source.

    Args:
        connection: Parses and binds conditions; runs none.
        types: Types of the columns of the marts, by their names.
        source: The source; conditions of others are not looked at.
        path: The file, by default that of the project; without it there are no audiences.

    Raises:
        Problem: with exit code 4; names row and column.
    """
    path = path or file_of_project()
    if not path.is_file():
        return []
    file = SeedFile(path, path.name, COLUMNS, COLUMNS)
    rules: dict[str, Rule] = {}
    sources = (EVERY_SOURCE, *known_sources())
    for number, cells in file.rows():
        if cells["source"] not in sources:
            near = nearest(cells["source"], sources)
            expected = f"one of {', '.join(sources)}{near}"
            raise file.refused_cell(number, "source", cells["source"], expected)
        if cells["source"] not in (EVERY_SOURCE, source):
            continue
        name = cells["audience"]
        if not NAME.fullmatch(name) or name in TAKEN:
            expected = "a name of small letters, digits and _, such as slipping_best"
            raise file.refused_cell(number, "audience", name, expected)
        if name in rules:
            expected = f"another name; row {rules[name].number} has this one"
            raise file.refused_cell(number, "audience", name, expected)
        if not cells["description"]:
            raise file.refused_cell(number, "description", "", "what the audience is, in words")
        include = _read(connection, types, file, number, "include", cells["include"])
        exclude = None
        if cells["exclude"]:
            exclude = _read(connection, types, file, number, "exclude", cells["exclude"])
        rules[name] = Rule(number, name, cells["description"], include, exclude)
    return list(rules.values())


def _read(
    connection: duckdb.DuckDBPyConnection,
    types: Mapping[str, str],
    file: SeedFile,
    number: int,
    column: str,
    text: str,
) -> Expression:
    """Parse and bind one condition; nothing of it is run."""
    try:
        if not text:
            raise ExpressionError("is empty")
        expression = parse(connection, text, lambda name: _found(name, types))
        sql = sql_of(expression, types)
        nulls = ", ".join(
            f"cast(null as {types.get(name, 'varchar')}) as {identifier(name)}"
            for name in sorted(expression.columns)
        )
        nothing = f"select {nulls or 'null as nothing'}"
        ((_, kind, *_),) = connection.execute(f"describe select {sql} from ({nothing})").fetchall()
        if kind != "BOOLEAN":
            raise ExpressionError(f"is a value ({kind.lower()}) and not true or false")
    except (ExpressionError, duckdb.Error) as error:
        unknown = error.unknown if isinstance(error, ExpressionError) else ""
        reason = f"{first_line(error)}{nearest(unknown, types) if unknown else ''}"
        raise file.refusal(
            f"row {number}, column {column}: {reason}; expected {EXPECTED}"
        ) from None
    return expression


def _found(name: str, types: Mapping[str, str]) -> str | None:
    """Return the column that a name stands for, in small letters; None where there is none."""
    lower = name.lower()
    if lower.startswith(ATTRIBUTES) and lower != ATTRIBUTES:
        return lower
    table, _, column = lower.partition(".")
    if table in MARTS and column:
        lower = column
    return lower if lower in types else None


def sql_of(expression: Expression, types: Mapping[str, str]) -> str:
    """Return a condition as SQL over columns of the names that it has, attributes among them."""

    def read(name: str, kind: str) -> str | None:
        found = _found(name, types)
        if found is None:
            return None
        column = identifier(found)
        is_text = types.get(found, "varchar").lower() in ("varchar", "string")
        if is_text and kind in (NUMBER, TIME):
            return f"try_cast({column} as {'double' if kind == NUMBER else 'timestamp'})"
        return f"cast({column} as varchar)" if kind == TEXT and not is_text else column

    return written(expression, read)
