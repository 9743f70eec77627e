"""Readers while versions are published: no query fails, and no connection sees two versions.

The short form, two publishes under two readers, is part of `make test`; the long one, eight readers
through ten builds of the shop, of `make test-clients`.
"""

import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pytest

from common.console import Problem
from common.settings import resolve
from common.warehouse_paths import Warehouse
from publishing import publish as publishing
from publishing.publish import publish
from shops import SHOP, build
from store.kept_versions import damage, kept_versions
from stub_builds import build as stub_build
from upkeep.list_versions import damaged

# Opens the file, asks it several times what it is, closes it, and again, until its input ends.
READER = """
import sys, threading
import duckdb

path, table, queries = sys.argv[1], sys.argv[2], int(sys.argv[3])
is_over = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), is_over.set()), daemon=True).start()
runs = "select max(run_number) from segmentation_runs where is_current"
rows = (
    f"select count(*), max(runs.run_number) from {table} "
    "cross join segmentation_runs as runs where runs.is_current"
)
connections = reads = 0
seen = []
print("ready", flush=True)
while True:
    last = is_over.is_set()
    with duckdb.connect(path, read_only=True) as connection:
        first = connection.execute(rows).fetchone()
        for _ in range(queries):
            again = connection.execute(rows).fetchone()
            (run,) = connection.execute(runs).fetchone()
            reads += 2
            if again != first or run != first[1]:
                sys.exit(f"mixed: {first}, then {again} and {run}")
    connections += 1
    if not seen or seen[-1] != first[1]:
        seen.append(first[1])
    if last:
        break
print(connections, reads, *seen)
"""
SECONDS = 600


@dataclass(frozen=True)
class Read:
    """What a reader says at its end: connections, queries, and the runs it saw, in order."""

    connections: int
    queries: int
    runs: tuple[int, ...]


class Readers:
    """Processes that read a published file until they are told to end."""

    def __init__(self, path, count, table, queries=20):
        arguments = [sys.executable, "-c", READER, str(path), table, str(queries)]
        self._processes = [
            subprocess.Popen(
                arguments,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for _ in range(count)
        ]
        for process in self._processes:
            assert process.stdout.readline() == "ready\n", process.stderr.read()

    def end(self):
        """Have them open the file once more and end; returns what each read."""
        for process in self._processes:
            process.stdin.close()
            process.stdin = None
        shown = [process.communicate(timeout=SECONDS) for process in self._processes]
        for process, (_, error) in zip(self._processes, shown, strict=True):
            assert process.returncode == 0, error
        found = [[int(word) for word in out.split()] for out, _ in shown]
        return [Read(connections, queries, tuple(runs)) for connections, queries, *runs in found]


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """Settings of a warehouse with one published run, built without dbt."""
    monkeypatch.setattr(publishing, "MACROS", tmp_path / "no macros")
    found = resolve({"WAREHOUSE": str(tmp_path / "w"), "THREADS": "2"})
    Warehouse(found.warehouse).create()
    stub_build(found)
    publish(found)
    return found


def test_readers_see_whole_versions_while_they_are_published(chosen):
    warehouse = Warehouse(chosen.warehouse)
    readers = Readers(warehouse.marts_db, 2, "customers")
    for run_number in (2, 3):
        stub_build(chosen, run_number=run_number)
        publish(chosen)
    for read in readers.end():
        assert read.queries >= 40
        assert list(read.runs) == sorted(set(read.runs))
        assert read.runs[-1] == 3


# Opens the file for writing as a careless client does, and waits to be killed.
WRITER = """
import sys, time
import duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("insert into segmentation_runs (run_number, is_current) values (99, true)")
connection.execute("create table foreign_rows as select range as a from range(1000)")
print("written", flush=True)
time.sleep(600)
"""


@contextmanager
def writer_to(path):
    """Have a program write to a file; it is killed at the end."""
    path.chmod(0o644)
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout.readline() == "written\n"
        yield
        writer.send_signal(signal.SIGKILL)
    assert writer.returncode == -signal.SIGKILL


def test_a_writer_that_is_killed_does_no_harm(chosen):
    warehouse = Warehouse(chosen.warehouse)
    before = warehouse.marts_db.read_bytes()
    stub_build(chosen, run_number=2)
    # Nobody reads a file that is open for writing, and a build says so.
    with writer_to(warehouse.marts_db), pytest.raises(Problem, match="open for writing"):
        publish(chosen)
    assert list(warehouse.path.glob("marts.duckdb.wal*"))
    assert warehouse.marts_db.read_bytes() == before
    publish(chosen)
    with duckdb.connect(warehouse.marts_db, read_only=True) as connection:
        runs = connection.execute("select run_number from segmentation_runs order by 1").fetchall()
        tables = connection.execute("select table_name from duckdb_tables()").fetchall()
    assert runs == [(1,), (2,)]
    assert ("foreign_rows",) not in tables
    assert damaged(warehouse) == (3, [])


@pytest.mark.clients
def test_eight_readers_through_ten_builds(tmp_path, note):
    """Ten builds of the fixture shop, a day apart, each published under eight readers."""
    folder = tmp_path / "warehouse"
    dates = [f"2025-02-{day:02}" for day in range(6, 16)]
    assert build(SHOP, folder, threads=1, as_of="2025-02-05").code == 0
    warehouse = Warehouse(folder)
    readers = Readers(warehouse.marts_db, 8, "customer_segments")
    started = time.monotonic()
    for number, as_of in enumerate(dates, start=2):
        built = build(SHOP, folder, threads=1, as_of=as_of)
        assert built.code in (0, 3), built.output
        assert built.current_run("run_number") == (number,)
    seconds = time.monotonic() - started
    read = readers.end()
    for one in read:
        assert list(one.runs) == sorted(set(one.runs))
        assert one.runs[-1] == len(dates) + 1
    assert not [version for version in kept_versions(warehouse) if damage(version)]
    note(
        f"{len(dates)} builds in {seconds:.0f} s under {len(read)} readers: "
        f"{sum(one.queries for one in read):,} queries in "
        f"{sum(one.connections for one in read):,} connections, none failed"
    )
