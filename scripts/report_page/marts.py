"""Reading the published marts: every figure of the page comes from one query that it shows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import indent
from typing import Any, TypeAlias

import duckdb

from common.consent import SAID_NO
from common.project_sql import project_vars
from common.query_rows import named_rows
from store.published_file import open_published

QUERIES = Path(__file__).parent / "queries"
# Stands in a query for the number of the segment that a brief is of.
SEGMENT = "$segment_id"
# Stands for the setting of dbt_project.yml that has this name.
SETTING = re.compile(r"\$((?:min|max)_\w+)")
# Stands for the condition on an attribute by which a customer said no to messages.
NO_MESSAGES = "$said_no"
# Totals that give the size of a segment away, where the other segments are shown.
TOTALS = ("customer_share", "spend_share", "segmented_customer_count")
WITH_TOTALS = ("segments", "brief_segment", "grid", "runs")


Row: TypeAlias = dict[str, Any]
"""A row of a query: its values by column."""


@dataclass(frozen=True)
class Answer:
    """What a query gave: the query as shown and run, and its rows by column."""

    sql: str
    rows: tuple[Row, ...]

    def __bool__(self) -> bool:
        return bool(self.rows)

    def column(self, name: str) -> list[Any]:
        """Return the values of a column."""
        return [row[name] for row in self.rows]

    def first(self) -> Row:
        """Return the first row."""
        return self.rows[0]


class Marts:
    """A published file, opened for reading.

    Attributes:
        least_size: Groups of fewer customers are not shown.
        small_segments: Segments of fewer customers: no answer has rows of them.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, segment_id: int | None) -> None:
        self._connection = connection
        self._segment_id = segment_id
        self.least_size = int(project_vars()["min_group_size"])
        found = connection.execute(
            "select segment_id from segment_summary where customer_count between 1 and $1 - 1",
            [self.least_size],
        ).fetchall()
        self.small_segments = frozenset(number for (number,) in found)

    def ask(self, name: str) -> Answer:
        """Run the query of this name; the text that is run is the text that is shown.

        A brief's queries have the number of their segment written into them, a whole number, so
        that they run as they are shown.
        """
        sql = (QUERIES / f"{name}.sql").read_text(encoding="utf-8").strip()
        if SEGMENT in sql:
            if self._segment_id is None:
                raise ValueError(f"{name}.sql is of one segment, and none is asked for")
            sql = sql.replace(SEGMENT, str(int(self._segment_id)))
        sql = SETTING.sub(lambda found: str(project_vars()[found[1]]), sql)
        sql = sql.replace(NO_MESSAGES, indent(SAID_NO, " " * 8).lstrip())
        rows = named_rows(self._connection, sql)
        if self.small_segments:
            rows = [row for row in rows if row.get("segment_id") not in self.small_segments]
            hidden = TOTALS if name in WITH_TOTALS else ()
            rows = [row | {key: None for key in hidden if key in row} for row in rows]
        return Answer(sql, tuple(rows))


@contextmanager
def open_marts(path: Path, segment_id: int | None = None) -> Iterator[Marts]:
    """Open a published file for reading; one read transaction, so that all figures agree.

    Raises:
        Problem: it is not there, cannot be read, or was published before a mart that is asked
            for, or a column of one, was made.
    """
    with open_published(path) as connection:
        yield Marts(connection, segment_id)


def by(rows: Sequence[Row], name: str) -> dict[Any, list[Row]]:
    """Return rows in groups of one value each, in the order in which values come first."""
    groups: dict[Any, list[Row]] = {}
    for row in rows:
        groups.setdefault(row[name], []).append(row)
    return groups
