"""A warehouse to forget customers of: two published versions, a replay, a ledger of exports."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import duckdb

from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from publishing.publish import publish
from store.privacy import guard_of
from store.warehouse import exclusive
from stub_builds import build
from upkeep.forget import forget

TODAY = date(2025, 3, 1)


def settings_in(folder: Path) -> Settings:
    """Return settings of a warehouse in a folder."""
    return resolve({"WAREHOUSE": str(folder / "it's w"), "THREADS": "2"})


def make_shop(folder: Path) -> Path:
    """Make the warehouse, all of customers 0 to 1,999; returns its folder."""
    found = settings_in(folder)
    warehouse = found.place
    warehouse.create()
    customers = "'customer-' || range as customer_id, range as spend"
    for number in (1, 2):
        build(found, run_number=number, customers=customers, customer_count=2_000)
        publish(found)
    replay = Warehouse(warehouse.path / "replays" / "2024-01-01")
    shutil.copytree(warehouse.versions, replay.versions)
    shutil.copy2(warehouse.marts_db, replay.marts_db)
    with duckdb.connect(warehouse.exports_db) as connection:
        connection.execute(
            "create table members as select 'customer-' || range as customer_id from range(100)"
        )
    return warehouse.path


def forget_customer(
    chosen: Settings, customer: str = "customer-17", *, is_forced: bool = True, **more: object
) -> int:
    """Forget a customer, holding the lock; returns the rows that were removed."""
    warehouse = chosen.place
    with exclusive(warehouse):
        guard = guard_of(warehouse, "customer_id", asked=None, environment={})
        return forget(warehouse, guard, customer, TODAY, is_forced=is_forced, **more)
