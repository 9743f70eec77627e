"""The scoring macro on a fit by needs: what SQL says is what Python says."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from common.quoting import literal
from models_py import needs, needs_learning
from models_py.needs import NeedsModel
from models_py.scaling import SCALING_SCHEMA
from needs_tables import COLUMNS, shop, table
from publishing.publish import MACROS, write_macros
from publishing.scoring_macro import LEAST_SPREAD, MOST_SPREAD
from scored_marts import add_what_warnings_read

THRESHOLD = 0.8


@pytest.fixture(scope="module")
def given() -> dict[str, np.ndarray]:
    """Customers, a few of them without a value that scores need."""
    (whole, *_), _ = shop(2, taste=0.8, has_kinds=False, customers=600)
    random = np.random.default_rng(3)
    for name in (needs.SPEND, needs.LINES, needs.OBSERVED, "evening_order_share"):
        whole[name][random.choice(600, 5, replace=False)] = np.nan
    return whole


@pytest.fixture(scope="module")
def model(given) -> NeedsModel:
    known = needs_learning.taken(
        given, np.flatnonzero(~np.isnan(np.stack(list(given.values()))).any(axis=0))
    )
    found = needs_learning.components(COLUMNS, known)
    assert found is not None
    return needs_learning.rotated(found, 2, THRESHOLD)


@pytest.fixture
def connection(given, model, tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """What publishing makes of such a fit, as far as the macros know it, and the customers."""
    scaling = model.described(scaling_of_columns())
    centres = needs.centres(2, THRESHOLD)
    centroids = [
        {"fit_number": 1, "segment_id": at + 1, "feature": name, "position": 90 + axis}
        | {"scaled_value": float(centre[axis]), "original_value": float(centre[axis])}
        for at, centre in enumerate(centres)
        for axis, name in enumerate(model.names)
    ]
    tables = {
        "history.fit_features": scaling.append_column("fit_number", [[1] * scaling.num_rows]),
        "main.feature_catalog": with_words(scaling),
        "history.fit_centroids": pa.Table.from_pylist(centroids),
        "main.segmentation_runs": pa.table(
            {"run_number": [1], "fit_number": [1], "run_id": ["one"], "is_current": [True]}
        ),
        "main.segment_summary": pa.table(
            {"segment_id": [1, 2, 3, 4, 5], "segment_name": list("abcde")}
        ),
        "main.customer_feature_values": pa.table({"customer_id": [""], "feature": [""]}),
    }
    with duckdb.connect() as made:
        made.execute(f"attach {literal(tmp_path / 'published.duckdb')} as marts")
        made.execute("create schema marts.history")
        for name, rows in tables.items():
            made.register("rows", rows)
            made.execute(f"create table marts.{name} as select * from rows")
        made.execute("alter table marts.main.customer_feature_values add column value double")
        made.execute(
            "create table marts.main.customer_segments (customer_id varchar, status varchar, "
            "fit_number bigint, segment_id bigint, runner_up_segment_id bigint)"
        )
        made.execute(
            "create table marts.main.segment_profiles (segment_id bigint, feature varchar, "
            "label varchar, family varchar, unit varchar, position bigint, mean_value double, "
            "population_mean double, standardised_difference double)"
        )
        made.execute(
            "create table marts.main.customer_periods (customer_id varchar, segment_id bigint, "
            "order_count bigint, line_count bigint, spend decimal(18, 4), is_snapshot boolean, "
            "is_complete boolean, period_start_date date, period_end_date date)"
        )
        add_what_warnings_read(made)
        made.register("rows", table(given))
        made.execute("use marts")
        made.execute("create table customers as select * from rows")
        write_macros(made, MACROS)
        made.execute("use marts")
        yield made


def scaling_of_columns() -> pa.Table:
    """A scaling of the columns that needs are made of."""
    rows = [
        dict.fromkeys(SCALING_SCHEMA.names)
        | {"feature": column.feature, "position": at, "family": "any"}
        | {"transform": column.transform, "missing_value": column.missing}
        | {"lower_value": column.lower, "upper_value": column.upper, "row_count": 600}
        for at, column in enumerate(COLUMNS)
    ]
    return pa.Table.from_pylist(rows, schema=SCALING_SCHEMA)


def with_words(scaling: pa.Table) -> pa.Table:
    """The scaling with the words that a catalogue has."""
    words = scaling.column("feature").to_pylist()
    return scaling.append_column("label", [words]).append_column("unit", [words])


def test_segments_by_sql_are_those_by_python(connection, given, model):
    own = NeedsModel.from_table(model.described(scaling_of_columns()))
    scored = own.scores(given)
    clipped = np.clip(scored, -needs.SCORE_BOUND, needs.SCORE_BOUND)
    squared = np.square(clipped.T[:, None] - needs.centres(2, THRESHOLD)[None]).sum(axis=2)
    rows = connection.execute(
        "select customer_id, segment_id, runner_up_segment_id, squared_distance, "
        "runner_up_squared_distance from main.score_customers('customers') order by customer_id"
    ).fetchall()
    assert len(rows) == len(squared)
    order = np.argsort(squared, axis=1, kind="stable")
    for row, distances, places in zip(rows, squared, order, strict=True):
        assert row[1:3] == (places[0] + 1, places[1] + 1)
        assert row[3:] == pytest.approx(distances[places[:2]], rel=1e-9, abs=1e-9)
    assert set(order[:, 0]) == {0, 1, 2, 3, 4}


def test_a_table_without_a_column_of_the_needs_is_refused_by_its_name(connection):
    connection.execute("alter table customers drop column evening_order_share")
    with pytest.raises(duckdb.Error, match="evening_order_share"):
        connection.execute("select * from main.score_customers('customers')")


def test_both_scorers_hold_the_spread_within_the_same_bounds():
    assert (LEAST_SPREAD, MOST_SPREAD) == needs.EVENING_BOUNDS
