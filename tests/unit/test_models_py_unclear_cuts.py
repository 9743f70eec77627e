"""Cuts whose groups are not clear: shown where half samples find them again, else called weak."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models_py import ladder, needs_search, weighting
from models_py.weight_evidence import Bar
from needs_world import SETTINGS, World, chosen, kinds_found

pytestmark = [pytest.mark.many_builds, pytest.mark.short]

NO_GROUPS = Bar(gap=9, separation=9, jaccard=1)


@pytest.fixture(scope="module")
def behind_volume() -> World:
    """Kinds, whose shares also go with how much customers buy."""
    return World(taste=0.5, trend=0.6, spread=1.0, rate=100)


def without_clear_groups(patch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    patch.setattr(weighting, "FOUND", NO_GROUPS)
    patch.setattr(weighting, "TELLING_FEATURES", 0)  # one of the kinds is like the average
    return patch


@pytest.fixture
def unclear(monkeypatch) -> pytest.MonkeyPatch:
    """No groups are clear enough for any word but constructive and weak."""
    return without_clear_groups(monkeypatch)


@pytest.fixture(scope="module")
def scan_of_unclear(behind_volume) -> pa.Table:
    with pytest.MonkeyPatch.context() as patch:
        without_clear_groups(patch)
        return behind_volume.scan()


def test_a_cut_that_half_samples_find_again_is_shown_and_called_constructive(
    behind_volume, scan_of_unclear
):
    """A bar decides the word, never which partition is shown."""
    rows = scan_of_unclear.to_pylist()
    assert [(row["rung"], row["k"]) for row in rows] == [
        ("joint", 4),
        ("joint", 5),
        ("columns", 4),
        ("columns", 5),
    ]
    best = chosen(scan_of_unclear)
    assert (best["rung"], best["k"], best["verdict"]) == ("columns", 5, "constructive")
    assert best["verdict_reason"].startswith("dependable cuts through a continuum")
    assert {row["verdict"] for row in rows if not row["is_chosen"]} == {"weak"}
    assert rows[2]["choice_reason"].startswith("not chosen: half samples agree on k=5 too")
    assert kinds_found(behind_volume, scan_of_unclear) > 0.9


def test_where_one_segment_would_be_like_the_average_needs_say_more(behind_volume, unclear):
    unclear.setattr(weighting, "TELLING_FEATURES", 2)
    best = chosen(behind_volume.scan())
    assert (best["rung"], best["verdict"]) == ("needs", "constructive")


def test_half_samples_that_search_for_themselves_agree_less_on_chance():
    rows = np.random.default_rng(4).standard_normal((600, 6)).astype(np.float32)
    families = [str(number) for number in range(6)]
    search = weighting.WeightSearch(rows, np.ones(6), families, SETTINGS)
    assert search.dependable(None) is None
    cut = search.agreed(None)
    assert cut is not None and cut.k in (4, 5)


def test_a_cut_found_before_stays_with_its_weights_while_half_samples_agree(
    behind_volume, scan_of_unclear, unclear
):
    scaling = ladder.scaling_of(scan_of_unclear)
    unclear.setattr(weighting, "DEPENDABLE_ADJUSTED_RAND", 1.01)
    unclear.setattr(weighting, "STAYING", NO_GROUPS)
    again = behind_volume.scan(replace(SETTINGS, active_k=5, seed=7), scaling)
    best, kept = chosen(again), ladder.scaling_of(again)
    assert best["choice_reason"] == "chosen: k=5 is active, and half samples agree on it"
    assert kept.column("weight").to_pylist() == scaling.column("weight").to_pylist()
    unclear.setattr(weighting, "STABLE_ADJUSTED_RAND", 1.01)
    assert chosen(behind_volume.scan(replace(SETTINGS, active_k=5), scaling))["rung"] != "columns"


def test_the_last_cut_is_in_weights_that_half_samples_agree_on(behind_volume, unclear):
    unclear.setattr(weighting, "DEPENDABLE_ADJUSTED_RAND", 1.01)
    unclear.setattr(needs_search, "WEAK_AGREEMENT", 1.01)
    unclear.setattr(needs_search, "LEAST_AGREEMENT", 1.01)
    unclear.setattr(ladder, "STABLE_ADJUSTED_RAND", 1.01)
    assert set(ladder.scaling_of(behind_volume.scan()).column("weighting").to_pylist()) == {
        "definitions"
    }
    unclear.setattr(ladder, "STABLE_ADJUSTED_RAND", 0.7)
    found = behind_volume.scan()
    best = chosen(found)
    assert (best["rung"], best["verdict"]) == ("joint", "weak")
    assert best["verdict_reason"].startswith("a cut through a continuum: half samples agree at")
    assert "; no needs to segment by: " in best["verdict_reason"]
    assert set(ladder.scaling_of(found).column("weighting").to_pylist()) == {"structure"}
