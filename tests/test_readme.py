"""Every query of README.md runs against what is published, and gives rows."""

import re

import pytest

from shops import ROOT

README = ROOT / "README.md"
# What the first issue promises to analysts.
LEAST_QUERIES = 5
SQL_BLOCK = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)
SQL_IN_A_LINE = re.compile(r"`((?:select|from) [^`\n]+)`")
TEXT = README.read_text(encoding="utf-8")
BLOCKS = [
    statement.strip()
    for block in SQL_BLOCK.findall(TEXT)
    for statement in block.split(";")
    if statement.strip()
]


def test_the_readme_has_queries_to_run():
    assert len(BLOCKS) >= LEAST_QUERIES


@pytest.mark.parametrize(
    "query",
    [*BLOCKS, *SQL_IN_A_LINE.findall(TEXT)],
    ids=lambda query: " ".join(query.split())[:60],
)
def test_a_query_of_the_readme_gives_rows(marts, query):
    assert marts.execute(query).fetchall()
