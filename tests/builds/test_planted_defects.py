"""For each reconciliation: its defect is planted, it fails, and nothing is published.

A defect is an edit of one model in a copy of the project (of one, it is files of which no line can
be used), built by scripts/build.py into a copy of the published warehouse. Defects share a build
where neither keeps the other's models from being built: dbt builds nothing after a failed test, so
defects far up need a build of their own.
"""

import csv
import json
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from test_guards_code import COMMAND

from common.warehouse_paths import Warehouse
from planted_defects import DEFECTS
from shops import (
    ROOT,
    SHOP,
    Builds,
    Built,
    build,
    clean_environment,
    copy_project,
    copy_warehouse,
    edit,
    read_csv,
)

TESTS = ROOT / "dbt_project" / "tests"
ASSERTIONS = sorted(path.stem for path in TESTS.glob("assert_*.sql"))
# Those that guard code only, which a build does not run.
OF_CODE = {name for name in ASSERTIONS if "guards_code" in (TESTS / f"{name}.sql").read_text()}
# What is told in place of the failing test, with an exit code of its own.
NO_ORDERS = "no order line was accepted, so there is nothing to segment"

# What is said of columns breaks too, in a mart that no other is made of.
COLUMNS_GROUP, COLUMNS_MODEL = "customers", "marts/segments/segment_baselines.sql"
COLUMNS_EDITS = {
    "        baseline_comparison.basis,\n": "        baseline_comparison.basis || '?' as basis,\n",
    "coalesce(baseline_comparison.comparison, baseline_findings.finding)": "cast(null as string)",
    "        baseline_comparison.group_count,": (
        "        baseline_comparison.group_count * 0 as group_count,"
    ),
}
COLUMNS_TOLD = (
    r"segment_baselines: finding is null in (\d+) rows; group_count < 1 in \1 rows; "
    r"basis is none of backtest, current in \1 rows"
)

# Longest first, so that two at a time end together.
GROUPS = (
    "customers",
    "yield",
    "segments",
    "behaviour",
    "acting",
    "windows",
    "categories",
    "orders",
    "cancellations",
    "stages",
    "ids",
    "no orders",
)


def planted(group: str) -> Callable[[Builds], Built]:
    """Return the function that builds a copy of the project with the defects of a group."""

    def make(builds: Builds) -> Built:
        folder = builds.folder(f"planted {group}")
        root = copy_project(folder / "project")
        for defect in DEFECTS.values():
            if defect.group == group and defect.model:
                edit(root / "dbt_project" / "models" / defect.model, defect.old, defect.new)
        if group == COLUMNS_GROUP:
            for old, new in COLUMNS_EDITS.items():
                edit(root / "dbt_project" / "models" / COLUMNS_MODEL, old, new)
        data = unreadable_shop(folder / "data") if group == "no orders" else SHOP
        return build(data, copy_warehouse(builds["shop"], folder / "warehouse"), root=root)

    return make


def unreadable_shop(folder: Path) -> Path:
    """Write the fixture shop with amounts that are no numbers; returns its folder."""
    folder.mkdir()
    records = read_csv(SHOP / "order_lines.csv")
    with (folder / "order_lines.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, records[0])
        writer.writeheader()
        writer.writerows(record | {"net_amount": "?"} for record in records)
    return folder


def code_checked(group: str) -> Callable[[Builds], Built]:
    """Return the function that runs the tests of code on a copy of what a group's build left."""

    def make(builds: Builds) -> Built:
        folder = builds.folder(f"code of {group}")
        root = builds.folder(f"planted {group}") / "project"
        warehouse = copy_warehouse(builds[f"planted {group}"], folder / "warehouse")
        finished = subprocess.run(
            COMMAND,
            cwd=root,
            env=clean_environment(source="own_files", data=SHOP, warehouse=warehouse),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        return Built(finished.returncode, finished.stdout, Warehouse(warehouse))

    return make


GROUPS_OF_CODE = {DEFECTS[name].group for name in OF_CODE}
CHAINS = [
    {f"planted {group}": planted(group)}
    | ({f"code of {group}": code_checked(group)} if group in GROUPS_OF_CODE else {})
    for group in GROUPS
]


def statuses(built: Built) -> dict[str, str]:
    """Return the status of each reconciliation in the last dbt run of a warehouse, by name."""
    results = json.loads((built.warehouse.dbt_target / "run_results.json").read_text())["results"]
    names = {r["unique_id"].split(".")[2]: r["status"] for r in results}
    return {name: status for name, status in names.items() if name.startswith("assert_")}


def test_every_reconciliation_has_its_defect():
    assert ASSERTIONS
    assert sorted(DEFECTS) == ASSERTIONS
    assert {defect.group for defect in DEFECTS.values()} == set(GROUPS)


def test_every_reconciliation_passes_without_a_defect(shop):
    of_data = [name for name in ASSERTIONS if name not in OF_CODE]
    assert statuses(shop) == dict.fromkeys(of_data, "pass")


@pytest.mark.many_builds
@pytest.mark.parametrize("name", ASSERTIONS)
def test_a_reconciliation_fails_on_its_defect(builds, name):
    step = "code of" if name in OF_CODE else "planted"
    built = builds[f"{step} {DEFECTS[name].group}"]
    assert statuses(built).get(name) == "fail", built.output
    if name in OF_CODE:
        return
    printed = NO_ORDERS if name == "assert_some_order_was_accepted" else f"test {name}: fail"
    assert printed in built.output


@pytest.mark.many_builds
def test_columns_that_do_not_hold_are_named_with_their_rows(builds):
    built = builds[f"planted {COLUMNS_GROUP}"]
    assert "test columns_hold_segment_baselines: error" in built.output
    assert re.search(COLUMNS_TOLD, built.output), built.output


@pytest.mark.many_builds
@pytest.mark.parametrize("group", GROUPS)
def test_a_defect_trips_no_other_reconciliation(builds, group):
    found = statuses(builds[f"planted {group}"])
    if group in GROUPS_OF_CODE:
        found |= statuses(builds[f"code of {group}"])
    failed = {name for name, status in found.items() if status == "fail"}
    planted_here = {name: defect for name, defect in DEFECTS.items() if defect.group == group}
    also = {name for defect in planted_here.values() for name in defect.also}
    assert failed == {*planted_here, *also}


@pytest.mark.many_builds
@pytest.mark.parametrize("group", GROUPS)
def test_a_build_with_a_defect_publishes_nothing(shop, builds, group):
    built = builds[f"planted {group}"]
    assert built.code == (4 if group == "no orders" else 1)
    assert "nothing was published" in built.output.splitlines()[-1]
    assert built.marts.read_bytes() == shop.marts.read_bytes()
    assert [path.name for path in built.warehouse.versions.iterdir()] == ["1"]
