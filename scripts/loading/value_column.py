"""The column of VALUE=: what a customer is worth, where a source has no orders."""

from __future__ import annotations

import duckdb

from common.column_names import feature_name
from common.console import WRONG_USE, Problem
from common.data_errors import listed
from common.project_sql import ProjectSql, project_vars
from common.query_rows import one_row
from common.quoting import identifier
from common.setting_values import SOURCES_OF_ONE_TABLE
from common.settings import Settings
from common.settings_table import nearest
from common.source_contract import Source
from loading.definitions import attributes_there, feature_names
from loading.id_column import VIEW


def check_value(
    connection: duckdb.DuckDBPyConnection, settings: Settings, source: Source, project: ProjectSql
) -> None:
    """Refuse a column of VALUE= that is not there, holds no numbers, or is not asked for.

    Raises:
        Problem: with exit code 2; names the columns there are.
    """
    given = settings.value
    if not given:
        return
    if source.orders_table:
        raise Problem(
            f"VALUE={given}: SOURCE={settings.source} has orders, whose amounts are the value of a "
            "customer; leave VALUE out",
            WRONG_USE,
        )
    attributes = sorted(attributes_there(connection, settings, project))
    features = feature_names(attributes)
    wanted = feature_name(given)
    if wanted not in features:
        raise Problem(
            f"VALUE={given}: the table has no such column{nearest(wanted, features)}; "
            f"the columns there are: {listed(features, 40) or 'none'}",
            WRONG_USE,
        )
    known, numbers = counted(connection, settings, project, attributes[features.index(wanted)])
    if not numbers or numbers < float(project_vars()["min_number_share"]) * known:
        raise Problem(
            f"VALUE={given}: {numbers:,} of its {known:,} values are numbers; "
            "expected a column of numbers",
            WRONG_USE,
        )


def counted(
    connection: duckdb.DuckDBPyConnection,
    settings: Settings,
    project: ProjectSql,
    attribute: str,
) -> tuple[int, int]:
    """Return how many values an attribute has, and how many of them are numbers."""
    if settings.source in SOURCES_OF_ONE_TABLE:
        values = f"select cast({identifier(attribute)} as varchar) as value from raw.{VIEW}"
        parameters = []
    else:
        staged, _ = project.model(f"stg_{settings.source}__customers")
        values = f"select attributes[?] as value from ({staged}) as staged"
        parameters = [attribute]
    point, comma = (project.call("read_number", "value", sign) for sign in ("false", "true"))
    known, *numbers = one_row(
        connection,
        f"select count(nullif(trim(value), '')), count({point}), count({comma}) from ({values})",
        parameters,
    )
    return known, max(numbers)
