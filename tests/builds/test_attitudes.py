"""Answers, service contacts and feedback make segments where customers differ in them."""

from __future__ import annotations

import numpy as np
import pytest

from attitudes_shop import (
    CUSTOMERS,
    QUESTIONS,
    build_attitudes,
    build_chance_answers,
    customer_id,
    kinds,
)
from models_py.metrics import adjusted_rand, contingency
from shops import Built

pytestmark = pytest.mark.many_builds

CHAINS = [{"attitudes": build_attitudes}, {"chance answers": build_chance_answers}]


@pytest.fixture
def attitudes(builds) -> Built:
    return builds["attitudes"]


def test_four_kinds_are_found_with_the_defaults(attitudes):
    found = dict(attitudes.query("select customer_id, segment_id from customer_segments"))
    names = sorted({segment for segment in found.values() if segment is not None})
    labels = np.array([names.index(found[customer_id(number)]) for number in range(CUSTOMERS)])
    index = adjusted_rand(contingency(kinds(), labels, 4, len(names)))
    assert index >= 0.9
    assert attitudes.current_run("k", "verdict") in [(4, "strong"), (4, "moderate")]


def test_answers_contacts_and_feedback_are_what_segments_are_called_by(attitudes):
    used = {f for (f,) in attitudes.query("select feature from feature_catalog where is_used")}
    assert {*QUESTIONS, "service_contacts_per_28_days", "feedback_score"} <= used
    families = dict(attitudes.query("select feature, family from feature_catalog"))
    assert {families[question] for question in QUESTIONS} == {"attitudes"}
    assert families["feedback_score"] == "engagement"
    for (name,) in attitudes.query("select segment_name from segment_summary"):
        words = name.lower()
        assert len(words.split()) <= 8
        assert any(
            part in words
            for part in (*(q.replace("_", " ") for q in QUESTIONS), "service", "feedback")
        ), name


def test_answers_contacts_and_feedback_by_chance_are_no_structure(builds):
    assert builds["chance answers"].current_run("verdict") == ("weak",)


def test_the_summary_says_what_each_attribute_is_for(attitudes):
    words = " ".join(attitudes.output.split())
    names = ", ".join(question.replace("_", " ") for question in sorted(QUESTIONS))
    assert f"Attributes clustered by: {names} (answers on a scale)" in words
    assert "Attributes compared by: age, region" in words


def test_ages_are_compared_in_bands(attitudes):
    bands = attitudes.query(
        "select value, max(population_share) from segment_demographics where attribute = 'age' "
        "group by value order by value"
    )
    names = [band for band, _ in bands]
    assert names == ["25 to 39", "40 to 54", "55 to 64", "65 and more", "under 25"]
    assert sum(share for _, share in bands) == pytest.approx(1)
