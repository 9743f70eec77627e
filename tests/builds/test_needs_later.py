"""Segments by needs from build to build: they and their ids go on, and a replay repeats them."""

import numpy as np
import pytest

from export_ordered import digests
from needs_shop import LATER, build_needs

pytestmark = pytest.mark.many_builds

CHAINS = [{"needs": build_needs}, LATER]


def test_a_refit_on_later_data_keeps_needs_and_ids(builds):
    first, later = builds["needs"], builds["needs later"]
    assert later.one("select count(*) from history.fits") == (2,)
    own = np.array(
        later.query(
            "select list_value(one.loading_1, one.loading_2), list_value(two.loading_1, "
            "two.loading_2) from history.fit_features as one inner join history.fit_features as "
            "two using (feature) where one.fit_number = 1 and two.fit_number = 2 "
            "and one.loading_1 is not null and two.loading_1 is not null"
        )
    )
    for axis in range(2):
        assert np.corrcoef(own[:, 0, axis], own[:, 1, axis])[0, 1] > 0.95
    ids = "select segment_id from segment_summary order by segment_id"
    assert later.query(ids) == first.query(ids)
    segment = "select customer_id, segment_id from customer_segments"
    was, now = dict(first.query(segment)), dict(later.query(segment))
    assert np.mean([now[customer] == one for customer, one in was.items()]) > 0.85
    names = "select segment_id, segment_name from segment_summary"
    lone = "All-round, no pronounced need"
    assert [key for key, name in first.query(names) if name == lone] == [
        key for key, name in later.query(names) if name == lone
    ]


def test_a_replay_gives_what_was_published_then(builds):
    expected, found = (digests(builds[name].marts) for name in ("needs", "needs replay"))
    assert [mart for mart in sorted(expected) if found.get(mart) != expected[mart]] == []
