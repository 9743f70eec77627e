"""Trying small data sets: files made by a test, through load and make check in one process."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from pathlib import Path

import duckdb
import pyarrow as pa

from checking import check
from checking.findings import Findings
from checking.text_report import show_findings
from common.console import Problem
from common.project_sql import PROJECT, ProjectSql, Relation
from common.quoting import literal
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from dbt_runs.run_dbt import dbt_vars
from loading.load_raw import load

SEEDS = PROJECT / "seeds"
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HEADER = "order_id,customer_id,ordered_at,net_amount\n"
ROWS = "o1,c1,2024-01-02,9.50\no2,c2,2024-03-04,1\n"

Files = dict[str, bytes | str | Path]


@dataclass
class Tried:
    """What came of a data set.

    Attributes:
        chosen: The settings that it was read with.
        problem: Why it was refused; None when it was not.
        shown: What was shown meanwhile.
        findings: What check found; None when the data was refused, or only loaded.
    """

    chosen: Settings
    problem: Problem | None
    shown: str
    findings: Findings | None = None

    @cached_property
    def build_db(self) -> Path:
        """The build database of a load. Check leaves none, so the data set is loaded for it."""
        build_db = Warehouse(self.chosen.warehouse).build_db
        if not build_db.exists():
            with contextlib.redirect_stdout(io.StringIO()):
                load(self.chosen, NOW)
        return build_db

    @property
    def outcomes(self) -> dict[tuple[str, str, str], int]:
        """Rows by raw table, outcome and reason, as check counts them."""
        return {
            (found.source_table, found.outcome, found.reason): found.row_count
            for found in self.findings.outcomes
        }

    @property
    def loaded(self) -> dict[str, int]:
        """Rows of the files by raw table, as loading counted them."""
        counts: dict[str, int] = {}
        for table in self.findings.loaded.tables:
            for row in (*table.ledger, *table.joined):
                counts[row.source_table] = counts.get(row.source_table, 0) + row.row_count
        return counts

    def suspicions(self) -> dict[str, tuple[int, str]]:
        """Return the count and the example of each kind of suspicion."""
        return {found.kind: (found.count, found.example) for found in self.findings.suspicions}

    def query(self, sql: str) -> list[tuple]:
        """Return rows of a query on what load made."""
        with duckdb.connect(self.build_db, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def reasons(self, source_table: str = "order_lines") -> dict[str, int]:
        """Return the rows of a raw table that were not accepted, by reason."""
        return {
            reason: rows
            for (table, outcome, reason), rows in self.outcomes.items()
            if table == source_table and outcome in ("rejected", "duplicate")
        }

    def accepted(self, source_table: str = "order_lines") -> int:
        """Return the accepted rows of a raw table."""
        return self.outcomes.get((source_table, "accepted", "accepted"), 0)


def write(folder: Path, files: Files) -> Path:
    """Write files of a data set; a path is the target of a link."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            path.symlink_to(content)
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def settings_of(folder: Path, files: Files, **settings: str) -> Settings:
    """Write a data set and return the settings to load it with."""
    data = folder / "data"
    data.mkdir(parents=True)
    write(data, files)
    return resolve(
        {
            "SOURCE": "own_files",
            "DATA": str(data),
            "WAREHOUSE": str(folder / "warehouse"),
            "THREADS": "2",
            "MEMORY": "1GB",
            **settings,
        }
    )


def try_load(folder: Path, files: Files, **settings: str) -> Tried:
    """Load a data set only, which is several times as fast as checking it too."""
    return _tried(settings_of(folder, files, **settings), lambda chosen: load(chosen, NOW))


def try_files(folder: Path, files: Files, **settings: str) -> Tried:
    """Check a data set, which loads it into a warehouse that is deleted afterwards."""
    return _checked(settings_of(folder, files, **settings), settings)


def try_both(folder: Path, files: Files, **settings: str) -> Tried:
    """Load a data set and check it: check refuses all that load refuses, in its words."""
    loaded = try_load(folder, files, **settings)
    checked = _checked(loaded.chosen, settings)
    if loaded.problem:
        assert str(checked.problem) == str(loaded.problem)
    return checked


def _checked(chosen: Settings, given: dict[str, str]) -> Tried:
    def work(chosen: Settings) -> Findings:
        findings = check.check(chosen, given)
        show_findings(findings, 0)
        return findings

    tried = _tried(chosen, work)
    left = chosen.warehouse.iterdir() if chosen.warehouse.exists() else ()
    assert not [path for path in left if path.name.startswith(".check-")]
    return tried


def _tried(chosen: Settings, work: Callable[[Settings], object]) -> Tried:
    shown, refused, found = io.StringIO(), None, None
    with contextlib.redirect_stdout(shown):
        try:
            found = work(chosen)
        except Problem as problem:
            refused = problem
    findings = found if isinstance(found, Findings) else None
    return Tried(chosen, refused, shown.getvalue(), findings)


def model_rows(tried: Tried, name: str, columns: str, *, where: str = "true") -> list[tuple]:
    """Return rows of a model, rendered and made from what load made, in order of the columns."""
    found = model_table(tried, name, columns, where=where)
    return list(zip(*(column.to_pylist() for column in found.columns), strict=True))


def model_table(tried: Tried, name: str, columns: str, *, where: str = "true") -> pa.Table:
    """Return the same as an Arrow table."""
    made: set[str] = set()
    with duckdb.connect(tried.build_db) as connection:

        def ref(model: str) -> Relation:
            relation = Relation("tried", model)
            if model not in made:
                seed = SEEDS / f"{model}.csv"
                if seed.is_file():
                    sql = f"from read_csv({literal(seed)}, all_varchar = true)"
                else:
                    sql, _ = project.model(model)
                connection.execute(f"create or replace table {relation} as {sql}")
                made.add(model)
            return relation

        connection.execute("create schema if not exists tried")
        settings = resolve({"SOURCE": "own_files", "DATA": str(tried.build_db.parent)})
        project = ProjectSql(connection, dbt_vars(settings), ref)
        query = f"select {columns} from {ref(name)} where {where} order by all"
        return connection.sql(query).to_arrow_table()


GOOD = HEADER + ROWS
# Letters that differ between encodings, and a euro sign, which Latin-1 lacks.
NAMED = HEADER + "o1,Zoë & Jürgen €,2024-01-02,9.50\no2,c2,2024-03-04,1\n"
STAGED = "select order_id, customer_id, ordered_at, net_amount from ({}) order by 1"


def staged(tmp_path: Path, files: Files, **settings: str) -> list[tuple]:
    """Return the staged order lines of some files: id, customer, time and amount."""
    tried = try_load(tmp_path, files, **settings)
    assert tried.problem is None, tried.problem
    with duckdb.connect(tried.build_db, read_only=True) as connection:
        sql, _ = ProjectSql(connection, {"source": "own_files"}).model("stg_own_files__order_lines")
        return connection.execute(STAGED.format(sql)).fetchall()


def day(text: str) -> datetime:
    """Return a time from its ISO text."""
    return datetime.fromisoformat(text)


EXPECTED = [
    ("o1", "c1", day("2024-01-02"), Decimal("9.5")),
    ("o2", "c2", day("2024-03-04"), Decimal(1)),
]
NAMED_EXPECTED = [("o1", "Zoë & Jürgen €", *EXPECTED[0][2:]), EXPECTED[1]]
