"""Temporary data: what a killed command leaves is gone after the next one, of whatever kind."""

from __future__ import annotations

import contextlib
import fcntl
import importlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from common.console import Problem
from common.project_root import ROOT
from common.warehouse_paths import Warehouse
from shops import clean_environment
from store import export_ledger, temporary
from store.temporary import place_in, place_of_user, session
from store.warehouse import exclusive, remove_leftovers

COMMANDS = (
    "agent.write_facts", "building.build", "checking.check", "handover.audiences", "handover.docs",
    "handover.export", "handover.query", "handover.summary", "loading.load_raw", "publish",
    "report_page.report", "run_dbt", "upkeep.clean", "upkeep.forget", "upkeep.list_versions",
    "upkeep.rollback",
)  # fmt: skip
WAITING_SECONDS = 60


@pytest.fixture
def warehouse(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Warehouse:
    """An empty warehouse; this user's place for temporary data is the test's own."""
    monkeypatch.setattr(temporary.tempfile, "tempdir", str(tmp_path / "of the system"))
    (tmp_path / "of the system").mkdir()
    found = Warehouse(tmp_path / "it's w")
    found.create()
    return found


def leave(path: Path) -> Path:
    """Leave what a killed command leaves."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("customer-17", encoding="ascii")
    return path


def leave_everything(warehouse: Warehouse) -> list[Path]:
    """Leave something of every kind, in the warehouse and in a replay."""
    outside = leave(warehouse.path.parent / ".page.html.1.part")
    with contextlib.suppress(KeyboardInterrupt), session(place_of_user(), "x", [outside]) as left:
        listed = (left / temporary.OUTSIDE).read_text(encoding="ascii")
    for place in (warehouse.temporary, place_of_user()):
        leave(place / "session-check-1" / temporary.OUTSIDE).write_text(listed, encoding="ascii")
        leave(place / "session-check-1" / "build.duckdb")
        leave(place / "session-query-2" / "duckdb_temp_storage-0.tmp")
    return [
        outside,
        *(leave(warehouse.path / folder / ".publishing-1" / "marts.duckdb") for folder in PLACES),
        *(leave(warehouse.path / folder / "tmp" / "reading-1" / "lines.csv") for folder in PLACES),
        *(leave(warehouse.path / folder / "spark" / "tmp" / "blocks") for folder in PLACES),
        leave(warehouse.path / "parquet" / ".2.unfinished" / "part.parquet"),
        leave(warehouse.path / ".check-1" / "build.duckdb"),
        *(place / f"session-{name}" for place in (warehouse.temporary, place_of_user())
          for name in ("check-1", "query-2")),
    ]  # fmt: skip


PLACES = (".", "replays/2024-01-01")


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_removes_what_others_left(
    warehouse: Warehouse, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = leave_everything(warehouse)
    assert all(path.exists() for path in left)
    # What it needs itself is not there: it removes what others left before it looks.
    for key, value in {"WAREHOUSE": str(warehouse.path), "CUSTOMER": "17", "SQL": "from t"}.items():
        monkeypatch.setenv(key, value)
    monkeypatch.setenv("SOURCE", "own_files")
    monkeypatch.setenv("DATA", str(warehouse.path.parent))
    monkeypatch.setattr(sys, "argv", [name])
    monkeypatch.setattr("dbt_runs.run_dbt.subprocess.Popen", _no_program)
    with contextlib.suppress(Problem, duckdb.Error):
        importlib.import_module(name).main()
    assert not [path for path in left if path.exists()]


def _no_program(*_: object, **__: object) -> None:
    raise Problem("no program is started")


def test_what_runs_is_left_alone(warehouse: Warehouse) -> None:
    with session(place_in(warehouse.path), "check") as running:
        held = leave(running / "build.duckdb")
        remove_leftovers(warehouse)
        with exclusive(warehouse):
            building = leave(warehouse.temporary / "reading-1")
            remove_leftovers(warehouse)
            assert building.exists(), "the lock is held by a build"
        assert held.exists()
        with exclusive(warehouse):
            assert not building.exists()
        assert held.exists()
    assert not running.exists()


def test_a_session_makes_no_warehouse(tmp_path: Path) -> None:
    missing = tmp_path / "a" / "b"
    with session(place_in(missing), "check") as folder:
        assert folder.is_relative_to(missing)
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


def test_a_warehouse_begun_by_a_build_meanwhile_stays(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path / "a")
    with session(place_in(warehouse.path), "check"), exclusive(warehouse):
        pass
    assert warehouse.temporary.is_dir()


def test_where_nobody_may_write_the_place_of_the_user_serves(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(temporary.os, "access", lambda *_: False)
    assert place_in(warehouse.path) == place_of_user()
    assert place_of_user().stat().st_mode & 0o077 == 0


def test_a_place_that_another_user_made_is_not_taken(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of_user()
    place.rmdir()
    place.symlink_to(warehouse.path)
    with pytest.raises(Problem, match="belongs to another user"):
        place_of_user()
    leave(warehouse.path / "session-x" / "file")
    temporary.remove_sessions_that_ended(warehouse.path)
    assert (warehouse.path / "session-x").exists()


def test_a_session_that_is_taken_before_its_lock_is_made_again(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    take, taken = temporary._take, []

    def taken_once(folder: Path) -> int | None:
        if not taken:
            taken.append(folder)
            temporary.shutil.rmtree(folder)
        return take(folder)

    monkeypatch.setattr(temporary, "_take", taken_once)
    with session(warehouse.temporary, "check") as folder:
        assert folder.is_dir()
        assert folder != taken[0]


# --- an export that was killed: its file holds customers, wherever OUT is


@pytest.mark.parametrize(("stage", "is_there"), [("writing", True), ("moving", True)])
def test_the_file_of_a_killed_export_goes_and_the_ledger_knows(
    warehouse: Warehouse, tmp_path: Path, stage: str, is_there: bool
) -> None:
    part = leave(tmp_path / "elsewhere" / ".all.csv.1.part")
    with duckdb.connect() as connection:
        export_ledger.attach(connection, warehouse.exports_db)
        connection.execute(
            "insert into ledger.exports (export_id, temporary_file, stage) values (1, ?, ?)",
            [str(part), stage],
        )
    leave(warehouse.temporary / "session-export-1" / ".lock")
    with duckdb.connect() as connection:
        connection.execute("select 1")
    remove_leftovers(warehouse)
    assert not part.exists()
    assert not (warehouse.temporary / "session-export-1").exists()
    with duckdb.connect(warehouse.exports_db, read_only=True) as connection:
        assert connection.execute("select count(*) from exports").fetchone() == (0,)


# --- a check that is stopped, for real


def heed_signals() -> None:
    """Undo what nohup and background jobs of a shell have their children ignore."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


def start_check(warehouse: Warehouse, data: Path) -> subprocess.Popen[str]:
    """Start a check; returns when it has begun to write."""
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(warehouse.path)}
    process = subprocess.Popen(
        [sys.executable, str(ROOT / "scripts" / "check.py")],
        env=clean_environment(**{name.lower(): value for name, value in given.items()}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=heed_signals,
    )
    until = time.monotonic() + WAITING_SECONDS
    while not list(warehouse.temporary.glob("session-check-*/build.duckdb")):
        assert process.poll() is None
        assert time.monotonic() < until
        time.sleep(0.01)
    return process


@pytest.mark.many_builds
@pytest.mark.short
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP, signal.SIGINT])
def test_a_check_that_is_stopped_leaves_nothing(
    warehouse: Warehouse, tmp_path: Path, number: signal.Signals
) -> None:
    lines = "".join(f"o{n},c{n % 999},2025-01-01,1.00\n" for n in range(200_000))
    data = tmp_path / "data"
    data.mkdir()
    (data / "order_lines.csv").write_text("order_id,customer_id,ordered_at,net_amount\n" + lines)
    process = start_check(warehouse, data)
    process.send_signal(number)
    _, shown = process.communicate()
    left = list(warehouse.temporary.glob("session-*"))
    if number == signal.SIGKILL:
        assert left
        remove_leftovers(warehouse)
        left = list(warehouse.temporary.glob("session-*"))
    else:
        assert shown == "Stopped. What was published before is untouched.\n"
        assert process.returncode == 1
    assert not left


def test_the_lock_of_a_session_ends_with_its_command(warehouse: Warehouse) -> None:
    """A number of a process may come back; a lock does not."""
    with session(warehouse.temporary, "check") as folder, (folder / ".lock").open() as lock:
        with pytest.raises(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        assert os.get_inheritable(lock.fileno()) is False
