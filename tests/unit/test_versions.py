"""Kept versions: going back, building on them, listing and checking them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from common.console import WRONG_USE, Problem
from common.project_root import ROOT
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from kept_runs import CURRENT, run_number, settings_in
from publishing.publish import publish
from store import kept_versions
from store.kept_versions import damage, version_of
from store.warehouse import wal_of
from stub_builds import build, copy_published
from upkeep.list_versions import damaged, listing
from upkeep.rollback import rollback

pytestmark = [pytest.mark.many_builds, pytest.mark.short, pytest.mark.usefixtures("no_macros")]


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with runs 1, 2 and 3 published, made once."""
    chosen = settings_in(tmp_path_factory.mktemp("three runs"))
    Warehouse(chosen.warehouse).create()
    for number in (1, 2, 3):
        build(chosen, run_number=number, as_of=f"2024-01-0{number}")
        publish(chosen)
    return chosen.warehouse


@pytest.fixture
def warehouse(kept_settings: Settings, three_runs: Path) -> Warehouse:
    """The warehouse with runs 1, 2 and 3 published."""
    copy_published(three_runs, kept_settings.warehouse, 3)
    return Warehouse(kept_settings.warehouse)


def numbers(warehouse: Warehouse) -> list[str]:
    return sorted(path.name for path in warehouse.versions.iterdir())


def script(name: str, kept_settings: Settings, *arguments: str, **given: str) -> tuple[int, str]:
    """Run a script as make does; returns its exit code and what it printed."""
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), *arguments],
        env={**os.environ, "WAREHOUSE": str(kept_settings.warehouse), **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


# --- going back


def test_rollback_goes_to_the_version_before_and_then_one_further(kept_settings, warehouse):
    assert rollback(warehouse)[1].run_number == 2
    assert run_number(kept_settings) == 2
    assert rollback(warehouse)[1].run_number == 1
    assert run_number(kept_settings) == 1
    assert numbers(warehouse) == ["1", "2", "3"]
    with pytest.raises(Problem, match="kept are the runs 1, 2, 3") as caught:
        rollback(warehouse)
    assert caught.value.exit_code == WRONG_USE
    assert run_number(kept_settings) == 1


def test_rollback_to_a_run_goes_forward_too(kept_settings, warehouse):
    rollback(warehouse, 1)
    assert rollback(warehouse, 3)[0] == 1
    assert run_number(kept_settings) == 3
    with pytest.raises(Problem, match="RUN=9"):
        rollback(warehouse, 9)


def test_rollback_follows_what_a_version_goes_on_from(kept_settings, warehouse):
    rollback(warehouse)
    build(kept_settings, run_number=4, after=(1, 2), as_of="2024-01-04")
    publish(kept_settings)
    assert numbers(warehouse) == ["1", "2", "3", "4"]
    assert rollback(warehouse)[1].run_number == 2


def test_a_damaged_version_is_not_gone_back_to(kept_settings, warehouse):
    version = version_of(warehouse, 2)
    version.file.chmod(0o644)
    with version.file.open("r+b") as file:
        file.seek(-1, os.SEEK_END)
        file.write(b"x")
    before = warehouse.marts_db.read_bytes()
    with pytest.raises(Problem, match=r"checksum differs.*kept are the runs 1, 3"):
        rollback(warehouse)
    assert warehouse.marts_db.read_bytes() == before
    assert rollback(warehouse, 1)[1].run_number == 1


@pytest.mark.parametrize("content", [b"no database", None], ids=["unreadable", "missing"])
def test_without_a_readable_published_file_the_newest_undamaged_version_comes_back(
    kept_settings, warehouse, content
):
    warehouse.marts_db.unlink()
    if content:
        warehouse.marts_db.write_bytes(content)
    version_of(warehouse, 3).checksum_file.unlink()
    assert rollback(warehouse)[1].run_number == 2
    assert run_number(kept_settings) == 2


def test_a_failing_rollback_changes_nothing(kept_settings, warehouse, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_versions.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        rollback(warehouse)
    assert run_number(kept_settings) == 3
    assert not list(warehouse.path.glob(".publishing-*"))
    assert damaged(warehouse) == (4, [])


def test_readers_keep_their_version_when_it_is_rolled_back(kept_settings, warehouse):
    with duckdb.connect(warehouse.marts_db, read_only=True) as reader:
        # A process sees one file under one path: another one is the new reader.
        rollback(warehouse)
        assert reader.execute(CURRENT).fetchone() == (3,)
        code, shown = script("list_versions.py", kept_settings)
    assert code == 0
    assert "published" in next(line for line in shown.splitlines() if line.startswith("    2"))


def test_a_log_of_a_writer_is_set_aside_before_going_back(kept_settings, warehouse):
    wal = wal_of(warehouse.marts_db)
    wal.write_bytes(b"rows of someone else")
    rollback(warehouse)
    assert not wal.exists()
    assert (warehouse.path / "marts.duckdb.wal.1.set-aside").exists()
    assert run_number(kept_settings) == 2


# --- building on


def test_a_build_that_did_not_start_from_what_is_published_is_not_published(
    kept_settings, warehouse
):
    rollback(warehouse)
    rollback(warehouse)
    build(kept_settings, run_number=3, as_of="2024-01-09")
    with pytest.raises(Problem, match="does not continue from what is published"):
        publish(kept_settings)
    assert run_number(kept_settings) == 1


def test_a_number_that_a_kept_version_has_is_not_taken_by_another_run(kept_settings, warehouse):
    rollback(warehouse)
    before = version_of(warehouse, 3).file.read_bytes()
    build(kept_settings, run_number=3, run_id="another", as_of="2024-01-09")
    with pytest.raises(Problem, match="run make build"):
        publish(kept_settings)
    assert version_of(warehouse, 3).file.read_bytes() == before
    build(kept_settings, run_number=3, as_of="2024-01-09")
    assert publish(kept_settings).run_number == 3


# --- keeping


def test_keep_says_how_many_versions_stay(kept_settings, warehouse):
    few = resolve({"WAREHOUSE": str(kept_settings.warehouse), "KEEP": "2"})
    build(few, run_number=4, as_of="2024-01-04")
    publish(few)
    assert numbers(warehouse) == ["3", "4"]


def test_a_publish_killed_before_it_kept_its_version_is_made_good(kept_settings, warehouse):
    published_now = warehouse.marts_db.read_bytes()
    version = version_of(warehouse, 3)
    version.folder.rename(warehouse.path / ".publishing-999999")
    assert damaged(warehouse)[1]
    build(kept_settings, run_number=4, as_of="2024-01-04")
    publish(kept_settings)
    assert version.file.read_bytes() == published_now
    assert damaged(warehouse) == (5, [])


def test_where_there_are_no_links_versions_are_copies(kept_settings, monkeypatch):
    def no_links(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    with monkeypatch.context() as patched:
        patched.setattr(kept_versions.os, "link", no_links)
        for number in (1, 2):
            build(kept_settings, run_number=number)
            publish(kept_settings)
        warehouse = Warehouse(kept_settings.warehouse)
        rollback(warehouse)
    assert run_number(kept_settings) == 1
    assert not version_of(warehouse, 1).file.samefile(warehouse.marts_db)
    assert damaged(warehouse) == (3, [])


# --- listing and checking


def test_the_list_names_every_version_newest_first(kept_settings, warehouse):
    rollback(warehouse)
    head, *lines = listing(warehouse).splitlines()
    assert head.split() == ["run", "as", "of", "run", "id", "rows", "verdict", "size"]
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]
    assert [line.endswith("published") for line in lines] == [False, True, False]
    cells = lines[1].split()
    assert cells[:4] == ["2", "2024-01-02", "run", "2"]
    # 20,000 customers, and two runs in main and history each.
    assert cells[4:6] == ["20,004", "weak"]


def test_verify_names_each_damaged_file(kept_settings, warehouse):
    assert script("list_versions.py", kept_settings, "--check") == (
        0,
        "4 files checked, 0 damaged\n",
    )
    version_of(warehouse, 1).checksum_file.write_text("0" * 64 + "  marts.duckdb\n")
    version_of(warehouse, 2).file.unlink()
    code, shown = script("list_versions.py", kept_settings, "--check")
    assert code == 1
    *named, total = shown.splitlines()
    assert [f"versions{os.sep}{number}{os.sep}" in line for number, line in enumerate(named, 1)]
    assert len(named) == 2
    assert total == "4 files checked, 2 damaged"


def test_verify_sees_a_published_file_that_is_not_its_version(kept_settings, warehouse):
    warehouse.marts_db.unlink()
    build(kept_settings, run_number=3, as_of="2024-01-05")
    kept = version_of(warehouse, 3).file.read_bytes()
    publish(kept_settings)
    file = version_of(warehouse, 3).file
    file.unlink()
    file.write_bytes(kept)
    assert "checksum differs" in (damage(version_of(warehouse, 3)) or "")
    (shown,) = damaged(warehouse)[1]
    assert str(file) in shown


def test_verify_sees_a_log_beside_a_file(kept_settings, warehouse):
    wal_of(version_of(warehouse, 1).file).write_bytes(b"rows")
    wal_of(warehouse.marts_db).write_bytes(b"rows")
    found = damaged(warehouse)[1]
    assert len(found) == 2
    assert all(".wal" in shown for shown in found)


def test_checksums_are_those_that_other_tools_read(kept_settings, warehouse):
    folder = version_of(warehouse, 3).folder
    ended = subprocess.run(
        ["sha256sum", "--check", "marts.duckdb.sha256"], cwd=folder, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", ["list_versions.py", "rollback.py"])
def test_where_nothing_is_kept_one_line_says_so(kept_settings, name):
    code, shown = script(name, kept_settings)
    assert code == 1
    assert len(shown.splitlines()) == 1


def test_rollback_as_a_user_runs_it(kept_settings, warehouse):
    code, shown = script("rollback.py", kept_settings)
    assert (code, shown) == (
        0,
        f"Published now: run 2, as of 2024-01-02; run 3 stays in versions{os.sep}3\n",
    )
    for wrong in ("two", "7", "-1"):
        code, shown = script("rollback.py", kept_settings, RUN=wrong)
        assert code == WRONG_USE
        assert f"RUN={wrong}" in shown
    assert script("rollback.py", kept_settings, RUN="3")[0] == 0
