"""Forgetting a customer: no file holds a row of one, and all else is as it was."""

import os
import shutil
import stat
import subprocess
import sys

import duckdb
import pytest

from common.console import FAILED, WRONG_USE, Problem
from common.project_root import ROOT
from common.warehouse_paths import Warehouse
from forgotten_shop import forget_customer
from publishing.publish import publish
from shops import clean_environment
from store import kept_versions
from store.forgotten_totals import (
    Pending,
    pending_of,
)
from store.kept_versions import damage, version_of
from store.kept_versions import kept_versions as versions_of
from store.privacy import forgotten_file, forgotten_of
from stub_builds import build as stub_build
from upkeep import forget as forgetting
from upkeep.list_versions import damaged

pytestmark = pytest.mark.usefixtures("no_macros")


def held(path, customer="customer-17"):
    """Rows of a customer in any text column of a file."""
    total = 0
    with duckdb.connect(path, read_only=True) as connection:
        for schema, table, column in connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and data_type = 'VARCHAR' and not internal"
        ).fetchall():
            total += connection.execute(
                f'select count(*) from "{schema}"."{table}" where "{column}" = ?', [customer]
            ).fetchone()[0]
    return total


def databases(warehouse):
    return [path for path in warehouse.path.rglob("*.duckdb") if path.is_file()]


def test_a_forgotten_customer_is_in_no_file(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    files = databases(warehouse)
    assert len(files) == 8
    assert all(held(path) for path in files)
    assert forget_customer(forgettable) == 7
    left = databases(warehouse)
    assert sorted(path.relative_to(warehouse.path).as_posix() for path in left) == [
        "exports.duckdb",
        "marts.duckdb",
        "versions/2/marts.duckdb",
    ], "what counts the customer is removed, and what a build creates again"
    assert not [path for path in left if held(path)]
    assert not [path for path in left if b"customer-17\0" in path.read_bytes()]
    assert all(held(path, "customer-18") for path in left)


def test_what_is_left_is_as_it_was(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    reading = "select * from customers where customer_id <> 'customer-17'"
    shown = (
        "select table_name, comment from duckdb_tables() union all "
        "select column_name, comment from duckdb_columns() where database_name = 'marts' "
        "order by all"
    )

    def seen():
        with duckdb.connect(warehouse.marts_db, read_only=True) as connection:
            return connection.execute(reading).fetchall(), connection.execute(shown).fetchall()

    before = seen()
    forget_customer(forgettable)
    assert seen() == before
    assert damaged(warehouse) == (2, [])
    assert warehouse.marts_db.samefile(version_of(warehouse, 2).file)
    assert stat.S_IMODE(warehouse.marts_db.stat().st_mode) == 0o444
    with duckdb.connect() as connection:
        connection.execute(f"attach '{str(warehouse.marts_db).replace(chr(39), chr(39) * 2)}' as f")
        tags = connection.execute(
            "select tags from duckdb_databases() where database_name = 'f'"
        ).fetchone()[0]
    assert tags["storage_version"].startswith("v1.0.0")


@pytest.mark.many_builds
@pytest.mark.short
def test_that_somebody_was_forgotten_is_written_down_without_the_id(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    warehouse.path.chmod(0o755)
    forget_customer(forgettable)
    forget_customer(forgettable, "customer-18")
    path = forgotten_file(warehouse)
    text = path.read_text(encoding="ascii")
    assert "customer-1" not in text
    assert [line.split(",")[0] for line in text.splitlines()] == [
        "forgotten_on",
        "2025-03-01",
        "2025-03-01",
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len({one.customer_hash for one in forgotten_of(warehouse)}) == 2


@pytest.mark.many_builds
@pytest.mark.short
def test_forgetting_twice_changes_nothing_more(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    forget_customer(forgettable)
    before = {path: path.read_bytes() for path in warehouse.path.rglob("*") if path.is_file()}
    assert forget_customer(forgettable) == 0
    after = {path: path.read_bytes() for path in warehouse.path.rglob("*") if path.is_file()}
    before.pop(warehouse.lock_file)
    after.pop(warehouse.lock_file)
    assert after == before


def test_who_is_not_known_is_not_forgotten(forgettable):
    with pytest.raises(Problem, match="no file of") as caught:
        forget_customer(forgettable, "customer-99999999", is_forced=False)
    assert caught.value.exit_code == WRONG_USE
    assert not forgotten_file(Warehouse(forgettable.warehouse)).exists()
    assert forget_customer(forgettable, "customer-99999999") == 0
    assert pending_of(Warehouse(forgettable.warehouse)) is None, "no total counts the customer"
    assert len(forgotten_of(Warehouse(forgettable.warehouse))) == 1


def test_a_damaged_version_is_not_written_anew(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    for number in (1, 2):
        version = version_of(warehouse, number)
        version.checksum_file.write_text("0" * 64 + "  marts.duckdb\n")
        with pytest.raises(Problem, match="checksum differs"):
            forget_customer(forgettable, is_forced=number == 2)
        assert held(warehouse.marts_db)
        assert version.file.exists()


@pytest.mark.many_builds
@pytest.mark.short
@pytest.mark.parametrize("at", range(7))
def test_stopped_anywhere_it_goes_on_and_no_file_is_ever_damaged(forgettable, at, monkeypatch):
    warehouse = Warehouse(forgettable.warehouse)
    replace, done = os.replace, []

    def stops(*paths):
        if len(done) == at:
            raise OSError(28, "No space left on device")
        done.append(paths)
        replace(*paths)

    with monkeypatch.context() as patched:
        patched.setattr(kept_versions.os, "replace", stops)
        with pytest.raises(OSError, match="No space"):
            forget_customer(forgettable)
    assert not [v for v in versions_of(warehouse) if damage(v)]
    assert not list(warehouse.path.rglob(".publishing-*"))
    forget_customer(forgettable)
    assert not [path for path in databases(warehouse) if held(path)]
    assert damaged(warehouse) == (2, [])
    assert pending_of(warehouse).customer_count == 1


def test_what_gives_the_customer_back_is_removed_where_the_user_says_so(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    before = sorted(path for path in warehouse.path.rglob("*") if path.name != ".lock")
    with pytest.raises(Problem) as caught:
        forget_customer(forgettable, is_forced=False)
    assert caught.value.exit_code == WRONG_USE
    for shown in ("the kept version of run 1,", "the replay 2024-01-01,", "FORCE=1"):
        assert shown in str(caught.value)
    assert sorted(path for path in warehouse.path.rglob("*") if path.name != ".lock") == before
    assert not forgotten_of(warehouse)


@pytest.mark.many_builds
@pytest.mark.short
def test_a_version_that_does_not_hold_the_customer_stays(forgettable):
    """Who came later is in no total of an earlier run."""
    warehouse = Warehouse(forgettable.warehouse)
    customers = "'later-' || range as customer_id, range as spend"
    stub_build(forgettable, run_number=3, customers=customers)
    publish(forgettable)
    shutil.rmtree(warehouse.path / "replays")
    assert forget_customer(forgettable, "later-17", is_forced=False) == 2
    assert [version.run_number for version in versions_of(warehouse)] == [1, 2, 3]
    assert pending_of(warehouse) == Pending(1, 0, (3,))


@pytest.mark.many_builds
@pytest.mark.short
def test_numbers_that_only_a_removed_version_knows_stay_given_out(forgettable):
    """Run 2 was rolled back from: it is removed, and its numbers come never again."""
    warehouse = Warehouse(forgettable.warehouse)
    for number, path in ((1, version_of(warehouse, 1).file), (2, version_of(warehouse, 2).file)):
        path.chmod(0o644)
        with duckdb.connect(path) as connection:
            connection.execute(
                "create table history.highest_numbers as "
                f"select {number} * 10 as run_number, {number} as fit_number, 5 as segment_id"
            )
        kept_versions.write_checksums(path, kept_versions.sha256_of(path))
    kept_versions.publish_version(warehouse, version_of(warehouse, 1))
    forget_customer(forgettable)
    assert [version.run_number for version in versions_of(warehouse)] == [1]
    assert kept_versions.highest_numbers(warehouse.marts_db) == (20, 2, 5)


@pytest.mark.many_builds
@pytest.mark.short
def test_stray_files_among_replays_are_named_and_left(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    strays = [warehouse.path / "replays" / name for name in (".DS_Store", "notes.txt", "2024-1-1")]
    for path in strays[:2]:
        path.write_text("mine")
    strays[2].mkdir()
    forget_customer(forgettable)
    assert not [path for path in databases(warehouse) if held(path)]
    assert set(strays) <= set(forgetting.left_to_the_user(warehouse))
    assert all(path.exists() for path in strays)


@pytest.mark.many_builds
@pytest.mark.short
def test_a_replay_that_cannot_be_read_goes_too(forgettable):
    replay = Warehouse(Warehouse(forgettable.warehouse).path / "replays" / "2024-01-01")
    replay.marts_db.chmod(0o644)
    replay.marts_db.write_bytes(b"not a database")
    forget_customer(forgettable)
    assert not replay.path.exists()


@pytest.mark.many_builds
@pytest.mark.short
@pytest.mark.parametrize("content", [b"", b"not a database", b"\0" * 20_000])
def test_a_published_file_that_cannot_be_read_is_told_in_one_line(forgettable, content):
    warehouse = Warehouse(forgettable.warehouse)
    warehouse.marts_db.unlink()
    warehouse.marts_db.write_bytes(content)
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "forget.py")],
        env=clean_environment(warehouse=forgettable.warehouse, customer="customer-17", force="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == FAILED
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"Error: the published file {warehouse.marts_db} cannot be read")


def test_without_the_published_file_no_version_is_removed(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    warehouse.marts_db.unlink()
    with pytest.raises(Problem, match="make rollback"):
        forget_customer(forgettable)
    assert len(versions_of(warehouse)) == 2


def test_what_a_build_makes_again_goes_with_the_customer(forgettable):
    """Pages show totals, and logs and results of dbt may show values."""
    warehouse = Warehouse(forgettable.warehouse)
    paths = [
        warehouse.report(),
        warehouse.report(3),
        warehouse.docs,
        warehouse.dbt_logs / "dbt.log",
        warehouse.dbt_target / "run_results.json",
        warehouse.path / "spark" / "raw" / "part.parquet",
        warehouse.parquet / "2" / "part.parquet",
    ]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("customer-17")
    forget_customer(forgettable)
    assert not [path for path in paths if path.exists()]


def test_a_line_without_a_hash_keeps_nobody_out(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    forgotten_file(warehouse).write_text("forgotten_on,salt,customer_hash\n2025-01-01,,\n")
    assert forgotten_of(warehouse) == []
    forgotten_file(warehouse).write_text("forgotten_on,salt,customer_hash\n2025-01-01,zz,00\n")
    with pytest.raises(Problem, match="could come back"):
        forgotten_of(warehouse)
