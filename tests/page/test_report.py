"""The page and the brief: what is in them, what cannot get into them, and when there is none."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from altair.utils.schemapi import SchemaValidationError

from common.console import Problem
from common.project_sql import project_vars
from report_page import wording
from report_page.chart_parts import chart_of, specification
from report_page.marts import QUERIES
from report_page.page import brief_page, whole_page
from report_page.sections import SECTIONS
from report_pages import (
    Element,
    edited,
    make_large,
    policy_of,
    read,
)
from shops import ROOT, Built


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


# --- the story


def test_the_sections_stand_in_the_order_of_the_story(root: Element):
    assert [section.attributes["id"] for section in root.all("section")] == [
        "grid",
        "segments",
        "customers",
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
    assert len(SECTIONS) == 14


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
            f"{wording.spoken(spend, 'currency')} per customer",
        ):
            assert reported in card.text


def test_the_head_tells_the_verdict_in_words_and_the_date(root: Element, marts):
    verdict, day = marts.execute(
        "select verdict, as_of_date from segmentation_runs where is_current"
    ).fetchone()
    reported = root.all("header")[0].text
    assert f"data up to {wording.last_day(day)}" in reported
    assert wording.day(day) not in reported
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
        # The map is a table itself, with the table of its figures behind it.
        table, (sql,) = figure.all("table")[-1], figure.all("pre")
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


def test_no_query_of_the_page_returns_who_a_customer_is(marts):
    for path in QUERIES.glob("*.sql"):
        sql = path.read_text()
        for name, value in {"segment_id": 1, "said_no": True, **project_vars()}.items():
            sql = sql.replace(f"${name}", str(value))
        marts.execute(sql)
        assert "customer_id" not in [name for name, *_ in marts.description], path.name


def test_all_sql_files_are_used(shop: Built):
    packages = (ROOT / "scripts" / name for name in ("report_page", "office"))
    code = "".join(p.read_text() for package in packages for p in package.rglob("*.py"))
    for path in QUERIES.glob("*.sql"):
        assert f'"{path.stem}")' in code, path.name


# --- accessible


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


def test_a_specification_that_cannot_be_drawn_is_refused():
    chart = chart_of([{"a": 1}], height=10).encode(x="a:Q")
    assert specification(chart.mark_bar() + chart.mark_text(size=8))["layer"]
    with pytest.raises(SchemaValidationError, match="'wide' is an invalid value for `size`"):
        specification(chart.mark_bar() + chart.mark_text(size="wide"))


def test_charts_are_drawn_without_eval(page: str):
    assert "ast: true" in page
    assert "expressionInterpreter" in page


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
    maps = [table for element in shown.of_class("map") for table in element.all("table")]
    for table in shown.all("table"):
        if any(table is drawn for drawn in maps):
            counts = [line.text for line in table.of_class("line") if "customers" in line.text]
            assert counts
            assert not {count.split()[0] for count in counts} & {"1", "2", "3", "4"}
            continue
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
