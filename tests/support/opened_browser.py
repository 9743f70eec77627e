"""The browser that pages are drawn in."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from browser import chromium


@contextmanager
def opened_browser() -> Iterator[Browser]:
    """Open Chromium, and close it in the end."""
    # Chromium refuses its sandbox to root, whom containers run everything as.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=options)
        yield browser
        browser.close()
