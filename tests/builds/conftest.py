"""What dbt and the engine know of the fixture shop, for the tests of conventions."""

import json

import pytest

from project_nodes import layer


@pytest.fixture(scope="module")
def manifest(shop):
    text = (shop.warehouse.dbt_target / "manifest.json").read_text(encoding="utf-8")
    return json.loads(text)


@pytest.fixture(scope="module")
def models(manifest):
    """Enabled models by unique id."""
    return {key: n for key, n in manifest["nodes"].items() if n["resource_type"] == "model"}


@pytest.fixture(scope="module")
def mart_models(models):
    return [node for node in models.values() if layer(node) == "marts"]


@pytest.fixture(scope="module")
def columns(shop):
    """Columns and types of every relation of the build database, by schema and name."""
    found = {}
    for schema, table, column, kind in shop.query_build(
        "select schema_name, table_name, column_name, data_type from duckdb_columns() "
        "where not internal order by schema_name, table_name, column_index"
    ):
        found.setdefault((schema, table), {})[column] = kind
    return found
