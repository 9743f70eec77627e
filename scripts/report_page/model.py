"""What a page is made of: sections, figures and tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
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
    # Whether the values are amounts, in the currency of the run.
    is_money: bool = False
    # The column that has the unit of each value, of which some are amounts.
    unit: str = ""
    # Whether the values are units.
    is_unit: bool = False

    def text(self, row: Row, currency: str | None) -> str:
        """Return the value of a row as a text."""
        if self.is_unit:
            return wording.unit(row[self.name], currency)
        text = self.write(row[self.name])
        is_money = self.is_money or bool(self.unit and wording.is_money(row[self.unit]))
        return wording.marked(text, currency) if is_money else text

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
    def of(rows: Sequence[Row], columns: Sequence[Column], currency: str | None = None) -> Table:
        """Write rows as texts, amounts in this currency."""
        return Table(
            tuple((column.heading, column.is_number) for column in columns),
            tuple(tuple(column.text(row, currency) for column in columns) for row in rows),
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


def paired(figures: Sequence[Figure]) -> tuple[Figure, ...]:
    """Return figures of which none of half the width stands alone in its row."""
    made: list[Figure] = []
    is_open = False
    for place, figure in enumerate(figures):
        is_half = figure.width == "half"
        has_next = place + 1 < len(figures) and figures[place + 1].width == "half"
        if is_half and not is_open and not has_next:
            made.append(replace(figure, width="full"))
            continue
        is_open = is_half and not is_open
        made.append(figure)
    return tuple(made)


@dataclass(frozen=True)
class Facts:
    """What every section needs: the run, its segments, and whether there are orders."""

    run: Row
    segments: tuple[Segment, ...]

    @property
    def has_orders(self) -> bool:
        """Whether the source has orders."""
        return bool(self.run["order_line_count"])

    @property
    def currency(self) -> str | None:
        """The currency of amounts, where it is known."""
        return self.run.get("currency")

    def money(self, value: wording.Number) -> str:
        """Return an amount as people read it, with the currency of the run."""
        return wording.money(value, self.currency)

    def in_unit(self, value: wording.Number, unit: str) -> str:
        """Return a value with its unit, amounts with the currency of the run."""
        return wording.in_unit(value, unit, self.currency)

    def table(self, rows: Sequence[Row], columns: Sequence[Column]) -> Table:
        """Write rows as texts, amounts with the currency of the run."""
        return Table.of(rows, columns, self.currency)

    def axis(self, title: str) -> str:
        """Return the title of an axis of amounts, with the currency of the run."""
        return f"{title}, {self.currency}" if self.currency else title

    def segment(self, segment_id: object) -> Segment:
        """Return a segment by its id."""
        return next(s for s in self.segments if s.segment_id == segment_id)
