"""The questions of scripts/queries: they run on what the fixture shop published, and the page of
them says what they say."""

import re

import duckdb
import pytest

from common.project_root import ROOT
from handover.query import ask, first_comment, query_files, shown_rows
from queries_page import PAGE, escaped, without_comment

FILES = {path.stem: path.read_text(encoding="utf-8") for path in query_files()}
# Where the fixture shop has nothing to answer with, and why.
WITHOUT_ROWS = {
    "best_customers_gone_quiet": "who spends most there has ordered of late",
    "did_campaigns_pay": "no campaign was sent since customers are held out",
}
# What the issue names: at least about this many.
LEAST_QUERIES = 15
SECTION = re.compile(
    r"^## (?P<title>[^\n]+)\n\n`make query FILE=(?P<name>\w+)`\n(?P<more>[^`]*)"
    r"```sql\n(?P<sql>.*?)\n```\n\n\| (?P<head>[^\n]*) \|\n",
    re.MULTILINE | re.DOTALL,
)
SECTIONS = {match["name"]: match for match in SECTION.finditer(PAGE.read_text(encoding="utf-8"))}


def test_there_are_enough_and_each_is_on_the_page():
    assert len(FILES) >= LEAST_QUERIES
    assert list(SECTIONS) == sorted(FILES)


@pytest.mark.parametrize("name", FILES)
def test_a_question_begins_with_itself_and_orders_its_rows(name):
    assert "?" in first_comment(FILES[name])
    statements = without_comment(FILES[name]).rstrip(";").split(";")
    assert "order by" in statements[-1] or name == "can_i_trust_this_run"


@pytest.mark.parametrize("name", FILES)
def test_the_page_shows_the_question_as_it_is_in_its_file(name):
    found = SECTIONS[name]
    assert found["sql"] == without_comment(FILES[name])
    assert " ".join(first_comment(FILES[name]).split()).startswith(found["title"])


@pytest.mark.parametrize("name", FILES)
def test_a_question_is_answered_in_the_columns_of_the_page(shop, name):
    with duckdb.connect(shop.marts, read_only=True) as connection:
        result = ask(connection, FILES[name])
        rows, _ = shown_rows(result, 5)
    assert " | ".join(result.names) == SECTIONS[name]["head"]
    assert bool(rows) != (name in WITHOUT_ROWS)


def test_cells_are_spelled_out():
    assert escaped("a|b*c_d <b>&`\\") == r"a\|b\*c\_d " + "&lt;b>&amp;" + r"\`\\"


def test_no_question_names_a_machine():
    assert str(ROOT) not in PAGE.read_text(encoding="utf-8")
