"""Loads of two orders: what the build database holds, and what is refused."""

from __future__ import annotations

from datetime import UTC, datetime

import duckdb
import pytest

from common.console import DATA_REFUSED, Problem
from common.settings import Settings
from common.warehouse_paths import Warehouse
from loading.load_raw import load

HEADER = "order_id,customer_id,ordered_at,net_amount\n"
ROW = "o1,c1,2024-01-02,9.50\n"
NOW = datetime(2026, 1, 1, 12, 0, 0, 999, tzinfo=UTC)


def query(chosen: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        return connection.execute(sql).fetchall()


def refused(chosen: Settings, code: int = DATA_REFUSED) -> str:
    with pytest.raises(Problem) as caught:
        load(chosen, NOW)
    assert caught.value.exit_code == code
    assert "\n" not in str(caught.value)
    return str(caught.value)
