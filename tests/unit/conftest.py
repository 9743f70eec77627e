"""What several modules load from, or go back in."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from kept_runs import settings_in
from loads import HEADER, ROW


@pytest.fixture
def two_orders(tmp_path: Path) -> Path:
    """A folder with a file of two order lines."""
    folder = tmp_path / 'it\'s "my" [data]; drop'
    folder.mkdir()
    (folder / "order_lines.csv").write_text(HEADER + ROW + "o2,c2,2024-03-04,1\n")
    return folder


@pytest.fixture
def order_settings(tmp_path: Path, two_orders: Path) -> Settings:
    """Settings to load them by."""
    return resolve(
        {
            "SOURCE": "own_files",
            "DATA": str(two_orders),
            "WAREHOUSE": str(tmp_path / "ware house"),
            "THREADS": "4",
            "MEMORY": "1GB",
        }
    )


@pytest.fixture
def kept_settings(tmp_path: Path) -> Settings:
    """Settings of an empty warehouse."""
    found = settings_in(tmp_path)
    Warehouse(found.warehouse).create()
    return found
