"""The page of the fixture shop, and a folder for others."""

from pathlib import Path

import pytest

from report_page.page import whole_page
from shops import Built


@pytest.fixture(scope="session")
def page(shop: Built) -> str:
    """The page of the fixture shop, written once."""
    return whole_page(shop.marts)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for pages and files of a module."""
    return tmp_path_factory.mktemp("pages")
