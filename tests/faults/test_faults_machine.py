"""No room, no rights, damaged files: one message, an exit code, nothing half-way."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from common.console import DATA_REFUSED, FAILED, WRONG_USE, Problem
from common.settings import Settings
from common.system_errors import explained, kind_of, problem_of, problem_of_lines
from common.warehouse_paths import Warehouse
from loading import load_table, table_rows
from loading.load_raw import load
from machine_faults import (
    check_one_message,
    check_whole,
    mounted,
    no_file_above,
    of,
    script,
)
from publishing.publish import publish
from store.build_database import healed, open_build_database
from store.published_file import check_published
from stub_builds import build
from upkeep.rollback import rollback

# --- damage is found before it spreads


def damage_bytes(path: Path, at: float = 0.5, byte_count: int = 4096) -> None:
    """Overwrite bytes in the middle of a file, in place."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * at))
        file.write(b"\xa5" * byte_count)


def test_a_published_file_that_was_damaged_alone_is_put_back(
    two_runs: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse = Warehouse(two_runs.warehouse)
    copy = warehouse.path / "copy"
    shutil.copy2(warehouse.marts_db, copy)
    damage_bytes(copy)
    os.replace(copy, warehouse.marts_db)
    check_published(warehouse)
    assert "was put back" in capsys.readouterr().err
    check_whole(two_runs)
    check_published(warehouse)
    assert capsys.readouterr().err == ""


def test_a_published_file_that_is_damaged_with_its_version_is_not_built_on(
    two_runs: Settings,
) -> None:
    warehouse = Warehouse(two_runs.warehouse)
    damage_bytes(warehouse.marts_db)
    with pytest.raises(Problem, match="make rollback") as caught:
        check_published(warehouse)
    assert caught.value.exit_code == FAILED
    rollback(warehouse, 1)
    check_published(warehouse)
    check_whole(two_runs, 1)


def test_a_published_file_that_is_missing_is_no_fresh_start(two_runs: Settings) -> None:
    warehouse = Warehouse(two_runs.warehouse)
    warehouse.marts_db.unlink()
    with pytest.raises(Problem, match="make rollback"):
        check_published(warehouse)
    rollback(warehouse)
    check_published(warehouse)
    check_whole(two_runs, 2)


def test_where_nothing_was_published_there_is_nothing_to_check(tmp_path: Path) -> None:
    check_published(Warehouse(tmp_path))


@pytest.mark.faults
@pytest.mark.short
@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.9])
def test_a_damaged_build_database_is_made_anew(own_shop: Settings, at: float) -> None:
    warehouse = Warehouse(own_shop.warehouse)
    loaded = load(own_shop)
    damage_bytes(warehouse.build_db, at, 20_000)
    try:
        with healed(warehouse):
            load(own_shop)
    except (Problem, duckdb.Error):
        assert not warehouse.build_db.exists()
    assert load(own_shop) == loaded


def test_a_missing_build_database_is_made_anew(own_shop: Settings) -> None:
    loaded = load(own_shop)
    Warehouse(own_shop.warehouse).build_db.unlink()
    assert load(own_shop) == loaded


# --- files that change or end too early


def test_a_file_that_is_written_to_while_it_is_read_is_refused(
    own_shop: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = table_rows.read_table

    def read_and_write(connection: object, reading: object, plan: object, *others: object):
        found = read(connection, reading, plan, *others)
        with plan.files[0].path.open("a", encoding="utf-8") as file:
            file.write("\n")
        return found

    with monkeypatch.context() as patched, pytest.raises(Problem) as caught:
        patched.setattr(load_table, "read_table", read_and_write)
        load(own_shop)
    assert caught.value.exit_code == DATA_REFUSED
    assert "order_lines.csv: changed while it was read" in str(caught.value)
    assert load(own_shop).row_count


@pytest.mark.faults
@pytest.mark.short
def test_parquet_that_ends_too_early_is_refused(own_shop: Settings) -> None:
    file = own_shop.data / "order_lines.csv"
    whole = own_shop.data / "order_lines.parquet"
    duckdb.connect().sql(f"copy (from read_csv('{file}', all_varchar = true)) to '{whole}'")
    file.unlink()
    content = whole.read_bytes()
    for share in (0, 0.5, 0.999):
        whole.write_bytes(content[: int(len(content) * share)])
        ended = script("scripts/load_raw.py", **of(own_shop))
        check_one_message(ended, DATA_REFUSED, "order_lines.parquet")
    whole.write_bytes(content)
    assert script("scripts/load_raw.py", **of(own_shop)).returncode == 0


# --- no room, no rights


@pytest.mark.faults
@pytest.mark.short
@pytest.mark.parametrize("byte_count", [0, 20_000, 150_000])
def test_no_room_at_load(own_shop: Settings, byte_count: int) -> None:
    ended = script("scripts/load_raw.py", no_file_above(byte_count), **of(own_shop))
    check_one_message(ended, FAILED, "no room")
    assert script("scripts/load_raw.py", **of(own_shop)).returncode == 0


@pytest.mark.faults
@pytest.mark.short
@pytest.mark.parametrize("byte_count", [0, 20_000, 300_000])
def test_no_room_at_publish(two_runs: Settings, byte_count: int) -> None:
    build(two_runs, run_number=3)
    before = Warehouse(two_runs.warehouse).marts_db.read_bytes()
    ended = script("dev/publish.py", no_file_above(byte_count), warehouse=two_runs.warehouse)
    check_one_message(ended, FAILED, "nothing was")
    assert Warehouse(two_runs.warehouse).marts_db.read_bytes() == before
    check_whole(two_runs)
    publish(two_runs)
    check_whole(two_runs, 3)


@pytest.mark.faults
@pytest.mark.short
def test_no_room_to_roll_back(two_runs: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Links take no room; a disk that knows none needs it for a copy.
    ended = script("scripts/rollback.py", no_file_above(0), warehouse=two_runs.warehouse)
    assert ended.returncode in (0, FAILED), ended.stderr
    check_whole(two_runs, 2 if ended.returncode else 1)


@pytest.mark.faults
@pytest.mark.short
def test_a_disk_that_is_full_at_load(own_shop: Settings, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=100k"):
        tight = replace(own_shop, warehouse=disk / "w")
        ended = script("scripts/load_raw.py", **of(tight))
        check_one_message(ended, FAILED, "no room")
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        assert script("scripts/load_raw.py", **of(tight)).returncode == 0


@pytest.mark.faults
@pytest.mark.short
def test_a_warehouse_that_may_not_be_written_to(own_shop: Settings, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=1m,ro"):
        for warehouse in (disk, disk / "w"):
            ended = script("scripts/load_raw.py", **of(replace(own_shop, warehouse=warehouse)))
            check_one_message(ended, WRONG_USE, "cannot be written to")


# --- how it is told


def test_errors_of_the_machine_are_told_from_others() -> None:
    with duckdb.connect() as connection:
        connection.execute("set memory_limit = '10MB'")
        connection.execute("set temp_directory = ''")
        with pytest.raises(duckdb.OutOfMemoryException) as caught:
            connection.execute("select list(repeat('x', 1000) || range) from range(100000)")
        assert "MEMORY" in str(problem_of(caught.value, "loading"))
        with pytest.raises(duckdb.CatalogException) as caught:
            connection.execute("from no_such_table")
        assert problem_of(caught.value, "loading") is None
        with pytest.raises(duckdb.CatalogException), explained("loading"):
            connection.execute("from no_such_table")
    assert kind_of(OSError(28, "No space left on device")) == "room"
    assert kind_of(OSError(27, "File too large")) == "room"
    assert kind_of(OSError(30, "Read-only file system")) == "rights"
    assert kind_of(OSError(2, "No such file")) is None
    assert kind_of(ValueError("no space left on device")) is None
    with pytest.raises(Problem, match="loading stopped"), explained("loading"):
        raise OSError(5, "Input/output error")
    with pytest.raises(BrokenPipeError), explained("loading"):
        raise BrokenPipeError
    lines = ["model x: error", "  Out of Memory Error: could not allocate block of 256 KiB"]
    assert "MEMORY" in str(problem_of_lines(lines, "dbt"))
    assert problem_of_lines(["Compilation error"], "dbt") is None


def test_a_read_only_build_database_folder_is_opened_by_nobody_else(own_shop: Settings) -> None:
    with open_build_database(own_shop) as connection, pytest.raises(duckdb.Error, match="disabled"):
        connection.execute("copy (select 1) to '/tmp/outside.csv'")
