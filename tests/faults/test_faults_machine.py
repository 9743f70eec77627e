"""No room, no rights, damaged files, two at once: one message, an exit code, nothing half-way."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from common.console import BUSY, DATA_REFUSED, FAILED, WRONG_USE, Problem
from common.settings import Settings, resolve
from common.system_errors import explained, kind_of, problem_of, problem_of_lines
from common.warehouse_paths import Warehouse
from loading import load_table, table_rows
from loading.load_raw import load
from publishing import publish as publishing
from publishing.publish import publish
from shops import ROOT, SHOP, clean_environment
from store.build_database import healed, open_build_database
from store.kept_versions import damage, version_of
from store.published_file import check_published
from store.warehouse import exclusive, is_to_wait
from stub_builds import build, published
from upkeep.rollback import rollback

RUN = "select run_number from segmentation_runs where is_current"
SECONDS = 120


@pytest.fixture
def chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """Settings of a warehouse with the runs 1 and 2, and no macros."""
    monkeypatch.setattr(publishing, "MACROS", tmp_path / "no macros")
    found = resolve({"WAREHOUSE": str(tmp_path / "warehouse"), "THREADS": "2"})
    Warehouse(found.warehouse).create()
    for run_number in (1, 2):
        build(found, run_number=run_number)
        publish(found)
    return found


@pytest.fixture
def own(tmp_path: Path) -> Settings:
    """Settings to load the fixture shop by."""
    data = tmp_path / "data"
    shutil.copytree(SHOP, data)
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(tmp_path / "shop")}
    return resolve(given | {"THREADS": "2"})


def script(
    name: str, limit: Callable[[], None] | None = None, **given: object
) -> subprocess.CompletedProcess[str]:
    """Run a script as make does."""
    return subprocess.run(
        [sys.executable, str(ROOT / name)],
        env=clean_environment(**given),
        preexec_fn=limit,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def of(settings: Settings) -> dict[str, object]:
    """Return settings of own files as a script gets them."""
    return {"source": "own_files", "data": settings.data, "warehouse": settings.warehouse}


def no_file_above(byte_count: int) -> Callable[[], None]:
    """Return what lets no file grow above so many bytes, as a full disk would."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (byte_count, byte_count))

    return limit


def check_one_message(ended: subprocess.CompletedProcess[str], code: int, *explained: str) -> None:
    """Check the exit code, and that one line says what happened."""
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    for text in explained:
        assert text in line


def check_whole(settings: Settings, run_number: int = 2) -> None:
    """Check that the published file is that of a run, and that nothing lies beside it."""
    warehouse = Warehouse(settings.warehouse)
    assert published(settings, RUN) == [(run_number,)]
    assert damage(version_of(warehouse, run_number)) is None
    assert not list(warehouse.path.glob(".publishing-*"))


# --- two at once


def test_a_second_one_waits_when_asked_to(chosen: Settings) -> None:
    warehouse = Warehouse(chosen.warehouse)
    with exclusive(warehouse):
        waiting = subprocess.Popen(
            [sys.executable, str(ROOT / "scripts" / "rollback.py")],
            env=clean_environment(warehouse=chosen.warehouse, wait=1),
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        explained = waiting.stderr.readline()
        assert explained.startswith(f"Waiting: another build is running in {warehouse.path}")
        assert f"process {os.getpid()}, since 20" in explained
        assert waiting.poll() is None
        assert published(chosen, RUN) == [(2,)]
    assert waiting.wait(SECONDS) == 0
    assert published(chosen, RUN) == [(1,)]
    waiting.stderr.close()


@pytest.mark.parametrize(
    "name", ["dev/publish.py", "scripts/rollback.py", "scripts/forget.py", "scripts/load_raw.py"]
)
def test_what_writes_stops_at_once_while_another_writes(chosen: Settings, name: str) -> None:
    given = {"warehouse": chosen.warehouse, "customer": "1"}
    if name == "scripts/load_raw.py":
        given |= {"source": "own_files", "data": SHOP}
    with exclusive(Warehouse(chosen.warehouse)):
        ended = script(name, **given)
    check_one_message(ended, BUSY, f"process {os.getpid()}, since 20", "WAIT=1")
    check_whole(chosen)


def test_what_a_killed_build_left_in_its_temporary_folder_is_removed(chosen: Settings) -> None:
    warehouse = Warehouse(chosen.warehouse)
    left = warehouse.temporary / "reading-1" / "order_lines.csv"
    left.parent.mkdir(parents=True)
    left.write_text("of a killed build")
    (warehouse.temporary / "scaled_1.f32").write_text("of a killed build")
    with exclusive(warehouse):
        assert list(warehouse.temporary.iterdir()) == []
    check_whole(chosen)


def test_a_temporary_folder_elsewhere_is_left_alone(chosen: Settings, tmp_path: Path) -> None:
    elsewhere = tmp_path / "a larger disk"
    elsewhere.mkdir()
    (elsewhere / "of others").write_text("stays")
    warehouse = Warehouse(chosen.warehouse)
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


def test_a_holder_that_died_is_told_from_what_it_started(chosen: Settings) -> None:
    warehouse = Warehouse(chosen.warehouse)
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
    chosen: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse = Warehouse(chosen.warehouse)
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


# --- damage is found before it spreads


def damage_bytes(path: Path, at: float = 0.5, byte_count: int = 4096) -> None:
    """Overwrite bytes in the middle of a file, in place."""
    path.chmod(0o644)
    with path.open("r+b") as file:
        file.seek(int(path.stat().st_size * at))
        file.write(b"\xa5" * byte_count)


def test_a_published_file_that_was_damaged_alone_is_put_back(
    chosen: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse = Warehouse(chosen.warehouse)
    copy = warehouse.path / "copy"
    shutil.copy2(warehouse.marts_db, copy)
    damage_bytes(copy)
    os.replace(copy, warehouse.marts_db)
    check_published(warehouse)
    assert "was put back" in capsys.readouterr().err
    check_whole(chosen)
    check_published(warehouse)
    assert capsys.readouterr().err == ""


def test_a_published_file_that_is_damaged_with_its_version_is_not_built_on(
    chosen: Settings,
) -> None:
    warehouse = Warehouse(chosen.warehouse)
    damage_bytes(warehouse.marts_db)
    with pytest.raises(Problem, match="make rollback") as caught:
        check_published(warehouse)
    assert caught.value.exit_code == FAILED
    rollback(warehouse, 1)
    check_published(warehouse)
    check_whole(chosen, 1)


def test_a_published_file_that_is_missing_is_no_fresh_start(chosen: Settings) -> None:
    warehouse = Warehouse(chosen.warehouse)
    warehouse.marts_db.unlink()
    with pytest.raises(Problem, match="make rollback"):
        check_published(warehouse)
    rollback(warehouse)
    check_published(warehouse)
    check_whole(chosen, 2)


def test_where_nothing_was_published_there_is_nothing_to_check(tmp_path: Path) -> None:
    check_published(Warehouse(tmp_path))


@pytest.mark.parametrize("at", [0.0, 0.3, 0.6, 0.9])
def test_a_damaged_build_database_is_made_anew(own: Settings, at: float) -> None:
    warehouse = Warehouse(own.warehouse)
    loaded = load(own)
    damage_bytes(warehouse.build_db, at, 20_000)
    try:
        with healed(warehouse):
            load(own)
    except (Problem, duckdb.Error):
        assert not warehouse.build_db.exists()
    assert load(own) == loaded


def test_a_missing_build_database_is_made_anew(own: Settings) -> None:
    loaded = load(own)
    Warehouse(own.warehouse).build_db.unlink()
    assert load(own) == loaded


# --- files that change or end too early


def test_a_file_that_is_written_to_while_it_is_read_is_refused(
    own: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = table_rows.read_table

    def read_and_write(connection: object, reading: object, plan: object, *others: object):
        found = read(connection, reading, plan, *others)
        with plan.files[0].path.open("a", encoding="utf-8") as file:
            file.write("\n")
        return found

    with monkeypatch.context() as patched, pytest.raises(Problem) as caught:
        patched.setattr(load_table, "read_table", read_and_write)
        load(own)
    assert caught.value.exit_code == DATA_REFUSED
    assert "order_lines.csv: changed while it was read" in str(caught.value)
    assert load(own).row_count


def test_parquet_that_ends_too_early_is_refused(own: Settings) -> None:
    file = own.data / "order_lines.csv"
    whole = own.data / "order_lines.parquet"
    duckdb.connect().sql(f"copy (from read_csv('{file}', all_varchar = true)) to '{whole}'")
    file.unlink()
    content = whole.read_bytes()
    for share in (0, 0.5, 0.999):
        whole.write_bytes(content[: int(len(content) * share)])
        ended = script("scripts/load_raw.py", **of(own))
        check_one_message(ended, DATA_REFUSED, "order_lines.parquet")
    whole.write_bytes(content)
    assert script("scripts/load_raw.py", **of(own)).returncode == 0


# --- no room, no rights


@pytest.mark.parametrize("byte_count", [0, 20_000, 150_000])
def test_no_room_at_load(own: Settings, byte_count: int) -> None:
    ended = script("scripts/load_raw.py", no_file_above(byte_count), **of(own))
    check_one_message(ended, FAILED, "no room")
    assert script("scripts/load_raw.py", **of(own)).returncode == 0


@pytest.mark.parametrize("byte_count", [0, 20_000, 300_000])
def test_no_room_at_publish(chosen: Settings, byte_count: int) -> None:
    build(chosen, run_number=3)
    before = Warehouse(chosen.warehouse).marts_db.read_bytes()
    ended = script("dev/publish.py", no_file_above(byte_count), warehouse=chosen.warehouse)
    check_one_message(ended, FAILED, "nothing was")
    assert Warehouse(chosen.warehouse).marts_db.read_bytes() == before
    check_whole(chosen)
    publish(chosen)
    check_whole(chosen, 3)


def test_no_room_to_roll_back(chosen: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    # Links take no room; a disk that knows none needs it for a copy.
    ended = script("scripts/rollback.py", no_file_above(0), warehouse=chosen.warehouse)
    assert ended.returncode in (0, FAILED), ended.stderr
    check_whole(chosen, 2 if ended.returncode else 1)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount memory as a disk of a given size or right; skip where that is not allowed."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs the rights of root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full_at_load(own: Settings, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=100k"):
        tight = replace(own, warehouse=disk / "w")
        ended = script("scripts/load_raw.py", **of(tight))
        check_one_message(ended, FAILED, "no room")
        subprocess.run(["mount", "-o", "remount,size=100m", str(disk)], check=True)
        assert script("scripts/load_raw.py", **of(tight)).returncode == 0


def test_a_warehouse_that_may_not_be_written_to(own: Settings, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    with mounted(disk, "size=1m,ro"):
        for warehouse in (disk, disk / "w"):
            ended = script("scripts/load_raw.py", **of(replace(own, warehouse=warehouse)))
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


def test_asked_to_end_while_waiting_it_ends(chosen: Settings) -> None:
    with exclusive(Warehouse(chosen.warehouse)):
        given = {"source": "own_files", "data": SHOP, "warehouse": chosen.warehouse, "wait": 1}
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


def test_a_read_only_build_database_folder_is_opened_by_nobody_else(own: Settings) -> None:
    with open_build_database(own) as connection, pytest.raises(duckdb.Error, match="disabled"):
        connection.execute("copy (select 1) to '/tmp/outside.csv'")
