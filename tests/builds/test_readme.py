"""Every query of README.md runs against what is published, and gives rows."""

import re

import duckdb
import pytest

from shops import ROOT

README = ROOT / "README.md"
# The rest are in docs/queries.md, each with its answer.
LEAST_QUERIES = 3
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


# Statements of a block may build on one another; another block has a connection of its own.
@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: " ".join(block[0].split())[:60])
def test_queries_of_the_readme_give_rows(shop, block):
    with duckdb.connect(shop.marts, read_only=True) as connection:
        for query in block:
            assert connection.execute(query).fetchall()


@pytest.mark.parametrize(
    "qualities", ["", "insert into data_quality values ('accepted', 5)"], ids=["none", "accepted"]
)
def test_a_run_without_rejected_rows_is_said_to_have_none(qualities):
    (query,) = (q for block in BLOCKS for q in block if "rejected_rows" in q)
    with duckdb.connect() as connection:
        connection.execute(
            "create table segmentation_runs as select 1 as run_number, date '2024-01-01' as "
            "as_of_date, 3 as k, 'weak' as verdict, 'x' as verdict_reason, true as is_current"
        )
        connection.execute("create table data_quality (outcome varchar, row_count bigint)")
        connection.execute(qualities or "select 1")
        assert connection.execute(query).fetchone()[-1] == 0
