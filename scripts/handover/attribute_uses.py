"""What became of the attributes of customers: clustered by, compared by or left out, and why."""

from __future__ import annotations

import duckdb

# A feature has the name of its attribute as macro `snake_case` makes it.
USES = r"""
with attributes as (
    select
        attribute,
        trim(regexp_replace(lower(attribute), '[^\p{L}\p{N}]+', '_', 'g'), '_') as feature
    from (select distinct attribute from customer_attributes)
),
compared as (select distinct attribute, attribute_label from segment_demographics)
select
    coalesce(
        catalog.label, compared.attribute_label, replace(attributes.attribute, '_', ' ')
    ) as attribute,
    case
        when catalog.is_used and catalog.family = 'attitudes' then 'answers on a scale'
        when catalog.is_used then 'numbers in which customers differ'
        when catalog.is_clustered and catalog.dropped_reason = 'weight 0'
            then 'no groups differ in it'
        when catalog.is_clustered then catalog.dropped_reason
    end as reason,
    coalesce(catalog.is_used, false) as is_used,
    compared.attribute is not null or catalog.mean_value is not null as is_compared
from attributes
left join feature_catalog as catalog using (feature)
left join compared using (attribute)
order by attributes.attribute
"""


def attribute_uses(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return a sentence for each use that attributes of a published file have.

    What is left out of a source without orders is reported with its features.
    """
    rows = connection.execute(USES).fetchall()
    (orders,) = connection.execute(
        "select coalesce(max(order_line_count), 0) from segmentation_runs where is_current"
    ).fetchall()[0]
    clustered: dict[str, list[str]] = {}
    for attribute, reason, is_used, _ in rows:
        if is_used:
            clustered.setdefault(reason, []).append(attribute)
    compared = [
        attribute + (f" ({reason})" if reason else "")
        for attribute, reason, is_used, is_compared in rows
        if is_compared and not is_used
    ]
    left = [attribute for attribute, _, is_used, is_compared in rows if not is_compared | is_used]
    uses = {
        "clustered by": "; ".join(f"{', '.join(own)} ({why})" for why, own in clustered.items()),
        "compared by": ", ".join(compared),
        "left out, having too many values or too few customers": ", ".join(left) if orders else "",
    }
    return [f"Attributes {what}: {names}" for what, names in uses.items() if names]
