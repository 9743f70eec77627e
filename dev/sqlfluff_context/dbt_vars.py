"""The vars of dbt_project.yml, for models that sqlfluff renders without dbt."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROJECT_FILE = Path(__file__).resolve().parents[2] / "dbt_project" / "dbt_project.yml"


@cache
def _project_vars() -> dict[str, Any]:
    named: dict[str, Any] = yaml.safe_load(PROJECT_FILE.read_text(encoding="utf-8"))["vars"]
    return named


def get(name: str, default: Any = None) -> Any:
    """Return a var of the project, as dbt's `var()` does."""
    return _project_vars().get(name, default)
