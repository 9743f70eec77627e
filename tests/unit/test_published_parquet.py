"""Parquet of a run is published whole, by one step; readers of the run before read on."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from common.warehouse_paths import Warehouse
from publishing import published_parquet
from publishing.published_parquet import CURRENT, follow, publish_parquet


@pytest.fixture
def warehouse(tmp_path: Path) -> Warehouse:
    return Warehouse(tmp_path / "a warehouse")


def made(folder: Path, number: int) -> dict[tuple[str, str], Path]:
    """Parquet of two tables as Spark leaves it, with a number in them."""
    found = {}
    for schema, name in (("main", "segment_summary"), ("history", "runs")):
        place = folder / str(number) / schema / name
        place.mkdir(parents=True)
        duckdb.connect().execute(f"copy (select {number} as n) to '{place}/part-0.parquet'")
        (place / "_SUCCESS").touch()
        found[schema, name] = place
    return found


def read(warehouse: Warehouse, table: str = "main/segment_summary") -> list[tuple]:
    files = warehouse.parquet / CURRENT / table / "*.parquet"
    return duckdb.connect().execute("select n from read_parquet(?)", [str(files)]).fetchall()


def folders(warehouse: Warehouse) -> set[str]:
    return {path.name for path in warehouse.parquet.iterdir()}


def test_the_current_run_is_read_through_the_link(warehouse: Warehouse, tmp_path: Path) -> None:
    publish_parquet(warehouse, made(tmp_path, 1), 1)
    assert read(warehouse) == read(warehouse, "history/runs") == [(1,)]
    publish_parquet(warehouse, made(tmp_path, 2), 2)
    assert read(warehouse) == [(2,)]
    # The run before stays for those who read it; the one before that goes.
    assert folders(warehouse) == {CURRENT, "1", "2"}
    publish_parquet(warehouse, made(tmp_path, 3), 3)
    assert folders(warehouse) == {CURRENT, "2", "3"}
    assert sorted(p.name for p in (warehouse.parquet / "3" / "main").rglob("*")) == [
        "part-0.parquet",
        "segment_summary",
    ]


def test_a_run_that_is_repeated_takes_its_place(warehouse: Warehouse, tmp_path: Path) -> None:
    publish_parquet(warehouse, made(tmp_path / "first", 1), 1)
    source = made(tmp_path / "again", 7)
    publish_parquet(warehouse, source, 1)
    assert read(warehouse) == [(7,)]
    assert folders(warehouse) == {CURRENT, "1"}


def test_what_was_cut_off_leaves_the_run_before(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish_parquet(warehouse, made(tmp_path, 1), 1)

    def full(source: Path, target: Path) -> None:
        raise OSError("no space left")

    with monkeypatch.context() as patched:
        patched.setattr(published_parquet, "link_or_copy", full)
        with pytest.raises(OSError, match="no space"):
            publish_parquet(warehouse, made(tmp_path, 2), 2)
    assert read(warehouse) == [(1,)]
    (tmp_path / "2").rename(tmp_path / "before")
    publish_parquet(warehouse, made(tmp_path, 2), 2)
    assert read(warehouse) == [(2,)]
    assert folders(warehouse) == {CURRENT, "1", "2"}


def test_files_are_copied_where_the_disk_knows_no_links(
    warehouse: Warehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_links(*_: object) -> None:
        raise OSError("not supported")

    monkeypatch.setattr(published_parquet.os, "link", no_links)
    publish_parquet(warehouse, made(tmp_path, 1), 1)
    assert read(warehouse) == [(1,)]


def test_a_rollback_leads_back(warehouse: Warehouse, tmp_path: Path) -> None:
    assert follow(warehouse, 1) is None
    for number in (1, 2, 3):
        publish_parquet(warehouse, made(tmp_path, number), number)
    assert follow(warehouse, 3) is None
    assert follow(warehouse, 2) == "parquet/current leads to run 2"
    assert read(warehouse) == [(2,)]
    shown = follow(warehouse, 1)
    assert shown == "parquet/current is removed: run 1 is not kept as Parquet"
    assert not (warehouse.parquet / CURRENT).is_symlink()
