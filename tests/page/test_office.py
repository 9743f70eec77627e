"""The workbook and the deck: what is in them, and that hostile texts stay texts."""

from __future__ import annotations

import re
import time
import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pptx import Presentation
from python_calamine import CalamineWorkbook

from office import slides
from office.deck import deck
from office.workbook import workbook
from report_page import wording
from report_pages import (
    HOSTILE_NAME,
    edited,
    make_eight_segments,
    make_hostile,
    make_large,
    make_orderless,
    make_short,
)
from shops import ROOT, Built

FORMULA = '=HYPERLINK("http://x.example","y")'
Rows = list[list[Any]]


def make_formulas(connection: duckdb.DuckDBPyConnection) -> None:
    """Put formulas, links, control characters and a text that is too long into names and offers."""
    connection.execute("update segment_summary set segment_name = ?", [FORMULA])
    connection.execute("update segment_playbook set segment_name = ?", [FORMULA])
    connection.execute("update segment_playbook set offer = ?", ["+1+cmd|' /C calc'!A0"])
    connection.execute("update segment_playbook set objective = ?", ["@SUM(1)\x01\x0b\ufffe"])
    connection.execute("update segment_playbook set positioning = ?", ["mailto:a@x.example"])
    connection.execute("update segment_playbook set strategy_reason = ?", ["-" * 40_000])


@pytest.fixture(scope="module")
def large(shop: Built, folder: Path) -> Path:
    return edited(shop, folder / "office", make_large)


def sheets_of(content: bytes) -> dict[str, Rows]:
    """Return the rows of each sheet, as a reader of workbooks sees them."""
    book = CalamineWorkbook.from_filelike(BytesIO(content))
    return {
        name: book.get_sheet_by_name(name).to_python(skip_empty_area=False)
        for name in book.sheet_names
    }


def texts_of(content: bytes) -> list[str]:
    """Return all texts of the slides of a deck, tables included."""
    found = []
    for slide in Presentation(BytesIO(content)).slides:
        for shape in slide.shapes:
            if shape.has_text_frame:
                found.append(shape.text_frame.text)
            if shape.has_table:
                found += [cell.text for row in shape.table.rows for cell in row.cells]
    return found


def test_the_workbook_has_the_figures_of_the_marts(large: Path):
    sheets = sheets_of(workbook(large))
    with duckdb.connect(large, read_only=True) as connection:
        rows = connection.execute(
            "select segment_id, segment_name, customer_count, spend_share, spend "
            "from segment_summary order by segment_id"
        ).fetchall()
        profiles = connection.execute(
            "select label, segment_id, mean_value, index_value from segment_profiles "
            "where standardised_difference is not null"
        ).fetchall()
        plays = connection.execute(
            "select segment_id, strategy, offer from segment_playbook order by segment_id"
        ).fetchall()
    names = [f"Segment {segment_id}" for segment_id, *_ in rows]
    assert list(sheets) == ["Summary", "Profiles", "Playbook", "Definitions", *names]

    summary = sheets["Summary"]
    top = next(place for place, row in enumerate(summary) if row[0] == "Segment")
    head = summary[top]
    for row, (segment_id, name, count, share, spend) in zip(summary[top + 1 :], rows, strict=True):
        found = dict(zip(head, row, strict=True))
        assert (found["Segment"], found["Name"], found["Customers"]) == (segment_id, name, count)
        assert found["Share of spend"] == pytest.approx(share)
        assert found["Spend"] == pytest.approx(float(spend))

    table = {
        row[0]: dict(zip(sheets["Profiles"][0], row, strict=True)) for row in sheets["Profiles"]
    }
    assert len(profiles) > 20
    for label, segment_id, mean, index in profiles:
        assert table[label][f"Mean of {segment_id}"] == pytest.approx(mean)
        if index is not None:
            assert table[label][f"Index of {segment_id}"] == pytest.approx(index)

    playbook = [dict(zip(sheets["Playbook"][0], row, strict=True)) for row in sheets["Playbook"]]
    assert [(row["Segment"], row["Strategy"], row["Offer"]) for row in playbook[1:]] == plays
    assert any(row[1] == "spend_share" and row[2] for row in sheets["Definitions"])


def test_hostile_texts_of_a_workbook_are_texts(shop: Built, folder: Path):
    content = workbook(edited(shop, folder / "formulas", make_formulas))
    with zipfile.ZipFile(BytesIO(content)) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", "replace")
            if name.startswith("xl/worksheets/") and name.endswith(".xml"):
                assert not re.search(r"<f[ >/]", text), name
            assert "<hyperlink" not in text
            assert 'TargetMode="External"' not in text
        assert "xl/externalLinks" not in " ".join(archive.namelist())
    sheets = sheets_of(content)
    shown = [cell for rows in sheets.values() for row in rows for cell in row]
    assert FORMULA in shown
    assert "+1+cmd|' /C calc'!A0" in shown
    assert "mailto:a@x.example" in shown
    assert max(len(cell) for cell in shown if isinstance(cell, str)) == 32_767


@pytest.mark.pages
@pytest.mark.parametrize(
    "make", [make_hostile, make_short, make_orderless, make_eight_segments, make_formulas]
)
def test_both_are_written_of_any_file(make: Any, shop: Built, folder: Path):
    file = edited(shop, folder / f"any_{make.__name__}", make)
    assert sheets_of(workbook(file))["Summary"]
    texts = texts_of(deck(file))
    assert any("Customer segments" in text for text in texts)
    if make is make_hostile:
        assert any(HOSTILE_NAME[:30] in text for text in texts)


def test_the_deck_has_a_slide_for_each_segment_and_charts_that_can_be_edited(large: Path):
    made = Presentation(BytesIO(deck(large)))
    with duckdb.connect(large, read_only=True) as connection:
        rows = connection.execute(
            "select segment_id, segment_name, customer_count, customer_share, spend_share "
            "from segment_summary order by segment_id"
        ).fetchall()
    charts = [s.chart for slide in made.slides for s in slide.shapes if s.has_chart]
    shares = next(c for c in charts if c.series[0].name == "Share of customers")
    assert list(shares.series[0].values) == pytest.approx([row[3] for row in rows])
    assert list(shares.series[1].values) == pytest.approx([row[4] for row in rows])
    assert not [s for slide in made.slides for s in slide.shapes if s.shape_type == 13]
    texts = texts_of(deck(large))
    for segment_id, _, count, *_ in rows:
        assert sum(text.startswith(f"{segment_id} ") for text in texts) >= 1
        assert wording.whole(count) in texts


def test_nothing_on_a_slide_lies_beyond_it_or_on_another_text(large: Path):
    made = Presentation(BytesIO(deck(large)))
    for slide in made.slides:
        for shape in slide.shapes:
            assert shape.left >= 0
            assert shape.top >= 0
            assert shape.left + shape.width <= made.slide_width + 10
            assert shape.top + shape.height <= made.slide_height + 10
        charts = [shape for shape in slide.shapes if shape.has_chart]
        texts = [shape for shape in slide.shapes if shape.has_text_frame and shape.text_frame.text]
        for chart in charts:
            for text in texts:
                apart = (
                    text.left + text.width <= chart.left
                    or chart.left + chart.width <= text.left
                    or text.top + text.height <= chart.top + 10
                    or chart.top + chart.height <= text.top + 10
                )
                assert apart, text.text_frame.text


@pytest.mark.pages
def test_the_same_file_gives_the_same_bytes(large: Path, monkeypatch: pytest.MonkeyPatch):
    before = workbook(large), deck(large)
    later = time.time() + 400_000
    monkeypatch.setattr(time, "time", lambda: later)
    time.sleep(2.1)
    assert (workbook(large), deck(large)) == before


def test_no_small_segment_is_in_them(shop: Built):
    small = [
        segment_id
        for (segment_id,) in shop.query(
            "select segment_id from segment_summary where customer_count < 5"
        )
    ]
    assert small
    sheets = sheets_of(workbook(shop.marts))
    texts = texts_of(deck(shop.marts))
    for segment_id in small:
        assert f"Segment {segment_id}" not in sheets
        assert not [text for text in texts if text.startswith(f"{segment_id} ")]
    head = next(row for row in sheets["Summary"] if row[0] == "Segment")
    assert "Share of customers" not in head


def test_colours_of_slides_are_those_of_the_page():
    assert str(slides.segment_colour(0)) == "0072B2"
    assert slides.segment_colour(8) == slides.segment_colour(0)


def test_commands_are_thin():
    for name in ("workbook", "deck"):
        assert len((ROOT / "scripts" / f"{name}.py").read_text().splitlines()) < 40
