"""Columns of a table with one row per customer: their types, their use, and if any can be used."""

from __future__ import annotations

from collections.abc import Sequence

from checking.findings import Attribute
from checking.project_models import ProjectModels
from checking.totals import CUSTOMERS_TABLE
from common.data_errors import listed, refusal
from common.query_rows import one_count
from common.settings import Settings
from common.sources import source_of
from store.build_database import open_build_database

CLUSTERED = "clustered"
PROFILED = "profiled"
LEFT_OUT = "left out: "


def has_orders(models: ProjectModels) -> bool:
    """Return whether there are order lines."""
    query = f"select has_orders from {models.ref('source_capabilities')}"
    return bool(one_count(models.connection, query))


def attributes_of(models: ProjectModels) -> list[Attribute]:
    """Return the attributes of customers, in order of their names."""
    rows = models.connection.execute(
        f"""
        with attributes as (
            select
                profiles.*,
                coalesce(
                    proposals.left_out_reason,
                    case when profiles.distinct_count = 1 then 'constant' end
                ) as left_out_reason,
                settings.feature is not null as is_feature,
                proposals.proposal,
                coalesce(settings.is_clustered, false)
                and profiles.is_number
                and profiles.distinct_number_count > 1 as is_clustered,
                settings.family,
                settings.transform,
                settings.higher_means
            from {models.ref("attribute_profiles")} as profiles
            left join {models.ref("feature_proposals")} as proposals
                on profiles.attribute = proposals.attribute
            left join {models.ref("feature_settings")} as settings
                on profiles.feature = settings.feature
        )
        select
            attribute,
            case
                when is_number
                    then
                        case when is_whole then 'whole numbers, ' else 'numbers, ' end
                        || format('{{:g}} to {{:g}}', minimum_value, maximum_value)
                        || case when has_decimal_comma then ', decimal comma' else '' end
                when is_time then 'dates or times'
                when distinct_count = 1 then 'text of 1 value'
                else 'text of ' || distinct_count || ' values'
            end as kind,
            case
                when is_clustered
                    then
                        '{CLUSTERED}, ' || transform || ', family ' || family
                        || ': high is ' || higher_means
                when left_out_reason is not null then '{LEFT_OUT}' || left_out_reason
                when proposal = 'profiled' then '{PROFILED}, of at most three values'
                when is_feature then '{PROFILED}, as its definition says'
                when band_limit_1 is not null then '{PROFILED} in bands'
                when is_profiled then '{PROFILED} by value'
                else '{LEFT_OUT}too many different values to compare by'
            end as use
        from attributes
        order by attribute
        """
    ).fetchall()
    return [Attribute(*row) for row in rows]


def refuse_nothing_to_cluster(attributes: Sequence[Attribute]) -> None:
    """Refuse customers without orders and without an attribute that they can be clustered by.

    Raises:
        Problem: says which columns there are and why none of them can be used.
    """
    if any(found.use.startswith(CLUSTERED) for found in attributes):
        return
    if not attributes:
        raise refusal(
            CUSTOMERS_TABLE,
            "nothing to cluster customers by: there is no column with values besides the id; "
            "expected at least one column of numbers that differ between customers",
        )
    described = [
        f"{found.name} ({reason.removeprefix(LEFT_OUT)})"
        for found in attributes
        for reason in [found.use if found.use.startswith(LEFT_OUT) else found.kind]
    ]
    raise refusal(
        CUSTOMERS_TABLE,
        f"nothing to cluster customers by: {listed(described)}; expected at least one column of "
        "numbers that differ between customers and have more than three values, or DEFINITIONS= "
        "that say what to cluster by",
    )


def check_clusterable(settings: Settings) -> None:
    """Refuse what was loaded from a table of customers if there is nothing to cluster them by.

    A build would find that out after minutes. Nothing stays in the build database.

    Raises:
        Problem: as `refuse_nothing_to_cluster`.
    """
    source = source_of(settings)
    if source.orders_table is not None:
        return
    with open_build_database(settings, readable=[source.folder(settings)]) as connection:
        connection.execute("begin")
        try:
            models = ProjectModels(connection, settings)
            if not has_orders(models):
                refuse_nothing_to_cluster(attributes_of(models))
        finally:
            connection.execute("rollback")
