"""Dashboards of Superset in a real Chromium, with what each chart was answered."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import BrowserContext, Page, Response

from opened_browser import opened_browser
from superset_server import Superset

WIDTH = 1600
# Charts are laid out in units of this many pixels, and below them is room for what is around.
UNIT = 8
AROUND = 200
SECONDS_TO_DRAW = 180
QUIET_SECONDS = 2


@dataclass
class Drawn:
    """A dashboard that was opened.

    Attributes:
        rows: The rows that each chart was answered, by the chart's number.
        failed: What charts were answered that are not drawn, and errors of the page.
    """

    page: Page
    rows: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    failed: list[str] = field(default_factory=list)

    def take(self, response: Response) -> None:
        """Keep the rows of an answer to a chart."""
        if "/api/v1/chart/data" not in response.url:
            return
        asked = json.loads(response.request.post_data or "{}")
        chart = asked.get("form_data", {}).get("slice_id")
        if not response.ok:
            self.failed.append(f"chart {chart}: {response.status} {response.text()[:500]}")
        elif chart is not None:
            self.rows[chart] = response.json()["result"][0]["data"]


@contextmanager
def logged_in(superset: Superset) -> Iterator[BrowserContext]:
    """Open a browser that is logged in to a server."""
    with opened_browser() as browser:
        context = browser.new_context(viewport={"width": WIDTH, "height": 1000})
        context.request.post(f"{superset.address}/login/", form=superset.credentials)
        yield context


def draw(
    context: BrowserContext, superset: Superset, dashboard: int, picture: Path | None = None
) -> Drawn:
    """Open a dashboard, wait until all of its charts are answered and drawn, and take a picture."""
    found = superset.ask("GET", f"dashboard/{dashboard}")["result"]
    rows = [
        part
        for part in json.loads(found["position_json"]).values()
        if isinstance(part, dict) and part["type"] == "ROW"
    ]
    heights = json.loads(found["position_json"])
    height = sum(heights[row["children"][0]]["meta"]["height"] * UNIT + 32 for row in rows)
    charts = len(superset.ask("GET", f"dashboard/{dashboard}/charts")["result"])
    page = context.new_page()
    # Charts out of sight are not asked for.
    page.set_viewport_size({"width": WIDTH, "height": height + AROUND})
    drawn = Drawn(page)
    page.on("response", drawn.take)
    page.on("pageerror", lambda error: drawn.failed.append(str(error)))
    page.goto(f"{superset.address}/superset/dashboard/{dashboard}/")
    end = time.monotonic() + SECONDS_TO_DRAW
    while len(drawn.rows) < charts and not drawn.failed and time.monotonic() < end:
        page.wait_for_timeout(500)
    page.wait_for_timeout(QUIET_SECONDS * 1000)
    page.wait_for_function("document.querySelectorAll('.loading').length === 0")
    if picture is not None:
        page.screenshot(path=picture)
    return drawn
