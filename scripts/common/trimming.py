"""Texts as staging reads them, in SQL and for a single value: the one trim, of `dbt_project`."""

from __future__ import annotations

import math
from collections.abc import Iterable
from functools import cache

import duckdb

from common.project_sql import ProjectSql
from common.query_rows import one_row
from common.quoting import literal

RAW_TEXT = "raw_text"
TRIMMED = "trimmed"


@cache
def text_sql(value: str, macro: str = RAW_TEXT) -> str:
    """Return the SQL by which staging reads a value as text: null where it is none."""
    return _project().macro(macro, value)


@cache
def _project() -> ProjectSql:
    """Return the project's macros; those that read a text ask no database."""
    return ProjectSql(duckdb.connect())


@cache
def text_of(value: str, macro: str = RAW_TEXT) -> str:
    """Return a text as staging reads it; empty where it is none."""
    with duckdb.connect() as connection:
        (text,) = one_row(connection, f"select {text_sql('$value', macro)}", {"value": value})
    return text or ""


def stands_for_none(value: str, texts: Iterable[str]) -> str:
    """Return the condition that the text or the number of a value is one of some texts."""
    texts = tuple(texts)
    # Words that are read as no value in any case, such as n/a, are declared like any other.
    text = f"lower({text_sql(f'cast({value} as varchar)', TRIMMED)})"
    words = ", ".join(literal(text.lower()) for text in texts)
    numbers = [number for text in texts if (number := _number(text)) is not None]
    is_number = f" or try_cast({value} as double) in ({', '.join(numbers)})" if numbers else ""
    return f"({text} in ({words}){is_number})"


def _number(text: str) -> str | None:
    """Return a text as a number in SQL; None where it is none."""
    try:
        number = float(text)
    except ValueError:
        return None
    return f"cast({number!r} as double)" if math.isfinite(number) else None
