"""Descriptions that the published file carries: BI tools show each of them alone."""

import re

# Words that need the description of a neighbour.
LEANING = re.compile(
    r"\blikewise\b|\bnull where that is\b|\bend of (it|the same)\b|^(The same|Of these|Their|It)\b"
)


def test_each_description_stands_alone(marts):
    described = marts.execute(
        "select table_name || '.' || column_name, comment from duckdb_columns() "
        "where schema_name = 'main' and database_name = current_database()"
    ).fetchall()
    assert len(described) > 300
    for column, text in described:
        assert text, column
        assert text.endswith("."), f"{column}: {text}"
        assert not LEANING.search(text), f"{column}: {text}"


def test_a_description_is_one_line(marts):
    assert not marts.execute(
        "select comment from duckdb_tables() where contains(comment, chr(10)) union all "
        "select comment from duckdb_columns() where contains(comment, chr(10))"
    ).fetchall()
