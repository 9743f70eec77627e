"""Amounts have the mark of their currency on the page, in the workbook and in the deck."""

import zipfile
from io import BytesIO
from pathlib import Path

import duckdb
import pytest
from pptx import Presentation

from office.deck import deck
from office.workbook import workbook
from report_page import wording
from report_page.page import brief_page, whole_page
from report_pages import Element, edited, make_large, read
from shops import Built

MONEY = ("Spend", "Spend per customer", "Future spend per customer", "Projected spend")


@pytest.fixture(scope="module")
def in_euro(shop: Built, folder: Path) -> Path:
    def edit(connection: duckdb.DuckDBPyConnection) -> None:
        make_large(connection)
        connection.execute("update segmentation_runs set currency = 'EUR'")

    return edited(shop, folder / "in_euro", edit)


@pytest.mark.parametrize(
    ("amount", "currency", "shown"),
    [
        ("12", "EUR", "\N{EURO SIGN}12"),
        ("-1,234.50", "USD", "-$1,234.50"),
        ("12", "CHF", "CHF 12"),
        ("12", None, "12"),
        (wording.NONE, "EUR", wording.NONE),
    ],
)
def test_the_mark_stands_behind_the_sign(amount, currency, shown):
    assert wording.marked(amount, currency) == shown


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (49.2, "currency per order", "$49.2 per order"),
        (0.5, "share of orders", "50.0% of orders"),
        (61.0, "1 to 100", "61"),
        (3.0, "days", "3 days"),
    ],
)
def test_a_unit_is_said_with_the_value(value, unit, shown):
    assert wording.in_unit(value, unit, "USD") == shown


@pytest.mark.pages
def test_every_amount_of_a_table_has_its_mark(in_euro: Path):
    seen = set()
    for table in read(whole_page(in_euro)).all("table"):
        headings = [heading.text for heading in table.all("thead")[0].all("th")]
        rows = [row.all("th", "td") for row in table.all("tbody")[0].all("tr")]
        for place, heading in enumerate(headings):
            texts = [row[place].text for row in rows if len(row) == len(headings)]
            amounts = [text for text in texts if text != wording.NONE]
            if heading in MONEY and amounts:
                seen.add(heading)
                assert all(text.lstrip("-").startswith("\N{EURO SIGN}") for text in amounts)
            if heading == "Unit":
                assert not [text for text in texts if "currency" in text]
    assert seen == set(MONEY)


def test_a_brief_says_amounts_in_the_currency(in_euro: Path):
    root: Element = read(brief_page(in_euro, 1))
    shown = root.of_class("tiles")[0].text
    assert "\N{EURO SIGN}" in shown
    assert "Future spend" not in shown or shown.count("\N{EURO SIGN}") >= 2


@pytest.mark.pages
def test_the_workbook_and_the_deck_have_the_currency(in_euro: Path):
    with zipfile.ZipFile(BytesIO(workbook(in_euro))) as book:
        styles = book.read("xl/styles.xml").decode()
    assert "&quot;\N{EURO SIGN}&quot;#,##0.00" in styles
    slides = Presentation(BytesIO(deck(in_euro))).slides
    cells = [
        cell.text
        for slide in slides
        for shape in slide.shapes
        if shape.has_table
        for row in shape.table.rows
        for cell in row.cells
    ]
    assert sum(cell.startswith("\N{EURO SIGN}") for cell in cells) >= 3
