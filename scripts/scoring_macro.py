"""The macro `score_customers` of the published file: the stored model as SQL.

It is written anew for each published file, because its features are those of the fit in force. The
numbers stay in the tables: scaling parameters in `feature_catalog`, centroids in
`history.fit_centroids`.
"""

from __future__ import annotations

import duckdb

from quoting import identifier, literal

TRANSFORMED = {
    "log1p": "sign({x}) * ln(1 + abs({x}))",
    "sqrt": "sign({x}) * sqrt(abs({x}))",
    "identity": "{x}",
}
PARAMETERS = ("missing_value", "lower_value", "upper_value", "mean_value", "scale_factor")


def scoring_macro(features: list[tuple[str, str]]) -> str:
    """Return the statement that creates the macro.

    features: (name, transform) of each feature that customers are clustered by, in position order,
    the order in which the learning step adds squared differences up.
    """
    parameters, scaled, centres, squares = [], [], [], []
    for number, (feature, transform) in enumerate(features):
        is_feature = f"filter (where feature = {literal(feature)})"
        parameters += [f"max({name}) {is_feature} as {name}_{number}" for name in PARAMETERS]
        # Not a number is no value; left alone, SQL would take it for one above all numbers.
        known = f"nullif(cast({identifier(feature)} as double), cast('nan' as double))"
        filled = f"coalesce({known}, missing_value_{number})"
        moved = TRANSFORMED[transform].format(x=filled)
        scaled.append(
            f"(greatest(lower_value_{number}, least(upper_value_{number}, {moved})) "
            f"- mean_value_{number}) * scale_factor_{number} as scaled_{number}"
        )
        centres.append(f"max(scaled_value) {is_feature} as centre_{number}")
        apart = f"(scaled_{number} - centre_{number})"
        squares.append(f"{apart} * {apart}")
    return f"""
create or replace macro marts.main.score_customers(source_table) as table
with parameters as (
    select {", ".join(parameters)}
    from marts.main.feature_catalog
),
source_rows as (
    select *, row_number() over () as source_row from query_table(source_table)
),
scaled as (
    select cast(customer_id as varchar) as customer_id, source_row, {", ".join(scaled)}
    from source_rows cross join parameters
),
centres as (
    select segment_id, {", ".join(centres)}
    from marts.history.fit_centroids
    where fit_number = (
        select max(fit_number) from marts.main.segmentation_runs where is_current
    )
    group by segment_id
),
distances as (
    select customer_id, source_row, segment_id, {" + ".join(squares)} as squared_distance
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
    names.segment_name,
    nearest.runner_up_segment_id,
    nearest.squared_distance,
    nearest.runner_up_squared_distance,
    case
        when runner_up_squared_distance > 0
            then 1 - sqrt(squared_distance / runner_up_squared_distance)
        when runner_up_squared_distance = 0 then 0
    end as confidence
from nearest
inner join marts.main.segment_summary as names
    on nearest.segment_id = names.segment_id
order by nearest.source_row
"""


def write_scoring_macro(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the macro in the attached file `marts`; none when nothing was learned."""
    features = connection.execute(
        "select feature, transform from marts.main.feature_catalog where is_used order by position"
    ).fetchall()
    if features:
        connection.execute(scoring_macro(features))
