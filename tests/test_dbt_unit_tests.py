"""dbt's unit tests of the SQL that branches, on a built database: they are not part of a build."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shops import ROOT, SHOP, Built, clean_environment, copy_warehouse
from warehouse import Warehouse

DEFINED = sorted(
    test["name"]
    for file in (ROOT / "dbt_project" / "models").rglob("_*__unit_tests.yml")
    for test in yaml.safe_load(file.read_text(encoding="utf-8"))["unit_tests"]
)


@pytest.fixture(scope="module")
def results(shop: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """What dbt says of each unit test, run on a copy of the fixture shop's warehouse."""
    warehouse = Warehouse(copy_warehouse(shop, tmp_path_factory.mktemp("unit") / "warehouse"))
    finished = subprocess.run(
        [sys.executable, "scripts/run_dbt.py", "test", "--select", "test_type:unit"],
        cwd=ROOT,
        env=clean_environment(source="own_files", data=SHOP, warehouse=warehouse.path),
        capture_output=True,
        text=True,
        check=False,
    )
    written = Path(warehouse.dbt_target) / "run_results.json"
    found = json.loads(written.read_text(encoding="utf-8"))
    assert found["args"]["which"] == "test", finished.stdout + finished.stderr
    ids = {result["unique_id"]: result for result in found["results"]}
    return {
        name.rpartition(".")[2]: result
        for name, result in ids.items()
        if name.startswith("unit_test.")
    }


def test_every_unit_test_is_run(results: dict[str, dict], builds: object) -> None:
    assert DEFINED, "expected unit tests in dbt_project/models, found none"
    assert sorted(results) == DEFINED


@pytest.mark.parametrize("name", DEFINED)
def test_unit_test_passes(name: str, results: dict[str, dict], builds: object) -> None:
    assert results[name]["status"] == "pass", results[name]["message"]
