"""Two that want to write at once: one waits or stops, and what a dead one left is removed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from common.console import BUSY, FAILED, WRONG_USE, Problem
from common.settings import Settings
from common.warehouse_paths import Warehouse
from machine_faults import (
    RUN,
    SECONDS,
    check_one_message,
    check_whole,
    script,
)
from shops import ROOT, SHOP, clean_environment
from store.warehouse import exclusive, is_to_wait
from stub_builds import published


def test_a_second_one_waits_when_asked_to(two_runs: Settings) -> None:
    warehouse = Warehouse(two_runs.warehouse)
    with exclusive(warehouse):
        waiting = subprocess.Popen(
            [sys.executable, str(ROOT / "scripts" / "rollback.py")],
            env=clean_environment(warehouse=two_runs.warehouse, wait=1),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        explained = waiting.stderr.readline()
        assert explained.startswith(f"Waiting: another build is running in {warehouse.path}")
        assert f"process {os.getpid()}, since 20" in explained
        assert waiting.poll() is None
        assert published(two_runs, RUN) == [(2,)]
    assert waiting.wait(SECONDS) == 0
    assert published(two_runs, RUN) == [(1,)]
    waiting.stderr.close()


@pytest.mark.faults
@pytest.mark.short
@pytest.mark.parametrize(
    "name", ["dev/publish.py", "scripts/rollback.py", "scripts/forget.py", "scripts/load_raw.py"]
)
def test_what_writes_stops_at_once_while_another_writes(two_runs: Settings, name: str) -> None:
    given = {"warehouse": two_runs.warehouse, "customer": "1"}
    if name == "scripts/load_raw.py":
        given |= {"source": "own_files", "data": SHOP}
    with exclusive(Warehouse(two_runs.warehouse)):
        ended = script(name, **given)
    check_one_message(ended, BUSY, f"process {os.getpid()}, since 20", "WAIT=1")
    check_whole(two_runs)


def test_what_a_killed_build_left_in_its_temporary_folder_is_removed(two_runs: Settings) -> None:
    warehouse = Warehouse(two_runs.warehouse)
    left = warehouse.temporary / "reading-1" / "order_lines.csv"
    left.parent.mkdir(parents=True)
    left.write_text("of a killed build")
    (warehouse.temporary / "scaled_1.f32").write_text("of a killed build")
    with exclusive(warehouse):
        assert list(warehouse.temporary.iterdir()) == []
    check_whole(two_runs)


def test_a_temporary_folder_elsewhere_is_left_alone(two_runs: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a larger disk"
    elsewhere.mkdir()
    (elsewhere / "of others").write_text("stays")
    warehouse = Warehouse(two_runs.warehouse)
    warehouse.temporary.rmdir()
    warehouse.temporary.symlink_to(elsewhere)
    with exclusive(warehouse):
        assert (elsewhere / "of others").read_text() == "stays"


@pytest.mark.parametrize("given", ["yes", "2", "-1"])
def test_wait_is_0_or_1(given: str) -> None:
    with pytest.raises(Problem) as caught:
        is_to_wait({"WAIT": given})
    assert caught.value.exit_code == WRONG_USE
    assert not is_to_wait({})
    assert is_to_wait({"WAIT": "1"})


def test_a_holder_that_died_is_told_from_what_it_started(two_runs: Settings) -> None:
    warehouse = Warehouse(two_runs.warehouse)
    holder = subprocess.Popen([sys.executable, "-c", "pass"])
    holder.wait()
    with exclusive(warehouse):
        warehouse.lock_file.write_text(f"{holder.pid} 2026-01-01T00:00:00Z\n")
        with (
            pytest.raises(Problem, match="has ended, but not yet what it started"),
            exclusive(warehouse),
        ):
            pass
    with exclusive(warehouse):
        pass


def test_who_waited_for_a_cleaner_holds_the_lock_that_others_see(
    two_runs: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(two_runs.warehouse)
    monkeypatch.setenv("WAIT", "1")
    held, leave = threading.Event(), threading.Event()

    def wait_and_hold() -> None:
        with exclusive(warehouse):
            held.set()
            leave.wait(SECONDS)

    with exclusive(warehouse):
        waiter = threading.Thread(target=wait_and_hold)
        waiter.start()
        time.sleep(0.2)
        warehouse.lock_file.unlink()
    assert held.wait(SECONDS)
    monkeypatch.setenv("WAIT", "0")
    with pytest.raises(Problem) as caught, exclusive(warehouse):
        pass
    assert caught.value.exit_code == BUSY
    leave.set()
    waiter.join()


@pytest.mark.faults
@pytest.mark.short
def test_asked_to_end_while_waiting_it_ends(two_runs: Settings) -> None:
    with exclusive(Warehouse(two_runs.warehouse)):
        given = {"source": "own_files", "data": SHOP, "warehouse": two_runs.warehouse, "wait": 1}
        waiting = subprocess.Popen(
            [sys.executable, str(ROOT / "scripts" / "build.py")],
            env=clean_environment(**given),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        assert waiting.stderr.readline().startswith("Waiting")
        waiting.send_signal(signal.SIGTERM)
        assert waiting.wait(SECONDS) == FAILED
        assert waiting.stderr.readline().startswith("Stopped")
        waiting.stderr.close()
