"""Builds on Spark set for small data, and comparisons with what DuckDB makes of the same files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from shops import SHOP, Built, build

# Sums of money are exact on both engines; a feature is a quotient of two such sums in doubles.
RELATIVE = 1e-9
# Many times what it takes on a machine that does nothing else: each query is a job of Spark.
SECONDS_TO_BUILD = 3600
# Each engine hashes in its own way: such a column only tells rows of one build apart.
HASHES = {
    "digest",
    "customer_key",
    "file_key",
    "line_key",
    "line_key_hash",
    "names_hash",
    "order_key",
    "product_key",
}
# Each engine hashes in its own way, says who it is, and loads at another time.
OWN_COLUMNS = {
    "run_id",
    "parent_run_id",
    "data_hash",
    "features_hash",
    "settings_hash",
    "definitions_hash",
    "versions",
    "loaded_at",
}
# Of marts: differences of sums that agree to `RELATIVE`.
RELATIVE_IN_MARTS, ABSOLUTE_IN_MARTS = 1e-6, 1e-9
MARTS = (
    "customer_attributes",
    "customer_feature_values",
    "customer_features",
    "customer_lifecycle",
    "customer_periods",
    "customer_segments",
    "data_quality",
    "dates",
    "feature_catalog",
    "product_groups",
    "segment_category_affinity",
    "segment_demographics",
    "segment_engagement",
    "segment_grid",
    "segment_lift",
    "segment_movement",
    "segment_playbook",
    "segment_profiles",
    "segment_rules",
    "segment_summary",
    "segment_trends",
    "segment_baselines",
    "segment_yield",
    "segmentation_k_scan",
    "segmentation_runs",
)


def on_spark(warehouse: Path, **settings: object) -> Built:
    """Build the fixture shop on Spark on two threads."""
    return build(
        SHOP,
        warehouse,
        seconds=SECONDS_TO_BUILD,
        **{"target": "spark", "threads": 2, "memory": "3GB", **settings},
    )


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
    described = [column for column in described if column[0] not in HASHES | OWN_COLUMNS]
    columns = [name for name, *_ in described]
    cells = [f'{comparable(name, kind)} as "{name}"' for name, kind, *_ in described]
    # Doubles last: they tell rows apart only where nothing else does.
    keys = [f'"{n}"' for n, kind, *_ in described if kind != "DOUBLE"]
    keys += [f'round("{n}", 6)' for n, kind, *_ in described if kind == "DOUBLE"]
    return columns, connection.execute(
        f"select {', '.join(cells)} from {relation} order by {', '.join(keys)}"
    ).fetchall()


def assert_equal(
    connection: duckdb.DuckDBPyConnection,
    on_duckdb: str,
    on_spark: str,
    relative: float = RELATIVE,
    absolute: float = 0.0,
) -> None:
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
            doubles, rel=relative, abs=absolute
        )


def attached(on_duckdb: Built, on_spark: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    """A connection to what both engines published."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        for name, built in (("on_duckdb", on_duckdb), ("on_spark", on_spark)):
            connection.execute(f"attach '{built.marts}' as {name} (read_only)")
        yield connection
