"""What reading the files of a source goes by."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from common.project_sql import ProjectSql
from common.source_contract import RawTable
from common.text_columns import Stated
from loading.file_copies import LEAST_MEMORY, Copies
from loading.loaded import LedgerRow
from loading.mapping_file import (
    TableMapping,
)
from loading.raw_files import RawFile
from store.plain_names import PlainNames
from store.privacy import Guard


@dataclass(frozen=True)
class Reading:
    """What reading the files of a source goes by.

    Attributes:
        place: The folder of the data, or its only file.
        temporary: Folder for copies of what cannot be read as it is.
        known: Files seen before, by table, name and hash.
        clock: Time that new files get.
        guard: What keeps customers out.
        project: The SQL of the dbt project, for values in text.
        stated: Formats that the settings state.
        mappings: What `columns.yml` says, by raw table.
        names: Paths that DuckDB does not take for patterns.
        is_replay: Whether files are read as they were when `known` ends.
        is_mappable: Whether `columns.yml` may say which column stands for what.
        orders: The table of orders where customers may stand in its files.
        memory: Bytes that the load may use.
    """

    place: Path
    temporary: Path
    known: dict[tuple[str, str, str], LedgerRow]
    clock: datetime
    guard: Guard
    project: ProjectSql
    stated: Stated
    mappings: dict[str, TableMapping]
    names: PlainNames
    is_replay: bool = False
    is_mappable: bool = False
    orders: RawTable | None = None
    memory: int = LEAST_MEMORY

    @property
    def copies(self) -> Copies:
        """Where copies are made, and what making them may take."""
        return Copies(self.names.of(self.temporary), self.memory)

    def seen(self, raw_table: RawTable, file: RawFile) -> LedgerRow | None:
        """Return what the ledger knows of this very content."""
        return self.known.get((raw_table.name, file.name, file.sha256))

    def loaded_at(self, raw_table: RawTable, file: RawFile) -> datetime:
        """Return when a file was first loaded.

        A time that is still to come was taken from a clock that was wrong: now counts instead.
        """
        seen = self.seen(raw_table, file)
        return min(seen.loaded_at or self.clock, self.clock) if seen else self.clock

    def then(self, raw_table: RawTable, name: str) -> LedgerRow | None:
        """Return what the ledger knows of a file of this name, the latest of its contents."""
        rows = [
            row
            for (table, file_name, _), row in self.known.items()
            if (table, file_name) == (raw_table.name, name)
        ]
        return max(rows, key=lambda row: (row.loaded_at, row.row_count), default=None)
