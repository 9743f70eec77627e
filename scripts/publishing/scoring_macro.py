"""The macro `score_customers` of the published file: the stored model as SQL.

It is rewritten for each published file and holds the model's numbers itself: scaling
parameters of the features of the active fit, centroids, and names of segments. As it reads no
table but the one it is given, it works under whatever name the file is attached.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from common.quoting import identifier, literal

# Columns that the scores of needs take besides those that axes are made of (`models_py.needs`).
COUNTS = {
    "orders": "{orders} * {observed} / 28",
    "lines": "{orders} * {observed} / 28 * {lines}",
}
TRANSFORMED = {
    "log1p": "sign({x}) * ln(1 + abs({x}))",
    "sqrt": "sign({x}) * sqrt(abs({x}))",
    "identity": "{x}",
}


@dataclass(frozen=True)
class ScaledFeature:
    """A feature that customers are clustered by, and how it is scaled."""

    feature: str
    transform: str
    missing_value: float | None
    lower_value: float | None
    upper_value: float | None
    mean_value: float | None
    scale_factor: float | None


@dataclass(frozen=True)
class Need:
    """An axis of needs: (feature, its row of `history.fit_features`, its coefficient) and the rest.

    axis: the row of the axis.
    """

    parts: tuple[tuple[dict[str, Any], float], ...]
    axis: dict[str, Any]

    def sql(self) -> str:
        """Scores as `models_py.needs.NeedsModel.scores` computes them."""
        spend = f"ln(1 + greatest({_known('spend_per_28_days', '0')}, 0))"
        total = " + ".join(
            f"{number(coefficient)} * {_part(row)}" for row, coefficient in self.parts
        )
        trend = (
            f"({number(self.axis['trend_intercept'])} + {number(self.axis['trend_slope'])} * "
            f"{spend} + {number(self.axis['trend_curvature'])} * {spend} * {spend})"
        )
        expected = (
            f"least(greatest({number(self.axis['spread_intercept'])} + "
            f"{number(self.axis['spread_slope'])} * {spend}, {LEAST_SPREAD}), {MOST_SPREAD})"
        )
        deviation = number(self.axis["score_deviation"])
        return f"(({total}) - {trend}) / (sqrt({expected}) * {deviation})"


# Bounds of the spread of scores (`models_py.needs.EVENING_BOUNDS`).
LEAST_SPREAD, MOST_SPREAD = 0.25, 4.0


def _known(name: str, otherwise: str) -> str:
    """A column as a double, and what stands in where it has no value."""
    # Not a number is no value; left alone, SQL would take it for one above all numbers.
    column = f"nullif(cast({identifier(name)} as double), cast('nan' as double))"
    return f"coalesce({column}, {otherwise})"


def _part(row: dict[str, Any]) -> str:
    """A column of the axes: a shrunk share, rooted, or a measure within its bounds."""
    name = row["feature"]
    if row["share_of"] == "measure":
        filled = _known(name, number(row["missing_value"]))
        moved = TRANSFORMED[row["transform"]].format(x=filled)
        return (
            f"greatest({number(row['lower_value'])}, least({number(row['upper_value'])}, {moved}))"
        )
    count = COUNTS[row["share_of"]].format(
        orders=_known("orders_per_28_days", "0"),
        observed=_known("observed_days", "0"),
        lines=_known("lines_per_order", "0"),
    )
    share = _known(name, "cast(null as double)")
    whole = f"case when {share} is null then 0 else {count} end"
    prior, mean = number(row["prior_count"]), number(row["mean_share"])
    return (
        f"sqrt((least(greatest(coalesce({share}, 0), 0), 1) * ({whole}) + {prior} * {mean}) "
        f"/ (({whole}) + {prior}))"
    )


@dataclass(frozen=True)
class Centre:
    """A segment and its scaled centroid, one value per feature."""

    segment_id: int
    segment_name: str | None
    values: tuple[float | None, ...]


def number(value: float | None) -> str:
    """Return a double exactly, as SQL."""
    return "cast(null as double)" if value is None else f"cast('{float(value)!r}' as double)"


MACRO = """
create or replace macro main.score_customers(source_table) as table
with source_rows as (
    select *, row_number() over () as source_row from query_table(source_table)
),
scaled as (
    select cast(customer_id as varchar) as customer_id, source_row,
        {scaled}
    from source_rows
),
centres as (
    select * from (values
        {centres}
    ) as centres(segment_id, segment_name, {columns})
),
distances as (
    select customer_id, source_row, segment_id, {squared_distance} as squared_distance
    from scaled cross join centres
),
ranked as (
    select
        source_row,
        max(customer_id) as customer_id,
        list(segment_id order by squared_distance, segment_id) as segment_ids,
        list(squared_distance order by squared_distance, segment_id) as squared_distances
    from distances
    group by source_row
),
nearest as (
    select
        source_row,
        customer_id,
        segment_ids[1] as segment_id,
        segment_ids[2] as runner_up_segment_id,
        squared_distances[1] as squared_distance,
        squared_distances[2] as runner_up_squared_distance
    from ranked
)
select
    nearest.customer_id,
    nearest.segment_id,
    centres.segment_name,
    nearest.runner_up_segment_id,
    nearest.squared_distance,
    nearest.runner_up_squared_distance,
    case
        when runner_up_squared_distance > 0
            then 1 - sqrt(squared_distance / runner_up_squared_distance)
        when runner_up_squared_distance = 0 then 0
    end as confidence
from nearest
inner join centres
    on nearest.segment_id = centres.segment_id
order by nearest.source_row
"""


def scoring_macro(
    features: Sequence[ScaledFeature],
    centres: Sequence[Centre],
    needs: Mapping[str, Need] | None = None,
) -> str:
    """Return the statement that creates the macro in the database in use.

    features: in position order, the order in which the learning step adds squared differences up.
    needs: the axes, by name, among them.
    """
    scaled, squares = [], []
    for place, feature in enumerate(features):
        if needs and feature.feature in needs:
            filled = needs[feature.feature].sql()
        else:
            filled = _known(feature.feature, number(feature.missing_value))
        moved = TRANSFORMED[feature.transform].format(x=filled)
        lower, upper = number(feature.lower_value), number(feature.upper_value)
        scaled.append(
            f"(greatest({lower}, least({upper}, {moved})) - {number(feature.mean_value)}) "
            f"* {number(feature.scale_factor)} as scaled_{place}"
        )
        apart = f"(scaled_{place} - centre_{place})"
        squares.append(f"{apart} * {apart}")
    columns = ", ".join(f"centre_{place}" for place in range(len(features)))
    return MACRO.format(
        scaled=", ".join(scaled),
        centres=", ".join(_row(centre) for centre in centres),
        columns=columns,
        squared_distance=" + ".join(squares),
    )


def _row(centre: Centre) -> str:
    name = "cast(null as varchar)" if centre.segment_name is None else literal(centre.segment_name)
    values = ", ".join(number(value) for value in centre.values)
    return f"(cast({centre.segment_id:d} as bigint), {name}, {values})"


def write_scoring_macro(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the macro in the database in use; none when nothing was learned."""
    features = [
        ScaledFeature(*row)
        for row in connection.execute(
            "select feature, transform, missing_value, lower_value, upper_value, mean_value, "
            "scale_factor from main.feature_catalog where is_used order by position"
        ).fetchall()
    ]
    if features:
        connection.execute(scoring_macro(features, _centres(connection), _needs(connection)))


def _needs(connection: duckdb.DuckDBPyConnection) -> dict[str, Need]:
    """The axes of needs of the active fit, by name; none where it has none."""
    found = connection.sql(
        "select * from history.fit_features where fit_number = "
        "(select max(fit_number) from main.segmentation_runs where is_current) "
        "order by position"
    )
    rows = found.to_arrow_table().to_pylist()
    parts = [row for row in rows if row["share_of"] is not None]
    axes = [row for row in rows if row["family"] == "needs" and row["is_used"]]
    return {
        axis["feature"]: Need(
            tuple((row, row[f"coefficient_{axis['feature'][-1]}"]) for row in parts), axis
        )
        for axis in axes
    }


def _centres(connection: duckdb.DuckDBPyConnection) -> list[Centre]:
    rows = connection.execute(
        "select centroids.segment_id, names.segment_name, "
        "list(centroids.scaled_value order by features.position) "
        "from history.fit_centroids as centroids "
        "inner join main.feature_catalog as features "
        "on centroids.feature = features.feature and features.is_used "
        "left join main.segment_summary as names on centroids.segment_id = names.segment_id "
        "where centroids.fit_number = "
        "(select max(fit_number) from main.segmentation_runs where is_current) "
        "group by all order by centroids.segment_id"
    ).fetchall()
    return [Centre(segment_id, name, tuple(values)) for segment_id, name, values in rows]
