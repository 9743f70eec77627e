"""Texts as staging reads them, in SQL and for a single value: the one trim, of `dbt_project`."""

from __future__ import annotations

from functools import cache

import duckdb

from project_sql import ProjectSql

RAW_TEXT = "raw_text"


@cache
def text_sql(value: str, macro: str = RAW_TEXT) -> str:
    """Return the SQL by which staging reads a value as text: null where it is none."""
    with duckdb.connect() as connection:
        return ProjectSql(connection).macro(macro, value)


def text_of(value: str, macro: str = RAW_TEXT) -> str:
    """Return a text as staging reads it; empty where it is none."""
    with duckdb.connect() as connection:
        row = connection.execute(f"select {text_sql('$value', macro)}", {"value": value}).fetchone()
    return row[0] or ""
