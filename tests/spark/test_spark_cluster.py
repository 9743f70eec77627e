"""Builds on a standalone cluster, and builds whose driver may be told little: minutes each."""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dbt_runs.spark_settings import QUICK_ON_FEW_ROWS
from shops import Built, build
from spark_builds import (
    ABSOLUTE_IN_MARTS,
    MARTS,
    RELATIVE_IN_MARTS,
    SECONDS_TO_BUILD,
    assert_equal,
    attached,
    on_spark,
)
from spark_cluster import cluster

pytestmark = pytest.mark.spark

LOOPBACK = """
spark.driver.host 127.0.0.1
spark.driver.bindAddress 127.0.0.1
spark.executor.memory 1g
spark.executor.cores 1
"""
SMALL_DRIVER = """
spark.driver.maxResultSize 1m
spark.sql.autoBroadcastJoinThreshold 32k
"""
CUSTOMERS = 30_000


@pytest.fixture(scope="module")
def built_on_cluster(tmp_path_factory: pytest.TempPathFactory) -> Built:
    """The fixture shop, built on a master and two workers of one core each."""
    folder = tmp_path_factory.mktemp("cluster")
    conf = folder / "cluster.conf"
    quick = "".join(f"{name} {value}\n" for name, value in QUICK_ON_FEW_ROWS.items())
    conf.write_text(quick + LOOPBACK, encoding="utf-8")
    with cluster(folder) as master:
        built = on_spark(folder / "warehouse", spark_master=master, spark_conf=conf).checked()
    for worker in ("worker0", "worker1"):
        assert "Asked to launch executor" in (folder / f"{worker}.log").read_text()
    return built


@pytest.mark.parametrize("mart", MARTS)
def test_a_cluster_builds_what_one_machine_builds(
    mart: str, built_on_cluster: Built, shop: Built
) -> None:
    for connection in attached(shop, built_on_cluster):
        assert_equal(
            connection,
            f"on_duckdb.{mart}",
            f"on_spark.{mart}",
            RELATIVE_IN_MARTS,
            ABSOLUTE_IN_MARTS,
        )


def many_customers(folder: Path) -> Path:
    """Write three orders for each of many customers, of three kinds."""
    rng = np.random.default_rng(11)
    kind = np.repeat(rng.integers(0, 3, CUSTOMERS), 3)
    customers = np.repeat(np.arange(CUSTOMERS), 3)
    days = rng.integers(0, 300, 3 * CUSTOMERS) + 60 * kind
    amounts = np.round(10.0 ** (kind + 0.5) * rng.lognormal(0, 0.2, 3 * CUSTOMERS), 2)
    folder.mkdir(parents=True)
    pq.write_table(
        pa.table(
            {
                "order_id": pa.array([f"o{n}" for n in range(3 * CUSTOMERS)]),
                "customer_id": pa.array([f"c{n:06}" for n in customers]),
                "ordered_at": pa.array(
                    np.datetime64("2024-01-01") + days.astype("timedelta64[D]")
                ).cast(pa.timestamp("us")),
                "net_amount": pa.array(amounts),
            }
        ),
        folder / "order_lines.parquet",
    )
    return folder


def test_a_driver_that_may_be_told_a_megabyte_builds_for_more_customers(tmp_path: Path) -> None:
    conf = tmp_path / "small.conf"
    conf.write_text(SMALL_DRIVER, encoding="utf-8")
    built = build(
        many_customers(tmp_path / "orders"),
        tmp_path / "warehouse",
        seconds=SECONDS_TO_BUILD,
        target="spark",
        threads=2,
        memory="4GB",
        spark_conf=conf,
    ).checked()
    assert built.current_run("customer_count") == (CUSTOMERS,)
    assert built.one("select count(*) from customer_segments") == (CUSTOMERS,)
    # What the driver would have been told of, had it collected customers.
    with duckdb.connect() as connection:
        files = built.warehouse.parquet / "current" / "main" / "customer_segments" / "*.parquet"
        (size,) = connection.execute(
            "select sum(total_compressed_size) from parquet_metadata(?)", [str(files)]
        ).fetchone()
    assert size > 2**20
