"""What dbt and the engine know of the fixture shop, and builds that several modules look at."""

import json

import pytest

from export_shop import Shop, contacts_of_all
from forgotten_shop import make_shop, settings_in
from project_nodes import layer
from stub_builds import copy_published, without_macros


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


@pytest.fixture(scope="module")
def chance(builds):
    """The shop of pure chance; a module names its build in `CHAINS`."""
    return builds["chance"]


@pytest.fixture(scope="session")
def published_twice(tmp_path_factory):
    """A warehouse whose customers can be forgotten, made once."""
    with without_macros():
        return make_shop(tmp_path_factory.mktemp("published twice"))


@pytest.fixture
def forgettable(tmp_path, published_twice):
    """Settings of a copy of it."""
    settings = settings_in(tmp_path)
    copy_published(published_twice, settings.warehouse, 2)
    return settings


@pytest.fixture
def copy(shop, tmp_path):
    """A copy of the published fixture shop, which a test may change and export from."""
    return Shop(tmp_path / "warehouse", shop)


@pytest.fixture
def nobody_held_out(copy):
    """No customer of the copy is held out of campaigns."""
    copy.change("update customer_segments set is_holdout = false")


@pytest.fixture
def everybody(copy, tmp_path):
    """Contacts of everybody in the copy, addresses as people write them."""
    return contacts_of_all(copy, tmp_path / "contacts.csv")
