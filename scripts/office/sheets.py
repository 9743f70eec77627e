"""Writing into a workbook: texts as texts and numbers as numbers, and never a formula."""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from io import BytesIO

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from common.currencies import mark
from office.texts import writable

# What a cell of a workbook can hold.
LONGEST_TEXT = 32_767
# In points; a row is at most 409 points high.
LINE_HEIGHT = 15
MOST_LINES = 27
NUMBERS = {"whole": "#,##0", "share": "0.0%", "money": "#,##0.00", "decimal": "0.00", "text": "@"}


def money_format(currency: str | None) -> str:
    """Return the format of amounts, with the mark of their currency where it is known."""
    if not currency:
        return NUMBERS["money"]
    quoted = mark(currency).replace('"', "")
    amount = f'"{quoted}"{NUMBERS["money"]}'
    return f"{amount};-{amount}"


class Book:
    """A workbook with the formats that its sheets use."""

    def __init__(self, target: BytesIO, currency: str | None = None) -> None:
        # Nothing becomes a formula, a link or a number by the way it is written.
        self.book = xlsxwriter.Workbook(
            target,
            {
                "in_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "nan_inf_to_errors": False,
            },
        )
        self.widths: dict[str, tuple[int, ...]] = {}
        wrapped = {"valign": "top", "text_wrap": True}
        self.title = self.book.add_format({"bold": True, "font_size": 16})
        self.note = self.book.add_format({"font_color": "#57606A", **wrapped})
        self.heading = self.book.add_format(
            {"bold": True, "bg_color": "#F1F2F4", "bottom": 1, **wrapped}
        )
        self.label = self.book.add_format({"bold": True, **wrapped})
        self.formats = {
            kind: self.book.add_format({"num_format": code, **wrapped})
            for kind, code in (NUMBERS | {"money": money_format(currency)}).items()
        }

    def sheet(self, name: str, widths: Sequence[int]) -> Worksheet:
        """Return a new sheet with columns of these widths, in characters."""
        sheet = self.book.add_worksheet(name)
        self.widths[name] = tuple(widths)
        for place, width in enumerate(widths):
            sheet.set_column(place, place, width)
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 0)
        return sheet

    def write(self, sheet: Worksheet, row: int, column: int, value: object, kind: str) -> None:
        """Write a value as what it is: a number in its format, or a text."""
        self.put(sheet, row, column, value, self.formats[kind])

    @staticmethod
    def put(sheet: Worksheet, row: int, column: int, value: object, form: Format) -> None:
        """Write a value in a format; nothing for none and for numbers that are none."""
        if value is None:
            return
        if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
            if math.isfinite(value):
                sheet.write_number(row, column, float(value), form)
            return
        sheet.write_string(row, column, writable(str(value))[:LONGEST_TEXT], form)

    def table(
        self,
        sheet: Worksheet,
        top: int,
        headings: Sequence[str],
        rows: Sequence[Sequence[object]],
        kinds: Sequence[str],
    ) -> int:
        """Write a table from row `top` on; returns the row after it."""
        for column, heading in enumerate(headings):
            self.put(sheet, top, column, heading, self.heading)
        sheet.set_row(top, 2 * LINE_HEIGHT)
        for place, values in enumerate(rows, top + 1):
            for column, (value, kind) in enumerate(zip(values, kinds, strict=True)):
                self.write(sheet, place, column, value, kind)
            # Programs do not agree on the height of a row whose texts are broken.
            lines = [
                1 + len(value) // width
                for value, width in zip(values, self.widths[sheet.get_name()], strict=False)
                if isinstance(value, str)
            ]
            sheet.set_row(place, LINE_HEIGHT * min(MOST_LINES, max(lines, default=1)))
        return top + 1 + len(rows)
