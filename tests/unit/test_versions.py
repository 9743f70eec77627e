"""Kept versions: going back, listing them, checking them, and numbers that are not reused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from common.console import WRONG_USE, Problem
from common.project_root import ROOT
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from publishing.publish import publish
from store import kept_versions
from store.history import numbers_given_out
from store.kept_versions import damage, version_of
from store.warehouse import exclusive, wal_of
from stub_builds import build, copy_published, published, without_macros
from upkeep.list_versions import damaged, listing
from upkeep.rollback import rollback

CURRENT = "select run_number from segmentation_runs where is_current"


@pytest.fixture(autouse=True, scope="module")
def no_macros() -> Iterator[None]:
    with without_macros():
        yield


def settings_in(folder: Path) -> Settings:
    return resolve({"WAREHOUSE": str(folder / "it's a warehouse"), "THREADS": "2"})


@pytest.fixture(scope="module")
def three_runs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A warehouse with runs 1, 2 and 3 published, made once."""
    chosen = settings_in(tmp_path_factory.mktemp("three runs"))
    Warehouse(chosen.warehouse).create()
    for run_number in (1, 2, 3):
        build(chosen, run_number=run_number, as_of=f"2024-01-0{run_number}")
        publish(chosen)
    return chosen.warehouse


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    """Settings of an empty warehouse."""
    found = settings_in(tmp_path)
    Warehouse(found.warehouse).create()
    return found


@pytest.fixture
def warehouse(chosen: Settings, three_runs: Path) -> Warehouse:
    """The warehouse with runs 1, 2 and 3 published."""
    copy_published(three_runs, chosen.warehouse, 3)
    return Warehouse(chosen.warehouse)


def test_publish_after_publish_takes_no_more_room(chosen: Settings) -> None:
    """After as many runs as are kept, files and bytes stay what they are."""
    sizes = []
    for number in range(1, 13):
        build(chosen, run_number=number, customers="'c' || range as customer_id, range as spend")
        with exclusive(Warehouse(chosen.warehouse)):
            publish(chosen)
        files = [path for path in chosen.warehouse.rglob("*") if path.is_file()]
        # The published file and its version are one file under two names.
        sizes.append(
            (len(files), sum({s.st_ino: s.st_size for s in map(Path.stat, files)}.values()))
        )
    assert len({count for count, _ in sizes[chosen.keep :]}) == 1
    assert sizes[-1][1] <= 1.02 * sizes[chosen.keep][1]


def run_number(chosen: Settings) -> int:
    return published(chosen, CURRENT)[0][0]


def numbers(warehouse: Warehouse) -> list[str]:
    return sorted(path.name for path in warehouse.versions.iterdir())


def script(name: str, chosen: Settings, *arguments: str, **given: str) -> tuple[int, str]:
    """Run a script as make does; returns its exit code and what it printed."""
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name), *arguments],
        env={**os.environ, "WAREHOUSE": str(chosen.warehouse), **given},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout


# --- going back


def test_rollback_goes_to_the_version_before_and_then_one_further(chosen, warehouse):
    assert rollback(warehouse)[1].run_number == 2
    assert run_number(chosen) == 2
    assert rollback(warehouse)[1].run_number == 1
    assert run_number(chosen) == 1
    assert numbers(warehouse) == ["1", "2", "3"]
    with pytest.raises(Problem, match="kept are the runs 1, 2, 3") as caught:
        rollback(warehouse)
    assert caught.value.exit_code == WRONG_USE
    assert run_number(chosen) == 1


def test_rollback_to_a_run_goes_forward_too(chosen, warehouse):
    rollback(warehouse, 1)
    assert rollback(warehouse, 3)[0] == 1
    assert run_number(chosen) == 3
    with pytest.raises(Problem, match="RUN=9"):
        rollback(warehouse, 9)


def test_rollback_follows_what_a_version_goes_on_from(chosen, warehouse):
    rollback(warehouse)
    build(chosen, run_number=4, after=(1, 2), as_of="2024-01-04")
    publish(chosen)
    assert numbers(warehouse) == ["1", "2", "3", "4"]
    assert rollback(warehouse)[1].run_number == 2


def test_a_damaged_version_is_not_gone_back_to(chosen, warehouse):
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
    chosen, warehouse, content
):
    warehouse.marts_db.unlink()
    if content:
        warehouse.marts_db.write_bytes(content)
    version_of(warehouse, 3).checksum_file.unlink()
    assert rollback(warehouse)[1].run_number == 2
    assert run_number(chosen) == 2


def test_a_failing_rollback_changes_nothing(chosen, warehouse, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(kept_versions.os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        rollback(warehouse)
    assert run_number(chosen) == 3
    assert not list(warehouse.path.glob(".publishing-*"))
    assert damaged(warehouse) == (4, [])


def test_readers_keep_their_version_when_it_is_rolled_back(chosen, warehouse):
    with duckdb.connect(warehouse.marts_db, read_only=True) as reader:
        # A process sees one file under one path: another one is the new reader.
        rollback(warehouse)
        assert reader.execute(CURRENT).fetchone() == (3,)
        code, shown = script("list_versions.py", chosen)
    assert code == 0
    assert "published" in next(line for line in shown.splitlines() if line.startswith("    2"))


def test_a_log_of_a_writer_is_set_aside_before_going_back(chosen, warehouse):
    wal = wal_of(warehouse.marts_db)
    wal.write_bytes(b"rows of someone else")
    rollback(warehouse)
    assert not wal.exists()
    assert (warehouse.path / "marts.duckdb.wal.1.set-aside").exists()
    assert run_number(chosen) == 2


# --- building on


def test_a_build_that_did_not_start_from_what_is_published_is_not_published(chosen, warehouse):
    rollback(warehouse)
    rollback(warehouse)
    build(chosen, run_number=3, as_of="2024-01-09")
    with pytest.raises(Problem, match="does not continue from what is published"):
        publish(chosen)
    assert run_number(chosen) == 1


def test_a_number_that_a_kept_version_has_is_not_taken_by_another_run(chosen, warehouse):
    rollback(warehouse)
    before = version_of(warehouse, 3).file.read_bytes()
    build(chosen, run_number=3, run_id="another", as_of="2024-01-09")
    with pytest.raises(Problem, match="run make build"):
        publish(chosen)
    assert version_of(warehouse, 3).file.read_bytes() == before
    build(chosen, run_number=3, as_of="2024-01-09")
    assert publish(chosen).run_number == 3


def write_numbers(path: Path, run: int, fit: int, segment: int, highest: str = "") -> None:
    """Write a published file as far as numbers are looked for in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as connection:
        connection.execute("create schema history")
        connection.execute(
            f"create table segmentation_runs as select {run} as run_number, true as is_current, "
            "'own_files' as source, date '2024-01-01' as as_of_date"
        )
        connection.execute(f"create table history.runs as select {run} as run_number")
        connection.execute(f"create table history.fits as select {fit} as fit_number")
        connection.execute(f"create table history.segments as select {segment} as segment_id")
        if highest:
            connection.execute(
                "create table history.highest_numbers as "
                f"select * from (values ({highest})) as n(run_number, fit_number, segment_id)"
            )


def test_numbers_of_versions_rolled_back_from_are_given_out(tmp_path):
    warehouse = Warehouse(tmp_path)
    assert numbers_given_out(warehouse) == [0, 0, 0]
    write_numbers(warehouse.marts_db, 2, 1, 5)
    assert numbers_given_out(warehouse) == [2, 1, 5]
    write_numbers(version_of(warehouse, 3).file, 3, 4, 9)
    assert numbers_given_out(warehouse) == [3, 4, 9]
    write_numbers(warehouse.marts_db, 4, 2, 6, highest="4, 7, 12")
    assert numbers_given_out(warehouse) == [4, 7, 12]


def test_a_version_rolled_back_from_that_cannot_be_read_is_told(tmp_path):
    warehouse = Warehouse(tmp_path)
    write_numbers(warehouse.marts_db, 2, 1, 5)
    version = version_of(warehouse, 3)
    version.folder.mkdir(parents=True)
    version.file.write_bytes(b"no database")
    with pytest.raises(Problem, match="was rolled back from"):
        numbers_given_out(warehouse)


# --- keeping


def test_keep_says_how_many_versions_stay(chosen, warehouse):
    few = resolve({"WAREHOUSE": str(chosen.warehouse), "KEEP": "2"})
    build(few, run_number=4, as_of="2024-01-04")
    publish(few)
    assert numbers(warehouse) == ["3", "4"]


def test_a_publish_killed_before_it_kept_its_version_is_made_good(chosen, warehouse):
    published_now = warehouse.marts_db.read_bytes()
    version = version_of(warehouse, 3)
    version.folder.rename(warehouse.path / ".publishing-999999")
    assert damaged(warehouse)[1]
    build(chosen, run_number=4, as_of="2024-01-04")
    publish(chosen)
    assert version.file.read_bytes() == published_now
    assert damaged(warehouse) == (5, [])


def test_where_there_are_no_links_versions_are_copies(chosen, monkeypatch):
    def no_links(*_: object) -> None:
        raise OSError(1, "Operation not permitted")

    with monkeypatch.context() as patched:
        patched.setattr(kept_versions.os, "link", no_links)
        for number in (1, 2):
            build(chosen, run_number=number)
            publish(chosen)
        warehouse = Warehouse(chosen.warehouse)
        rollback(warehouse)
    assert run_number(chosen) == 1
    assert not version_of(warehouse, 1).file.samefile(warehouse.marts_db)
    assert damaged(warehouse) == (3, [])


# --- listing and checking


def test_the_list_names_every_version_newest_first(chosen, warehouse):
    rollback(warehouse)
    head, *lines = listing(warehouse).splitlines()
    assert head.split() == ["run", "as", "of", "run", "id", "rows", "verdict", "size"]
    assert [line.split()[0] for line in lines] == ["3", "2", "1"]
    assert [line.endswith("published") for line in lines] == [False, True, False]
    cells = lines[1].split()
    assert cells[:4] == ["2", "2024-01-02", "run", "2"]
    # 20,000 customers, and two runs in main and history each.
    assert cells[4:6] == ["20,004", "weak"]


def test_verify_names_each_damaged_file(chosen, warehouse):
    assert script("list_versions.py", chosen, "--check") == (0, "4 files checked, 0 damaged\n")
    version_of(warehouse, 1).checksum_file.write_text("0" * 64 + "  marts.duckdb\n")
    version_of(warehouse, 2).file.unlink()
    code, shown = script("list_versions.py", chosen, "--check")
    assert code == 1
    *named, total = shown.splitlines()
    assert [f"versions{os.sep}{number}{os.sep}" in line for number, line in enumerate(named, 1)]
    assert len(named) == 2
    assert total == "4 files checked, 2 damaged"


def test_verify_sees_a_published_file_that_is_not_its_version(chosen, warehouse):
    warehouse.marts_db.unlink()
    build(chosen, run_number=3, as_of="2024-01-05")
    kept = version_of(warehouse, 3).file.read_bytes()
    publish(chosen)
    file = version_of(warehouse, 3).file
    file.unlink()
    file.write_bytes(kept)
    assert "checksum differs" in (damage(version_of(warehouse, 3)) or "")
    (shown,) = damaged(warehouse)[1]
    assert str(file) in shown


def test_verify_sees_a_log_beside_a_file(chosen, warehouse):
    wal_of(version_of(warehouse, 1).file).write_bytes(b"rows")
    wal_of(warehouse.marts_db).write_bytes(b"rows")
    found = damaged(warehouse)[1]
    assert len(found) == 2
    assert all(".wal" in shown for shown in found)


def test_checksums_are_those_that_other_tools_read(chosen, warehouse):
    folder = version_of(warehouse, 3).folder
    ended = subprocess.run(
        ["sha256sum", "--check", "marts.duckdb.sha256"], cwd=folder, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("name", ["list_versions.py", "rollback.py"])
def test_where_nothing_is_kept_one_line_says_so(chosen, name):
    code, shown = script(name, chosen)
    assert code == 1
    assert len(shown.splitlines()) == 1


def test_rollback_as_a_user_runs_it(chosen, warehouse):
    code, shown = script("rollback.py", chosen)
    assert (code, shown) == (
        0,
        f"Published now: run 2, as of 2024-01-02; run 3 stays in versions{os.sep}3\n",
    )
    for wrong in ("two", "7", "-1"):
        code, shown = script("rollback.py", chosen, RUN=wrong)
        assert code == WRONG_USE
        assert f"RUN={wrong}" in shown
    assert script("rollback.py", chosen, RUN="3")[0] == 0


# --- the columns that readers rely on


@pytest.mark.parametrize(
    ("customers", "shown"),
    [
        ("cast(hash(range) as varchar) as customer_id", r"customers\.spend was removed"),
        (
            "cast(hash(range) as varchar) as customer_id, cast(range as double) as spend",
            r"customers\.spend was BIGINT and is DOUBLE",
        ),
    ],
)
def test_a_column_removed_or_retyped_raises_the_schema_version(chosen, customers, shown):
    build(chosen)
    publish(chosen)
    build(chosen, run_number=2, customers=customers)
    with pytest.raises(Problem, match=shown):
        publish(chosen)
    assert run_number(chosen) == 1
    build(chosen, run_number=2, customers=customers, schema_version=2)
    assert publish(chosen).run_number == 2


def test_a_column_more_breaks_nothing(chosen):
    build(chosen)
    publish(chosen)
    build(chosen, run_number=2, customers="range as spend, 'c' || range as customer_id, 1 as more")
    assert publish(chosen).run_number == 2
