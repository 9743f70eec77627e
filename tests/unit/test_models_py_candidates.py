"""Short profiles of candidates, worked out by hand from their centres and loadings."""

from __future__ import annotations

import json

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from common.project_sql import ProjectSql
from models_py.candidates import (
    CUT,
    NAME_WORDS,
    add_needs_profiles,
    distinct,
    with_profiles,
    words_of,
)
from models_py.config import FitSettings
from models_py.needs import NeedsColumn, NeedsModel

SETTINGS = FitSettings()
# Feature, label, family, what high and low mean, scale factor, standard deviation.
FEATURES = (
    ("spend", "spend per 28 days", "value", "high spend", "low spend", 2.0, 1.0),
    ("orders", "orders per 28 days", "value", "frequent", "infrequent", 1.0, 0.5),
    ("bread", "spend share of bread", "preference", "strong in bread", "light in bread", 0.5, 1.0),
    ("fish", "spend share of fish", "preference", "strong in fish", "light in fish", 4.0, 0.25),
    ("evening", "evening share of orders", "time", "heavy on evenings", "light on evenings", 1, 1),
)


@pytest.fixture
def definitions() -> pa.Table:
    return pa.table(
        {
            "feature": [row[0] for row in FEATURES],
            "label": [row[1] for row in FEATURES],
            "family": [row[2] for row in FEATURES],
            "higher_means": [row[3] for row in FEATURES],
            "lower_means": [row[4] for row in FEATURES],
            "position": [1, 2, 3, 4, 5],
        }
    )


@pytest.fixture
def scaling() -> pa.Table:
    """Of all features but the last, whose scale is not used."""
    return pa.table(
        {
            "feature": [row[0] for row in FEATURES],
            "position": [1, 2, 3, 4, 5],
            "is_used": [True, True, True, True, False],
            "scale_factor": [*(float(row[5]) for row in FEATURES[:-1]), None],
            "standard_deviation": [float(row[6]) for row in FEATURES],
        }
    )


def told_one(scaling: pa.Table, definitions: pa.Table, centres: list[list[float]]) -> list[dict]:
    """The segments of one candidate with these centres, in scaled units."""
    rows = [{"centroids": centres, "cluster_sizes": list(range(10, 10 + len(centres)))}]
    (row,) = with_profiles(rows, scaling, words_of(definitions), SETTINGS)
    found: list[dict] = json.loads(row["candidate_segments"])
    return found


def test_centres_are_told_in_deviations_and_in_words(scaling, definitions):
    # In deviations: 1.2, 0.8, 0, -0.5 and -0.2, 0, 0.29, 0.
    found = told_one(scaling, definitions, [[2.4, 0.4, 0.0, -0.5], [-0.4, 0.0, 0.145, 0.0]])
    assert found == [
        {
            "customers": 10,
            "name": "Very high spend, light in fish",
            "profile": "spend per 28 days +1.2, orders per 28 days +0.8, spend share of fish -0.5",
        },
        {"customers": 11, "name": "Near the average in everything", "profile": ""},
    ]


def test_a_name_takes_as_many_phrases_as_tell_it_from_the_others(scaling, definitions):
    # All are high in spend and bread; two differ in orders, and two in nothing.
    centres = [[1.0, 0.0, 0.3, 0.0], [1.0, 0.2, 0.3, 0.0], [1.0, 0.2, 0.3, 0.0]]
    names = [one["name"] for one in told_one(scaling, definitions, centres)]
    assert names == [
        "High spend, strong in bread",
        "High spend, strong in bread (2)",
        "High spend, strong in bread (3)",
    ]
    centres = [[1.0, 0.0, 0.3, -1.1], [1.0, 0.2, 0.3, 0.0], [0.0, 0.0, 0.3, 0.0]]
    names = [one["name"] for one in told_one(scaling, definitions, centres)]
    assert names == [
        "High spend, very light in fish",
        "High spend, strong in bread",
        "Strong in bread",
    ]


def test_the_shortest_names_that_no_other_shares_are_taken():
    spend, bread, fish = (1, "high spend"), (2, "strong in bread"), (3, "light in fish")
    found = distinct([[spend, bread], [bread, spend, fish], []], ", ".join, "near the average")
    assert found == [
        "High spend, strong in bread",
        "Strong in bread, light in fish",
        "Near the average",
    ]


def test_a_name_has_at_most_eight_words():
    # "Very" gives way first, then the second phrase; only a phrase alone is cut.
    coupons, weekend = (1, "very heavy on coupons"), (2, "very heavy on weekend orders")
    books, survey = (1, "strong in children's books and comics"), (1, "high " + "how " * 7 + "so")
    found = distinct([[coupons, weekend], [books, weekend], [survey]], ", ".join, "near")
    assert found == [
        "Heavy on coupons, heavy on weekend orders",
        "Strong in children's books and comics",
        "High how how how how how how how…",
    ]


def test_names_have_as_many_words_as_in_sql():
    with duckdb.connect() as connection:
        project = ProjectSql(connection, {"source": "own_files"})
        assert project.macro("name_words") == str(NAME_WORDS)
        cut = project.macro("cut_to_name", "name")
        found = connection.execute(
            f"select {cut} from (select $1 as name)", ["how " * 7 + "so, so"]
        )
        assert found.fetchall() == [("how " * 7 + "so" + CUT,)]


def test_a_candidate_that_was_not_possible_has_no_segments(scaling, definitions):
    rows = [{"centroids": [], "cluster_sizes": []}, {"centroids": [[]], "cluster_sizes": [7]}]
    none = scaling.set_column(2, "is_used", pa.array([False] * 5))
    first, second = with_profiles(rows, none, words_of(definitions), SETTINGS)
    assert "candidate_segments" not in first
    assert json.loads(second["candidate_segments"]) == [
        {"customers": 7, "name": "Near the average in everything", "profile": ""}
    ]


def test_needs_are_told_by_their_ends_and_by_what_scores_stand_for(definitions):
    columns = [
        NeedsColumn("bread", "basket", "lines"),
        NeedsColumn("fish", "basket", "lines"),
        NeedsColumn("evening", "time", "orders"),
    ]
    loadings = np.array([[0.92], [0.52], [-0.32]])
    model = NeedsModel(
        tuple(columns), loadings, loadings, np.zeros((3, 1)), np.ones((2, 1)), np.ones(1), 1.0
    )
    row = {"cluster_sizes": [], "customer_count": 1_000}
    shares, means = np.array([0.5, 0.3, 0.2]), np.array([[0.1, 1.5, -1.4]])
    add_needs_profiles(row, model, shares, means, words_of(definitions), SETTINGS)
    assert json.loads(row["candidate_segments"]) == [
        {"customers": 500, "name": "All-round, no pronounced need", "profile": ""},
        {
            "customers": 300,
            "name": "Strong in bread and fish",
            # 0.92, 0.52 and -0.32 times 1.5
            "profile": "spend share of bread +1.4, spend share of fish +0.8, "
            "evening share of orders -0.5",
        },
        {
            "customers": 200,
            "name": "Heavy on evenings, light in bread",
            "profile": "spend share of bread -1.3, spend share of fish -0.7, "
            "evening share of orders +0.4",
        },
    ]
    # Sizes of all customers count before those of the sample.
    row["cluster_sizes"] = [480, 330, 190]
    add_needs_profiles(row, model, shares, means, words_of(definitions), SETTINGS)
    assert [one["customers"] for one in json.loads(row["candidate_segments"])] == [480, 330, 190]


def test_definitions_without_words_are_called_by_name():
    (words,) = words_of(
        pa.table({"feature": ["lines_per_order"], "family": ["value"], "position": [4]})
    ).values()
    assert (words.label, words.high, words.low) == (
        "lines per order",
        "high in lines per order",
        "low in lines per order",
    )
