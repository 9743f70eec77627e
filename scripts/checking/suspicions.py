"""Finding what is suspicious in data: the kinds stand in one list, and each is one query.

A query returns one row whose columns its sentence names; `count` and `example` are in each of
them. Where `count` is 0 or null there is nothing to report.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from checking.findings import Suspicion
from checking.project_models import ProjectModels
from common.column_names import ADDED_COLUMNS, key
from common.data_errors import shown
from common.query_rows import one_count
from common.quoting import identifier
from common.source_contract import Source
from loading.loaded import Loaded, LoadedTable


@dataclass(frozen=True)
class Kind:
    """A kind of suspicion.

    Attributes:
        name: What programs know it by.
        why: Why it matters, for who reads or extends the list.
        query: SELECT of one row over schema `checked`; or a function that makes it, and returns
            None where it cannot apply.
        sentence: What was found and what to do, with the columns of the row in braces.
    """

    name: str
    why: str
    query: str | Callable[[Checked], str | None]
    sentence: str


class Checked:
    """The loaded rows, as queries for suspicions need them.

    Args:
        models: The models of the project.
        source: The source.
        loaded: What loading brought.
    """

    def __init__(self, models: ProjectModels, source: Source, loaded: Loaded) -> None:
        self.models = models
        self.source = source
        self._tables = {found.table.name: found for found in loaded.tables}

    @property
    def orders_table(self) -> LoadedTable | None:
        """The raw table of order lines; None where the source has none."""
        return self._tables.get(self.source.orders_table or "")

    @cached_property
    def order_columns(self) -> dict[str, str]:
        """Type by column of the files of order lines."""
        table = self.orders_table
        if table is None or table.plan is None:
            return {}
        found = self.models.connection.execute(f"describe {self.order_rows}").fetchall()
        return {name: kind for name, kind, *_ in found if name not in ADDED_COLUMNS}

    @property
    def order_rows(self) -> str:
        """Relation with the files of order lines, with the columns that these have."""
        table = self.orders_table
        assert table is not None and table.plan is not None, (
            "a source with orders has files of them"
        )
        return identifier("raw", table.plan.name)

    @cached_property
    def order_sources(self) -> dict[str, str | None]:
        """Column of the files by column of the raw table; None where it is an expression."""
        mapped = self.orders_table.mapped if self.orders_table else None
        if mapped is None:
            return {name: name for name in self.order_columns}
        return {
            name: source if isinstance(source, str) else None
            for name, source in mapped.columns.items()
        }

    @cached_property
    def unused_columns(self) -> list[str]:
        """Columns of the files of order lines that nothing is made of."""
        table = self.orders_table
        if table is None or not table.table.columns or table.plan is None:
            return []
        used = {self.order_sources.get(name) for name in table.table.columns}
        if table.mapped is not None:
            for source in table.mapped.columns.values():
                used |= set() if isinstance(source, str) else set(source.columns)
        return [name for name in self.order_columns if name not in used]

    def is_text(self, column: str) -> bool:
        """Return whether a column of the files of order lines is text."""
        return self.order_columns.get(column) == "VARCHAR"

    def distinct_count(self, column: str) -> int:
        """Return about how many different values a column of the files of order lines has."""
        query = f"select approx_count_distinct({identifier(column)}) from {self.order_rows}"
        return one_count(self.models.connection, query)

    def columns_named(self, words: tuple[str, ...]) -> list[str]:
        """Return the columns of the files of order lines whose names hold one of some words."""
        return [name for name in self.order_columns if any(word in key(name) for word in words)]


def find_suspicions(checked: Checked, kinds: tuple[Kind, ...]) -> list[Suspicion]:
    """Return what is suspicious, in the order of the list."""
    found = []
    for kind in kinds:
        query = kind.query if isinstance(kind.query, str) else kind.query(checked)
        if query is None:
            continue
        cursor = checked.models.connection.execute(query)
        names = [column[0] for column in cursor.description]
        row = dict(zip(names, cursor.fetchone() or [None] * len(names), strict=True))
        if not row["count"]:
            continue
        number = int(row["count"])
        example = str(row["example"])
        spoken = {
            name: f"{value:,}" if isinstance(value, int) else value for name, value in row.items()
        }
        sentence = kind.sentence.format_map(
            spoken | {"count": f"{number:,}", "example": shown(example)}
        )
        found.append(Suspicion(kind.name, number, example, sentence))
    return found
