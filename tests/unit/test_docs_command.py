"""make docs describes what was built: without a build it says so before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.console import Problem
from common.warehouse_paths import Warehouse
from handover import docs


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """An empty warehouse to write the docs of; any work would fail the test."""
    monkeypatch.setenv("SOURCE", "own_files")
    monkeypatch.setenv("DATA", str(tmp_path))
    monkeypatch.setenv("WAREHOUSE", str(tmp_path / "w"))
    monkeypatch.setattr(docs, "run_quietly", lambda *_: pytest.fail("dbt was started"))
    found = Warehouse(tmp_path / "w")
    found.create()
    return found


def test_where_nothing_is_published_the_way_to_it_is_told(warehouse: Warehouse) -> None:
    # What make load leaves.
    warehouse.build_db.touch()
    with pytest.raises(Problem, match=r"marts\.duckdb is not there: nothing is published yet"):
        docs.main()


def test_after_make_clean_the_way_back_is_told(warehouse: Warehouse) -> None:
    warehouse.marts_db.touch()
    with pytest.raises(Problem, match=r"build\.duckdb is not there: .*run make build"):
        docs.main()
    assert not warehouse.build_db.exists()
