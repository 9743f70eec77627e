"""Slides of a deck: titles, texts, tables and charts that people can edit.

Charts are those of the office program and no pictures: their figures can be read and changed.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION
from pptx.util import Emu, Inches, Pt

from office.texts import shorten, writable
from report_page import palette

WIDTH, HEIGHT = 13.333, 7.5
MARGIN = 0.6
INK, MUTED = RGBColor(0x1B, 0x20, 0x26), RGBColor(0x57, 0x60, 0x6A)
PLAIN = RGBColor(0xF1, 0xF2, 0xF4)
BLANK_LAYOUT = 6
# What an archive says of its files' age; the same in every deck.
ZIP_DATE = (1980, 1, 1, 0, 0, 0)
CREATED = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


@dataclass(frozen=True)
class Box:
    """A place on a slide, in inches from its top left corner."""

    left: float
    top: float
    width: float
    height: float

    @property
    def emu(self) -> tuple[Emu, Emu, Emu, Emu]:
        """The place in the unit of the file."""
        return Inches(self.left), Inches(self.top), Inches(self.width), Inches(self.height)


@dataclass(frozen=True)
class Text:
    """A paragraph: bold or not, in points, in a colour."""

    text: str
    size: int = 14
    is_bold: bool = False
    colour: RGBColor = INK


def colour_of(hexadecimal: str) -> RGBColor:
    """Return a colour of the page."""
    return RGBColor.from_string(hexadecimal.removeprefix("#").upper())


def segment_colour(position: int) -> RGBColor:
    """Return the colour of the segment in this place, as the page has it."""
    return colour_of(palette.SEGMENTS_LIGHT[position % len(palette.SEGMENTS_LIGHT)])


class Deck:
    """A presentation in the making."""

    def __init__(self, title: str, made_at: datetime) -> None:
        self.deck = Presentation()
        self.deck.slide_width, self.deck.slide_height = Inches(WIDTH), Inches(HEIGHT)
        self.made_at = made_at
        properties = self.deck.core_properties
        properties.title = writable(title)
        properties.author = ""
        properties.created = properties.modified = made_at

    def slide(self, title: str, colour: RGBColor | None = None) -> Slide:
        """Add a slide with its title, and a bar in the colour of a segment."""
        slide = Slide(self.deck.slides.add_slide(self.deck.slide_layouts[BLANK_LAYOUT]))
        if colour is not None:
            bar = slide.slide.shapes.add_shape(1, *Box(0, 0, WIDTH, 0.12).emu)
            bar.fill.solid()
            bar.fill.fore_color.rgb = colour
            bar.line.fill.background()
        slide.texts(
            Box(MARGIN, 0.35, WIDTH - 2 * MARGIN, 0.9), [Text(shorten(title, 90), 26, is_bold=True)]
        )
        return slide

    def content(self) -> bytes:
        """Return the file, the same for the same slides."""
        target = BytesIO()
        self.deck.save(target)
        return without_clock(target.getvalue(), self.made_at)


class Slide:
    """A slide that things are put on."""

    def __init__(self, slide: Any) -> None:
        self.slide = slide

    def texts(self, box: Box, paragraphs: Sequence[Text]) -> None:
        """Put paragraphs below each other."""
        frame = self.slide.shapes.add_textbox(*box.emu).text_frame
        frame.word_wrap = True
        for place, told in enumerate(paragraphs):
            paragraph = frame.paragraphs[0] if place == 0 else frame.add_paragraph()
            paragraph.space_after = Pt(4)
            run = paragraph.add_run()
            run.text = writable(told.text)
            run.font.size, run.font.bold = Pt(told.size), told.is_bold
            run.font.color.rgb = told.colour

    def table(
        self,
        box: Box,
        rows: Sequence[Sequence[str]],
        widths: Sequence[float],
        fills: dict[tuple[int, int], tuple[RGBColor, RGBColor]] | None = None,
        size: int = 12,
    ) -> None:
        """Put a table, its headings first; `fills` has ground and text of single cells."""
        shape = self.slide.shapes.add_table(len(rows), len(rows[0]), *box.emu)
        table = shape.table
        for place, width in enumerate(widths):
            table.columns[place].width = Inches(width)
        for i, row in enumerate(rows):
            for j, text in enumerate(row):
                ground, ink = (fills or {}).get((i, j), (PLAIN if i == 0 else None, INK))
                cell = table.cell(i, j)
                cell.margin_left = cell.margin_right = Inches(0.06)
                cell.margin_top = cell.margin_bottom = Inches(0.03)
                if ground is None:
                    cell.fill.background()
                else:
                    cell.fill.solid()
                    cell.fill.fore_color.rgb = ground
                cell.text = writable(text)
                for paragraph in cell.text_frame.paragraphs:
                    for run in paragraph.runs:
                        run.font.size, run.font.bold = Pt(size), i == 0
                        run.font.color.rgb = ink

    def bars(
        self,
        box: Box,
        names: Sequence[str],
        series: dict[str, Sequence[float]],
        *,
        colours: Sequence[RGBColor],
        number_format: str,
    ) -> None:
        """Put bars of one or more series, from the top down."""
        data = CategoryChartData(number_format=number_format)
        data.categories = [writable(name) for name in names]
        for name, values in series.items():
            data.add_series(name, values)
        frame = self.slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *box.emu, data)
        chart = frame.chart
        chart.font.size, chart.font.color.rgb = Pt(12), INK
        chart.has_title = False
        chart.has_legend = len(series) > 1
        if chart.has_legend:
            chart.legend.position = XL_LEGEND_POSITION.BOTTOM
            chart.legend.include_in_layout = False
        chart.category_axis.reverse_order = True
        chart.category_axis.format.line.fill.background()
        chart.value_axis.visible = False
        chart.value_axis.has_major_gridlines = False
        plot = chart.plots[0]
        plot.gap_width = 60
        plot.has_data_labels = True
        plot.data_labels.number_format = number_format
        plot.data_labels.number_format_is_linked = False
        plot.data_labels.position = XL_LABEL_POSITION.OUTSIDE_END
        for drawn, colour in zip(plot.series, colours, strict=True):
            drawn.format.fill.solid()
            drawn.format.fill.fore_color.rgb = colour
            drawn.invert_if_negative = False


def without_clock(archive: bytes, made_at: datetime) -> bytes:
    """Return an Office file that says nothing of when it was written.

    The workbooks inside, which hold the figures of its charts, are treated alike.
    """
    stamp = made_at.strftime("%Y-%m-%dT%H:%M:%SZ").encode()
    target = BytesIO()
    with (
        zipfile.ZipFile(BytesIO(archive)) as source,
        zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as written,
    ):
        for name in source.namelist():
            content = source.read(name)
            if name.endswith(".xlsx"):
                content = without_clock(content, made_at)
            elif name == "docProps/core.xml":
                content = CREATED.sub(rb"\g<1>" + stamp, content)
            entry = zipfile.ZipInfo(name, ZIP_DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            written.writestr(entry, content)
    return target.getvalue()
