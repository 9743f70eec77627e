"""Every query of README.md runs against what is published, and gives rows."""

import re

import duckdb
import pytest

from shops import ROOT

README = ROOT / "README.md"
# What the first issue promises to analysts.
LEAST_QUERIES = 5
SQL_BLOCK = re.compile(r"^```sql\n(.*?)^```", re.MULTILINE | re.DOTALL)
SQL_IN_A_LINE = re.compile(r"`((?:select|from) [^`\n]+)`")
TEXT = README.read_text(encoding="utf-8")
BLOCKS = [
    [statement.strip() for statement in block.split(";") if statement.strip()]
    for block in SQL_BLOCK.findall(TEXT)
]
BLOCKS += [[query] for query in SQL_IN_A_LINE.findall(TEXT)]


def test_the_readme_has_queries_to_run():
    assert sum(len(block) for block in BLOCKS) >= LEAST_QUERIES


# The statements of a block may go on from one another; another block has a connection of its own.
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: " ".join(block[0].split())[:60])
def test_queries_of_the_readme_give_rows(shop, block):
    with duckdb.connect(shop.marts, read_only=True) as connection:
        for query in block:
            assert connection.execute(query).fetchall()
