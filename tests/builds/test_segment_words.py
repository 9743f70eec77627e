"""Words on a segment are made on the scale of the means that stand beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from common.project_sql import ProjectSql, Relation
from shops import Built

COUNT = 200
MODELS = ("segment_statistics", "segment_phrases")
Values = dict[str, list[np.ndarray]]
Described = Callable[[Values], duckdb.DuckDBPyConnection]


@pytest.fixture
def described() -> Iterator[Described]:
    """Runs the models on the values of each feature, an array for each segment."""
    with duckdb.connect() as connection:
        project = ProjectSql(
            connection, {"source": "own_files"}, lambda name: Relation("main", name)
        )

        def run(values: Values) -> duckdb.DuckDBPyConnection:
            tables = [
                pa.table(
                    {
                        "customer_id": [f"s{segment} c{i}" for i in range(len(array))],
                        "segment_id": [segment] * len(array),
                        "feature": [feature] * len(array),
                        "value": array.astype(float),
                    }
                )
                for feature, arrays in values.items()
                for segment, array in enumerate(arrays, start=1)
            ]
            connection.register("given", pa.concat_tables(tables))
            for statement in (
                "create table standardised_feature_values as "
                "select * exclude (segment_id), true as has_sufficient_history from given",
                "create table customer_assignments as "
                "select distinct customer_id, segment_id, true as is_current from given",
                "create table feature_catalog_entries as select distinct feature, "
                "feature as label, feature as family, 'x' as unit, 'high ' || feature as "
                "higher_means, 'low ' || feature as lower_means, 1 as position, "
                "true as is_used, false as is_bookkeeping from given",
            ):
                connection.execute(statement)
            for name in MODELS:
                sql, _ = project.model(name)
                connection.execute(f"create table {name} as {sql}")
            return connection

        yield run


def phrases(connection: duckdb.DuckDBPyConnection) -> dict[int, list[str]]:
    return dict(
        connection.execute(
            "select segment_id, list(phrase order by phrase_rank) from segment_phrases "
            "group by segment_id order by segment_id"
        ).fetchall()
    )


def test_no_segment_is_near_the_average_whose_mean_is_not(described: Described) -> None:
    """The middle segment is average on the logarithmic scale, and at 64 on the plain one."""
    rng = np.random.default_rng(1)
    spend = [np.exp(rng.normal(mean, 0.5, COUNT)) for mean in (1.0, 2.2, 3.5)]
    connection = described({"spend": spend})
    index, difference = connection.execute(
        "select index_value, standardised_difference from segment_statistics where segment_id = 2"
    ).fetchone()
    logs = np.log(np.concatenate(spend))
    assert abs(np.log(spend[1]).mean() - logs.mean()) / logs.std() < 0.1
    assert 50 < index < 70
    assert difference < 0
    assert set(phrases(connection)) == {1, 2, 3}
    assert phrases(connection)[2][0].endswith("low spend")


def test_what_few_do_is_said_of_a_segment_that_has_nothing_else(described: Described) -> None:
    rng = np.random.default_rng(2)
    coupons = [
        np.where(rng.random(COUNT) < share, rng.exponential(1, COUNT), 0)
        for share in (0.05, 0.2, 0.24)
    ]
    alike = [rng.normal(50, 5, COUNT) for _ in coupons]
    connection = described({"coupons": coupons, "age": alike})
    (index, difference) = connection.execute(
        "select index_value, standardised_difference from segment_statistics "
        "where segment_id = 1 and feature = 'coupons'"
    ).fetchone()
    assert index < 80
    assert -0.3 < difference < -0.1, "the example shows nothing any more"
    assert phrases(connection)[1] == ["somewhat low coupons"]


def test_where_means_agree_nothing_is_said(described: Described) -> None:
    same = np.random.default_rng(3).lognormal(3, 1, COUNT)
    connection = described({"spend": [same, same * 1.01, same * 0.99]})
    assert phrases(connection) == {}


def test_one_extreme_customer_does_not_make_all_others_alike(described: Described) -> None:
    rng = np.random.default_rng(4)
    spend = [rng.normal(20, 4, COUNT), rng.normal(40, 4, COUNT)]
    spend[1][0] = 1e7
    assert phrases(described({"spend": spend})) == {
        1: ["very low spend"],
        2: ["very high spend"],
    }


@pytest.mark.parametrize("seed", range(5))
def test_no_word_contradicts_the_means_beside_it(described: Described, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = {
        f"f{n}": [rng.lognormal(rng.normal(), rng.uniform(0.2, 2.5), COUNT) for _ in range(4)]
        for n in range(6)
    }
    connection = described(values)
    rows = connection.execute(
        "select phrase, mean_value, population_mean from segment_phrases "
        "inner join segment_statistics using (segment_id, feature)"
    ).fetchall()
    assert rows
    for phrase, mean, population in rows:
        assert ("high" in phrase) == (mean > population), phrase


def test_labels_of_features_with_a_limit_say_so_wherever_values_are(shop: Built) -> None:
    (limit,) = shop.one(
        "select min(observed_days) from customer_features where has_sufficient_history"
    )
    for mart in ("segment_profiles", "feature_catalog"):
        labels = shop.query(
            f"select distinct label from {mart} "
            "where feature in ('days_since_last_order', 'tenure_days') order by label"
        )
        assert labels == [
            (f"days since the first order, at most {limit}",),
            (f"days since the last order, at most {limit}",),
        ]
    (largest,) = shop.one("select max(days_since_last_order) from customer_features")
    assert largest <= limit
    # The days of customers are told without a limit in the summary, and say so.
    (comment,) = shop.one(
        "select comment from duckdb_columns() where schema_name = 'main' "
        "and table_name = 'segment_summary' and column_name = 'mean_days_since_last_order'"
    )
    assert "without the limit" in comment
