"""Publishing: what the file holds, and that it is replaced whole or not at all."""

from __future__ import annotations

import copy
import json
import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

import export_ordered
from common.console import BUSY, DATA_REFUSED, Problem
from common.project_root import ROOT
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from handover.summary import summary
from publishing import publish as publishing
from publishing.publish import publish
from store import kept_versions
from store.kept_versions import publish_version, version_of
from store.warehouse import exclusive, wal_of
from stub_builds import COMMENT, MANIFEST, build, published


@pytest.fixture(autouse=True)
def macros(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of macros that is empty: the project's own name tables that are not built here."""
    folder = tmp_path / "macros"
    folder.mkdir()
    monkeypatch.setattr(publishing, "MACROS", folder)
    return folder


@pytest.fixture
def chosen(tmp_path: Path) -> Settings:
    found = resolve({"WAREHOUSE": str(tmp_path / "it's a warehouse"), "THREADS": "4"})
    Warehouse(found.warehouse).create()
    build(found)
    return found


def refused(chosen: Settings) -> Problem:
    """Publish in vain, and see that nothing at all has changed."""
    warehouse = Warehouse(chosen.warehouse)
    before = snapshot(warehouse)
    with pytest.raises(Problem) as caught:
        publish(chosen)
    assert snapshot(warehouse) == before
    return caught.value


def snapshot(warehouse: Warehouse) -> dict[str, bytes]:
    files = (p for p in warehouse.path.rglob("*") if p.is_file() and "marts" in p.name)
    return {str(path): path.read_bytes() for path in files}


def test_marts_and_history_are_published_and_nothing_else(chosen: Settings) -> None:
    publication = publish(chosen)
    assert publication.run_number == 1
    assert publication.table_count == 3
    assert publication.row_count == 20_002
    tables = published(
        chosen,
        "select schema_name, table_name from duckdb_tables() "
        "where database_name = current_database() order by all",
    )
    assert tables == [("history", "runs"), ("main", "customers"), ("main", "segmentation_runs")]


def test_rows_are_in_the_order_of_the_key(chosen: Settings) -> None:
    publish(chosen)
    rows = published(chosen, "select customer_id from customers")
    assert rows == sorted(rows)
    assert len(rows) == 20_000


def test_descriptions_become_comments(chosen: Settings) -> None:
    publish(chosen)
    assert published(
        chosen, "select comment from duckdb_tables() where table_name = 'customers'"
    ) == [(COMMENT,)]
    assert published(
        chosen,
        "select column_name, comment from duckdb_columns() where table_name = 'customers' "
        "order by column_index",
    ) == [("customer_id", COMMENT), ("spend", None)]


def test_columns_of_the_history_mean_what_they_mean_in_another_model(chosen: Settings) -> None:
    """In the stub, `customers` describes what table runs of the history leaves out."""
    manifest = copy.deepcopy(MANIFEST)
    manifest["nodes"]["model.s.customers"]["columns"]["run_id"] = {
        "name": "run_id",
        "description": "Digest of the run.",
    }
    path = Warehouse(chosen.warehouse).dbt_target / "manifest.json"
    path.write_text(json.dumps(manifest), encoding="utf-8")
    publish(chosen)
    comments = published(
        chosen,
        "select column_name, comment from duckdb_columns() where table_name = 'runs' "
        "and comment is not null order by column_index",
    )
    assert comments == [("run_id", "Digest of the run."), ("k", "Segments of the fit.")]


def test_two_rows_of_the_history_with_one_key_are_not_published(chosen: Settings) -> None:
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        connection.execute("insert into segmentation.history_runs from segmentation.history_runs")
    problem = refused(chosen)
    assert str(problem) == (
        "history.runs has 2 rows and 1 different keys (run_number), expected one row for each; "
        "not published"
    )


def test_the_file_is_readable_by_old_clients_and_writable_by_none(chosen: Settings) -> None:
    publish(chosen)
    path = Warehouse(chosen.warehouse).marts_db
    assert stat.S_IMODE(path.stat().st_mode) == 0o444
    with duckdb.connect() as connection:
        connection.execute("attach $$" + str(path) + "$$ as f (read_only)")
        tags = connection.execute(
            "select tags from duckdb_databases() where database_name = 'f'"
        ).fetchone()[0]
    assert tags["storage_version"].startswith("v1.0.0")
    indexes = "select count(*) from duckdb_indexes()"
    constraints = "select count(*) from duckdb_constraints() where database_name <> 'system'"
    assert published(chosen, indexes) == published(chosen, constraints) == [(0,)]
    assert not wal_of(path).exists()


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o444), (0o027, 0o440), (0o077, 0o400)])
def test_permissions_are_those_of_the_umask_without_the_right_to_write(
    chosen: Settings, umask: int, mode: int, tmp_path: Path
) -> None:
    chosen = replace(chosen, warehouse=tmp_path / "of this umask")
    warehouse = Warehouse(chosen.warehouse)
    before = os.umask(umask)
    try:
        warehouse.create()
        for run_number in (1, 2):
            build(chosen, run_number=run_number)
            publish(chosen)
        publish_version(warehouse, version_of(warehouse, 1))
        with duckdb.connect(warehouse.exports_db):
            pass
    finally:
        os.umask(before)
    written = [warehouse.marts_db, *(version_of(warehouse, n).file for n in (1, 2))]
    assert {stat.S_IMODE(path.stat().st_mode) for path in written} == {mode}
    others = [path for path in warehouse.path.rglob("*") if path not in written]
    assert not [path for path in others if path.stat().st_mode & umask]


def test_a_reader_keeps_its_version_and_gets_the_new_one_when_it_reconnects(
    chosen: Settings,
) -> None:
    publish(chosen)
    path = Warehouse(chosen.warehouse).marts_db
    code = (
        "import duckdb, sys\n"
        "con = duckdb.connect(sys.argv[1], read_only=True)\n"
        "for _ in sys.stdin:\n"
        "    print(con.execute('select max(run_number) from segmentation_runs').fetchone()[0],"
        " flush=True)\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as reader:
        seen = []
        for run_number in (2, 3):
            reader.stdin.write("\n")
            reader.stdin.flush()
            seen.append(reader.stdout.readline().strip())
            build(chosen, run_number=run_number)
            publish(chosen)
        reader.stdin.close()
    assert seen == ["1", "1"]
    assert published(chosen, "select max(run_number) from segmentation_runs") == [(3,)]


@pytest.mark.many_builds
@pytest.mark.short
def test_the_last_five_versions_are_kept(chosen: Settings) -> None:
    for run_number in range(1, 8):
        build(chosen, run_number=run_number)
        publish(chosen)
    versions = Warehouse(chosen.warehouse).versions
    assert sorted(p.name for p in versions.iterdir()) == ["3", "4", "5", "6", "7"]
    kept = versions / "7" / "marts.duckdb"
    assert kept.samefile(Warehouse(chosen.warehouse).marts_db)
    names = sorted(p.name for p in (versions / "7").iterdir())
    assert names == ["marts.duckdb", "marts.duckdb.sha256"]


def test_publishing_the_same_run_again_replaces_its_version(chosen: Settings) -> None:
    publish(chosen)
    publish(chosen)
    warehouse = Warehouse(chosen.warehouse)
    assert (warehouse.versions / "1" / "marts.duckdb").samefile(warehouse.marts_db)


@pytest.mark.parametrize("status", ["error", "fail", "skipped", "runtime error"])
def test_nothing_is_published_when_a_node_did_not_succeed(chosen: Settings, status: str) -> None:
    publish(chosen)
    build(chosen, run_number=2, status=status)
    assert "failed" in str(refused(chosen))


@pytest.mark.parametrize(
    "arguments",
    [{"which": "run"}, {"select": ["marts"]}, {"exclude": ["marts"]}, {"selector": "code"}],
)
def test_nothing_is_published_after_a_part_of_a_build(chosen: Settings, arguments: dict) -> None:
    publish(chosen)
    build(chosen, run_number=2, **arguments)
    assert "not a whole" in str(refused(chosen))


def test_an_earlier_as_of_date_does_not_overwrite_a_later_one(chosen: Settings) -> None:
    publish(chosen)
    build(chosen, run_number=2, as_of="2023-12-31")
    problem = refused(chosen)
    assert problem.exit_code == DATA_REFUSED
    assert "2024-01-01" in str(problem)


STEPS = (
    (publishing, "write"),
    (publishing, "check_run"),
    (publishing, "check_schema"),
    (publishing, "sync"),
    (publishing, "put_in_place"),
    (kept_versions, "stage_version"),
    (kept_versions, "set_aside_wal"),
    (kept_versions.os, "replace"),
)


@pytest.mark.parametrize("run_number", [1, 2], ids=["again", "next"])
def test_a_failure_at_any_step_leaves_everything_as_it_was(
    chosen: Settings, run_number: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(chosen)
    build(chosen, run_number=run_number)

    def full(*_: object) -> Iterator[None]:
        raise OSError(28, "No space left on device")

    for module, step in STEPS:
        with monkeypatch.context() as patched:
            patched.setattr(module, step, full)
            assert "No space left" in str(refused(chosen)), step
        assert not list(chosen.warehouse.glob(".publishing-*")), step
    assert publish(chosen).run_number == run_number


def test_a_macro_that_names_no_table_leaves_everything_as_it_was(
    chosen: Settings, macros: Path
) -> None:
    publish(chosen)
    build(chosen, run_number=2)
    (macros / "wrong.sql").write_text(
        "create macro marts.main.wrong() as table select * from marts.main.no_such_table"
    )
    assert "no_such_table" in str(refused(chosen))


def test_what_a_killed_publish_left_is_removed(chosen: Settings) -> None:
    left = chosen.warehouse / ".publishing-999999"
    left.mkdir()
    (left / "marts.duckdb").write_bytes(b"half")
    publish(chosen)
    assert not list(chosen.warehouse.glob(".publishing-*"))


def test_a_foreign_write_ahead_log_is_set_aside(
    chosen: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    wal = wal_of(Warehouse(chosen.warehouse).marts_db)
    for expected in ("marts.duckdb.wal.1.set-aside", "marts.duckdb.wal.2.set-aside"):
        wal.write_bytes(b"rows of someone else")
        publish(chosen)
        assert not wal.exists()
        assert (chosen.warehouse / expected).read_bytes() == b"rows of someone else"
        assert expected in capsys.readouterr().err


def test_one_build_at_a_time(chosen: Settings) -> None:
    warehouse = Warehouse(chosen.warehouse)
    with exclusive(warehouse), pytest.raises(Problem) as caught, exclusive(warehouse):
        pass
    assert caught.value.exit_code == BUSY
    assert f"process {os.getpid()}, since 20" in str(caught.value)
    with exclusive(warehouse):
        pass


def test_a_second_publish_ends_with_exit_code_5_and_one_line(chosen: Settings) -> None:
    with exclusive(Warehouse(chosen.warehouse)):
        ended = subprocess.run(
            [sys.executable, str(ROOT / "dev" / "publish.py")],
            env={**os.environ, "WAREHOUSE": str(chosen.warehouse)},
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == BUSY
    assert len(ended.stderr.splitlines()) == 1


def test_the_lock_of_a_dead_process_is_no_hindrance(chosen: Settings) -> None:
    Warehouse(chosen.warehouse).lock_file.write_text("999999 2020-01-01T00:00:00Z\n")
    with exclusive(Warehouse(chosen.warehouse)):
        pass


def test_ordered_exports_are_the_same_whatever_the_order_of_rows(chosen: Settings) -> None:
    path = Warehouse(chosen.warehouse).marts_db
    publish(chosen)
    first = export_ordered.digests(path)
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        connection.execute(
            "create or replace table marts.customers as "
            "select spend, customer_id from marts.customers order by hash(spend, 7)"
        )
    publish(replace(chosen, threads=1))
    assert export_ordered.digests(path) == first
    assert set(first) == {"customers", "segmentation_runs"}
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        connection.execute("update marts.customers set spend = -1 where spend = 17")
    publish(chosen)
    assert export_ordered.digests(path)["customers"] != first["customers"]


def test_the_summary_says_when_there_is_nothing_to_sum_up(chosen: Settings) -> None:
    with pytest.raises(Problem, match="nothing is published yet"):
        summary(Warehouse(chosen.warehouse).marts_db)
