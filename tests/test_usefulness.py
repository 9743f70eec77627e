"""Whether segments predict later spend: intervals against a jackknife, and what is said of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from project_sql import ProjectSql, Relation

CUSTOMERS = 600
PLAIN = ("spend quintiles", "RFM cells", "past spend ranking")
MODELS = ("int_usefulness_groups", "int_usefulness_scores", "int_usefulness", "int_usefulness_told")
Measured = Callable[[np.ndarray, np.ndarray, dict[str, np.ndarray]], duckdb.DuckDBPyConnection]


@pytest.fixture
def measured() -> Iterator[Measured]:
    """Runs the models on past spend, later spend, and groups by method."""
    with duckdb.connect() as connection:
        project = ProjectSql(
            connection, {"source": "own_files"}, lambda name: Relation("main", name)
        )

        def run(
            past: np.ndarray, later: np.ndarray, groups: dict[str, np.ndarray]
        ) -> duckdb.DuckDBPyConnection:
            methods = [
                pa.table(
                    {
                        "customer_id": [f"c{i:04}" for i in range(CUSTOMERS)],
                        "basis": ["judged" if method == "segments" else "any"] * CUSTOMERS,
                        "method": [method] * CUSTOMERS,
                        "group_number": pa.array(group, pa.int64()),
                        "fold": pa.array(np.arange(CUSTOMERS) % 5, pa.int64()),
                        "past": past,
                        "later": later,
                    }
                )
                for method, group in groups.items()
            ]
            connection.register("given", pa.concat_tables(methods))
            connection.execute(
                "create table int_usefulness_members as select * exclude (past, later), "
                "cast(past as decimal(18, 4)) as past_spend, "
                "cast(later as decimal(18, 4)) as later_spend, "
                "cast(ln(1 + later) as decimal(18, 9)) as log_later_spend, "
                "date '2024-01-01' as as_of_date from given"
            )
            for name in MODELS:
                sql, _ = project.model(name)
                connection.execute(f"create table {name} as {sql}")
            return connection

        yield run


def spend(rng: np.random.Generator) -> np.ndarray:
    return np.round(rng.lognormal(3, 1, CUSTOMERS), 2)


def fifths(values: np.ndarray, count: int = 5) -> np.ndarray:
    return np.argsort(np.argsort(values)) * count // CUSTOMERS + 1


def told(connection: duckdb.DuckDBPyConnection) -> str:
    return connection.execute("select usefulness from int_usefulness_told").fetchone()[0]


def jackknife(part: np.ndarray, whole: np.ndarray) -> float:
    """Standard error of the ratio of two sums, leaving out one customer at a time."""
    left = (part.sum() - part) / (whole.sum() - whole)
    return float(np.sqrt((len(part) - 1) / len(part) * ((left - left.mean()) ** 2).sum()))


def test_where_spend_is_noise_nothing_predicts(measured: Measured) -> None:
    rng = np.random.default_rng(1)
    past, later = spend(rng), spend(rng)
    groups = dict.fromkeys(("segments", *PLAIN), rng.integers(1, 4, CUSTOMERS))
    groups |= {"spend quintiles": fifths(past), "past spend ranking": fifths(past, 100)}
    connection = measured(past, later, groups)
    assert told(connection).startswith(
        "Nothing predicts later spend, neither the segments nor plain methods: segments explain -"
    )
    rows = connection.execute(
        "select comparison, is_predictive, explains_most from int_usefulness "
        "where method <> 'segments'"
    ).fetchall()
    assert set(rows) == {
        ("does not predict later spend, nor do the segments", False, False),
    }


def test_methods_within_the_interval_of_their_difference_are_as_good(measured: Measured) -> None:
    """The segments are the quintiles but for a few customers."""
    rng = np.random.default_rng(2)
    past = spend(rng)
    later = np.round(past * rng.lognormal(0, 1, CUSTOMERS), 2)
    groups = dict.fromkeys(PLAIN, fifths(past))
    groups["segments"] = fifths(past * rng.lognormal(0, 0.02, CUSTOMERS))
    connection = measured(past, later, groups)
    assert told(connection).startswith(
        "The segments predict later spend as well as plain methods: segments explain "
    )
    percents = connection.execute(
        "select explained_percent from int_usefulness order by method = 'segments'"
    ).fetchall()
    assert percents[0] != percents[-1]
    assert connection.execute(
        "select distinct comparison from int_usefulness where method <> 'segments'"
    ).fetchall() == [
        (
            "explains as much of later spend as the segments, and its top 20% of customers bring "
            "as much",
        )
    ]


def test_a_plain_method_that_is_clearly_better_comes_first(measured: Measured) -> None:
    rng = np.random.default_rng(3)
    past = spend(rng)
    later = np.round(past * rng.lognormal(0, 0.5, CUSTOMERS), 2)
    groups = dict.fromkeys(PLAIN, fifths(past, 20))
    groups["segments"] = np.where(fifths(past) > 3, 1, 2)
    assert told(measured(past, later, groups)).startswith(
        "Plain methods predict later spend better than the segments, "
    )


def test_only_plain_methods_predict(measured: Measured) -> None:
    rng = np.random.default_rng(4)
    past = spend(rng)
    later = np.round(past * rng.lognormal(0, 0.5, CUSTOMERS), 2)
    groups = dict.fromkeys(PLAIN, fifths(past))
    groups["segments"] = rng.integers(1, 4, CUSTOMERS)
    assert told(measured(past, later, groups)).startswith(
        "Plain methods predict later spend and the segments do not: segments explain "
    )


def test_segments_that_are_clearly_better_are_said_to_be(measured: Measured) -> None:
    rng = np.random.default_rng(5)
    past, later = spend(rng), spend(rng)
    groups = dict.fromkeys(PLAIN, fifths(past))
    groups["segments"] = fifths(later)
    assert told(measured(past, later, groups)).startswith(
        "The segments explain more of later spend than plain methods: "
    )


def test_intervals_are_those_of_a_jackknife(measured: Measured) -> None:
    rng = np.random.default_rng(6)
    past = spend(rng)
    later = np.round(past * rng.lognormal(0, 1, CUSTOMERS), 2)
    groups = dict.fromkeys(PLAIN, fifths(past, 20)) | {"segments": fifths(past, 3)}
    connection = measured(past, later, groups)
    scores = {
        method: connection.execute(
            "select squared_error, squared_deviation, captured_part, later_spend "
            "from int_usefulness_scores where method = ? order by customer_id",
            [method],
        ).fetchnumpy()
        for method in ("segments", "RFM cells")
    }
    own, rfm = (
        {name: np.asarray(column, dtype=float) for name, column in scores[method].items()}
        for method in scores
    )
    row = connection.execute(
        "select later_spend_variance_explained_high - later_spend_variance_explained, "
        "top_20_percent_captured_share_high - top_20_percent_captured_share, "
        "explained_difference_high - explained_difference, "
        "captured_difference_high - captured_difference from int_usefulness "
        "where method = 'RFM cells'"
    ).fetchone()
    deviation, amount = own["squared_deviation"], own["later_spend"]
    expected = [
        jackknife(rfm["squared_deviation"] - rfm["squared_error"], deviation),
        jackknife(rfm["captured_part"] * amount, amount),
        jackknife(own["squared_error"] - rfm["squared_error"], deviation),
        jackknife((rfm["captured_part"] - own["captured_part"]) * amount, amount),
    ]
    # To the first order; leaving one out also changes the whole.
    assert list(row) == pytest.approx([1.959964 * error for error in expected], rel=0.02)


def test_where_later_spend_is_none_nothing_is_measured(measured: Measured) -> None:
    rng = np.random.default_rng(7)
    past = spend(rng)
    groups = dict.fromkeys(("segments", *PLAIN), fifths(past))
    assert told(measured(past, np.zeros(CUSTOMERS), groups)).startswith("Not measured: ")
