"""Loading, publishing, going back and forgetting, each killed at random moments by itself.

They take a second each, so that many more moments are tried than whole builds could be killed at.
"""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from faults import digests, fresh_copy
from loading.load_raw import load
from shops import ROOT, SHOP, clean_environment
from store.kept_versions import damage, kept_versions
from stub_builds import build, published

pytestmark = [pytest.mark.faults, pytest.mark.short]

SEED = 20261123
RUN = "select run_number from segmentation_runs where is_current"
RUN_OF = f"""
import runpy, sys
sys.path.insert(0, {str(ROOT / "scripts")!r})
import pathlib
from publishing import publish
publish.MACROS = pathlib.Path("/no macros")
sys.argv = [sys.argv[1]]
runpy.run_path({str(ROOT)!r} + "/" + sys.argv[0], run_name="__main__")
"""


def start(name: str, given: Mapping[str, object]) -> subprocess.Popen[bytes]:
    """Start a script in a process group of its own; stub builds have none of the macros' tables."""
    return subprocess.Popen(
        [sys.executable, "-c", RUN_OF, name],
        env=clean_environment(**given),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def seconds_of(name: str, given: Mapping[str, object]) -> float:
    """Run a script to its end; returns the seconds it took."""
    started = time.monotonic()
    assert start(name, given).wait(600) == 0
    return time.monotonic() - started


def killed_at(seconds: float, name: str, given: Mapping[str, object]) -> bool:
    """Kill a script after some seconds; False when it was over before."""
    process = start(name, given)
    time.sleep(seconds)
    if process.poll() is not None:
        return False
    # Most of the time is Python's start: what matters comes at the end.
    process.send_signal(signal.SIGKILL)
    process.wait()
    return True


@pytest.fixture
def kills(pytestconfig: pytest.Config) -> int:
    return pytestconfig.getoption("kills")


@pytest.fixture
def chosen(two_runs: Settings) -> Settings:
    """Settings of a warehouse with the runs 1 and 2 published and run 3 built."""
    build(two_runs, run_number=3)
    return two_runs


@pytest.mark.parametrize(
    ("name", "run_after", "more"),
    [
        ("dev/publish.py", 3, {}),
        ("scripts/rollback.py", 1, {}),
        ("scripts/rollback.py", 1, {"run": 1}),
        ("scripts/forget.py", 2, {"customer": "0"}),
    ],
    ids=["publish", "rollback", "rollback to a run", "forget"],
)
def test_killed_while_it_writes(
    chosen: Settings,
    tmp_path: Path,
    kills: int,
    note: Callable[[str], None],
    name: str,
    run_after: int,
    more: dict[str, object],
) -> None:
    rng = random.Random(f"{SEED} {name}")
    if name == "scripts/forget.py":
        (customer,) = published(chosen, "select min(customer_id) from customers")[0]
        more = {"customer": customer, "force": 1}
    before = digests(Warehouse(chosen.warehouse).marts_db)
    unharmed = replace(chosen, warehouse=fresh_copy(chosen.warehouse, tmp_path / "unharmed"))
    seconds = seconds_of(name, {"warehouse": unharmed.warehouse, **more})
    after = digests(Warehouse(unharmed.warehouse).marts_db)
    assert published(unharmed, RUN) == [(run_after,)]
    assert before != after
    killed = new = 0
    for _ in range(kills):
        copy = replace(chosen, warehouse=fresh_copy(chosen.warehouse, tmp_path / "round"))
        warehouse = Warehouse(copy.warehouse)
        given = {"warehouse": copy.warehouse, **more}
        is_killed = killed_at(rng.uniform(0.3, 1.0) * seconds, name, given)
        found = digests(warehouse.marts_db)
        assert found in (before, after)
        killed += is_killed
        new += found == after
        if found != after or name != "scripts/rollback.py":
            assert start(name, given).wait(600) == 0
        assert digests(warehouse.marts_db) == after
        assert [damage(version) for version in kept_versions(warehouse)] == [None] * len(
            kept_versions(Warehouse(unharmed.warehouse))
        )
        left = list(warehouse.path.glob(".publishing-*"))
        assert len(left) <= 1, left
    note(f"{name} {more or ''}: {killed} of {kills} killed, {new} after the rename; all made good")


def test_killed_while_it_loads(tmp_path: Path, kills: int, note: Callable[[str], None]) -> None:
    rng = random.Random(f"{SEED} load")
    given = {"source": "own_files", "data": SHOP, "warehouse": tmp_path / "unharmed", "threads": 2}
    seconds = seconds_of("scripts/load_raw.py", given)
    settings = resolve({name.upper(): str(value) for name, value in given.items()})
    expected = load(settings)
    killed = 0
    for _ in range(kills):
        # Each continues from what the one before left.
        warehouse = tmp_path / "round"
        here = {**given, "warehouse": warehouse}
        killed += killed_at(rng.uniform(0.2, 1.0) * seconds, "scripts/load_raw.py", here)
        if rng.random() < 0.3:
            assert load(replace(settings, warehouse=warehouse)) == expected
            (warehouse / "build.duckdb").unlink()
    assert load(replace(settings, warehouse=warehouse)) == expected
    note(f"load_raw.py: {killed} of {kills} killed; all made good")
