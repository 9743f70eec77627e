"""The backtest fit: learned from one date, under the ids of the active fit."""

import numpy as np
import pyarrow as pa
import pytest

from learned import FAST, with_columns
from models_py.backtest import backtest_step
from models_py.config import FitSettings
from models_py.fit_steps import scaling_step
from models_py.identity import paired_ids
from synthetic_tables import planted, tables

IDS = [3, 4, 7, 9, 12, 15, 20]


def test_pairs_share_most_members_even_where_they_share_nothing():
    # The first and the second both share most with 7; together 7 and 3 share more than 3 and 7.
    shared = np.array([[2, 8, 0], [0, 30, 0], [0, 0, 0]])
    assert paired_ids(shared, np.array([3, 7, 9])).tolist() == [3, 7, 9]
    # Fewer new ones than ids: the one left over is given to nobody.
    assert paired_ids(np.array([[0, 0, 5]]), np.array([3, 7, 9])).tolist() == [9]


@pytest.fixture(scope="module")
def world():
    matrix, labels = planted(4, "easy", rows=600)
    source, definitions = tables(matrix)
    assert labels.max() + 1 == len(IDS)
    return source, definitions, labels, FitSettings(threads=2, **FAST)


def test_segments_are_found_and_named_by_their_members(world):
    source, definitions, labels, settings = world
    active_ids = pa.array(np.array(IDS)[labels], pa.int64())
    learned = with_columns(source, previous_segment_id=active_ids)
    assigned = backtest_step(learned, source, definitions, IDS, settings).read_all()
    found = assigned.column("segment_id").to_numpy()
    assert len(found) == len(labels)
    assert np.mean(found == np.array(IDS)[labels]) > 0.95


def test_where_nobody_was_seen_each_id_is_given_once(world):
    source, definitions, _, settings = world
    unseen = pa.nulls(600, pa.int64())
    learned = with_columns(source, previous_segment_id=unseen)
    assigned = backtest_step(learned, source, definitions, IDS, settings).read_all()
    assert sorted(set(assigned.column("segment_id").to_pylist())) == IDS


def test_customers_of_another_date_do_not_bear_on_the_fit(world):
    source, definitions, labels, settings = world
    active_ids = pa.array(np.array(IDS)[labels], pa.int64())
    learned = with_columns(source, previous_segment_id=active_ids)
    alone = backtest_step(learned, source, definitions, IDS, settings).read_all()
    table = pa.Table.from_batches(source())
    few = table.slice(0, 50)
    some = backtest_step(
        learned, lambda: iter(few.to_batches()), definitions, IDS, settings
    ).read_all()
    assert some.equals(alone.slice(0, 50))


def test_fewer_distinct_customers_than_segments_give_fewer(world):
    _, definitions, _, settings = world
    matrix = np.repeat(planted(4, "easy", rows=600)[0][:2], 20, axis=0)
    source, definitions = tables(matrix)
    assert scaling_step(source, definitions, settings).num_rows
    learned = with_columns(source, previous_segment_id=pa.array([4] * 40, pa.int64()))
    assigned = backtest_step(learned, source, definitions, IDS, settings).read_all()
    assert len(set(assigned.column("segment_id").to_pylist())) == 2
