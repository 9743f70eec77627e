"""Keys and relations for BI tools: those of the models, and true of what is published."""

import json
from copy import deepcopy

import pytest

from relations import BEGIN, FILE, PAGE, page_with, relations_of, written

# Marts that stand alone: about raw tables, products, methods and moves, whose groups may be of
# other fits.
ALONE = {"data_quality", "product_groups", "segment_baselines", "segment_movement"}


@pytest.fixture(scope="module")
def stated():
    return json.loads(FILE.read_text(encoding="utf-8"))


def test_the_file_and_the_page_are_as_the_models_say(manifest):
    relations = relations_of(manifest)
    assert FILE.read_text(encoding="utf-8") == written(relations), "run dev/relations.py"
    page = PAGE.read_text(encoding="utf-8")
    assert BEGIN in page
    assert page == page_with(page, relations), "run dev/relations.py"


def test_every_published_mart_is_there_and_is_related(stated, shop):
    published = {
        name
        for (name,) in shop.query(
            "select table_name from duckdb_tables() where schema_name = 'main'"
        )
    }
    assert set(stated["marts"]) == published
    related = {one[end]["mart"] for one in stated["relations"] for end in ("from", "to")}
    assert published - related == ALONE, "give the mart a test `relationships`, or name it in ALONE"


def test_keys_name_one_row_each(stated, shop):
    for name, mart in stated["marts"].items():
        key = ", ".join(mart["key"])
        repeated = shop.query(f"select {key} from {name} group by {key} having count(*) > 1")
        assert repeated == [], name


def orphans(shop, relation):
    """Return the values of a column that the other mart does not have."""
    start, end = relation["from"], relation["to"]
    return shop.query(
        f"select {start['column']} from {start['mart']} where {start['column']} is not null "
        f"except select {end['column']} from {end['mart']}"
    )


def test_relations_hold_in_what_is_published(stated, shop):
    assert len(stated["relations"]) > 20
    for relation in stated["relations"]:
        assert orphans(shop, relation) == [], relation
        # A tool that joins along it multiplies no row.
        assert stated["marts"][relation["to"]["mart"]]["key"] == [relation["to"]["column"]]


def test_a_relation_that_does_not_hold_is_found(stated, shop):
    wrong = deepcopy(stated["relations"][0]) | {
        "from": {"mart": "customer_segments", "column": "customer_id"},
        "to": {"mart": "segment_summary", "column": "segment_name"},
    }
    assert orphans(shop, wrong)


def test_cardinality_follows_from_the_key(stated, shop):
    kinds = set()
    for relation in stated["relations"]:
        start = relation["from"]
        kinds.add(relation["cardinality"])
        if relation["cardinality"] == "one-to-one":
            assert stated["marts"][start["mart"]]["key"] == [start["column"]]
    assert kinds == {"one-to-one", "many-to-one"}
