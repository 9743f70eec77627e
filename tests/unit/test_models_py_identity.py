"""Matching worked out by hand: ids are kept, retired, opened, and never given out twice."""

import numpy as np
import pytest

from models_py import identity

IDS = np.array([4, 7])


def matched(shared, **kwargs):
    shared = np.array(shared)
    order = np.arange(len(shared))
    return identity.match_segments(shared, kwargs.pop("ids", IDS), 10, order, **kwargs)


def test_renamed_segments_keep_their_ids():
    found = matched([[5, 90], [95, 10]])
    assert found.segment_ids.tolist() == [7, 4]
    assert found.lineages == ("kept", "kept")
    assert found.origins == ((7,), (4,))
    assert (found.retired, found.next_segment_id) == ((), 10)


def test_split_keeps_the_id_on_the_larger_part():
    found = matched([[60, 0], [40, 0], [0, 100]])
    assert found.segment_ids.tolist() == [4, 10, 7]
    assert found.lineages == ("kept", "split", "kept")
    assert found.origins[1] == (4,)
    assert found.next_segment_id == 11


def test_merger_keeps_the_id_of_the_larger_part_and_retires_the_other():
    found = matched([[60, 40]])
    assert found.segment_ids.tolist() == [4]
    assert found.lineages == ("merged",)
    assert found.origins == ((4, 7),)
    assert found.retired == (7,)


def test_unrelated_segments_are_opened_and_old_ones_retired():
    found = matched([[20, 20], [20, 20], [20, 20], [20, 20], [20, 20]])
    assert set(found.lineages) == {"opened"}
    assert found.segment_ids.tolist() == [10, 11, 12, 13, 14]
    assert found.retired == (4, 7)


def test_new_ids_follow_the_business_order():
    found = identity.match_segments(
        np.zeros((3, 0), dtype=int), np.array([], dtype=int), 1, np.array([2, 0, 1])
    )
    assert found.segment_ids.tolist() == [2, 3, 1]


def test_centres_match_when_no_customer_is_known():
    previous = np.array([[0.0, 0.0], [10.0, 0.0]])
    close = identity.centre_closeness(np.array([[9.0, 0.0], [1.0, 0.0], [50.0, 0.0]]), previous)
    assert close == pytest.approx(np.array([[0.1, 0.9], [0.9, 0.1], [0, 0]]))
    found = matched(np.zeros((3, 2), dtype=int), closeness=close)
    assert found.segment_ids.tolist() == [7, 4, 10]


def test_business_order_is_descending_with_ties_by_the_next_feature():
    centres = np.array([[1.0, 5.0], [3.0, 0.0], [1.0, 6.0]])
    assert identity.business_order(centres).tolist() == [1, 2, 0]
    assert identity.business_order(np.empty((2, 0))).tolist() == [0, 1]


def test_ids_are_never_reused_over_many_random_refits():
    rng = np.random.default_rng(8)
    active, following, retired = np.array([], dtype=int), 1, set()
    for _ in range(60):
        k = int(rng.integers(1, 8))
        shared = rng.integers(0, 50, (k, len(active))) * (rng.random((k, len(active))) < 0.4)
        found = identity.match_segments(shared, active, following, rng.permutation(k))
        assert len(set(found.segment_ids.tolist())) == k
        assert not set(found.segment_ids.tolist()) & retired
        assert found.next_segment_id > max(found.segment_ids.max(), following - 1)
        retired |= set(found.retired)
        active, following = np.sort(found.segment_ids), found.next_segment_id
