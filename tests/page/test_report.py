"""The page and the brief: what is in them, what cannot get into them, and when there is none."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import math
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from common.console import Problem
from report_page import markup, palette, wording
from report_page.marts import QUERIES
from report_page.page import brief_page, whole_page
from report_page.sections import SECTIONS
from report_pages import (
    EIGHT,
    HOSTILE,
    HOSTILE_NAME,
    Element,
    edited,
    make_eight_segments,
    make_hostile,
    make_large,
    make_orderless,
    make_short,
    read,
)
from shops import ROOT, Built

MOST_BYTES = 3_000_000


@pytest.fixture(scope="module")
def page(shop: Built) -> str:
    return whole_page(shop.marts)


@pytest.fixture(scope="module")
def large(shop: Built, folder: Path) -> Path:
    return edited(shop, folder / "large", make_large)


@pytest.fixture(scope="module")
def root(large: Path) -> Element:
    return read(whole_page(large))


@pytest.fixture(scope="module")
def marts(large: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(large, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def hostile(shop: Built, folder: Path) -> Path:
    return edited(shop, folder / "hostile", make_hostile)


# --- the story


def test_the_sections_stand_in_the_order_of_the_story(root: Element):
    assert [section.attributes["id"] for section in root.all("section")] == [
        "segments",
        "grid",
        "value",
        "differences",
        "categories",
        "response",
        "people",
        "movement",
        "trends",
        "evidence",
        "playbook",
        "quality",
        "making",
    ]
    assert len(SECTIONS) == 13


def test_the_cards_tell_the_figures_of_the_marts(root: Element, marts):
    rows = marts.execute(
        "select segment_name, strategy, customer_count, customer_share, spend_share, "
        "spend_per_customer from segment_summary order by segment_id"
    ).fetchall()
    cards = root.of_class("cards")[0].of_class("card")
    assert len(cards) == len(rows) > 1
    for card, (name, strategy, count, share, spend_share, spend) in zip(cards, rows, strict=True):
        assert name in card.all("h3")[0].text
        for reported in (
            strategy,
            wording.whole(count),
            f"{wording.percent(share)} of all",
            wording.percent(spend_share),
            f"{wording.number(spend)} per customer",
        ):
            assert reported in card.text


def test_the_head_tells_the_verdict_in_words_and_the_date(root: Element, marts):
    verdict, day = marts.execute(
        "select verdict, as_of_date from segmentation_runs where is_current"
    ).fetchone()
    reported = root.all("header")[0].text
    assert wording.day(day) in reported
    words = {"strong": "Clear groups", "moderate": "Blurred groups", "weak": "Degrees, not kinds"}
    assert words[verdict] in reported


def test_the_run_and_its_hashes_are_told(root: Element, marts):
    hashes = marts.execute(
        "select run_id, data_hash, features_hash, settings_hash from segmentation_runs "
        "where is_current"
    ).fetchone()
    codes = [code.text for code in root.all("code")]
    assert set(hashes) <= set(codes)


# --- every figure shows its SQL


def test_every_sql_on_the_page_runs_as_it_is_shown(root: Element, marts):
    shown = {pre.text for pre in root.all("pre")}
    assert len(shown) > 15
    for sql in shown:
        marts.execute(sql).fetchall()


def test_every_figure_has_a_table_and_the_sql_that_gives_its_rows(root: Element, marts):
    figures = root.all("figure")
    assert len(figures) > 12
    for figure in figures:
        (table,), (sql,) = figure.all("table"), figure.all("pre")
        rows = marts.execute(sql.text).fetchall()
        shown = len(table.all("tbody")[0].all("tr"))
        # One query serves all attributes, another all kinds of contact and of channel.
        is_part = re.match("attribute|contact|channels", figure.attributes["id"])
        assert shown < len(rows) + 1 if is_part else shown == len(rows)


def test_the_cells_of_a_chart_are_those_of_its_query(root: Element, marts):
    rows = marts.execute((QUERIES / "categories.sql").read_text()).fetchall()
    spec = json.loads(
        next(s for s in root.all("script") if s.attributes.get("id") == "spec-affinity").text
    )
    (values,) = spec["datasets"].values() if "datasets" in spec else [spec["data"]["values"]]
    drawn = {(v["row"], int(v["column"])): v["value"] for v in values}
    assert drawn == {(row[1], row[0]): row[4] for row in rows if row[4] is not None}
    assert drawn


def test_no_query_of_the_page_reads_who_a_customer_is():
    for path in QUERIES.glob("*.sql"):
        assert "customer_id" not in path.read_text(), path.name


def test_all_sql_files_are_used(shop: Built):
    code = "".join(p.read_text() for p in (ROOT / "scripts" / "report_page").rglob("*.py"))
    for path in QUERIES.glob("*.sql"):
        assert f'ask("{path.stem}")' in code, path.name


# --- accessible


@pytest.mark.parametrize("make", [None, make_short, make_orderless, make_eight_segments])
def test_headings_landmarks_and_names_are_in_order(make, shop: Built, page: str, folder: Path):
    if make:
        page = whole_page(edited(shop, folder / make.__name__, make))
    root = read(page)
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


@pytest.mark.parametrize("is_dark", [False, True])
def test_text_is_read_and_marks_are_seen_on_every_ground(is_dark: bool):
    colours = palette.DARK if is_dark else palette.LIGHT
    for ground in ("page", "card", "code"):
        for text in ("ink", "muted", "link"):
            assert palette.contrast(colours[text], colours[ground]) >= 4.5, (text, ground)
    variables = palette.variables(is_dark)
    for name, colour in variables.items():
        if name.startswith("--on-"):
            assert palette.contrast(colour, variables[name.replace("--on-", "--")]) >= 4.5, name
    for colour in palette.SEGMENTS_DARK if is_dark else palette.SEGMENTS_LIGHT:
        assert palette.contrast(colour, colours["card"]) >= 3


def test_contrast_is_that_of_the_standard():
    assert palette.contrast("#000000", "#ffffff") == pytest.approx(21)
    assert palette.contrast("#777777", "#ffffff") == pytest.approx(4.478, abs=0.001)


# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB.
VISIONS = {
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "no red": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "no green": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "no blue": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
# In OKLab, where 0.02 is about the least difference that is seen.
LEAST_DISTANCE = 0.08


def seen(colour: str, vision: tuple[tuple[float, ...], ...]) -> tuple[float, ...]:
    """Return a colour in OKLab as this vision sees it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    r, g, b = (
        min(1, max(0, sum(x * y for x, y in zip(row, linear, strict=True)))) for row in vision
    )
    cones = (
        0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b,
        0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b,
        0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b,
    )
    long, medium, short = (math.cbrt(c) for c in cones)
    return (
        0.2104542553 * long + 0.7936177850 * medium - 0.0040720468 * short,
        1.9779984951 * long - 2.4285922050 * medium + 0.4505937099 * short,
        0.0259040371 * long + 0.7827717662 * medium - 0.8086757660 * short,
    )


@pytest.mark.parametrize("vision", VISIONS)
@pytest.mark.parametrize("colours", [palette.SEGMENTS_LIGHT, palette.SEGMENTS_DARK])
def test_segments_are_told_apart_by_every_vision(vision: str, colours: tuple[str, ...]):
    for one, other in itertools.combinations(colours, 2):
        distance = math.dist(seen(one, VISIONS[vision]), seen(other, VISIONS[vision]))
        assert distance >= LEAST_DISTANCE, (one, other)


def test_a_segment_has_one_colour_throughout(root: Element):
    for section in ("cards", "plays", "key"):
        for listed in root.of_class(section):
            badges = listed.of_class("badge")
            assert [b.attributes["class"] for b in badges] == [
                f"badge segment-{n}" for n in range(1, len(badges) + 1)
            ]
    colours = {
        tuple(c["scale"]["domain"]): c["scale"]["range"]
        for s in root.all("script")
        if (s.attributes.get("id") or "").startswith("spec-")
        for layer in json.loads(s.text)["layer"]
        if (c := layer["encoding"].get("color", {})).get("field") == "id"
        and "--segment" in c["scale"]["range"][0]
    }
    assert len(colours) == 1
    ((domain, used),) = colours.items()
    assert used == [f"var(--segment-{n})" for n in range(1, len(domain) + 1)]


# --- safe


def policy_of(root: Element) -> dict[str, list[str]]:
    (meta,) = [m for m in root.all("meta") if "http-equiv" in m.attributes]
    parts = (part.split() for part in meta.attributes["content"].split("; "))
    return {name: values for name, *values in parts}


def test_the_policy_names_the_scripts_and_styles_of_the_page_and_nothing_else(root: Element):
    policy = policy_of(root)
    assert policy["default-src"] == ["'none'"]
    assert policy["base-uri"] == policy["form-action"] == ["'none'"]
    scripts = [s.text for s in root.all("script") if "type" not in s.attributes]
    styles = [s.text for s in root.all("style")]
    for name, texts in (("script-src", scripts), ("style-src", styles)):
        digests = (hashlib.sha256(text.encode()).digest() for text in texts)
        assert policy[name] == [f"'sha256-{base64.b64encode(d).decode()}'" for d in digests]
    assert len(scripts) == 2
    assert "unsafe" not in str(policy)


def test_nothing_on_the_page_asks_for_anything_outside(root: Element):
    for element in root.all():
        assert element.tag not in ("link", "img", "iframe", "object", "embed", "form", "base")
        for name, value in element.attributes.items():
            assert not name.startswith("on") and name not in ("style", "src", "srcset", "action")
            if name == "href":
                assert value.startswith("#")
    (style,) = root.all("style")
    assert not re.search(r"url\(|@import|https?:", style.text)


def test_charts_are_drawn_without_eval(page: str):
    assert "ast: true" in page
    assert "expressionInterpreter" in page


def test_markup_in_data_stays_text(hostile: Path):
    page = whole_page(hostile)
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


def test_markup_in_data_stays_text_in_the_brief(hostile: Path):
    page = brief_page(hostile, 1)
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


# --- small groups


# Titles of the columns that count people.
PEOPLE = {
    *("Customers", "Customers today", "Customers with one", "Active", "Answered", "Reached"),
    *("Sent it", "Held out"),
}


def test_no_small_group_is_on_the_page(shop: Built, page: str):
    sizes = dict(shop.query("select segment_id, customer_count from segment_summary"))
    shown = read(page)
    cards = shown.of_class("cards")[0].of_class("card")
    assert 0 < len(cards) == sum(size >= 5 for size in sizes.values()) < len(sizes)
    counted = 0
    for table in shown.all("table"):
        titles = [cell.text.strip() for cell in table.all("thead")[0].all("th")]
        for row in table.all("tbody")[0].all("tr"):
            cells = [cell.text.strip() for cell in row.all("td", "th")]
            for title, text in zip(titles, cells, strict=True):
                if title in PEOPLE:
                    assert text not in {"1", "2", "3", "4"}, (titles, cells)
                    counted += 1
    assert counted > 10
    # What is left of all customers is as large: totals give no segment away.
    total = sum(size for size in sizes.values() if size >= 5)
    (reported,) = re.findall(r"Customers in segments\s*(\d+)\s*of (\d+)", shown.text)
    assert int(reported[0]) == total
    assert int(reported[1]) - total not in {1, 2, 3, 4}


def test_there_is_no_brief_of_a_small_segment(shop: Built):
    (small,) = shop.query("select min(segment_id) from segment_summary where customer_count < 5")
    with pytest.raises(Problem, match="fewer than 5 customers"):
        brief_page(shop.marts, *small)


# --- size, sameness, and less than everything


def test_the_same_file_gives_the_same_bytes(shop: Built, page: str):
    assert whole_page(shop.marts) == page


def test_eight_segments_fit(shop: Built, folder: Path):
    page = whole_page(edited(shop, folder / "eight", make_eight_segments))
    assert len(page.encode()) <= MOST_BYTES
    cards = read(page).of_class("cards")[0].of_class("card")
    assert len(cards) == EIGHT
    assert len({c.attributes["class"] for c in cards}) == EIGHT


def test_data_too_short_to_follow_anybody_is_said_in_a_sentence(shop: Built, folder: Path):
    root = read(whole_page(edited(shop, folder / "short", make_short)))
    (value,) = [s for s in root.all("section") if s.attributes["id"] == "value"]
    assert "Not measured yet" in value.text
    assert not value.all("figure")
    assert "movement" not in [s.attributes["id"] for s in root.all("section")]
    assert "explained" not in [f.attributes["id"] for f in root.all("figure")]
    assert "Future spend" not in root.of_class("cards")[0].text


def test_a_source_without_orders_has_a_page_without_the_sections_of_orders(
    shop: Built, folder: Path
):
    marts = edited(shop, folder / "orderless", make_orderless)
    root = read(whole_page(marts))
    assert [s.attributes["id"] for s in root.all("section")] == [
        "segments",
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
    brief = read(brief_page(marts, 1))
    assert "What to do" not in brief.text
    assert "Share of spend" not in brief.text


# --- the brief


def test_a_brief_tells_what_to_do_for_its_segment_alone(large: Path, marts):
    rows = marts.execute(
        "select segment_id, segment_name, objective, offer from segment_playbook order by all"
    ).fetchall()
    for segment_id, name, objective, offer in rows:
        root = read(brief_page(large, segment_id))
        assert name in root.all("h1")[0].text
        assert objective in root.text
        assert offer in root.text
        assert f"make export SEGMENT={segment_id}" in root.text
        assert all(f"segment_id = {segment_id}" in pre.text for pre in root.all("pre"))
        for pre in root.all("pre"):
            marts.execute(pre.text).fetchall()
