"""Stand-in for dbt's `adapter` when sqlfluff renders a model without dbt or a database."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from jinja2 import Undefined, pass_context
from jinja2.runtime import Context


@pass_context
def dispatch(context: Context, macro_name: str, macro_namespace: str | None = None) -> Any:
    """Return DuckDB's version of a macro, else the default one, as dbt does."""
    for prefix in ("duckdb__", "default__"):
        macro = context.resolve(prefix + macro_name)
        if not isinstance(macro, Undefined):
            return macro
    raise LookupError(f"no macro duckdb__{macro_name} or default__{macro_name}")


def get_columns_in_relation(relation: Any) -> list[SimpleNamespace]:
    """Return made-up columns, one number and one text: there is no database to ask."""
    return [
        SimpleNamespace(name="number_column", data_type="DOUBLE"),
        SimpleNamespace(name="text_column", data_type="VARCHAR"),
    ]
