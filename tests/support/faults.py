"""Builds that are killed, and what is compared of the files they leave."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.quoting import identifier
from common.warehouse_paths import Warehouse
from shops import ROOT, SECONDS_TO_BUILD, SHOP, Built, build, clean_environment
from store.kept_versions import damage, kept_versions

# The fixture shop's last four weeks come as a file of their own.
NEW_FROM, NEW_TO = "2025-01-08", "2025-02-05"
# The time of the load is the one thing that two builds of the same do not share.
CLOCK_COLUMNS = ("loaded_at",)
SECONDS_BETWEEN_LOOKS = 0.002
LONGEST_LINE = 300
WRITER = """
import os, signal, sys, duckdb
connection = duckdb.connect(sys.argv[1])
connection.execute("set checkpoint_threshold = '1TB'")
connection.execute("create table of_a_foreign_program as select 1 as a")
connection.execute("update customer_segments set segment_id = 999")
os.kill(os.getpid(), signal.SIGKILL)
"""


def shop_before_and_after(folder: Path) -> tuple[Path, Path]:
    """Write the fixture shop without its last weeks, and with them in a second file."""
    before, after = folder / "before", folder / "after"
    shutil.copytree(SHOP, before)
    header, *lines = (SHOP / "order_lines.csv").read_text(encoding="utf-8").splitlines(True)
    is_new = [NEW_FROM <= line.rpartition(",")[2] < NEW_TO for line in lines]
    assert any(is_new)
    old = [line for line, new in zip(lines, is_new, strict=True) if not new]
    new = [line for line, new in zip(lines, is_new, strict=True) if new]
    (before / "order_lines.csv").write_text("".join([header, *old]), encoding="utf-8")
    shutil.copytree(before, after)
    (after / "order_lines_2.csv").write_text("".join([header, *new]), encoding="utf-8")
    return before, after


def digests(path: Path) -> dict[str, str]:
    """Return a digest of each table, state included, of a published file, but for the clock.

    The file is opened as a copy that stands alone.
    """
    alone = path.with_name("alone") / path.name
    alone.parent.mkdir(exist_ok=True)
    try:
        shutil.copyfile(path, alone)
        return _digests(alone)
    finally:
        shutil.rmtree(alone.parent)


def _digests(path: Path) -> dict[str, str]:
    found = {}
    with duckdb.connect(path, read_only=True) as connection:
        tables: dict[tuple[str, str], list[str]] = {}
        for schema, table, column in connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and not internal order by all"
        ).fetchall():
            if column not in CLOCK_COLUMNS:
                tables.setdefault((schema, table), []).append(identifier(column))
        connection.execute("create temporary macro cell(x) as coalesce('=' || x::varchar, '')")
        for (schema, table), columns in tables.items():
            row = ", ".join(f"cell({column})" for column in columns)
            (text,) = connection.execute(
                f"select sha256(string_agg(row_text, chr(10) order by row_text)) "
                f"from (select to_json([{row}])::varchar as row_text "
                f"from {identifier(schema, table)})"
            ).fetchone()
            found[f"{schema}.{table}"] = text or "empty"
    assert found
    return found


def write_foreign_log(built: Path, folder: Path) -> bytes:
    """Return the write-ahead log that a program leaves which wrote into a copy and was killed."""
    copy = folder / "foreign" / built.name
    copy.parent.mkdir(parents=True)
    shutil.copyfile(built, copy)
    copy.chmod(0o644)
    ended = subprocess.run([sys.executable, "-c", WRITER, str(copy)], check=False)
    assert ended.returncode == -signal.SIGKILL
    log = copy.with_name(copy.name + ".wal").read_bytes()
    assert log
    shutil.rmtree(copy.parent)
    return log


@dataclass
class Running:
    """A build that runs in a process group of its own.

    Attributes:
        process: The build.
        log: What it prints.
        warehouse: Where it builds.
    """

    process: subprocess.Popen[bytes]
    log: Path
    warehouse: Warehouse
    _dbt_log_end: int = 0
    _dbt_log_seen: str = ""

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def dbt_logged(self, text: str) -> bool:
        """Say whether dbt has written a text into its log since the build was started."""
        path = self.warehouse.dbt_logs / "dbt.log"
        if not path.exists():
            return False
        with path.open("rb") as file:
            file.seek(self._dbt_log_end)
            more = file.read()
        self._dbt_log_end += len(more)
        # A line may come in two pieces.
        self._dbt_log_seen = self._dbt_log_seen[-LONGEST_LINE:] + more.decode(errors="replace")
        return text in self._dbt_log_seen

    def is_over(self) -> bool:
        """Say whether it has ended."""
        return self.process.poll() is not None

    def wait_until(self, happened: Callable[[], object]) -> bool:
        """Wait until something happened; False when the build ended before."""
        started = time.monotonic()
        while not happened():
            if self.is_over() or time.monotonic() - started > SECONDS_TO_BUILD:
                return False
            time.sleep(SECONDS_BETWEEN_LOOKS)
        return True

    def kill(self) -> bool:
        """Kill the build and all it started; False when it had ended by itself."""
        was_running = not self.is_over()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        return was_running

    def ended(self) -> Built:
        """Wait for its end; returns what it left."""
        code = self.process.wait(SECONDS_TO_BUILD)
        return Built(code, self.output, self.warehouse)


@contextlib.contextmanager
def started(
    data: Path, warehouse: Path, *, environment: Mapping[str, str] | None = None, **settings: object
) -> Iterator[Running]:
    """Start a build of own files in a process group of its own; it does not outlive this block."""
    given = {"source": "own_files", "data": data, "warehouse": warehouse, **settings}
    log = warehouse.with_name(warehouse.name + ".log")
    dbt_log = Warehouse(warehouse).dbt_logs / "dbt.log"
    log_end = dbt_log.stat().st_size if dbt_log.exists() else 0
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, str(ROOT / "scripts" / "build.py")],
            cwd=ROOT,
            env=clean_environment(**given) | dict(environment or {}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    running = Running(process, log, Warehouse(warehouse), log_end)
    try:
        yield running
    finally:
        running.kill()


def fresh_copy(source: Path, target: Path) -> Path:
    """Copy a warehouse to a place where none is yet, or no more; links stay links."""
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    subprocess.run(["cp", "-a", f"{source}/.", str(target)], check=True)
    return target


# --- what builds that are harmed start from, and where they should end


SETTINGS = {"threads": 2, "k": 3}


@dataclass(frozen=True)
class Start:
    """What each build that is harmed starts from, and where it should end."""

    folder: Path
    data: Path
    warehouse: Path
    before: dict[str, str]
    after: dict[str, str]
    seconds: dict[str, float]
    dbt_nodes: int
    foreign_log: bytes


def prepared(folder: Path) -> Start:
    """Build a shop, and with newer data without harm."""
    old, new = shop_before_and_after(folder)
    first = build(old, folder / "first", **SETTINGS).checked()
    unharmed = build(new, fresh_copy(folder / "first", folder / "unharmed"), **SETTINGS).checked()
    before, after = digests(first.marts), digests(unharmed.marts)
    assert before != after
    assert unharmed.current_run("run_number", "fit_number") == (2, 2)
    return Start(
        folder,
        new,
        folder / "first",
        before,
        after,
        {
            name: float(s)
            for name, s in re.findall(r"(load|dbt|publish) ([\d.]+) s", unharmed.output)
        },
        node_count(unharmed.warehouse),
        write_foreign_log(first.marts, folder),
    )


def node_count(warehouse: Warehouse) -> int:
    """Return how many nodes dbt numbers in its log: hooks are none of them."""
    text = (warehouse.dbt_target / "run_results.json").read_text(encoding="utf-8")
    results = json.loads(text)["results"]
    return sum(not result["unique_id"].startswith("operation.") for result in results)


def check_made_good(built: Built, start: Start, has_log: bool = False, where: str = "") -> None:
    """Check that a build after a kill leaves what an unharmed one does."""
    assert built.code == 0, f"{where}\nand then:\n{built.output}"
    found = digests(built.marts)
    other = {name for name in start.after if found.get(name) != start.after[name]}
    assert found == start.after, f"{where}\nother than unharmed: {sorted(other)}"
    kept = kept_versions(built.warehouse)
    runs = [version.run_number for version in kept]
    assert runs == [1, 2], f"{where}\nkept versions: {runs}"
    damaged = [damage(version) for version in kept]
    assert damaged == [None, None], f"{where}\ndamaged: {damaged}"
    left = [
        *built.warehouse.path.glob(".publishing-*"),
        *built.warehouse.temporary.iterdir(),
        *built.warehouse.path.glob("*.wal"),
    ]
    assert not left, f"{where}\nleft over: {[str(path) for path in left]}\n{built.output}"
    set_aside = [path.name for path in built.warehouse.path.glob("*.set-aside")]
    assert bool(set_aside) == has_log, f"{where}\nset aside: {set_aside}"
