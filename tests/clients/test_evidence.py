"""The pages of examples/evidence: built by Evidence from the published file, and drawn.

Run by `make test-evidence`. With PICTURES, a folder, pictures of the pages are kept there.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser, Page, Request, Response

import setup_clients
from opened_browser import opened_browser
from report_pages import edited, make_hostile
from shops import ROOT, rows
from shown_marts import make_shown

pytestmark = pytest.mark.evidence
PROJECT = ROOT / "examples" / "evidence"
SOURCES = PROJECT / "sources" / "marts"
PICTURES = os.environ.get("PICTURES")
MINUTES = 15
# Of each page: how many charts it has, which are drawn on a canvas.
CHARTS = {"": 4, "segment/1/": 3, "movement/": 4}


@dataclass
class Site:
    """The pages that were built, served on this machine."""

    marts: Path
    folder: Path
    address: str


@dataclass
class Drawn:
    """A page that was opened, and what went wrong meanwhile."""

    page: Page
    address: str
    failed: list[str] = field(default_factory=list)

    def asked(self, request: Request) -> None:
        """Note a question to anybody but the site."""
        if not request.url.startswith((self.address, "blob:", "data:")):
            self.failed.append(f"asked: {request.url}")

    def answered(self, response: Response) -> None:
        """Note a refusal."""
        if not response.ok:
            self.failed.append(f"{response.status}: {response.url}")

    def lost(self, request: Request) -> None:
        """Note a question without an answer; Evidence itself gives some up."""
        if request.failure != "net::ERR_ABORTED":
            self.failed.append(f"{request.failure}: {request.url}")


def make_both(connection: duckdb.DuckDBPyConnection) -> None:
    """Have rows for every chart, with markup in every text, and one source without rows."""
    make_shown(connection)
    make_hostile(connection)
    connection.execute("delete from segment_engagement")


@pytest.fixture(scope="module")
def site(shop, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Build the pages over an edited shop; takes minutes."""
    setup_clients.set_up([setup_clients.EVIDENCE])
    work = setup_clients.FOLDER / setup_clients.EVIDENCE
    for name in ("pages", "sources", ".evidence", "build"):
        shutil.rmtree(work / name, ignore_errors=True)
    shutil.copytree(PROJECT / "pages", work / "pages")
    shutil.copytree(SOURCES, work / "sources" / "marts")
    shutil.copy(PROJECT / "evidence.plugins.yaml", work)
    marts = edited(shop, tmp_path_factory.mktemp("evidence") / "a warehouse", make_both)
    before = hashlib.sha256(marts.read_bytes()).hexdigest()
    address = os.path.relpath(marts, work / "sources" / "marts")
    for step in ("sources", "build"):
        finished = subprocess.run(
            ["npm", "run", step],
            cwd=work,
            env=os.environ | {"EVIDENCE_SOURCE__marts__filename": address},
            capture_output=True,
            text=True,
            check=False,
            timeout=60 * MINUTES,
        )
        assert finished.returncode == 0, finished.stdout[-3000:] + finished.stderr[-3000:]
    # It is opened read-only.
    assert hashlib.sha256(marts.read_bytes()).hexdigest() == before
    assert not marts.with_name("marts.duckdb.wal").exists()
    with served(work / "build") as address:
        yield Site(marts, work / "build", address)


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder, as any web server does."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Say nothing of requests."""

    handler = functools.partial(Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with opened_browser() as browser:
        yield browser


def draw(browser: Browser, site: Site, path: str) -> Drawn:
    """Open a page and wait until its charts are drawn."""
    page = browser.new_page(viewport={"width": 1300, "height": 2600})
    drawn = Drawn(page, site.address)
    page.on("pageerror", lambda error: drawn.failed.append(str(error)))
    page.on("request", drawn.asked)
    page.on("response", drawn.answered)
    page.on("requestfailed", drawn.lost)
    page.goto(site.address + path, wait_until="networkidle")
    page.wait_for_function("n => document.querySelectorAll('canvas').length >= n", arg=CHARTS[path])
    page.wait_for_timeout(2000)
    if PICTURES:
        name = f"evidence_{path.replace('/', '_')}.png"
        page.screenshot(path=Path(PICTURES) / name, full_page=True)
    return drawn


def comparable(found: list[tuple]) -> list[list]:
    """Return rows in an order of their own, numbers as doubles and times as days."""

    def one(value: object) -> object:
        if isinstance(value, date):
            return value.isoformat()[:10]
        if isinstance(value, int | float | Decimal):
            return round(float(value), 9)
        return value

    return sorted(([one(value) for value in row] for row in found), key=str)


@pytest.mark.parametrize("path", CHARTS)
def test_a_page_is_drawn_and_asks_nobody_else(site, browser, path):
    drawn = draw(browser, site, path)
    assert drawn.failed == []
    assert drawn.page.locator("canvas").count() == CHARTS[path]
    shown = drawn.page.inner_text("body")
    for word in ("Error", "NaN", "undefined", "No Results", "Dataset is empty"):
        assert word not in shown
    # Texts of the data are shown as texts, in what charts say of a point, too.
    for canvas in drawn.page.locator("canvas").all():
        box = canvas.bounding_box()
        assert box
        for part in (0.3, 0.5, 0.7):
            drawn.page.mouse.move(box["x"] + part * box["width"], box["y"] + box["height"] / 2)
            drawn.page.wait_for_timeout(100)
    assert drawn.page.evaluate("window.hostile") is None


def test_every_source_has_the_rows_of_its_query(site):
    queries = sorted(SOURCES.glob("*.sql"))
    assert len(queries) == 13
    for path in queries:
        (written,) = site.folder.glob(f"data/marts/{path.stem}/**/{path.stem}.parquet")
        expected = rows(site.marts, path.read_text(encoding="utf-8").strip())
        with duckdb.connect() as connection:
            found = connection.execute(f"from '{written}'").fetchall()
        assert expected, path.name
        assert comparable(found) == comparable(expected), path.name


def test_the_pages_show_the_figures_of_the_marts(site, browser):
    text = " ".join(draw(browser, site, "").page.inner_text("body").split())
    ((customers, spend),) = rows(
        site.marts, "select sum(customer_count), sum(spend) from segment_summary"
    )
    assert f"Customers in segments {customers:,}" in text
    assert f"Spend in the window {spend:,.0f}" in text
    sizes = rows(site.marts, "select segment_id, customer_count, strategy from segment_summary")
    for number, size, strategy in sizes:
        assert f"{strategy} {size:,}" in text
        # A row of the table leads there.
        assert (site.folder / "segment" / str(number) / "index.html").exists()
    text = " ".join(draw(browser, site, "segment/1/").page.inner_text("body").split())
    ((size, spend, objective),) = rows(
        site.marts,
        "select segment_summary.customer_count, spend_per_customer, objective "
        "from segment_summary join segment_playbook using (segment_id) where segment_id = 1",
    )
    for words in (f"Customers {size:,}", f"Spend per customer {spend:,.0f}", objective):
        assert words in text
