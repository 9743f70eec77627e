"""What a page is made of: sections, figures and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from report_page import wording
from report_page.marts import Answer, Row
from report_page.palette import SEGMENTS_LIGHT

Specification: TypeAlias = dict[str, Any]
"""A chart in Vega-Lite."""

Content: TypeAlias = dict[str, Any]
"""What a template shows, by the names it has for it."""


@dataclass(frozen=True)
class Segment:
    """A segment with its place among all, which gives it its colour."""

    segment_id: int
    name: str
    position: int

    @property
    def colour_class(self) -> str:
        """The CSS class of its colour."""
        return f"segment-{self.position % len(SEGMENTS_LIGHT) + 1}"


@dataclass(frozen=True)
class Column:
    """A column of a table: where its values come from and how they are written."""

    name: str
    heading: str
    write: Callable[[Any], str] = wording.text

    @property
    def is_number(self) -> bool:
        """Whether its values stand to the right."""
        return self.write not in (wording.text, wording.words, wording.day, wording.last_day)


@dataclass(frozen=True)
class Table:
    """A table as texts."""

    headings: tuple[tuple[str, bool], ...]
    rows: tuple[tuple[str, ...], ...]

    @staticmethod
    def of(rows: Sequence[Row], columns: Sequence[Column]) -> Table:
        """Write rows as texts."""
        return Table(
            tuple((column.heading, column.is_number) for column in columns),
            tuple(tuple(column.write(row[column.name]) for column in columns) for row in rows),
        )


@dataclass(frozen=True)
class Swatch:
    """A colour of a key with what it stands for."""

    colour_class: str
    label: str


@dataclass(frozen=True)
class Figure:
    """A chart or table with its finding, the table behind it and the SQL that gives it."""

    key: str
    title: str
    finding: str
    sql: str
    table: Table
    chart: Specification | None = None
    # Cells of a table that is looked at as a chart is, in place of one.
    map: Content | None = None
    # What the chart shows, for those who do not see it: what is drawn, on which axes.
    shows: str = ""
    has_segment_key: bool = False
    swatches: tuple[Swatch, ...] = ()
    swatches_title: str = ""
    note: str = ""
    width: str = "full"
    # Whether the table stands behind a click, as it repeats what the section shows above it.
    is_combined: bool = False

    @property
    def alt(self) -> str:
        """The text in place of the chart."""
        return f"{self.title}. {self.shows} {self.finding}".strip()


@dataclass(frozen=True)
class Section:
    """A part of the page, with its own template where figures are not enough."""

    key: str
    title: str
    lead: str
    # In the navigation, where the title is long.
    short_title: str = ""
    figures: tuple[Figure, ...] = ()
    template: str = ""
    content: Content = field(default_factory=dict)
    sql: tuple[tuple[str, Answer], ...] = ()


@dataclass(frozen=True)
class Facts:
    """What every section needs: the run, its segments, and whether there are orders."""

    run: Row
    segments: tuple[Segment, ...]

    @property
    def has_orders(self) -> bool:
        """Whether the source has orders."""
        return bool(self.run["order_line_count"])

    def money(self, value: wording.Number) -> str:
        """Return an amount as people read it, with the currency of the run."""
        return wording.money(value, self.run.get("currency"))

    def segment(self, segment_id: object) -> Segment:
        """Return a segment by its id."""
        return next(s for s in self.segments if s.segment_id == segment_id)
