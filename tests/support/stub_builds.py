"""What a successful dbt build leaves, as far as publishing looks at it, without building."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb
import pytest

from common.settings import Settings
from common.warehouse_paths import Warehouse
from publishing import publish as publishing
from store.kept_versions import version_of

COMMENT = """It's "quoted"; drop table x -- and so on."""


def node(name: str, folder: str, **more: object) -> dict:
    return {
        "resource_type": "model",
        "name": name,
        "alias": name,
        "schema": folder,
        "fqn": ["segmentation", folder, name],
        "description": more.get("description", ""),
        "columns": more.get("columns", {}),
        "meta": {},
        "config": {"meta": {"primary_key": more["key"]} if "key" in more else {}},
    }


MANIFEST = {
    "metadata": {"invocation_id": "one"},
    "nodes": {
        "model.s.segmentation_runs": node("segmentation_runs", "marts", key=["run_number"]),
        "model.s.customers": node(
            "customers",
            "marts",
            key="customer_id",
            description=COMMENT,
            columns={"customer_id": {"name": "customer_id", "description": COMMENT}},
        ),
        "model.s.history_runs": node("history_runs", "segmentation"),
        "model.s.int_inner": node("int_inner", "segmentation"),
        "test.s.unique": {"resource_type": "test", "name": "unique", "fqn": ["s", "marts", "u"]},
    },
    "sources": {
        "source.s.history.runs": {
            "source_name": "history",
            "name": "runs",
            "columns": {
                "run_id": {"name": "run_id", "description": ""},
                "k": {"name": "k", "description": "Segments of the fit."},
            },
            "config": {"meta": {"primary_key": ["run_number"], "described_by": "customers"}},
        },
        "source.s.raw.order_lines": {"source_name": "raw", "name": "order_lines"},
    },
}


def results(status: str = "success", **arguments: object) -> dict:
    return {
        "metadata": {"invocation_id": "one"},
        "args": {"which": "build", **arguments},
        "results": [
            {"unique_id": "model.s.segmentation_runs", "status": "success"},
            {"unique_id": "test.s.unique", "status": status},
        ],
    }


def build(
    chosen: Settings,
    *,
    run_number: int = 1,
    after: Sequence[int] | None = None,
    run_id: str | None = None,
    as_of: str = "2024-01-01",
    schema_version: int = 1,
    customers: str = "cast(hash(range) as varchar) as customer_id, range as spend",
    customer_count: int = 20_000,
    **more: object,
) -> None:
    """Leave what a successful dbt build leaves: run `run_number` after the runs `after`."""
    before = range(1, run_number) if after is None else after
    warehouse = Warehouse(chosen.warehouse)
    with duckdb.connect(warehouse.build_db) as connection:
        for schema in ("marts", "segmentation"):
            connection.execute(f"drop schema if exists {schema} cascade")
            connection.execute(f"create schema {schema}")
        connection.execute(
            "create table marts.segmentation_runs as select number as run_number, "
            f"case when number = {run_number} then coalesce(?, 'run ' || number) "
            "else 'run ' || number end as run_id, "
            f"number = {run_number} as is_current, {schema_version} as marts_schema_version, "
            f"'own_files' as source, date '{as_of}' as as_of_date, 3 as k, "
            "'weak' as verdict, 'No better than chance.' as verdict_reason "
            "from (select unnest(?) as number)",
            [run_id, [*before, run_number]],
        )
        connection.execute(
            f"create table marts.customers as select {customers} "
            f"from range({customer_count}) order by hash(range, 1)"
        )
        connection.execute(
            f"create table segmentation.history_runs as select {run_number} as n, *"
            " from marts.segmentation_runs"
        )
        connection.execute("create table segmentation.int_inner as select 1 as a")
    warehouse.dbt_target.mkdir(parents=True, exist_ok=True)
    (warehouse.dbt_target / "manifest.json").write_text(json.dumps(MANIFEST))
    (warehouse.dbt_target / "run_results.json").write_text(json.dumps(results(**more)))


@contextmanager
def without_macros() -> Iterator[None]:
    """Publish no macros: the project's name tables that are not built here."""
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patched:
        patched.setattr(publishing, "MACROS", Path(folder))
        yield


def copy_published(warehouse: Path, target: Path, run_number: int) -> None:
    """Copy a warehouse, in which the published file and its version are one file."""
    shutil.copytree(warehouse, target, dirs_exist_ok=True)
    copied = Warehouse(target)
    copied.marts_db.unlink()
    copied.marts_db.hardlink_to(version_of(copied, run_number).file)


def published(chosen: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(Warehouse(chosen.warehouse).marts_db, read_only=True) as connection:
        return connection.execute(sql).fetchall()
