"""Every model, macro and column is described, every mart has readers, personal data is marked."""

import re

import duckdb
import pytest
import yaml

from common.project_sql import LOADER, ProjectSql
from loading.definitions import seed_rows
from models_py.needs import NEEDS_FIELDS
from project_nodes import MODELS, PROJECT, layer, relation
from publishing.published_tables import with_features
from shops import ROOT
from store.history_schema import HISTORY_TABLES

# --- descriptions


def test_every_model_is_described_with_its_grain(models):
    undescribed = [
        node["name"]
        for node in models.values()
        if layer(node) != "staging"
        and "Grain: one row" not in " ".join(node["description"].split())
    ]
    assert not undescribed
    assert not [node["name"] for node in models.values() if not node["description"].strip()]


def test_every_mart_column_is_described(manifest, mart_models, columns):
    described_marts = [with_features(node, manifest) for node in mart_models]
    undescribed = [
        f"{node['name']}.{column}"
        for node in described_marts
        for column in columns[relation(node)]
        if not node["columns"].get(column, {}).get("description", "").strip()
    ]
    assert not undescribed


def test_every_feature_has_a_row_of_the_seed_and_a_doc_block(manifest):
    with duckdb.connect() as connection:
        features = set(ProjectSql(connection).call("behaviour_features"))
    assert features
    assert {row["feature"] for row in seed_rows() if row["source"] == "*"} == features
    described = {
        block["name"]
        for block in manifest["docs"].values()
        if block["original_file_path"].endswith("families/_families__docs.md")
    }
    assert described == features


def test_a_fit_stores_all_that_is_learned_of_its_needs():
    """Python has the list; the macro and the source of the history repeat it for dbt."""
    types = {"string": "varchar", "double": "double"}
    learned = [(name, types[str(kind)]) for name, kind in NEEDS_FIELDS]
    assert [column for column in HISTORY_TABLES["fit_features"] if column in learned] == learned
    with duckdb.connect() as connection:
        assert ProjectSql(connection).call("needs_fields") == [name for name, _ in learned]


def test_described_columns_are_there(models, columns):
    absent = [
        f"{node['name']}.{column}"
        for node in models.values()
        for column in node["columns"]
        if column not in columns[relation(node)]
    ]
    assert not absent


def test_yaml_names_only_models_that_are_there(manifest):
    known = {
        node["name"]
        for node in [*manifest["nodes"].values(), *(n for [n] in manifest["disabled"].values())]
    }
    named = {
        entry["name"]
        for path in MODELS.rglob("*.yml")
        for entry in (yaml.load(path.read_text(encoding="utf-8"), LOADER) or {}).get("models", [])
    }
    assert named
    assert sorted(named - known) == []


def test_every_macro_is_described(manifest):
    undescribed = [
        macro["name"]
        for macro in manifest["macros"].values()
        if macro["package_name"] == "segmentation"
        and not macro["name"].startswith(("test_", "duckdb__", "spark__"))
        and not macro["description"].strip()
    ]
    assert not undescribed


# --- who reads the marts, and what may identify a person


@pytest.fixture(scope="module")
def published(manifest, mart_models):
    """What is published, by name: marts in schema main, the source of the state in history."""
    state = [s for s in manifest["sources"].values() if s["source_name"] == "history"]
    assert len(state) == len(HISTORY_TABLES)
    found = {node["name"]: node for node in mart_models}
    return found | {f"history.{source['name']}": source for source in state}


def test_every_column_of_the_history_is_described(shop):
    undescribed = shop.query(
        "select table_name, column_name from duckdb_columns() where schema_name = 'history' "
        "and database_name = current_database() and coalesce(comment, '') = ''"
    )
    assert undescribed == []


def test_columns_that_may_identify_a_person_are_marked_and_in_the_docs(published):
    marked = {
        f"{name}.{column['name']}": column["config"]["meta"]["may_identify"]
        for name, node in published.items()
        for column in node["columns"].values()
        if "may_identify" in column["config"].get("meta", {})
    }
    text = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    printed = dict(re.findall(r"^\| `([\w.]+)` \| (.+) \|$", text, re.MULTILINE))
    assert printed == marked


def test_which_marts_may_be_shown_is_marked_and_in_the_docs(mart_models):
    marked = {}
    for node in mart_models:
        marked.setdefault(node["config"]["meta"]["small_groups"], set()).add(node["name"])
    text = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
    kinds = re.findall(r"^\| (\w+) \| (`[^|]+`) \| .+ \|$", text, re.MULTILINE)
    assert {kind: set(re.findall(r"`(\w+)`", marts)) for kind, marts in kinds} == marked


def test_no_count_of_people_in_a_mart_that_may_be_shown_is_small(mart_models, shop):
    least = yaml.safe_load((PROJECT / "dbt_project.yml").read_text("utf-8"))["vars"][
        "min_group_size"
    ]
    left = []
    for node in mart_models:
        people = [
            name
            for name, column in node["columns"].items()
            if column["config"].get("meta", {}).get("counts_people")
        ]
        is_shown = node["config"]["meta"]["small_groups"] in ("hidden", "marked")
        said = f"{node['name']}: columns that count customers have counts_people in a shown mart"
        assert bool(people) == is_shown, said
        shown = [f"from {node['name']} where not is_small_group"] * is_shown
        left += [shop.one(f"select count(*) {rows}")[0] for rows in shown]
        for name in people:
            small = shop.query(f"select {name} {shown[0]} and {name} between 1 and {least - 1}")
            assert small == [], (node["name"], name)
    assert sum(left) > 0


def test_every_customer_id_that_is_published_is_marked(published):
    unmarked = [
        name
        for name, node in published.items()
        if "customer_id" in node["columns"]
        and "may_identify" not in node["columns"]["customer_id"]["config"].get("meta", {})
    ]
    assert not unmarked


def test_every_mart_has_readers_who_are_owned(manifest, mart_models):
    exposures = manifest["exposures"].values()
    assert {exposure["type"] for exposure in exposures} >= {"application", "dashboard", "analysis"}
    for exposure in exposures:
        assert exposure["owner"]["name"]
        assert "@" in exposure["owner"]["email"]
        assert exposure["description"]
    read = {parent for exposure in exposures for parent in exposure["depends_on"]["nodes"]}
    assert read == {node["unique_id"] for node in mart_models}


def test_the_questions_in_sql_are_an_exposure_of_what_they_ask(manifest, mart_models):
    words = {
        word
        for path in (ROOT / "scripts" / "queries").glob("*.sql")
        for word in re.findall(r"\b(?:from|join)\s+(\w+)", path.read_text(encoding="utf-8"))
    }
    # What macros and views of the published file read.
    words |= {"customer_feature_values", "feature_catalog"}
    asked = {node["unique_id"] for node in mart_models if node["name"] in words}
    (exposure,) = [e for e in manifest["exposures"].values() if e["name"] == "analyst_questions"]
    assert set(exposure["depends_on"]["nodes"]) == asked
