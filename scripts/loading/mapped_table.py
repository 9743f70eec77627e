"""What `columns.yml` makes of the files of a table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from common.column_names import key, normal
from common.source_contract import RawTable
from loading.expressions import Expression
from loading.mapping_file import Entry


@dataclass(frozen=True)
class MappedTable:
    """A raw table whose columns are made from those of its files.

    Attributes:
        table: The raw table.
        read_name: Raw table with the columns of the files.
        columns: Column of `read_name` or expression over them, by column of the raw table.
        spellings: Column of `read_name` by each of the names that it has in the files.
        entries: Line of `columns.yml` by column of the raw table.
        where: Which rows are used; None for all.
        missing: Texts that stand for no value, by column of `read_name`.
        missing_made: Likewise, by column of the raw table that is made by an expression.
        only: Columns that `_only` names where the table has no contract: the one with the id is
            found among all columns, and stays beside them.
    """

    table: RawTable
    read_name: str
    columns: Mapping[str, str | Expression]
    spellings: Mapping[str, str]
    entries: Mapping[str, Entry]
    where: Expression | None = None
    missing: Mapping[str, Sequence[str]] = field(default_factory=dict)
    missing_made: Mapping[str, Sequence[str]] = field(default_factory=dict)
    only: tuple[str, ...] = ()

    def find_column(self, name: str) -> str | None:
        """Return the column of the files that a name stands for."""
        return find_column(self.spellings, name)

    @property
    def expressions(self) -> list[Expression]:
        """The expressions over columns of the files."""
        values = [*self.columns.values(), self.where]
        return [value for value in values if isinstance(value, Expression)]


def find_column(spellings: Mapping[str, str], name: str) -> str | None:
    """Return the column that a name stands for: as it is spelled, else by letters and digits."""
    if name in spellings:
        return spellings[name]
    for alike in (normal, key):
        found = {column for spelled, column in spellings.items() if alike(spelled) == alike(name)}
        if len(found) == 1:
            return found.pop()
    return None


def used_columns(mapped: MappedTable, name: str) -> frozenset[str]:
    """Return the columns of the files that a column of the raw table is made from."""
    source = mapped.columns.get(name)
    if source is None:
        return frozenset()
    return source.columns if isinstance(source, Expression) else frozenset({source})
