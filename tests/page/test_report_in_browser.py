"""The page in a real Chromium, opened from a file: what people see, and what they do not."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from opened_browser import opened_browser
from report_page import palette, wording
from report_page.page import brief_page, whole_page
from report_pages import edited, make_eight_segments, make_hostile, make_large, make_orderless
from shops import Built

pytestmark = pytest.mark.in_browser

PHONE, SMALL_PHONE, DESK = 380, 320, 1440
LOOKS = ((DESK, "light"), (DESK, "dark"), (PHONE, "light"), (SMALL_PHONE, "dark"))
MOST_SECONDS = 3
MOST_TRIES = 10
WORLDS = ("shop", "hostile", "eight", "orderless", "brief")
# From this impact on a fault keeps people out.
GRAVE = ("serious", "critical")


@pytest.fixture(scope="module")
def large(shop: Built, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return edited(shop, tmp_path_factory.mktemp("large"), make_large)


@pytest.fixture(scope="module")
def marts(large: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect(large, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def pages(shop: Built, large: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("browser")
    hostile = edited(shop, folder / "hostile", make_hostile)
    eight = edited(shop, folder / "eight", make_eight_segments)
    orderless = edited(shop, folder / "orderless", make_orderless)
    made = {
        "shop": whole_page(large),
        "hostile": whole_page(hostile),
        "eight": whole_page(eight),
        "orderless": whole_page(orderless),
        "brief": brief_page(large, 1),
    }
    for name, page in made.items():
        (folder / f"{name}.html").write_text(page, encoding="utf-8")
    return {name: folder / f"{name}.html" for name in made}


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


@dataclass
class Seen:
    """A page that was opened, with what it said and asked for."""

    page: Page
    seconds: float
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)


def opened(browser: Browser, path: Path, width: int = DESK, scheme: str = "light") -> Seen:
    """Open a page and wait until its charts are drawn."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    seen = Seen(page, 0)
    page.on("console", lambda message: seen.said.append(message.text))
    page.on("pageerror", lambda error: seen.said.append(str(error)))
    page.on("dialog", lambda dialog: (seen.said.append(dialog.message), dialog.dismiss()))
    page.on("request", lambda request: seen.asked.append(request.url))
    started = time.monotonic()
    page.goto(path.as_uri())
    page.wait_for_selector("html[data-charts=drawn]", state="attached")
    seen.seconds = time.monotonic() - started
    return seen


@pytest.fixture(scope="module")
def visits(browser: Browser, pages: dict[str, Path]) -> Iterator[Callable[..., Seen]]:
    """Opens each page once at a width and scheme, for tests that leave it as it is."""
    made: dict[tuple[str, int, str], Seen] = {}

    def visit(world: str, width: int = DESK, scheme: str = "light") -> Seen:
        key = (world, width, scheme)
        if key not in made:
            made[key] = opened(browser, pages[world], width, scheme)
        return made[key]

    yield visit
    for seen in made.values():
        seen.page.close()


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_it_opens_from_a_file_without_a_word_or_a_request(
    world: str, width: int, scheme: str, visits: Callable[..., Seen], pages: dict[str, Path]
):
    seen = visits(world, width, scheme)
    assert seen.said == []
    assert seen.asked == [pages[world].as_uri()]
    assert seen.page.evaluate("window.hostile") is None
    assert seen.page.locator("img, iframe").count() == 0


@pytest.mark.parametrize("world", WORLDS)
def test_every_chart_has_drawn_marks(world: str, visits: Callable[..., Seen]):
    page = visits(world).page
    charts = page.locator("[data-chart]")
    assert charts.count() >= (1 if world == "brief" else 4)
    for number in range(charts.count()):
        chart = charts.nth(number)
        marks = chart.locator(
            ".mark-rect path, .mark-symbol path, .mark-line path, .mark-rule line"
        ).evaluate_all(
            "(marks) => marks.filter((m) => { const b = m.getBoundingClientRect();"
            " return b.width > 1 || b.height > 1; }).length"
        )
        assert marks > 0, chart.get_attribute("data-chart")
        assert chart.locator("text").count() > 1


def test_no_chart_shows_a_number_that_is_none(visits: Callable[..., Seen]):
    page = visits("shop").page
    shown = page.locator("[data-chart] text").all_text_contents()
    assert not [text for text in shown if re.search("NaN|undefined|null|Infinity|e\\+", text)]


def test_eight_segments_are_drawn_in_time(browser: Browser, pages: dict[str, Path], note):
    # The best of several, as others may use the machine.
    best = math.inf
    for _ in range(MOST_TRIES):
        seen = opened(browser, pages["eight"])
        best = min(best, seen.seconds)
        seen.page.close()
        if best <= MOST_SECONDS:
            break
    size = pages["eight"].stat().st_size
    note(f"page of 8 segments: {size / 1e6:.2f} MB, drawn in {best:.2f} s")
    assert best <= MOST_SECONDS


@pytest.mark.parametrize("world", ["shop", "hostile"])
def test_a_tooltip_tells_the_figure_in_its_unit(
    world: str, browser: Browser, pages: dict[str, Path], marts
):
    page = opened(browser, pages[world]).page
    # Its label lies over the cell, and tells the same.
    page.locator("#chart-affinity .mark-rect path").first.hover(force=True)
    tooltip = page.locator(".vg-tooltip.visible")
    tooltip.wait_for()
    (share,) = marts.execute(
        "select spend_share from segment_category_affinity order by population_spend_share desc, "
        "category, segment_id limit 1"
    ).fetchone()
    assert wording.percent(share) in tooltip.inner_text()
    assert tooltip.locator("script, img").count() == 0
    place = tooltip.bounding_box()
    assert place["x"] > 0
    assert place["width"] < 400
    page.close()


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_the_layout_holds_at_every_width(
    world: str, width: int, scheme: str, visits: Callable[..., Seen]
):
    page = visits(world, width, scheme).page
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    beyond = page.evaluate(
        "(width) => [...document.querySelectorAll('main .card, main .figure, .chart svg, .tiles')]"
        ".filter((e) => e.getBoundingClientRect().right > width + 1)"
        ".map((e) => e.outerHTML.slice(0, 80))",
        width,
    )
    assert beyond == []


def test_charts_follow_the_width_of_the_window(browser: Browser, pages: dict[str, Path]):
    page = opened(browser, pages["shop"]).page
    chart = page.locator("#chart-profiles svg")
    wide = chart.bounding_box()["width"]
    page.set_viewport_size({"width": PHONE, "height": 900})
    page.wait_for_function(
        "(wide) => document.querySelector('#chart-profiles svg').viewBox.baseVal.width < wide / 2",
        arg=wide,
    )
    # The chart is drawn again, so one looked at meanwhile may be there no more.
    page.wait_for_function(
        "(phone) => document.querySelector('#chart-profiles svg')"
        ".getBoundingClientRect().width <= phone",
        arg=PHONE,
    )
    page.close()


def test_dark_is_dark_and_its_charts_are_too(browser: Browser, pages: dict[str, Path]):
    grounds, fills = {}, {}
    for scheme in ("light", "dark"):
        page = opened(browser, pages["shop"], DESK, scheme).page
        grounds[scheme] = page.evaluate("getComputedStyle(document.body).backgroundColor")
        fills[scheme] = page.evaluate(
            "getComputedStyle(document.querySelector('#chart-active .mark-symbol path')).fill"
        )
        page.close()
    assert grounds == {"light": _rgb(palette.LIGHT["page"]), "dark": _rgb(palette.DARK["page"])}
    assert fills == {
        "light": _rgb(palette.SEGMENTS_LIGHT[0]),
        "dark": _rgb(palette.SEGMENTS_DARK[0]),
    }


def _rgb(colour: str) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgb({red}, {green}, {blue})"


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_prints_light_and_whole(
    scheme: str, browser: Browser, pages: dict[str, Path], tmp_path: Path
):
    page = opened(browser, pages["shop"], DESK, scheme).page
    # As Chromium lays it out on paper.
    printed = page.pdf(format="A4", print_background=True)
    assert printed.startswith(b"%PDF-")
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) >= 3
    page.emulate_media(media="print")
    ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert ground == "rgb(255, 255, 255)"
    assert page.evaluate("getComputedStyle(document.querySelector('h2')).color") == _rgb(
        palette.LIGHT["ink"]
    )
    assert not page.locator("nav").is_visible()
    page.close()


def test_a_brief_is_one_page_of_paper(large: Path, marts, browser: Browser, tmp_path: Path):
    ids = marts.execute("select segment_id from segment_summary order by all").fetchall()
    for (segment_id,) in ids:
        path = tmp_path / f"{segment_id}.html"
        path.write_text(brief_page(large, segment_id), encoding="utf-8")
        page = opened(browser, path).page
        printed = page.pdf(format="A4", print_background=True)
        assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 1
        page.close()


def test_figures_on_the_page_are_those_of_the_marts(visits: Callable[..., Seen], marts):
    page = visits("shop").page
    rows = marts.execute(
        "select customer_count, spend_share, segment_name from segment_summary order by segment_id"
    ).fetchall()
    cards = page.locator(".cards .card")
    assert cards.count() == len(rows)
    for number, (count, share, name) in enumerate(rows):
        shown = cards.nth(number).inner_text()
        assert name in shown
        assert wording.whole(count) in shown
        assert wording.percent(share) in shown
    indexes = marts.execute(
        "select index_value from segment_category_affinity "
        "where index_value is not null and is_product and population_spend_share > 0 "
        "order by population_spend_share desc, category, segment_id"
    ).fetchall()
    drawn = page.locator("#chart-affinity .mark-text.role-mark text").all_text_contents()
    assert drawn == [wording.index(value) for (value,) in indexes][: len(drawn)]
    assert drawn
    shares = marts.execute(
        "select spend_share from segment_grid order by segment_id, spend_per_customer desc, tiers"
    ).fetchall()
    assert page.locator("#grid-cells .map td b").all_text_contents() == [
        wording.percent(share) for (share,) in shares
    ]


@pytest.mark.parametrize("world", WORLDS)
@pytest.mark.parametrize(("width", "scheme"), LOOKS)
def test_axe_finds_no_grave_fault(world: str, width: int, scheme: str, visits: Callable[..., Seen]):
    page = visits(world, width, scheme).page
    page.evaluate("document.querySelectorAll('details').forEach((d) => (d.open = true))")
    found = Axe().run(page).response["violations"]
    grave = [
        (fault["id"], node["html"][:120])
        for fault in found
        if fault["impact"] in GRAVE
        for node in fault["nodes"]
    ]
    assert grave == []


def test_the_keyboard_reaches_the_content_and_opens_what_is_folded(
    browser: Browser, pages: dict[str, Path]
):
    page = opened(browser, pages["shop"]).page
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert page.locator(".skip").bounding_box()["x"] >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "content"
    page.locator("#profiles summary").first.focus()
    page.keyboard.press("Enter")
    table = page.locator("#profiles .scroll")
    assert table.is_visible()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "scroll"
    page.close()


def test_without_javascript_the_tables_tell_it_all(browser: Browser, pages: dict[str, Path]):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(pages["shop"].as_uri())
    assert "needs JavaScript" in page.locator("#chart-profiles").inner_text()
    assert page.locator("#profiles table tbody tr").count() > 10
    context.close()
