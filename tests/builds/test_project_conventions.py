"""The layers, contracts and tests of the project, read from dbt's manifest and its files."""

from project_nodes import MODELS, layer, relation
from store.history_rows import OF_THE_FIT, WHOLE
from store.history_schema import HISTORY_TABLES

LAYERS = ("staging", "core", "features", "segmentation", "marts")
ENTITIES = ("customers", "order_lines", "products", "interactions")
# The one mart whose columns follow the catalogue; another test compares them.
WITHOUT_CONTRACT = {"customer_features"}
# What earlier runs left: no input of this one.
STATE = "source.segmentation.history."
PREFIXES = ("stg_", "int_", "history_", "fct_", "dim_", "mart_")


# --- layers


def test_marts_read_neither_staging_nor_raw(manifest, mart_models):
    forbidden = {}
    for node in mart_models:
        for parent in node["depends_on"]["nodes"]:
            if parent.startswith("source."):
                is_forbidden = not parent.startswith(STATE)
            else:
                is_forbidden = layer(manifest["nodes"][parent]) == "staging"
            if is_forbidden:
                forbidden.setdefault(node["name"], []).append(parent)
    assert len(mart_models) >= 11
    assert not forbidden


def test_no_model_reads_one_of_a_later_layer(models):
    upwards = [
        f"{node['name']} reads {models[parent]['name']}"
        for node in models.values()
        for parent in node["depends_on"]["nodes"]
        if parent in models and LAYERS.index(layer(node)) < LAYERS.index(layer(models[parent]))
    ]
    assert not upwards


def test_only_core_reads_staging(models):
    readers = {
        node["name"]
        for node in models.values()
        for parent in node["depends_on"]["nodes"]
        if parent in models and layer(models[parent]) == "staging"
    }
    hubs = {f"int_{entity}_validated" for entity in ENTITIES}
    # A line that is rejected is looked up as it came.
    assert readers == {*hubs, "int_rejected_lines"}


def test_only_staging_reads_the_raw_tables_of_a_source(manifest, models):
    readers = {
        node["name"]
        for node in models.values()
        for parent in node["depends_on"]["nodes"]
        if parent.startswith("source.")
        and manifest["sources"][parent]["source_name"] not in ("load", "history")
    }
    assert readers
    assert all(name.startswith("stg_") for name in readers)


def test_folders_and_schemas_agree(models):
    assert {layer(node) for node in models.values()} == set(LAYERS)
    assert not [node["name"] for node in models.values() if node["schema"] != layer(node)]


def test_prefixes_and_folders_agree(models):
    wrong = []
    for node in models.values():
        name, folder = node["name"], "/".join(node["fqn"][1:-1])
        if folder.startswith("staging"):
            source = node["fqn"][2]
            is_right = name in {f"stg_{source}__{entity}" for entity in ENTITIES}
        elif folder == "segmentation/history":
            is_right = name.startswith("history_")
        elif node["fqn"][1] == "marts":
            is_right = not name.startswith(PREFIXES)
        else:
            is_right = name.startswith("int_") or not name.startswith(PREFIXES)
        if not is_right:
            wrong.append(f"{folder}/{name}")
    assert not wrong


def test_only_its_own_folder_reads_an_intermediate_model(models):
    wrong = []
    for key, node in models.items():
        if not node["name"].startswith("int_"):
            continue
        if node["access"] != "private":
            wrong.append(f"{node['name']} is {node['access']}")
        # The models that validate are a floor of core, which reads them.
        folder = [name for name in node["fqn"][1:-1] if name != "validation"]
        wrong += [
            f"{reader['name']} reads {node['name']}"
            for reader in models.values()
            if key in reader["depends_on"]["nodes"]
            and [name for name in reader["fqn"][1:-1] if name != "validation"] != folder
        ]
    assert not wrong


def test_the_entities_of_core_are_there(models):
    core = {node["alias"] for node in models.values() if layer(node) == "core"}
    assert {*ENTITIES, "customer_attributes", "rejected_records"} <= core


def test_a_source_is_exactly_four_staging_models():
    folders = [path for path in (MODELS / "staging").iterdir() if path.is_dir()]
    assert {"complete_journey", "own_files"} <= {folder.name for folder in folders}
    for folder in folders:
        source = folder.name
        expected = {f"stg_{source}__{entity}.sql" for entity in ENTITIES}
        assert {path.name for path in folder.glob("*.sql")} == expected
        assert (folder / f"_{source}__sources.yml").is_file()
        for path in folder.glob("*.sql"):
            first_line = path.read_text(encoding="utf-8").splitlines()[0]
            expected_line = f"{{{{ config(enabled=var('source') == '{source}') }}}}"
            assert first_line == expected_line, f"{path.name}: its first line says whose it is"


def test_no_seed_and_model_share_a_name(manifest):
    nodes = [*manifest["nodes"].values(), *(n for [n] in manifest["disabled"].values())]
    seeds = {node["name"] for node in nodes if node["resource_type"] == "seed"}
    others = {node["name"] for node in nodes if node["resource_type"] == "model"}
    others |= {node["alias"] for node in nodes if node["resource_type"] == "model"}
    assert seeds
    assert not seeds & others


def test_engines_differ_in_macros_only():
    texts = {path: path.read_text(encoding="utf-8") for path in MODELS.rglob("*.sql")}
    assert len(texts) > 50
    assert not [path.name for path, text in texts.items() if "target." in text]


# --- contracts and keys


def test_every_mart_has_a_contract(mart_models):
    without = {n["name"] for n in mart_models if not n["config"]["contract"]["enforced"]}
    assert without == WITHOUT_CONTRACT


def test_every_mart_has_a_primary_key_that_is_tested(manifest, mart_models, columns):
    tests = [n for n in manifest["nodes"].values() if n["resource_type"] == "test"]
    untested = []
    for node in mart_models:
        key = node["config"]["meta"].get("primary_key")
        assert key, f"{node['name']} has no meta primary_key"
        assert set(key) <= set(columns[relation(node)])
        if not any(is_key_test(test, node, key) for test in tests):
            untested.append(node["name"])
    assert not untested


def test_a_mart_starts_with_its_key_and_a_name_follows_its_id(mart_models, columns):
    misplaced = []
    for node in mart_models:
        names = list(columns[relation(node)])
        first, *_ = names
        if first not in node["config"]["meta"]["primary_key"]:
            misplaced.append(f"{node['name']}.{first}")
        for before, name in zip([None, *names], names, strict=False):
            id_column = name.removesuffix("_name") + "_id"
            if name.endswith("_name") and id_column in names and before != id_column:
                misplaced.append(f"{node['name']}.{name}")
    assert not misplaced


def test_the_sql_of_a_mart_has_the_columns_in_the_order_of_its_contract(shop, mart_models):
    compiled = shop.warehouse.dbt_target / "compiled" / "segmentation"
    wrong = []
    for node in mart_models:
        if node["name"] in WITHOUT_CONTRACT:
            continue
        sql = (compiled / node["original_file_path"]).read_text(encoding="utf-8")
        described = [name for name, *_ in shop.query_build(f"describe {sql}")]
        if described != list(node["columns"]):
            wrong.append(node["name"])
    assert not wrong


def is_key_test(test, node, key):
    """Say whether a test checks that these columns name a row."""
    if test.get("attached_node") != node["unique_id"]:
        return False
    meta = test["test_metadata"]
    if meta["name"] == "primary_key":
        return meta["kwargs"].get("columns", key) == key
    return meta["name"] == "unique" and [meta["kwargs"]["column_name"]] == key


# --- tests: of data in every build, of code in `make test`


def test_a_data_test_guards_data_or_has_the_tag_of_those_that_guard_code(manifest):
    tags = {
        node["name"]: set(node["tags"])
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
    }
    assert {"guards_code"} in tags.values()
    assert set() in tags.values()
    assert [name for name, found in tags.items() if found not in (set(), {"guards_code"})] == []


def test_no_build_leaves_out_a_model_or_a_seed(manifest):
    # The selector of a build leaves out whatever has this tag.
    kinds = {
        node["resource_type"]
        for node in manifest["nodes"].values()
        if "guards_code" in node.get("tags", ())
    }
    assert kinds == {"test"}


def test_how_many_rows_a_model_has_by_its_making_is_a_test_of_code(manifest):
    wrong = [
        node["name"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
        and (node.get("test_metadata") or {}).get("name") == "row_count"
        and "guards_code" not in node["tags"]
    ]
    assert wrong == []


# --- what has no static contract


def test_every_table_of_the_history_has_rows_from_one_place(models):
    whole = {
        node["name"].removeprefix("history_")
        for node in models.values()
        if node["name"].startswith("history_")
    }
    assert len(whole) <= 5
    assert not whole & {*OF_THE_FIT, *WHOLE}
    assert whole | {*OF_THE_FIT, *WHOLE} == HISTORY_TABLES.keys()


def test_history_is_as_the_load_expects_it(columns, shop):
    for name, expected in HISTORY_TABLES.items():
        made = columns.get(("segmentation", f"history_{name}"))
        if made:
            assert [(column, kind.lower()) for column, kind in made.items()] == expected, name
        published = shop.query(
            "select column_name, lower(data_type) from duckdb_columns() "
            f"where schema_name = 'history' and table_name = '{name}' "
            "and database_name = current_database() order by column_index"
        )
        assert published == expected, name


def test_customer_features_are_those_of_the_catalogue(shop, columns):
    found = columns["marts", "customer_features"]
    features = {column for column, kind in found.items() if kind == "DOUBLE"}
    catalogue = {feature for (feature,) in shop.query("select feature from feature_catalog")}
    assert features == catalogue | {f"need_{number}" for number in range(1, 5)}
    assert set(found) - features == {
        "customer_id",
        "observed_days",
        "is_current",
        "has_sufficient_history",
        "as_of_date",
    }
