"""Builds that run out of room or memory: one message, nothing half-way, the next one makes good."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from common.console import FAILED
from common.warehouse_paths import Warehouse
from faults import SETTINGS, Start, check_made_good, digests, fresh_copy, prepared, started
from machine_faults import mounted
from shops import Built, build

pytestmark = pytest.mark.faults

NO_FILE_ABOVE = """
import os, resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[1]),) * 2)
os.execv(sys.argv[2], sys.argv[2:])
"""
# Bytes that no file grows above; whether the build database is rebuilt; what stops.
TIGHT = (
    (1_200_000, False, "dbt"),
    (2_500_000, True, "dbt"),
    (4_000_000, False, "publishing"),
)


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    return prepared(tmp_path_factory.mktemp("room"))


def check_stopped(built: Built, start: Start, *shown: str) -> None:
    """Check that a build ended with one message, and left what was published as it was."""
    assert built.code == FAILED, built.output
    assert "Traceback" not in built.output
    (line,) = [line for line in built.output.splitlines() if line.startswith("Error: ")]
    for text in shown:
        assert text in line, built.output
    assert digests(built.marts) == start.before
    assert not list(built.warehouse.path.glob(".publishing-*"))
    assert not list(built.warehouse.temporary.iterdir())


@pytest.mark.short
def test_no_room_in_dbt_and_publish(start: Start) -> None:
    warehouse = Warehouse(fresh_copy(start.warehouse, start.folder / "tight"))
    for byte_count, is_anew, doing in TIGHT:
        fresh_copy(start.warehouse, warehouse.path)
        if is_anew:
            warehouse.build_db.unlink()
        limit = (sys.executable, "-c", NO_FILE_ABOVE, str(byte_count))
        built = build(start.data, warehouse.path, prefix=limit, **SETTINGS)
        check_stopped(built, start, f"{doing} stopped, as there is no room left", "nothing was")
        if is_anew:
            check_made_good(build(start.data, warehouse.path, **SETTINGS), start)


@pytest.mark.short
def test_a_disk_that_is_full_in_dbt(start: Start, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=300m"):
        warehouse = fresh_copy(start.warehouse, disk / "w")
        Warehouse(warehouse).build_db.unlink()
        tight = shutil.disk_usage(disk).used + 6_000_000
        subprocess.run(["mount", "-o", f"remount,size={tight}", str(disk)], check=True)
        built = build(start.data, warehouse, **SETTINGS)
        # Looking at what is left takes room as well.
        subprocess.run(["mount", "-o", "remount,size=300m", str(disk)], check=True)
        check_stopped(built, start, "there is no room left")
        check_made_good(build(start.data, warehouse, **SETTINGS), start)


def test_dbt_killed_alone_as_systems_without_memory_do(start: Start) -> None:
    warehouse = fresh_copy(start.warehouse, start.folder / "short of memory")
    with started(start.data, warehouse, **SETTINGS) as running:
        half = f" {start.dbt_nodes // 2} of {start.dbt_nodes} START"
        assert running.wait_until(lambda: running.dbt_logged(half))
        number = running.process.pid
        children = Path(f"/proc/{number}/task/{number}/children").read_text(encoding="ascii")
        os.kill(int(children.split()[0]), signal.SIGKILL)
        built = running.ended()
    check_stopped(built, start, "dbt was killed", "lower MEMORY")
    check_made_good(build(start.data, warehouse, **SETTINGS), start)
