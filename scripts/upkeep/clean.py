"""Remove what a build creates again; with `--all` also what is published and environments.

Published with it are history and exports; the environments are .venv, .venv-spark and .clients.
Needs nothing but Python. Only files that builds make are removed, never a whole folder given as
WAREHOUSE.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from common.console import WRONG_USE, Problem, say, warn
from common.project_root import ROOT
from common.settings import resolve_warehouse
from common.warehouse_paths import Warehouse
from store.temporary import sessions_in
from store.warehouse import exclusive

CACHES = (".pytest_cache", ".ruff_cache", ".mypy_cache")
CODE_FOLDERS = ("scripts", "dev", "models_py", "models_spark", "tests", "dbt_project")
ENVIRONMENTS = (".venv", ".venv-spark", ".clients")
DBT_BY_HAND = ("dbt_project/target", "dbt_project/logs", "dbt_project/.user.yml", "logs")


def rebuildable(warehouse: Warehouse) -> list[Path]:
    """Return what a build in this warehouse creates again."""
    folder = warehouse.path
    return [
        *folder.glob("build.duckdb*"),
        warehouse.docs,
        warehouse.docs_site,
        warehouse.segment_facts,
        warehouse.superset_bundle,
        *folder.glob("report*.html"),
        *(warehouse.office(ending) for ending in (".xlsx", ".pptx")),
        *(folder / name for name in ("dbt", "logs", "spark")),
        # A check that is running has its raw rows there, and takes them away itself.
        *([] if sessions_in(warehouse.temporary) else [warehouse.temporary]),
    ]


def published(warehouse: Warehouse) -> list[Path]:
    """Return what is published, its kept versions, what was set aside, exports and proposals.

    The ledger of exports, the files in the folder of exports and a proposal of definitions that
    was edited are not created again by a build.
    """
    exported = [path for form in ("csv", "parquet") for path in warehouse.exports.glob(f"*.{form}")]
    # The files of a tool are in a folder.
    exported += [path for path in warehouse.exports.glob("*_run_*") if path.is_dir()]
    return [
        *warehouse.path.glob("marts.duckdb*"),
        *warehouse.path.glob("feature_definitions*.csv"),
        warehouse.versions,
        warehouse.parquet,
        *warehouse.path.glob("exports.duckdb*"),
        warehouse.forgetting,
        *exported,
    ]


def caches() -> list[Path]:
    """Return the caches of the tools in the project's folder."""
    compiled = [path for folder in CODE_FOLDERS for path in (ROOT / folder).rglob("__pycache__")]
    return [*(ROOT / name for name in (*CACHES, *DBT_BY_HAND)), *compiled]


def remove(paths: Iterable[Path]) -> list[Path]:
    """Remove files and folders that are there; returns them."""
    removed = []
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        elif path.exists() or path.is_symlink():
            path.unlink()
        else:
            continue
        removed.append(path)
    return removed


def remove_of_project(paths: Iterable[Path]) -> list[Path]:
    """Remove files and folders of the project; those that are another user's are named and stay."""
    removed, kept = [], []
    for path in paths:
        try:
            removed += remove([path])
        except PermissionError:
            kept.append(path)
    if kept:
        named = sorted({path.relative_to(ROOT).parts[0] for path in kept})
        warn(f"not removed from {ROOT}, as this user may not: {', '.join(named)}")
    return removed


def main(*, is_all: bool = False) -> int:
    """Clean the warehouse that the settings name, and the caches of the project."""
    warehouse = resolve_warehouse()
    if is_all and os.environ.get("FORCE", "") != "1":
        raise Problem(
            f"clean-all removes what is published in {warehouse.path} with its history, what "
            "was exported, .venv, .venv-spark and .clients; if you mean it: make clean-all FORCE=1",
            WRONG_USE,
        )
    removed: list[Path] = []
    if warehouse.path.is_dir():
        with exclusive(warehouse):
            removed += remove(rebuildable(warehouse))
            if is_all:
                removed += remove([*published(warehouse), warehouse.lock_file])
    environments = [ROOT / name for name in ENVIRONMENTS] if is_all else []
    removed += remove_of_project([*caches(), *environments])
    shown = [path for path in removed if path.name != "__pycache__"]
    for path in shown:
        say(f"removed {path.relative_to(ROOT) if path.is_relative_to(ROOT) else path}")
    if not shown:
        say("nothing to remove")
    return 0
