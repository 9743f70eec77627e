"""Pages of files that were edited: markup in texts, many segments, short data, no orders."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

import duckdb
import pytest

from report_page import markup
from report_page.page import brief_page, whole_page
from report_pages import (
    EIGHT,
    HOSTILE,
    HOSTILE_NAME,
    edited,
    make_eight_segments,
    make_hostile,
    make_orderless,
    make_short,
    policy_of,
    read,
)
from shops import Built

MOST_BYTES = 3_000_000

Edit = Callable[[duckdb.DuckDBPyConnection], None]
FileOf = Callable[[Edit], Path]
PageOf = Callable[[Edit | None], str]


@pytest.fixture(scope="module")
def file_of(shop: Built, tmp_path_factory: pytest.TempPathFactory) -> FileOf:
    """The shop's published file after an edit, each made once."""
    folder = tmp_path_factory.mktemp("edited")
    return cache(lambda edit: edited(shop, folder / edit.__name__, edit))


@pytest.fixture(scope="module")
def page_of(shop: Built, file_of: FileOf) -> PageOf:
    """The page of an edited file, or of the shop's own, each written once."""
    return cache(lambda edit: whole_page(file_of(edit) if edit else shop.marts))


# --- accessible


@pytest.mark.pages
@pytest.mark.parametrize("make", [None, make_short, make_orderless, make_eight_segments])
def test_headings_landmarks_and_names_are_in_order(make: Edit | None, page_of: PageOf):
    root = read(page_of(make))
    assert root.all("html")[0].attributes["lang"] == "en"
    assert [len(root.all(tag)) for tag in ("main", "nav", "footer", "h1", "title")] == [1] * 5
    levels = [int(h.tag[1]) for h in root.all("h1", "h2", "h3", "h4")]
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [e.attributes["id"] for e in root.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    assert all(a.attributes["href"][1:] in ids for a in root.all("a"))
    for chart in root.of_class("chart"):
        assert chart.attributes["role"] == "img"
        assert len(chart.attributes["aria-label"]) > 30
    for scrolls in [*root.of_class("scroll"), *root.all("pre")]:
        assert scrolls.attributes["tabindex"] == "0"
        assert scrolls.attributes["aria-label"]


# --- safe


@pytest.mark.pages
def test_markup_in_data_stays_text(page_of: PageOf):
    page = page_of(make_hostile)
    assert "<script>window.hostile" not in page
    assert "<img src=x" not in page
    root = read(page)
    policy = policy_of(root)
    scripts = [s for s in root.all("script") if s.attributes.get("type") != "application/json"]
    assert len(scripts) == len(policy["script-src"]) == 2
    reported = " ".join(e.text for e in root.all("main"))
    assert HOSTILE in reported
    assert HOSTILE_NAME in reported
    charts = [s.text for s in root.all("script") if s.attributes.get("type") == "application/json"]
    assert not any("<" in text for text in charts)
    categories = json.loads(next(t for t in charts if "Customers who buy it" in t))
    assert HOSTILE in json.dumps(categories, ensure_ascii=False)


def test_markup_in_data_stays_text_in_the_brief(file_of: FileOf):
    page = brief_page(file_of(make_hostile), 1)
    assert "<script>window.hostile" not in page
    assert "<img src=x" not in page
    assert HOSTILE_NAME in read(page).text


def test_json_in_the_page_can_end_no_element_and_holds_no_nan():
    text = markup.json_in_html({"a": "</script><!--&\u2028", "b": Decimal("1.5")})
    assert not set("<>&\u2028") & set(text)
    assert json.loads(text) == {"a": "</script><!--&\u2028", "b": 1.5}
    with pytest.raises(ValueError, match="JSON"):
        markup.json_in_html({"a": float("nan")})
    with pytest.raises(TypeError, match="cannot hold"):
        markup.json_in_html({"a": date(2018, 1, 1)})


# --- size, sameness, and less than everything


@pytest.mark.pages
def test_eight_segments_fit(page_of: PageOf):
    page = page_of(make_eight_segments)
    assert len(page.encode()) <= MOST_BYTES
    cards = read(page).of_class("cards")[0].of_class("card")
    assert len(cards) == EIGHT
    assert len({c.attributes["class"] for c in cards}) == EIGHT


@pytest.mark.pages
def test_data_too_short_to_follow_anybody_is_said_in_a_sentence(page_of: PageOf):
    root = read(page_of(make_short))
    (value,) = [s for s in root.all("section") if s.attributes["id"] == "value"]
    assert "Not measured yet" in value.text
    assert not value.all("figure")
    assert "movement" not in [s.attributes["id"] for s in root.all("section")]
    assert "explained" not in [f.attributes["id"] for f in root.all("figure")]
    assert "Future spend" not in root.of_class("cards")[0].text


@pytest.mark.pages
def test_a_source_without_orders_has_a_page_without_the_sections_of_orders(
    file_of: FileOf, page_of: PageOf
):
    root = read(page_of(make_orderless))
    assert [s.attributes["id"] for s in root.all("section")] == [
        "segments",
        "customers",
        "differences",
        "people",
        "evidence",
        "quality",
        "making",
    ]
    cards = root.of_class("cards")[0].text
    assert not re.search("Share of spend|Future spend|Growth|protect|maintain", cards)
    for figure in root.all("figure"):
        assert figure.of_class("chart") or figure.all("tr")
    brief = read(brief_page(file_of(make_orderless), 1))
    assert "What to do" not in brief.text
    assert "Share of spend" not in brief.text
