"""Warehouses that faults are tried on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from publishing import publish as publishing
from publishing.publish import publish
from shops import SHOP
from stub_builds import build


@pytest.fixture
def two_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a warehouse with the runs 1 and 2, and no macros."""
    monkeypatch.setattr(publishing, "MACROS", tmp_path / "no macros")
    found = resolve({"WAREHOUSE": str(tmp_path / "warehouse"), "THREADS": "2"})
    Warehouse(found.warehouse).create()
    for run_number in (1, 2):
        build(found, run_number=run_number)
        publish(found)
    return found


@pytest.fixture
def own_shop(tmp_path: Path) -> Settings:
    """Settings to load the fixture shop by."""
    data = tmp_path / "data"
    shutil.copytree(SHOP, data)
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(tmp_path / "shop")}
    return resolve(given | {"THREADS": "2"})
