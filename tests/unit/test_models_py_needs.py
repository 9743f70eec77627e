"""Needs: columns worked out by hand, parameters that travel, kinds found or none."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pyarrow as pa
import pytest
from threadpoolctl import threadpool_limits

from models_py import needs, needs_learning, needs_search
from models_py.errors import LearningError
from models_py.metrics import adjusted_rand, contingency
from models_py.needs_counts import CustomerCounts, Definition
from models_py.needs_search import NeedsSettings

DEFINITIONS = (
    Definition("evening", "time", "orders"),
    Definition("weekend", "time", "orders"),
    Definition("discounted", "promotion", "lines"),
    Definition("lines_per_order", "style"),
)
FAST = NeedsSettings(threads=1, split_count=6, draws=8)
KINDS = 5
AXES = 3
PRODUCTS = 24


def shop(
    seed: int, *, taste: float = 0.0, spread: float = 0.0, sizes: float = 0.0, customers: int = 500
):
    """Tables of whole, odd and even orders, and the kind of each customer.

    taste: in log odds, of kinds 1 and 2 for opposite ones of the first products, and of kinds 3
    and 4, who come less or more often in the evening, of the last. Kind 0 has none. spread: of
    log order counts; sizes: of log basket sizes.
    """
    random = np.random.default_rng([seed, 8])
    kind = random.integers(0, KINDS, customers)
    orders = 2 + random.poisson(20 * np.exp(spread * random.standard_normal(customers)))
    basket = 4 * np.exp(sizes * random.standard_normal(customers))
    product = np.arange(PRODUCTS)
    sign = np.where(product % 2, 1, -1)
    early = np.array([0, 1, -1, 0, 0])[kind][:, None] * np.where(product < 12, sign, 0)
    late = np.array([0, 0, 0, -1, 1])[kind][:, None] * np.where(product < 12, 0, sign)
    chances = np.exp(taste * (early + late)) / (product + 5)
    chances /= chances.sum(axis=1, keepdims=True)
    evening = 0.4 + 0.3 * np.sign(taste) * np.array([0, 0, 0, -1, 1])[kind]
    parts = []
    for count in ((orders + 1) // 2, orders // 2):
        lines = count + random.poisson(count * basket)
        parts.append(
            {
                "orders": count,
                "lines": lines,
                "evening": random.binomial(count, evening),
                "weekend": random.binomial(count, 2 / 7),
                "discounted": random.binomial(lines, 0.3),
                "bought": random.multinomial(lines, chances),
            }
        )
    whole = {name: parts[0][name] + parts[1][name] for name in parts[0]}
    log_spend = np.log1p(whole["lines"] * np.exp(0.1 * random.standard_normal(customers)))
    return [tables(part, log_spend) for part in (whole, *parts)], kind


def tables(part: dict[str, np.ndarray], log_spend: np.ndarray) -> tuple[pa.Table, pa.Table]:
    ids = [f"c{number:04}" for number in range(len(log_spend))]
    held = {name: values for name, values in part.items() if name != "bought"}
    ratio = np.log(part["lines"] / part["orders"])
    customers = pa.table(
        {"customer_id": ids, "log_spend": log_spend, "lines_per_order": ratio, **held}
    )
    row, product = np.nonzero(part["bought"])
    bought = pa.table(
        {
            "customer_id": [ids[number] for number in row],
            "product": [f"p{number:02}" for number in product],
            "lines": part["bought"][row, product],
        }
    )
    return customers, bought


def counts_of(parts: list[tuple[pa.Table, pa.Table]]) -> list[CustomerCounts]:
    names = [f"p{number:02}" for number in range(PRODUCTS)]
    return [CustomerCounts.of_tables(*part, DEFINITIONS, names) for part in parts]


@pytest.fixture(scope="module")
def planted():
    return shop(3, taste=0.7, spread=0.5)


@pytest.fixture(scope="module")
def counts(planted) -> list[CustomerCounts]:
    return counts_of(planted[0])


@pytest.fixture(scope="module")
def found(counts) -> needs_search.NeedsSearch:
    return needs_search.search(*counts, FAST)


@pytest.fixture(scope="module")
def learned(counts) -> needs.Needs:
    part = needs_learning.components(*counts, seed=1, draws=0)
    return needs_learning.rotated(part, AXES, 0.9)


def test_prior_count_and_mean_share_by_hand():
    # Two customers of 10 lines, 8 and 2 of one product: mu = 1/2, V = 1/2, S = 2 x 0.3^2 = 0.18,
    # W = 2 / 20, rho = (0.36 - 0.1) / 0.9 = 0.26 / 0.9, m = 0.9 / 0.26 - 1.
    m, mu = needs_learning.prior_count(np.array([[8.0], [2.0]]), np.array([10.0, 10.0]))
    assert mu.tolist() == [0.5]
    assert m == pytest.approx(0.9 / 0.26 - 1)
    shrunk = needs.shrunk(np.array([8.0, 0.0]), np.array([10.0, 0.0]), m, mu[0])
    assert shrunk[0] == pytest.approx((8 + m / 2) / (10 + m))
    assert shrunk[1] == 0.5, "without lines the share is the shop's mean"


def test_shares_that_vary_no_more_than_by_chance_are_shrunk_the_most():
    same = needs_learning.prior_count(np.array([[5.0], [5.0]]), np.array([10.0, 10.0]))
    one_line = needs_learning.prior_count(np.array([[1.0], [0.0]]), np.array([1.0, 1.0]))
    nothing = needs_learning.prior_count(np.array([[0.0], [0.0]]), np.array([0.0, 0.0]))
    assert same[0] == one_line[0] == nothing[0] == 9999
    apart = needs_learning.prior_count(np.array([[10.0], [0.0]]), np.array([10.0, 10.0]))
    assert apart[0] == pytest.approx(1 / 0.999 - 1)


def test_a_trend_over_log_spend_is_taken_out_by_hand():
    columns = needs.NeedsColumns(
        names=("p00", "lines_per_order"),
        blocks=("basket", "style"),
        kinds=("product", "measure"),
        prior_counts=np.array([4.0, np.nan]),
        mean_shares=np.array([0.25, np.nan]),
        lower=np.array([-np.inf, -1.0]),
        upper=np.array([np.inf, 1.0]),
        trends=np.array([[0.5, 0.1], [0.25, 0.2], [0.0, 0.3]]),
        deviations=np.array([0.5, 2.0]),
        log_spend_mean=5.0,
        log_spend_deviation=2.0,
    )
    customers = pa.table(
        {
            "customer_id": ["a", "b"],
            "log_spend": [7.0, 5.0],
            "lines": [12, 5],
            "lines_per_order": [3.0, -0.5],
        }
    )
    bought = pa.table({"customer_id": ["a"], "product": ["p00"], "lines": [3]})
    held = CustomerCounts.of_tables(customers, bought, DEFINITIONS[3:])
    got = needs.standardised(columns, held, held.log_spend)
    # a: x = 1, share (3 + 1) / (12 + 4) with root 0.5, trend 0.75; the measure is cut to 1.
    # b: x = 0, share (0 + 1) / (5 + 4) with root 1/3, trend 0.5.
    expected = [[(0.5 - 0.75) / 0.5, (1 - 0.6) / 2], [(1 / 3 - 0.5) / 0.5, (-0.5 - 0.1) / 2]]
    assert got == pytest.approx(np.array(expected))


def test_standardised_columns_have_no_trend_and_unit_variance(counts):
    columns = needs_learning.learn_columns(counts[0])
    values = needs.standardised(columns, counts[0], counts[0].log_spend)
    powers = columns.powers(counts[0].log_spend)
    assert values.std(axis=0) == pytest.approx(np.ones(len(columns.names)), abs=1e-5)
    assert np.abs(powers.T @ values / len(values)).max() < 1e-5  # parameters are rounded
    assert np.isinf(columns.lower[columns.is_product]).all()
    assert np.isfinite(columns.lower[~columns.is_product]).all()


def test_parameters_come_back_from_their_table(learned, counts):
    table = learned.to_table()
    assert table.schema == needs.NEEDS_SCHEMA
    assert table.num_rows == 3 * (PRODUCTS + len(DEFINITIONS))
    shuffled = table.take(np.random.default_rng(0).permutation(table.num_rows))
    again = needs.Needs.of_table(shuffled)
    assert again.to_table().equals(table)
    assert (needs.scores(again, counts[0]) == needs.scores(learned, counts[0])).all()
    for field in fields(needs.NeedsColumns):
        pair = (getattr(one.columns, field.name) for one in (learned, again))
        np.testing.assert_array_equal(*pair)
    with pytest.raises(LearningError, match="expected a row for each axis and column, found 83"):
        needs.Needs.of_table(table.slice(1))


def test_scores_by_products_bought_equal_those_by_columns(learned, counts):
    for part in counts:
        dense = needs.standardised(learned.columns, part, part.log_spend) @ learned.coefficients
        expected = dense / learned.divisors(part.log_spend)
        assert needs.scores(learned, part) == pytest.approx(expected, abs=1e-11)


def test_scores_are_even_uncorrelated_and_free_of_spend(learned, counts):
    scored = needs.scores(learned, counts[0])
    assert scored.std(axis=0) == pytest.approx(np.ones(3), abs=1e-6)
    together = np.corrcoef(np.column_stack([scored, counts[0].log_spend]).T)
    assert np.abs(together - np.eye(4)).max() < 0.1
    largest = np.abs(learned.loadings).argmax(axis=0)
    assert (learned.loadings[largest, np.arange(3)] > 0).all()


def test_contributions_add_up_to_the_score(learned, counts):
    scored = needs.scores(learned, counts[0])
    for axis in range(learned.axes):
        parts = needs.contributions(learned, counts[0], axis)
        assert parts.shape == (len(counts[0]), len(learned.columns.names))
        assert np.abs(parts.sum(axis=1) - scored[:, axis]).max() < 1e-9


def test_the_segment_is_the_nearest_centre():
    scored = np.random.default_rng(4).standard_normal((2000, 3)) * 1.3
    squared = np.square(scored[:, None] - needs.centres(3, 0.9)[None]).sum(axis=2)
    labels = needs.segments(scored, 0.9)
    assert (labels == squared.argmin(axis=1)).all()
    assert set(labels) == set(range(7))
    assert needs.segments(np.array([[0.9, -0.2], [-1.0, 1.0]]), 0.9).tolist() == [0, 1]


def test_planted_kinds_are_found(found, planted, counts):
    kind = planted[1]
    assert found.needs is not None and found.chosen is not None
    assert found.axes_that_return >= found.chosen.axes >= 2
    assert found.chosen.agreement > 0.7 and found.finding.startswith(f"{found.chosen.axes} axes")
    labels = needs.segments(needs.scores(found.needs, counts[0]), found.needs.threshold)
    table = contingency(kind, labels, KINDS, 1 + 2 * found.chosen.axes)
    assert adjusted_rand(table) > 0.7
    assert eta_squared(counts[0].log_spend, labels) < 0.05


def eta_squared(values: np.ndarray, labels: np.ndarray) -> float:
    means = np.array([values[labels == one].mean() for one in labels])
    return float(means.var() / values.var())


@pytest.mark.parametrize(
    ("spread", "sizes"), [(0, 0), (1.2, 0), (1.2, 1.2)], ids=["chance", "orders", "volume"]
)
@pytest.mark.parametrize("seed", [5, 6, 8])
def test_needs_do_not_differ_where_customers_differ_by_chance_or_volume(seed, spread, sizes):
    parts = counts_of(shop(seed, spread=spread, sizes=sizes, customers=300)[0])
    if sizes:
        # The size of baskets is a way of buying where it is a column.
        parts = [without(part, "lines_per_order") for part in parts]
    got = needs_search.search(*parts, FAST)
    assert got.axes_that_return == 0
    assert got.needs is None and got.chosen is None and not got.candidates
    assert got.finding.startswith("needs do not differ")


def without(part: CustomerCounts, name: str) -> CustomerCounts:
    kept = [at for at, one in enumerate(part.definitions) if one.name != name]
    return replace(
        part,
        definitions=tuple(part.definitions[at] for at in kept),
        values=part.values[:, kept],
        trials=part.trials[:, kept],
    )


def test_no_cut_is_chosen_that_half_samples_do_not_agree_on(counts):
    strict = replace(FAST, minimum_agreement=1.01, split_count=2)
    got = needs_search.search(*counts, strict)
    assert got.axes_that_return and got.needs is None
    assert len(got.candidates) == 3 * (min(got.axes_that_return, 4) - 1)
    assert "half samples agree on no segments" in got.finding


def test_order_of_rows_and_threads_change_nothing(found, planted):
    random = np.random.default_rng(5)
    shuffled = [
        tuple(table.take(random.permutation(table.num_rows)) for table in part)
        for part in planted[0]
    ]
    with threadpool_limits(limits=2):
        again = needs_search.search(*counts_of(shuffled), replace(FAST, threads=3))
    assert found.needs is not None and again.needs is not None
    assert bytes_of(again.needs) == bytes_of(found.needs)
    assert again.candidates == found.candidates


def bytes_of(learned: needs.Needs) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, needs.NEEDS_SCHEMA) as writer:
        writer.write_table(learned.to_table().combine_chunks())
    content: bytes = sink.getvalue().to_pybytes()
    return content


def test_varimax_finds_the_axes_on_which_loadings_are_few():
    simple = np.array([[0.9, 0.0], [0.8, 0.0], [0.0, 0.7], [0.0, -0.9], [0.1, 0.0]])
    turn = np.array([[np.cos(0.5), -np.sin(0.5)], [np.sin(0.5), np.cos(0.5)]])
    rotation = needs_learning.varimax(simple @ turn)
    assert simple @ turn @ rotation == pytest.approx(simple, abs=1e-6)


def test_axes_are_uncorrelated_rotated_and_ordered_by_what_they_explain(learned, counts):
    scored = needs.raw_scores(learned.columns, learned.coefficients, counts[0])
    assert scored.T @ scored / len(scored) == pytest.approx(np.eye(AXES), abs=1e-6)
    explained = np.square(learned.block_weights[:, None] * learned.loadings).sum(axis=0)
    assert (np.diff(explained) <= 0).all()
    assert needs_learning.varimax(learned.loadings) == pytest.approx(np.eye(AXES), abs=1e-6)


def test_too_few_customers_or_columns_are_refused(counts):
    few = [part.take(np.arange(150)) for part in counts]
    with pytest.raises(LearningError, match="at least 200 customers with two orders"):
        needs_search.search(*few, FAST)
    with pytest.raises(LearningError, match="at least 100 customers"):
        needs_learning.learn_columns(counts[0].take(np.arange(99)))
    bare = [
        replace(part, products=(), row=part.row[:0], product=part.product[:0], count=part.count[:0])
        for part in counts
    ]
    bare = [without(part, "evening") for part in bare]
    with pytest.raises(LearningError, match="at least 4 columns in which customers differ"):
        needs_search.search(*bare, FAST)


def test_parts_of_other_customers_are_refused(counts):
    other = counts[1].take(np.arange(1, len(counts[1])))
    with pytest.raises(LearningError, match="the same customers and products"):
        needs_search.search(counts[0], other, counts[2], FAST)


def test_counts_that_cannot_be_are_refused(planted):
    customers, bought = planted[0][0]
    read = CustomerCounts.of_tables
    with pytest.raises(LearningError, match="one row per customer_id"):
        read(pa.concat_tables([customers, customers]), bought, DEFINITIONS)
    with pytest.raises(LearningError, match="one row per customer and product"):
        read(customers, pa.concat_tables([bought, bought]), DEFINITIONS)
    with pytest.raises(LearningError, match="rows of other customers"):
        read(customers.slice(1), bought, DEFINITIONS)
    with pytest.raises(LearningError, match="of other products"):
        read(customers, bought, DEFINITIONS, ["p00"])
    with pytest.raises(LearningError, match="evening from 0 to orders"):
        more = pa.array(customers.column("orders").to_numpy() + 1)
        read(
            customers.set_column(customers.schema.get_field_index("evening"), "evening", more),
            bought,
            DEFINITIONS,
        )
    with pytest.raises(LearningError, match="expected a column price, found customer_id"):
        read(customers, bought, [Definition("price", "style")])
    with pytest.raises(LearningError, match="log_spend: expected a finite number"):
        gaps = pa.array([None] * customers.num_rows, pa.float64())
        read(customers.set_column(1, "log_spend", gaps), bought, DEFINITIONS)
    with pytest.raises(LearningError, match="those of the customer in all"):
        none = pa.array(np.zeros(customers.num_rows))
        place = customers.schema.get_field_index("lines")
        read(customers.set_column(place, "lines", none), bought, ())
