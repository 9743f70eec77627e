"""The tests in dbt that guard code only: no build runs them, so they run here, on a built shop.

These are dbt's unit tests and the data tests with the tag `guards_code`.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

import pytest
import yaml

from common.warehouse_paths import Warehouse
from shops import ROOT, SHOP, Built, clean_environment, copy_warehouse

COMMAND = (sys.executable, "dev/run_dbt.py", "test", "--selector", "code")
UNIT_TESTS = sorted(
    test["name"]
    for file in (ROOT / "dbt_project" / "models").rglob("_*__unit_tests.yml")
    for test in yaml.load(file.read_text(encoding="utf-8"), yaml.CSafeLoader)["unit_tests"]
)


def read_results(dbt_target: Path) -> dict[str, dict]:
    """Return what dbt said of each test that its last command ran, by unique id."""
    written = json.loads((dbt_target / "run_results.json").read_text(encoding="utf-8"))
    found = {result["unique_id"]: result for result in written["results"]}
    return {key: r for key, r in found.items() if key.startswith(("test.", "unit_test."))}


def guarding_code(dbt_target: Path) -> set[str]:
    """Return the unique ids of all tests that guard code, from dbt's manifest."""
    manifest = json.loads((dbt_target / "manifest.json").read_text(encoding="utf-8"))
    return set(manifest["unit_tests"]) | {
        key
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "test" and "guards_code" in node["tags"]
    }


def short_name(unique_id: str) -> str:
    """Return a test's name without the project, and of a unit test without its model."""
    kind, _, name = unique_id.split(".", 2)
    return name.rpartition(".")[2] if kind == "unit_test" else name.partition(".")[0]


def messages_of_failed(results: Iterable[dict]) -> dict[str, str]:
    """Return what dbt said of each test that did not pass, by name."""
    return {short_name(r["unique_id"]): r["message"] for r in results if r["status"] != "pass"}


PARSED_ALL = "Unable to do partial parsing"


@pytest.fixture(scope="module")
def warehouse(shop: Built, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """A copy of the fixture shop's warehouse."""
    return Warehouse(copy_warehouse(shop, tmp_path_factory.mktemp("code") / "warehouse"))


@pytest.fixture(scope="module")
def results(warehouse: Warehouse) -> dict[str, dict]:
    """What dbt says of each of these tests."""
    finished = subprocess.run(
        COMMAND,
        cwd=ROOT,
        env=clean_environment(source="own_files", data=SHOP, warehouse=warehouse.path),
        capture_output=True,
        text=True,
        check=False,
    )
    found = read_results(warehouse.dbt_target)
    assert any(key.startswith("unit_test.") for key in found), finished.stdout + finished.stderr
    return found


def test_every_test_that_guards_code_is_run_here(shop: Built, results: dict[str, dict]) -> None:
    assert set(results) == guarding_code(shop.warehouse.dbt_target)


def test_no_build_runs_a_test_that_guards_code(shop: Built) -> None:
    built = set(read_results(shop.warehouse.dbt_target))
    assert built
    assert built & guarding_code(shop.warehouse.dbt_target) == set()


def test_every_data_test_that_guards_code_passes(results: dict[str, dict]) -> None:
    found = [result for key, result in results.items() if key.startswith("test.")]
    assert found
    assert messages_of_failed(found) == {}


def test_every_unit_test_is_run(results: dict[str, dict], builds: object) -> None:
    assert UNIT_TESTS, "expected unit tests in dbt_project/models, found none"
    found = [short_name(key) for key in results if key.startswith("unit_test.")]
    assert sorted(found) == UNIT_TESTS


@pytest.mark.parametrize("name", UNIT_TESTS)
def test_unit_test_passes(name: str, results: dict[str, dict], builds: object) -> None:
    (found,) = [r for key, r in results.items() if short_name(key) == name]
    assert found["status"] == "pass", found["message"]


def test_what_a_build_is_given_makes_dbt_parse_little_again(
    warehouse: Warehouse, results: dict[str, dict]
) -> None:
    log = warehouse.dbt_logs / "dbt.log"
    before = len(log.read_text(encoding="utf-8"))
    finished = subprocess.run(
        (*COMMAND[:2], "parse"),
        cwd=ROOT,
        env=clean_environment(
            source="own_files",
            data=SHOP,
            warehouse=warehouse.path,
            as_of="2024-11-30",
            k=4,
            refit="always",
            seed=7,
            threads=1,
            memory="512MB",
        ),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stdout
    # The first parsing of the shop's build says so; the copy and these settings add nothing.
    written = log.read_text(encoding="utf-8")
    assert len(written) > before
    assert written.count(PARSED_ALL) <= 1
