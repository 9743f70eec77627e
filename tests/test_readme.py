"""Every query of README.md runs against what is published, and gives rows."""

import re

import pytest

from shops import ROOT

README = ROOT / "README.md"
# What the first issue promises to analysts.
LEAST_QUERIES = 5
SQL_BLOCK = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)


def queries() -> list[str]:
    """Return the statements of the SQL blocks, in their order."""
    text = README.read_text(encoding="utf-8") if README.exists() else ""
    return [block.strip().rstrip(";") for block in SQL_BLOCK.findall(text)]


def test_the_readme_has_queries_to_run():
    assert len(queries()) >= LEAST_QUERIES


@pytest.mark.parametrize("query", queries(), ids=lambda query: query.splitlines()[0][:60])
def test_a_query_of_the_readme_gives_rows(marts, query):
    for statement in query.split(";"):
        assert marts.execute(statement).fetchall()
