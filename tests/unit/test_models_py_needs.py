"""Needs: columns and scores worked out by hand, and parameters that travel."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models_py import needs_learning
from models_py.needs import (
    LINES,
    MEASURE,
    OBSERVED,
    ORDERS,
    SPEND,
    NeedsColumn,
    NeedsModel,
    batch_with_scores,
    centres,
    log_spend,
    segments,
    source_with_scores,
    whole_count,
)
from models_py.scaling import SCALING_SCHEMA
from needs_tables import COLUMNS, definitions, shop, table


@pytest.fixture(scope="module")
def given() -> dict[str, np.ndarray]:
    return shop(3, taste=0.8)[0][0]


@pytest.fixture(scope="module")
def learned(given) -> NeedsModel:
    part = needs_learning.components(COLUMNS, given)
    assert part is not None
    return needs_learning.rotated(part, 2, 0.8)


def test_prior_count_and_mean_share_by_hand():
    # Two customers of 10 lines, 8 and 2 of one product: mu = 1/2, V = 1/2, S = 2 x 0.3^2 = 0.18,
    # W = 2 / 20, rho = (0.36 - 0.1) / 0.9 = 0.26 / 0.9, m = 0.9 / 0.26 - 1.
    m, mu = needs_learning.prior_count(np.array([[8.0], [2.0]]), np.array([10.0, 10.0]))
    assert mu.tolist() == [0.5]
    assert m == pytest.approx(0.9 / 0.26 - 1)


def test_shares_that_vary_no_more_than_by_chance_are_shrunk_the_most():
    same = needs_learning.prior_count(np.array([[5.0], [5.0]]), np.array([10.0, 10.0]))
    one_line = needs_learning.prior_count(np.array([[1.0], [0.0]]), np.array([1.0, 1.0]))
    nothing = needs_learning.prior_count(np.array([[0.0], [0.0]]), np.array([0.0, 0.0]))
    assert same[0] == one_line[0] == nothing[0] == 9999
    apart = needs_learning.prior_count(np.array([[10.0], [0.0]]), np.array([10.0, 10.0]))
    assert apart[0] == pytest.approx(1 / 0.999 - 1)


def by_hand(**columns: list[float]) -> dict[str, np.ndarray]:
    """Three customers: of 10 orders of 4 lines, of 5 orders of 2 lines, and one without a share."""
    rows = {
        SPEND: [np.e - 1, 0.0, np.nan],
        ORDERS: [1.0, 0.5, 1.0],
        LINES: [4.0, 2.0, 4.0],
        OBSERVED: [280.0, 280.0, 280.0],
        **columns,
    }
    return {name: np.array(values, dtype=np.float64) for name, values in rows.items()}


def test_shares_are_shrunk_by_their_count_and_rooted_by_hand():
    rows = by_hand(evening=[0.3, 0.0, np.nan], bread=[0.3, 0.5, np.nan])
    assert whole_count(rows, "orders").tolist() == [10, 5, 10]
    assert whole_count(rows, "lines").tolist() == [40, 10, 40]
    evening = NeedsColumn("evening", "time", "orders", prior_count=6.0, mean_share=0.25)
    # (3 + 1.5) / (10 + 6), (0 + 1.5) / (5 + 6); without a share the mean.
    assert evening.values(rows, whole_count(rows, "orders")) == pytest.approx(
        np.sqrt([4.5 / 16, 1.5 / 11, 0.25])
    )
    bread = NeedsColumn("bread", "basket", "lines", prior_count=8.0, mean_share=0.5)
    # (12 + 4) / (40 + 8), (5 + 4) / (10 + 8).
    assert bread.values(rows, whole_count(rows, "lines")) == pytest.approx(
        np.sqrt([1 / 3, 1 / 2, 1 / 2])
    )


def test_a_measure_is_moved_and_held_within_its_bounds():
    column = NeedsColumn(LINES, "style", MEASURE, "log1p", 3.0, 1.2, 1.5)
    rows = by_hand() | {LINES: np.array([4.0, 2.5, np.nan])}
    # log 5 = 1.61 is cut to 1.5, log 3.5 = 1.25, and a missing one counts as 3: log 4 = 1.39.
    assert column.values(rows, np.zeros(3)) == pytest.approx([1.5, np.log(3.5), np.log(4)])


def test_scores_by_hand():
    model = NeedsModel(
        columns=(NeedsColumn("evening", "time", "orders", prior_count=6.0, mean_share=0.25),),
        coefficients=np.array([[2.0]]),
        loadings=np.array([[1.0]]),
        trends=np.array([[0.5], [0.25], [0.125]]),
        spreads=np.array([[2.0], [-0.5]]),
        deviations=np.array([0.8]),
        threshold=1.0,
    )
    rows = by_hand(evening=[0.3, 0.0, np.nan])
    # Log spend 1, 0 and, without spend, 0: trends of 0.875, 0.5, 0.5; squares of 1.5, 2, 2.
    expected = [
        (2 * np.sqrt(4.5 / 16) - 0.875) / (np.sqrt(1.5) * 0.8),
        (2 * np.sqrt(1.5 / 11) - 0.5) / (np.sqrt(2.0) * 0.8),
        (2 * 0.5 - 0.5) / (np.sqrt(2.0) * 0.8),
    ]
    assert model.scores(rows)[0] == pytest.approx(expected)
    steep = replace(model, spreads=np.array([[9.0], [-20.0]]))  # held within a quarter and four
    evened = np.array([np.sqrt(1.5 / 0.25), np.sqrt(2 / 4), np.sqrt(2 / 4)])
    assert steep.scores(rows)[0] == pytest.approx(np.array(expected) * evened)


def test_priors_are_of_the_customers_and_one_for_all_categories(given):
    found = {one.feature: one for one in needs_learning.with_priors(COLUMNS, given)}
    names = [name for name in found if name.startswith("category_")]
    assert len({found[name].prior_count for name in names}) == 1
    lines, orders = whole_count(given, "lines"), whole_count(given, "orders")
    for name, whole in (("category_2_share", lines), ("evening_order_share", orders)):
        mean = (given[name] * whole).sum() / whole.sum()
        assert found[name].mean_share == pytest.approx(mean)
    m, _ = needs_learning.prior_count((given["evening_order_share"] * orders)[:, None], orders)
    assert found["evening_order_share"].prior_count == pytest.approx(m)
    assert found["weekend_order_share"].prior_count != pytest.approx(m)


def test_a_trend_over_log_spend_is_taken_out(given):
    # A share that follows spend has no part of it left; what is left has unit variance.
    bent = dict(given)
    height = log_spend(given)
    bent["evening_order_share"] = np.square(0.2 + 0.1 * height - 0.01 * height**2)
    found = needs_learning.components(COLUMNS, bent)
    assert found is not None
    assert np.abs(found.powers.T @ found.standardised / len(height)).max() < 1e-9
    assert found.standardised.std(axis=0) == pytest.approx(np.ones(len(found.columns)))


def test_scores_are_even_uncorrelated_and_free_of_spend(learned, given):
    scored = learned.scores(given)
    spend = log_spend(given)
    assert scored.std(axis=1) == pytest.approx(np.ones(2), abs=1e-6)
    together = np.corrcoef(np.vstack([scored, spend]))
    assert np.abs(together - np.eye(3)).max() < 0.1
    for line in scored:
        few, many = (line[spend < np.median(spend)], line[spend >= np.median(spend)])
        assert few.std() == pytest.approx(many.std(), rel=0.1)
    labels = segments(scored, 0.8)
    means = np.array([spend[labels == one].mean() for one in labels])
    assert means.var() / spend.var() < 0.05


def test_axes_are_rotated_ordered_and_turned_by_what_they_explain(learned, given):
    scored = learned.scores(given)
    part = needs_learning.components(COLUMNS, given)
    for axis in range(2):
        own = [np.corrcoef(scored[axis], line)[0, 1] for line in part.standardised.T]
        assert learned.loadings[:, axis] == pytest.approx(own, abs=0.02)
    explained = np.square(part.weights[:, None] * learned.loadings).sum(axis=0)
    assert explained[0] >= explained[1]
    largest = np.abs(learned.loadings).argmax(axis=0)
    assert (learned.loadings[largest, [0, 1]] > 0).all()
    assert needs_learning.varimax(learned.loadings) == pytest.approx(np.eye(2), abs=1e-6)


def test_varimax_finds_the_axes_on_which_loadings_are_few():
    simple = np.array([[0.9, 0.0], [0.8, 0.0], [0.0, 0.7], [0.0, -0.9], [0.1, 0.0]])
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    rotation = needs_learning.varimax(simple @ turn)
    assert simple @ turn @ rotation == pytest.approx(simple, abs=1e-6)


def scaling_of_features() -> pa.Table:
    """A scaling of every feature, as the first rung learns it."""
    rows = []
    for row in definitions().to_pylist():
        numbers = {"missing_value": 0.0, "lower_value": 0.5, "upper_value": 4.0}
        numbers |= {"mean_value": 1.0, "standard_deviation": 1.0, "scale_factor": 1.0}
        kept = {name: row[name] for name in ("feature", "position", "family", "transform")}
        rows.append(kept | numbers | {"is_used": True, "row_count": 1000, "weight": 1.0})
    rows[0] |= {"is_used": False, "dropped_reason": "weight 0"}
    named = [{name: row.get(name) for name in SCALING_SCHEMA.names} for row in rows]
    return pa.Table.from_pylist(named, schema=SCALING_SCHEMA)


def test_parameters_come_back_from_the_scaling_table(learned, given):
    scaling = scaling_of_features()
    own = replace(learned, columns=(*learned.columns[:-1], bounded(learned.columns[-1])))
    described = own.described(scaling)
    assert described.schema.equals(scaling.schema)
    order = np.random.default_rng(0).permutation(described.num_rows)
    again = NeedsModel.from_table(described.take(order))
    assert again is not None
    assert again.columns == own.columns
    assert again.scores(given).tobytes() == own.scores(given).tobytes()
    assert again.described(scaling).equals(described)


def bounded(column: NeedsColumn) -> NeedsColumn:
    """A measure as the scaling of the features has it."""
    return replace(column, missing=0.0, lower=0.5, upper=4.0)


def test_a_fit_by_needs_uses_scores_and_no_feature_beside_them(learned):
    rows = {row["feature"]: row for row in learned.described(scaling_of_features()).to_pylist()}
    assert [name for name, row in rows.items() if row["is_used"]] == ["need_1", "need_2"]
    assert {row["weighting"] for row in rows.values()} == {"needs"}
    assert rows[SPEND]["dropped_reason"] == "weight 0"
    assert rows[ORDERS]["dropped_reason"] == "no part of the needs"
    assert rows["category_1_share"]["dropped_reason"] == "part of the needs"
    assert rows["need_2"]["position"] == len(rows)
    assert NeedsModel.from_table(scaling_of_features()) is None
    assert NeedsModel.from_table(None) is None


def test_batches_carry_scores_unless_a_column_is_gone(learned, given):
    described = learned.described(scaling_of_features())
    whole = table(given)
    source = source_with_scores(lambda: iter(whole.to_batches(max_chunksize=300)), described)
    scored = pa.Table.from_batches(source())
    own = NeedsModel.from_table(described)
    assert own is not None
    expected = own.scores(given)
    for axis, name in enumerate(("need_1", "need_2")):
        # In batches of another size, sums are taken in the same order.
        assert scored.column(name).to_numpy().tobytes() == expected[axis].tobytes()
    lacking = whole.drop_columns(["category_3_share"]).to_batches()[0]
    assert batch_with_scores(lacking, own) is lacking
    plain = lambda: iter(whole.to_batches())  # noqa: E731 - a source is a function
    assert source_with_scores(plain, scaling_of_features()) is plain


def test_the_segment_is_the_nearest_centre():
    scored = np.random.default_rng(4).standard_normal((3, 2000)) * 1.3
    squared = np.square(scored.T[:, None] - centres(3, 0.9)[None]).sum(axis=2)
    labels = segments(scored, 0.9)
    assert (labels == squared.argmin(axis=1)).all()
    assert set(labels) == set(range(7))
    assert segments(np.array([[0.9, -1.0, 0.1], [-0.2, 1.1, -0.95]]), 0.9).tolist() == [0, 3, 4]
