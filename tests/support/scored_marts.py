"""Published tables opened as someone does who scores customers from them."""

from collections.abc import Iterator
from dataclasses import dataclass

import duckdb

from models_py import fit_steps
from models_py.config import FitSettings
from models_py.dbt_inputs import key_ordered, nested_segments, of_fit
from shops import Built

CURRENT = "current_customers"


@dataclass(frozen=True)
class Marts:
    """A connection that a published file is attached to as `marts`, and what it is about."""

    connection: duckdb.DuckDBPyConnection
    features: tuple[str, ...]
    fit_number: int

    def rows(self, sql: str, *parameters: object) -> list[dict]:
        """Return the rows of a query by column."""
        cursor = self.connection.execute(sql, list(parameters))
        names = [column[0] for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]

    def scored(self, table: str) -> list[dict]:
        """Return what the macro says of a table of this connection."""
        return self.rows("select * from marts.main.score_customers(?)", table)

    def assigned(self, table: str) -> list[dict]:
        """Return what the learning step says of it, from the stored tables alone."""
        relation = self.connection.table
        number = self.fit_number
        found = fit_steps.assign_step(
            key_ordered(relation(table)),
            of_fit(relation("marts.history.fit_features"), number),
            nested_segments(
                relation("marts.history.segments"), relation("marts.history.fit_centroids"), number
            ),
            FitSettings(threads=1),
        )
        return found.read_all().to_pylist()


def opened(built: Built) -> Iterator[Marts]:
    """Attach what was published, with a view of its customers of today."""
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.marts}' as marts (read_only)")
        connection.execute(
            f"create view {CURRENT} as from marts.main.customer_features "
            "where is_current and has_sufficient_history"
        )
        features = connection.execute(
            "select feature from marts.main.feature_catalog where is_used order by position"
        ).fetchall()
        ((number,),) = connection.execute(
            "select fit_number from marts.main.segmentation_runs where is_current"
        ).fetchall()
        yield Marts(connection, tuple(name for (name,) in features), number)


def add_what_warnings_read(made: duckdb.DuckDBPyConnection) -> None:
    """Add to the marts, without a row or a value, what the view segment_warnings reads of them."""
    for column in (
        "warnings text",
        "drifted_features text",
        "last_gap_days bigint",
        "is_held_back boolean",
        "has_order_gap boolean",
        "as_of_date date",
    ):
        made.execute(f"alter table marts.main.segmentation_runs add {column}")
    made.execute("alter table marts.main.segment_summary add customer_count bigint")
    made.execute(
        "create table marts.main.segment_movement (basis text, period text, from_group text, "
        "to_group text, from_segment_id bigint, to_segment_id bigint, customer_count bigint)"
    )
