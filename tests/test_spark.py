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

from shops import ROOT, SHOP, Builds, Built, build, clean_environment
from spark_settings import SparkWarehouse

pytestmark = pytest.mark.spark

# Sums of money are exact on both engines; a feature is a quotient of two such sums in doubles.
RELATIVE = 1e-9
# Many times what it takes on a machine that does nothing else: each query is a job of Spark.
SECONDS_TO_BUILD = 3600
CORE = (
    "customer_attributes",
    "customers",
    "int_attribute_profiles",
    "int_attribute_values_read",
    "int_customers_judged",
    "int_order_dates_touched",
    "int_order_line_cancellations",
    "int_order_line_notes_counted",
    "int_order_line_outcomes",
    "int_order_line_repeats",
    "int_order_lines_in_conflict",
    "int_order_lines_judged",
    "int_order_lines_touched",
    "int_products_judged",
    "int_record_outcomes_counted",
    "interactions",
    "products",
    "rejected_records",
    "source_shape",
)
FEATURES = (
    "customer_campaigns",
    "customer_category_weeks",
    "customer_channel_days",
    "customer_days",
    "customer_interaction_days",
    "customer_snapshots",
    "feature_names",
    "feature_settings",
    "int_attribute_features",
    "int_category_week_parts",
    "int_channel_time_features",
    "int_customer_category_windows",
    "int_customer_channel_windows",
    "int_customer_features_joined",
    "int_customer_preference_weeks",
    "int_customer_preference_windows",
    "int_customer_windows",
    "int_feature_names_ranked",
    "int_feature_names_seated",
    "int_feature_names_stored",
    "int_feature_proposals",
    "int_orders",
    "int_preference_features",
    "int_promotion_features",
    "int_snapshot_dates",
    "judged_date",
    "name_set_dates",
    "name_sets",
    "snapshots",
    "yield_snapshots",
)
VIEWS = (
    "staging.stg_own_files__customers",
    "staging.stg_own_files__interactions",
    "staging.stg_own_files__order_lines",
    "staging.stg_own_files__products",
    "core.int_interactions_judged",
    "core.order_lines",
    "features.int_order_lines_categorised",
    "features.int_value_features",
)
# Each engine hashes in its own way: such a column only tells rows of one build apart.
HASHES = {"names_hash"}
# It reads features by the names of the fit in force, which is learned later.
AFTER_LEARNING = {"int_customer_features_in_force"}

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
    folder = builds.folder("spark") / "a warehouse"
    return build(
        SHOP, folder, seconds=SECONDS_TO_BUILD, target="spark", threads=2, memory="3GB"
    ).checked()


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


def comparable(name: str, kind: str) -> str:
    """Return the expression by which a column is compared: types that differ in width agree."""
    if kind.startswith("TIMESTAMP"):
        return f'cast("{name}" as timestamp)'
    if kind in ("INTEGER", "BIGINT", "HUGEINT"):
        return f'cast("{name}" as hugeint)'
    if kind.startswith(("MAP", "STRUCT")):
        return f'cast(to_json("{name}") as varchar)'
    return f'"{name}"'


def rows_of(connection: duckdb.DuckDBPyConnection, relation: str) -> tuple[list[str], list[tuple]]:
    """Return the columns of a relation and its rows, in an order that both engines share."""
    described = connection.execute(f"describe from {relation}").fetchall()
    described = [column for column in described if column[0] not in HASHES]
    columns = [name for name, *_ in described]
    cells = [f'{comparable(name, kind)} as "{name}"' for name, kind, *_ in described]
    # Doubles last: they tell rows apart only where nothing else does.
    keys = [f'"{n}"' for n, kind, *_ in described if kind != "DOUBLE"]
    keys += [f'round("{n}", 6)' for n, kind, *_ in described if kind == "DOUBLE"]
    return columns, connection.execute(
        f"select {', '.join(cells)} from {relation} order by {', '.join(keys)}"
    ).fetchall()


def assert_equal(connection: duckdb.DuckDBPyConnection, on_duckdb: str, on_spark: str) -> None:
    """Two relations hold the same rows: doubles to 1e-9 relative, all else exactly."""
    columns, expected = rows_of(connection, on_duckdb)
    spark_columns, found = rows_of(connection, on_spark)
    assert spark_columns == columns
    assert len(found) == len(expected)
    for row, spark_row in zip(expected, found, strict=True):
        exact = [value for value in row if not isinstance(value, float)]
        assert [v for v in spark_row if not isinstance(v, float)] == exact
        doubles = [value for value in row if isinstance(value, float)]
        assert [v for v in spark_row if isinstance(v, float)] == pytest.approx(
            doubles, rel=RELATIVE, abs=0
        )


def test_nothing_is_published_and_the_build_says_so(spark: Built) -> None:
    assert "segments are not learned on Spark yet, so nothing was published" in spark.output
    assert not spark.marts.exists()


def test_every_sql_model_as_far_as_the_features_runs_on_spark(
    place: SparkWarehouse, statuses: dict[str, str]
) -> None:
    manifest = json.loads((place.dbt_target / "manifest.json").read_text(encoding="utf-8"))
    models = {
        unique_id: node["name"]
        for unique_id, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["fqn"][1] in ("staging", "core", "features")
    }
    assert {models[unique_id] for unique_id in models.keys() - statuses.keys()} == AFTER_LEARNING
    assert {statuses[unique_id] for unique_id in models.keys() & statuses.keys()} == {"success"}
    tests = [status for unique_id, status in statuses.items() if unique_id.startswith("test.")]
    assert len(tests) > 50
    assert set(tests) <= {"pass", "warn"}


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


def test_a_build_on_spark_leaves_what_duckdb_published_alone(spark: Built) -> None:
    there = {path.name for path in spark.warehouse.path.iterdir()}
    assert there == {".lock", "spark"}


def test_a_master_that_is_not_there_ends_with_one_clear_error(tmp_path: Path) -> None:
    ended = build(
        SHOP,
        tmp_path / "warehouse",
        target="spark",
        spark_master="spark://127.0.0.1:1",
    )
    assert ended.code == 1
    assert "could not be started on SPARK_MASTER=spark://127.0.0.1:1" in ended.output


def test_unit_tests_pass_on_spark(
    place: SparkWarehouse, spark: Built, statuses: dict[str, str]
) -> None:
    finished = subprocess.run(
        [
            *(sys.executable, "scripts/run_dbt.py", "test", "--select"),
            *("core,test_type:unit", "features,test_type:unit"),
            *("--exclude", "path:models/segmentation/*.py+"),
        ],
        cwd=ROOT,
        env=clean_environment(
            source="own_files", data=SHOP, warehouse=spark.warehouse.path, target="spark", threads=2
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    results = json.loads((place.dbt_target / "run_results.json").read_text(encoding="utf-8"))
    assert results["args"]["which"] == "test", finished.stdout + finished.stderr
    assert len(results["results"]) > 30
    failed = [r for r in results["results"] if r["status"] != "pass"]
    assert {r["unique_id"].rpartition(".")[2]: r["message"] for r in failed} == {}
