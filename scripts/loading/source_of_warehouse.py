"""One source for each warehouse: another one is refused."""

from __future__ import annotations

import duckdb

from common.console import (
    WRONG_USE,
    Problem,
)
from common.warehouse_paths import Warehouse
from store.build_database import relation_kind
from store.history import published_facts


def check_published_source(warehouse: Warehouse, source: str) -> None:
    """Refuse a warehouse that was published from another source."""
    published = published_facts(warehouse)
    if published is not None and published.source not in (None, source):
        raise other_source(warehouse, source, f"was published from {published.source}")


def check_loaded_source(
    connection: duckdb.DuckDBPyConnection, warehouse: Warehouse, source: str
) -> None:
    """Refuse a warehouse whose build database was loaded from another source."""
    if relation_kind(connection, "raw", "load_settings") is None:
        return
    row = connection.execute("select source from raw.load_settings").fetchone()
    if row and row[0] != source:
        raise other_source(warehouse, source, f"was loaded from {row[0]}")


def other_source(warehouse: Warehouse, source: str, what: str) -> Problem:
    """Return the problem of a warehouse that belongs to another source."""
    return Problem(
        f"SOURCE={source}: the warehouse {warehouse.path} {what}; expected that source, "
        "or another WAREHOUSE",
        WRONG_USE,
    )
