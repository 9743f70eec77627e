"""The packages of scripts: which may import which, and that what make calls stays thin."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from shops import ROOT

SCRIPTS = ROOT / "scripts"
LEARNING = ("models_py", "models_spark")
# Lowest first: a package imports those before it and itself. `lean` replaces parts of dbt and
# knows nothing of the project.
ORDER = (
    "lean",
    "common",
    "store",
    "dbt_runs",
    "loading",
    "checking",
    "publishing",
    "spark",
    "handover",
    "report_page",
    "agent",
    "office",
    "upkeep",
    "building",
)
LONGEST_PROGRAM = 90


def imported(path: Path) -> Iterator[tuple[str, str]]:
    """Yield package and module of each import of a file, wherever in the file it stands."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            # `from loading import raw_files` imports a module, `from loading.x import y` a name.
            names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in names:
            package = name.partition(".")[0]
            file = home_of(package) / f"{name.replace('.', '/')}.py"
            if "." in name and file.is_file():
                yield package, name


def home_of(package: str) -> Path:
    """Return the folder that a package is in."""
    return ROOT if package in LEARNING else SCRIPTS


def modules_of(package: str) -> dict[str, Path]:
    """Return the files of a package by the names they are imported by."""
    home = home_of(package)
    return {
        ".".join(path.relative_to(home).with_suffix("").parts): path
        for path in sorted((home / package).rglob("*.py"))
    }


def test_the_order_names_every_package() -> None:
    there = {path.parent.name for path in SCRIPTS.glob("*/*.py")}
    assert there == set(ORDER)


@pytest.mark.parametrize("package", ORDER)
def test_a_package_imports_only_those_before_it(package: str) -> None:
    may_import = {*LEARNING, *ORDER[: ORDER.index(package) + 1]}
    upwards = [
        f"{name} imports {module}"
        for name, path in modules_of(package).items()
        for other, module in imported(path)
        if other not in may_import
    ]
    assert not upwards


@pytest.mark.parametrize("package", [*ORDER, *LEARNING])
def test_modules_of_a_package_do_not_import_each_other_in_a_circle(package: str) -> None:
    graph = {
        name: {module for _, module in imported(path) if module != name}
        for name, path in modules_of(package).items()
    }
    # Raises CycleError, which names the circle.
    TopologicalSorter(graph).prepare()


def test_the_learning_imports_nothing_of_scripts() -> None:
    found = {
        f"{name} imports {module}"
        for package in LEARNING
        for name, path in modules_of(package).items()
        for other, module in imported(path)
        if other not in LEARNING or (package, other) == ("models_py", "models_spark")
    }
    assert not found


def test_what_make_calls_is_thin() -> None:
    programs = {path.stem: path for path in SCRIPTS.glob("*.py")}
    lengths = {
        name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in programs.items()
    }
    assert {name: n for name, n in lengths.items() if n > LONGEST_PROGRAM} == {}
