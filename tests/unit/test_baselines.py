"""Whether segments predict future spend: intervals against a jackknife, and the findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from common.project_sql import ProjectSql, Relation

CUSTOMERS = 600
PLAIN = ("spend quintiles", "RFM cells", "recency and spend cells", "past spend ranking")
MODELS = ("int_baseline_scores", "baseline_comparison", "baseline_findings")
Measured = Callable[[np.ndarray, np.ndarray, np.ndarray], duckdb.DuckDBPyConnection]


@pytest.fixture
def measured() -> Iterator[Measured]:
    """Runs the models on past spend, future spend and the segments of the backtest.

    All customers have as many orders and the same last order, so all cells are spend quintiles.
    """
    with duckdb.connect() as connection:
        project = ProjectSql(
            connection, {"source": "own_files"}, lambda name: Relation("main", name)
        )

        def run(
            past: np.ndarray, future: np.ndarray, segments: np.ndarray
        ) -> duckdb.DuckDBPyConnection:
            given = pa.table(
                {
                    "customer_id": [f"c{i:04}" for i in range(CUSTOMERS)],
                    "segment_id": pa.array(segments, pa.int64()),
                    "past": past,
                    "future": future,
                }
            )
            connection.register("given", given)
            connection.execute(
                "create table int_customer_future_spend as select customer_id, "
                "'backtest' as basis, segment_id, cast(future as decimal(18, 4)) as future_spend, "
                "true as is_backtest_date, date '2024-01-01' as as_of_date from given"
            )
            connection.execute(
                "create table customer_snapshots as select customer_id, "
                "date '2024-01-01' as as_of_date, 3 as order_count, "
                "cast(past as decimal(18, 4)) as spend, date '2023-12-01' as last_order_date "
                "from given"
            )
            connection.execute(
                "create table snapshots as "
                "select date '2024-01-01' as as_of_date, true as is_followed"
            )
            connection.execute("create table source_capabilities as select true as has_orders")
            for name in MODELS:
                sql, _ = project.model(name)
                connection.execute(f"create table {name} as {sql}")
            return connection

        yield run


def spend(rng: np.random.Generator) -> np.ndarray:
    return np.round(rng.lognormal(3, 1, CUSTOMERS), 2)


def groups(values: np.ndarray, count: int = 5) -> np.ndarray:
    """Number groups of equal size from 1, by ascending value."""
    return np.argsort(np.argsort(values)) * count // CUSTOMERS + 1


def levels(values: np.ndarray, count: int) -> np.ndarray:
    """Replace values by the median of their group, so that a finer ranking is the groups again."""
    numbers = groups(values, count)
    medians = {number: np.median(values[numbers == number]) for number in set(numbers)}
    return np.round([medians[number] for number in numbers], 2)


def finding(connection: duckdb.DuckDBPyConnection) -> str:
    return connection.execute(
        "select finding from baseline_findings where basis = 'backtest'"
    ).fetchone()[0]


def jackknife(part: np.ndarray, whole: np.ndarray) -> float:
    """Standard error of the ratio of two sums, leaving out one customer at a time."""
    left = (part.sum() - part) / (whole.sum() - whole)
    return float(np.sqrt((len(part) - 1) / len(part) * ((left - left.mean()) ** 2).sum()))


def test_where_spend_is_noise_nothing_predicts(measured: Measured) -> None:
    rng = np.random.default_rng(1)
    past, future = spend(rng), spend(rng)
    connection = measured(past, future, rng.integers(1, 4, CUSTOMERS))
    assert finding(connection).startswith(
        "Nothing predicts future spend, neither the segments nor plain methods: segments explain -"
    )
    rows = connection.execute(
        "select comparison, is_predictive, explains_most from baseline_comparison "
        "where method <> 'segments'"
    ).fetchall()
    assert len(rows) == len(PLAIN) + 1
    assert set(rows) == {
        ("does not predict future spend, nor do the segments", False, False),
    }


def test_methods_within_the_interval_of_their_difference_are_as_good(measured: Measured) -> None:
    """The segments are the quintiles but for a few customers."""
    rng = np.random.default_rng(2)
    past = spend(rng)
    future = np.round(past * rng.lognormal(0, 1, CUSTOMERS), 2)
    segments = groups(past * rng.lognormal(0, 0.02, CUSTOMERS))
    connection = measured(levels(past, 5), future, segments)
    assert finding(connection).startswith(
        "The segments predict future spend as well as plain methods: segments explain "
    )
    percents = connection.execute(
        "select explained_percent from baseline_comparison where method <> 'chance' "
        "order by method = 'segments'"
    ).fetchall()
    assert percents[0] != percents[-1]
    assert connection.execute(
        "select distinct comparison from baseline_comparison "
        "where method not in ('segments', 'chance')"
    ).fetchall() == [
        (
            "explains as much of future spend as the segments, and its top 20% of customers bring "
            "as much",
        )
    ]


def test_a_plain_method_that_is_clearly_better_comes_first(measured: Measured) -> None:
    rng = np.random.default_rng(3)
    past = spend(rng)
    future = np.round(past * rng.lognormal(0, 0.5, CUSTOMERS), 2)
    segments = np.where(groups(past) > 3, 1, 2)
    assert finding(measured(levels(past, 20), future, segments)).startswith(
        "Plain methods predict future spend better than the segments: "
    )


def test_only_plain_methods_predict(measured: Measured) -> None:
    rng = np.random.default_rng(4)
    past = spend(rng)
    future = np.round(past * rng.lognormal(0, 0.5, CUSTOMERS), 2)
    assert finding(measured(past, future, rng.integers(1, 4, CUSTOMERS))).startswith(
        "Plain methods predict future spend and the segments do not: segments explain "
    )


def test_segments_that_are_clearly_better_are_said_to_be(measured: Measured) -> None:
    rng = np.random.default_rng(5)
    past, future = spend(rng), spend(rng)
    assert finding(measured(past, future, groups(future))).startswith(
        "The segments explain more of future spend than plain methods: "
    )


def test_intervals_are_those_of_a_jackknife(measured: Measured) -> None:
    rng = np.random.default_rng(6)
    past = spend(rng)
    future = np.round(past * rng.lognormal(0, 1, CUSTOMERS), 2)
    connection = measured(levels(past, 20), future, groups(past, 3))
    scores = {
        method: connection.execute(
            "select squared_error, squared_deviation, captured_part, future_spend "
            "from int_baseline_scores where method = ? order by customer_id",
            [method],
        ).fetchnumpy()
        for method in ("segments", "past spend ranking")
    }
    own, ranking = (
        {name: np.asarray(column, dtype=float) for name, column in scores[method].items()}
        for method in scores
    )
    row = connection.execute(
        "select explained_high - explained, captured_high - captured, "
        "explained_difference_high - explained_difference, "
        "captured_difference_high - captured_difference from baseline_comparison "
        "where method = 'past spend ranking'"
    ).fetchone()
    deviation, amount = own["squared_deviation"], own["future_spend"]
    expected = [
        jackknife(ranking["squared_deviation"] - ranking["squared_error"], deviation),
        jackknife(ranking["captured_part"] * amount, amount),
        jackknife(own["squared_error"] - ranking["squared_error"], deviation),
        jackknife((ranking["captured_part"] - own["captured_part"]) * amount, amount),
    ]
    # To the first order; leaving one out also changes the whole.
    assert list(row) == pytest.approx([1.959964 * error for error in expected], rel=0.02)


def test_where_future_spend_is_none_nothing_is_measured(measured: Measured) -> None:
    rng = np.random.default_rng(7)
    past = spend(rng)
    assert finding(measured(past, np.zeros(CUSTOMERS), groups(past))).startswith("Not measured: ")
