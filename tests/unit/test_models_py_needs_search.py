"""The search for needs: kinds found or none, and a cut that holds from one fit to the next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from models_py import needs_learning, needs_search
from models_py.config import FitSettings
from models_py.metrics import adjusted_rand, contingency
from models_py.needs import SPEND, segments
from needs_tables import COLUMNS, KINDS, shop

SETTINGS = FitSettings(threads=1)


@pytest.fixture(scope="module")
def planted():
    return shop(3, taste=0.8)


@pytest.fixture(scope="module")
def given(planted) -> dict[str, np.ndarray]:
    return planted[0][0]


@pytest.fixture(scope="module")
def found(planted) -> needs_search.NeedsSearch:
    whole, *halves = planted[0]
    return needs_search.search(COLUMNS, whole, halves, SETTINGS)


def test_planted_kinds_are_found(found, planted, given):
    chosen = found.chosen
    assert chosen is not None and chosen.k == KINDS
    assert chosen.agreement > 0.9 and chosen.reliability > 0.6
    labels = segments(chosen.model.scores(given), chosen.model.threshold)
    assert adjusted_rand(contingency(planted[1], labels, KINDS, KINDS)) > 0.9
    assert chosen.smallest_share == np.bincount(labels).min() / len(labels)


def test_kinds_are_found_where_orders_are_few():
    parts, kind = shop(4, taste=0.8, rate=10)
    got = needs_search.search(COLUMNS, parts[0], parts[1:], SETTINGS).chosen
    assert got is not None
    labels = segments(got.model.scores(parts[0]), got.model.threshold)
    assert adjusted_rand(contingency(kind, labels, KINDS, got.k)) >= 0.6


@pytest.mark.parametrize("seed", [5, 6, 7])
@pytest.mark.parametrize(
    ("spread", "basket"), [(0, 0), (1.0, 0), (1.0, 0.6)], ids=["chance", "orders", "volume"]
)
def test_needs_do_not_differ_where_customers_differ_by_chance_or_volume(seed, spread, basket):
    (whole, *halves), _ = shop(seed, spread=spread, basket=basket)
    got = needs_search.search(COLUMNS, whole, halves, SETTINGS)
    assert got.chosen is None
    for cut in got.cuts:
        assert "does not come back in the other" in (cut.problem(is_active=False) or "")


def test_what_does_not_come_back_in_the_other_half_of_the_orders_is_no_need(planted):
    # The halves are those of other customers.
    whole, first, second = planted[0]
    other = needs_learning.taken(second, np.roll(np.arange(1000), 1))
    got = needs_search.search(COLUMNS, whole, [first, other], SETTINGS)
    assert got.cuts and got.chosen is None
    assert all(abs(cut.reliability) < 0.2 for cut in got.cuts)
    few = [needs_learning.taken(part, np.arange(99)) for part in (first, second)]
    assert needs_learning.reliabilities(got.cuts[0].model, few).tolist() == [0, 0]


def test_no_cut_is_chosen_that_half_samples_do_not_agree_on(found):
    cut = found.cuts[0]
    assert cut.problem(is_active=False) is None
    unsure = replace(cut, agreement=0.72, standard_error=0.03)
    assert "half samples agree at 0.72" in (unsure.problem(is_active=False) or "")
    # The active cut stays unless half samples clearly disagree.
    assert unsure.problem(is_active=True) is None
    assert replace(unsure, agreement=0.62).problem(is_active=True) is not None
    small = replace(cut, shares=np.array([0.8, 0.151, 0.049]))
    assert "smallest segment has 4.9%" in (small.problem(is_active=True) or "")


def test_the_active_cut_stays_while_it_holds(found, planted):
    whole, *halves = planted[0]
    other = found.cuts[1]
    assert other is not found.chosen and other.problem(is_active=False) is None
    again = needs_search.search(COLUMNS, whole, halves, SETTINGS, other.model)
    assert again.chosen is not None
    assert again.chosen.model.threshold == other.model.threshold


def test_axes_keep_the_order_and_signs_of_the_stored_ones(found, planted, given):
    whole, *halves = planted[0]
    first = found.chosen.model
    stored = first.moved([1, 0], [-1.0, 1.0])
    got = needs_search.search(COLUMNS, whole, halves, SETTINGS, stored).chosen
    assert got is not None
    assert got.model.scores(given).tobytes() == stored.scores(given).tobytes()
    assert got.model.loadings.tolist() == stored.loadings.tolist()
    other, _ = shop(9, taste=0.8)
    fresh = needs_search.search(COLUMNS, other[0], other[1:], SETTINGS, stored).chosen
    assert fresh is not None
    between = np.corrcoef(fresh.model.scores(given), stored.scores(given))[:2, 2:]
    assert np.diag(between).min() > 0.9


def test_threads_change_nothing(found, planted):
    whole, *halves = planted[0]
    with threadpool_limits(limits=2):
        again = needs_search.search(COLUMNS, whole, halves, FitSettings(threads=3))
    assert [fingerprint(cut) for cut in again.cuts] == [fingerprint(cut) for cut in found.cuts]


def fingerprint(cut: needs_search.Cut) -> tuple:
    """All that a cut is."""
    model = cut.model
    arrays = (model.coefficients, model.loadings, model.trends, model.spreads, model.deviations)
    arrays += (cut.shares, cut.means)
    measures = (cut.agreement, cut.standard_error, cut.reliability)
    return (*measures, model.columns, *(array.tobytes() for array in arrays))


def test_too_few_customers_or_columns_are_said(planted):
    whole, *halves = planted[0]
    few = needs_learning.taken(whole, np.arange(399))
    got = needs_search.search(COLUMNS, few, halves, SETTINGS)
    assert (got.chosen, got.cuts, got.finding) == (None, (), "fewer than 400 customers")
    got = needs_search.search(COLUMNS[:3], whole, halves, SETTINGS)
    assert got.chosen is None and got.finding == "too few columns in which customers differ"
    flat = dict(whole) | {one.feature: whole[SPEND] * 0 for one in COLUMNS[3:-1]}
    got = needs_search.search(COLUMNS[3:], flat, halves, SETTINGS)
    assert got.finding == "too few columns in which customers differ"


@pytest.mark.parametrize("k", [3, 4, 6])
def test_no_other_number_of_segments_is_given_than_the_user_fixed(planted, k):
    whole, *halves = planted[0]
    got = needs_search.search(COLUMNS, whole, halves, FitSettings(threads=1, fixed_k=k))
    assert got.chosen is None and not got.cuts
    assert got.finding == f"they would be 5 segments, and {k} may be chosen"


def test_as_many_axes_are_learned_again_from_other_customers(given, found):
    model = found.chosen.model
    again = needs_search.learned_again(COLUMNS, given, model.axes, model.threshold)
    assert again is not None
    assert again.scores(given).tobytes() == model.scores(given).tobytes()
    assert needs_search.learned_again(COLUMNS[:3], given, 2, 0.8) is None
    assert needs_search.learned_again(COLUMNS[:4], given, 5, 0.8) is None
