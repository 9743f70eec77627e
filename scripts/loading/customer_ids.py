"""Ids of customers that programs write in several ways: what loading finds, and what it says.

`12345.0` is what a spreadsheet or pandas makes of customer 12345 where another id is missing, and
the case of e-mail addresses means nothing. Staging reads them as one customer by the rules that
stand here in `raw.column_formats`; `IDS=as_written` keeps every id as it is written.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from common.console import count, say
from common.data_errors import shown
from common.project_sql import ProjectSql
from common.query_rows import one_row
from common.quoting import identifier
from common.text_columns import IdSettings
from loading.column_formats import FormatRow

EMAIL, WHOLE, MISSING = "email", "whole", "missing:"
WHOLE_PATTERN = "[0-9]+[.]0+"
DECIMAL_PATTERN = "[0-9]+[.][0-9]*[1-9][0-9]*"
EMAIL_PATTERN = "[^@ ]+@[^@ ]+[.][^@ ]+"


def id_formats(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    tables: Sequence[str],
    column: str,
    stated: IdSettings,
) -> list[FormatRow]:
    """Return the rows of `raw.column_formats` for the ids of customers, and say what they do.

    The rules are the same for all tables, so that an id is one customer in each.
    """
    if not tables:
        return []
    rules = [] if stated.is_as_written else found_rules(connection, project, tables, column)
    rules += [MISSING + text for text in stated.missing]
    return [
        (table, column, "id", number, rule, None)
        for table in tables
        for number, rule in enumerate(rules, start=1)
    ]


def found_rules(
    connection: duckdb.DuckDBPyConnection, project: ProjectSql, tables: Sequence[str], column: str
) -> list[str]:
    """Return the rules by which ids differ from how they are written, saying how many do.

    Whole numbers lose their decimals only where no id has others: 1.0 may stand beside 1.5.
    """
    texts = " union all ".join(
        f"select {project.macro('raw_text', identifier(column))} as id "
        f"from {identifier('raw', t)} where contains(cast({identifier(column)} as varchar), '.')"
        for t in tables
    )
    whole, whole_example, decimals, emails, email_example = one_row(
        connection,
        "select count(distinct id) filter (where regexp_full_match(id, $whole)), "
        "min(id) filter (where regexp_full_match(id, $whole)), "
        "count(*) filter (where regexp_full_match(id, $decimal)), "
        "count(distinct id) filter (where id <> lower(id) and regexp_full_match(id, $email)), "
        "min(id) filter (where id <> lower(id) and regexp_full_match(id, $email)) "
        f"from ({texts})",
        {"whole": WHOLE_PATTERN, "decimal": DECIMAL_PATTERN, "email": EMAIL_PATTERN},
    )
    rules = []
    if whole and not decimals:
        rules.append(WHOLE)
        say_read(column, whole, whole_example, whole_example.partition(".")[0])
    if emails:
        rules.append(EMAIL)
        say_read(column, emails, email_example, email_example.lower())
    return rules


def say_read(column: str, id_count: int, example: str, read: str) -> None:
    """Say that ids are read in another way than they are written."""
    say(
        f"  {column}: {count(id_count, 'id')} such as {shown(example)} read as {shown(read)}; "
        "IDS=as_written keeps them as they are"
    )
