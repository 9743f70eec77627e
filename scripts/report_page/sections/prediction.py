"""What segments say of what customers buy and spend next, beside plain methods."""

from __future__ import annotations

from report_page import charts, wording
from report_page.marts import Answer, Marts
from report_page.model import Column, Figure, Table

METHODS = {
    "segments": "these segments",
    "spend quintiles": "fifths by spend",
    "RFM cells": "RFM cells",
    "recency and spend cells": "cells of recency and spend",
    "past spend ranking": "ranking by past spend",
    "chance": "chance",
}
CHANCE = 0.2
BASELINE_COLUMNS = (
    Column("method", "Method"),
    Column("group_count", "Groups", wording.whole),
    Column("customer_count", "Customers", wording.whole),
    Column("future_spend_variance_explained", "Variance explained", wording.percent),
    Column("future_spend_variance_explained_low", "At least", wording.percent),
    Column("future_spend_variance_explained_high", "At most", wording.percent),
    Column("top_20_percent_captured_share", "Spend of the top fifth", wording.percent),
    Column("composition_variance_explained", "Next purchases explained", wording.percent),
    Column("composition_variance_explained_low", "At least", wording.percent),
    Column("composition_variance_explained_high", "At most", wording.percent),
    Column("finding", "Finding on spend"),
    Column("composition_finding", "Finding on purchases"),
)


def useful(marts: Marts) -> list[Figure]:
    """Return what segments say of what customers buy and spend next, beside plain methods."""
    answer = marts.ask("baselines")
    if not answer:
        return []
    own = next(row for row in answer.rows if row["method"] == "segments")
    days = own["horizon_days"]
    captured = own["top_20_percent_captured_share"]
    found = [
        _by_method(
            answer,
            "composition",
            "What customers of equal spend buy next",
            "composition_variance_explained",
            "variance explained",
            f"{own['composition_finding']}.",
            "composition_finding",
        ),
        _by_method(
            answer,
            "explained",
            "Future spend explained",
            "future_spend_variance_explained",
            "variance explained",
            f"{own['finding']}.",
        ),
        _by_method(
            answer,
            "captured",
            "Future spend of the top fifth",
            "top_20_percent_captured_share",
            "share of future spend",
            f"The fifth of customers that the segments put first brings "
            f"{wording.percent(captured)} of the spend of the next {days} days; a fifth taken at "
            "random would bring "
            f"{wording.percent(CHANCE)}.",
        ),
    ]
    return [figure for figure in found if figure]


def _by_method(
    answer: Answer,
    key: str,
    title: str,
    field: str,
    axis: str,
    finding: str,
    told: str = "finding",
) -> Figure | None:
    """Return a bar for each method; None where none has a value."""
    rows = [row for row in answer.rows if row[field] is not None]
    if not rows:
        return None
    rows.sort(key=lambda row: (-row[field], row["method"]))
    return Figure(
        key=key,
        title=title,
        finding=finding,
        sql=answer.sql,
        table=Table.of(answer.rows, BASELINE_COLUMNS),
        chart=charts.bars(
            [
                {
                    "row": METHODS.get(row["method"], row["method"]),
                    "value": row[field],
                    "label": wording.percent(row[field]),
                    "groups": wording.whole(row["group_count"]),
                    "finding": row[told] if row["method"] != "segments" else "",
                    "is_marked": row["method"] == "segments",
                }
                for row in rows
            ],
            title=axis,
            tooltips={
                "row": "Method",
                "label": title,
                "groups": "Groups",
                "finding": "Finding",
            },
        ),
        shows="A bar for each method, the best first.",
        width="half",
    )
