"""Builds on Apache Spark: what is made, and that it equals what DuckDB makes of the same files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from test_guards_code import COMMAND, guarding_code, messages_of_failed, read_results

from common.settings import resolve
from dbt_runs.spark_settings import SparkWarehouse, spark_settings
from shops import ROOT, SHOP, Builds, Built, build, clean_environment, copy_warehouse
from spark.build_spark import load_for_spark
from spark_builds import (
    ABSOLUTE_IN_MARTS,
    MARTS,
    RELATIVE_IN_MARTS,
    assert_equal,
    attached,
    on_spark,
)

pytestmark = pytest.mark.spark
CORE = (
    "affected_orders",
    "attribute_profiles",
    "customer_attributes",
    "customers",
    "int_customers_validated",
    "int_order_line_outcomes",
    "int_order_lines_keyed",
    "int_products_validated",
    "int_rejected_lines",
    "interactions",
    "keyed_orders",
    "learned_product_groups",
    "order_line_totals",
    "products",
    "record_outcomes",
    "rejected_records",
    "source_capabilities",
)
FEATURES = (
    "category_slots",
    "customer_campaigns",
    "customer_halves",
    "customer_rhythms",
    "customer_snapshots",
    "feature_proposals",
    "feature_settings",
    "features_by_slot_set",
    "future_purchases",
    "int_customer_parts",
    "int_contact_windows",
    "lapsed_windows",
    "slot_sets",
    "snapshots",
    "window_parts",
)
VIEWS = (
    "staging.stg_own_files__customers",
    "staging.stg_own_files__interactions",
    "staging.stg_own_files__order_lines",
    "staging.stg_own_files__products",
    "core.int_interactions_validated",
    "core.int_order_lines_validated",
    "core.order_lines",
    "features.orders",
)
# The fit is independent on each engine.
OBJECTIVE = 0.005
STORED_FIT = {"refit": "never", "seed": 7}

WRITE_VIEWS = """
import sys
from pyspark.sql import SparkSession
session = SparkSession.builder.enableHiveSupport().getOrCreate()
for name in sys.argv[2:]:
    session.table(name).write.parquet(f"{sys.argv[1]}/{name}")
session.stop()
"""


def build_on_spark(builds: Builds) -> Built:
    """Build the fixture shop on Spark."""
    return on_spark(builds.folder("spark") / "a warehouse").checked()


def build_again(builds: Builds) -> Built:
    """Build again on DuckDB what DuckDB published, by its fit."""
    warehouse = copy_warehouse(builds["shop"], builds.folder("again") / "warehouse")
    return build(SHOP, warehouse, **STORED_FIT).checked()


def build_again_on_spark(builds: Builds) -> Built:
    """Build on Spark on top of what DuckDB published, by its fit."""
    warehouse = copy_warehouse(builds["shop"], builds.folder("spark again") / "warehouse")
    return on_spark(warehouse, **STORED_FIT).checked()


BUILDS = {"spark": build_on_spark}


@pytest.fixture(scope="module")
def spark(builds: Builds) -> Built:
    """The fixture shop, built on Spark."""
    return builds["spark"]


@pytest.fixture(scope="module")
def place(spark: Built) -> SparkWarehouse:
    """Where Spark's tables are."""
    return SparkWarehouse(spark.warehouse.path / "spark")


@pytest.fixture(scope="module")
def statuses(place: SparkWarehouse) -> dict[str, str]:
    """How each node of the build ended, read before unit tests leave their own results."""
    results = json.loads((place.dbt_target / "run_results.json").read_text(encoding="utf-8"))
    assert results["args"]["which"] == "build"
    return {result["unique_id"]: result["status"] for result in results["results"]}


@pytest.fixture(scope="module")
def views(place: SparkWarehouse, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What Spark reads in the views, as Parquet: a folder for each."""
    folder = tmp_path_factory.mktemp("views")
    subprocess.run(
        [sys.executable, "-c", WRITE_VIEWS, str(folder), *VIEWS],
        env={**os.environ, "SPARK_CONF_DIR": str(place.conf)},
        check=True,
    )
    return folder


@pytest.fixture
def both(shop: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection that reads what DuckDB built, and Spark's Parquet."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{shop.warehouse.build_db}' as build (read_only)")
        yield connection


def test_every_model_runs_on_spark(place: SparkWarehouse, statuses: dict[str, str]) -> None:
    manifest = json.loads((place.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    models = {
        unique_id: node["name"]
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model"
    }
    assert models.keys() - statuses.keys() == set()
    assert {statuses[unique_id] for unique_id in models} == {"success"}
    tests = {
        unique_id
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "test" and "guards_code" not in node["tags"]
    }
    assert tests == {unique_id for unique_id in statuses if unique_id.startswith("test.")}
    assert {statuses[unique_id] for unique_id in tests} <= {"pass", "warn"}


def test_every_table_is_compared(place: SparkWarehouse) -> None:
    made = {path.parent.name + "/" + path.name for path in place.tables.glob("*.db/*")}
    assert {name for name in made if name.startswith("core.db/")} == {f"core.db/{n}" for n in CORE}
    assert {name for name in made if name.startswith("features.db/")} == {
        f"features.db/{n}" for n in FEATURES
    }


@pytest.mark.parametrize(
    "table", [*(f"core.{name}" for name in CORE), *(f"features.{name}" for name in FEATURES)]
)
def test_tables_are_equal(
    table: str, both: duckdb.DuckDBPyConnection, place: SparkWarehouse
) -> None:
    schema, name = table.split(".")
    files = place.tables / f"{schema}.db" / name / "*.parquet"
    assert_equal(both, f"build.{table}", f"read_parquet('{files}')")


@pytest.mark.parametrize("view", VIEWS)
def test_views_are_equal(view: str, both: duckdb.DuckDBPyConnection, views: Path) -> None:
    assert_equal(both, f"build.{view}", f"read_parquet('{views / view / '*.parquet'}')")


@pytest.fixture
def published(shop: Built, spark: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to what was published of independent fits."""
    yield from attached(shop, spark)


def test_the_same_is_published_in_the_same_types(
    published: duckdb.DuckDBPyConnection,
) -> None:
    columns, comments = (
        [
            published.execute(
                f"select schema_name, table_name, {asked} "
                "from duckdb_columns() where database_name = ? order by all",
                [engine],
            ).fetchall()
            for engine in ("on_duckdb", "on_spark")
        ]
        for asked in ("column_index, column_name, data_type", "column_name, comment")
    )
    assert {name for _, name, *_ in columns[0]} >= set(MARTS)
    assert columns[1] == columns[0]
    assert comments[1] == comments[0]


def test_independent_fits_agree(shop: Built, spark: Built) -> None:
    asked = ("k", "verdict", "weighting", "segmented_customer_count", "inertia")
    *expected, objective = shop.current_run(*asked)
    *found, spark_objective = spark.current_run(*asked)
    assert found == expected
    assert spark_objective == pytest.approx(objective, rel=OBJECTIVE)


@pytest.mark.parametrize("mart", MARTS)
def test_marts_of_the_same_assignments_are_equal(
    mart: str, published: duckdb.DuckDBPyConnection
) -> None:
    differing = published.execute(
        "select count(*) from on_duckdb.customer_segments as theirs "
        "full join on_spark.customer_segments as ours using (customer_id) "
        "where theirs.segment_id is distinct from ours.segment_id"
    ).fetchone()
    # So few customers have one best fit, which either engine finds.
    assert differing == (0,)
    assert_equal(
        published,
        f"on_duckdb.{mart}",
        f"on_spark.{mart}",
        RELATIVE_IN_MARTS,
        ABSOLUTE_IN_MARTS,
    )


def test_parquet_is_published_as_the_file_is(spark: Built) -> None:
    parquet = spark.warehouse.parquet
    assert (parquet / "current").readlink() == Path("1")
    assert {path.name for path in (parquet / "current" / "main").iterdir()} == set(MARTS)
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(f"attach '{spark.marts}' as marts (read_only)")
        for schema, name in connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'marts'"
        ).fetchall():
            files = parquet / "current" / schema / name / "*.parquet"
            assert_equal(connection, f"marts.{schema}.{name}", f"read_parquet('{files}')")


def test_what_spark_leaves_is_what_is_documented(spark: Built) -> None:
    there = {path.name for path in spark.warehouse.path.iterdir()}
    assert there == {".lock", "marts.duckdb", "parquet", "spark", "tmp", "versions"}


def test_the_next_build_loads_over_what_a_build_left(spark: Built, tmp_path: Path) -> None:
    warehouse = copy_warehouse(spark, tmp_path / "warehouse")
    given = {"SOURCE": "own_files", "DATA": str(SHOP), "WAREHOUSE": str(warehouse)}
    settings = resolve(given | {"TARGET": "spark"})
    assert spark_settings(settings).place.build_db.exists()
    loaded = load_for_spark(settings)
    assert {table.table.name for table in loaded.tables} >= {"order_lines", "customers"}


@pytest.fixture(scope="module")
def stored_fit(builds: Builds) -> tuple[Built, Built]:
    """What both engines made of one published fit."""
    return build_again(builds), build_again_on_spark(builds)


@pytest.mark.parametrize("mart", MARTS)
def test_spark_goes_on_from_what_duckdb_published(
    mart: str, stored_fit: tuple[Built, Built]
) -> None:
    assert [built.current_run("run_number", "fit_number") for built in stored_fit] == [(2, 1)] * 2
    for connection in attached(*stored_fit):
        assert_equal(
            connection,
            f"on_duckdb.{mart}",
            f"on_spark.{mart}",
            RELATIVE_IN_MARTS,
            ABSOLUTE_IN_MARTS,
        )


def test_a_master_that_is_not_there_ends_with_one_clear_error(tmp_path: Path) -> None:
    ended = build(
        SHOP,
        tmp_path / "warehouse",
        target="spark",
        spark_master="spark://127.0.0.1:1",
    )
    assert ended.code == 1
    assert "could not be started on SPARK_MASTER=spark://127.0.0.1:1" in ended.output


def test_tests_that_guard_code_pass_on_spark(
    place: SparkWarehouse, spark: Built, statuses: dict[str, str]
) -> None:
    finished = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=clean_environment(
            source="own_files", data=SHOP, warehouse=spark.warehouse.path, target="spark", threads=2
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    results = read_results(place.dbt_target)
    assert set(results) == guarding_code(place.dbt_target), finished.stdout + finished.stderr
    assert messages_of_failed(results.values()) == {}
