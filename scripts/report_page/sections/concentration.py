"""How concentrated spend is, and how shares of customers and of spend differ."""

from __future__ import annotations

from report_page import customer_charts, wording
from report_page.marts import Answer, Marts
from report_page.model import Column, Facts, Figure

# The finding speaks of the customers who bring this share of the spend.
MOST_SPEND = 0.8

PARETO_COLUMNS = (
    Column("customer_share", "Customers who spend most", wording.percent),
    Column("spend_share", "Share of spend", wording.percent),
    Column("customer_count", "Customers in this part", wording.whole),
    Column("spend", "Spend of this part", wording.whole, is_money=True),
)
SHARE_COLUMNS = (
    Column("segment_id", "Segment", wording.whole),
    Column("segment_name", "Name"),
    Column("customer_count", "Customers", wording.whole),
    Column("customer_share", "Share of customers", wording.percent),
    Column("spend_share", "Share of spend", wording.percent),
    Column("spend_per_customer", "Spend per customer", wording.number, is_money=True),
)


def figures(marts: Marts, facts: Facts) -> list[Figure]:
    """Return the curve and the shares, where anything is spent."""
    found = [pareto(marts.ask("pareto"), facts), shares(marts.ask("segments"), facts)]
    return [figure for figure in found if figure]


def pareto(answer: Answer, facts: Facts) -> Figure | None:
    """Return the share of spend of the customers who spend most."""
    rows = [row for row in answer.rows if row["spend_share"] is not None]
    if len(rows) < 3:
        return None
    most = next(row for row in rows if row["spend_share"] >= MOST_SPEND)
    points = [
        {
            "x": row["customer_share"],
            "y": row["spend_share"],
            "shown_x": wording.percent(row["customer_share"]),
            "shown_y": wording.percent(row["spend_share"]),
        }
        for row in rows
    ]
    mark = {
        "x": most["customer_share"],
        "y": most["spend_share"],
        "label": f"{wording.percent(most['spend_share'])} of spend",
    }
    return Figure(
        key="pareto",
        title="How concentrated spend is",
        finding=f"{wording.percent(most['customer_share'])} of the customers bring "
        f"{wording.percent(most['spend_share'])} of the spend.",
        sql=answer.sql,
        table=facts.table(rows, PARETO_COLUMNS),
        chart=customer_charts.pareto(points, mark),
        shows="A curve: across the share of customers, the highest spend first, upward their "
        "share of spend.",
        note="Dashed: if all customers spent the same.",
        width="half",
    )


def shares(answer: Answer, facts: Facts) -> Figure | None:
    """Return the share of customers of each segment beside its share of spend."""
    rows = [
        row
        for row in answer.rows
        if row["spend_share"] is not None and row["customer_share"] is not None
    ]
    if not rows or len(rows) < len(answer.rows):
        return None
    most = max(rows, key=lambda row: row["spend_share"] - row["customer_share"])
    return Figure(
        key="shares",
        title="Share of customers against share of spend",
        finding=f"Segment {most['segment_id']} spends most above its size: "
        f"{wording.percent(most['customer_share'])} of the customers, "
        f"{wording.percent(most['spend_share'])} of the spend.",
        sql=answer.sql,
        table=facts.table(rows, SHARE_COLUMNS),
        chart=customer_charts.shares(
            [
                {
                    "id": str(row["segment_id"]),
                    "segment": f"{row['segment_id']} {facts.segment(row['segment_id']).name}",
                    "customers": row["customer_share"],
                    "spend": row["spend_share"],
                    "shown_customers": wording.percent(row["customer_share"]),
                    "shown_spend": wording.percent(row["spend_share"]),
                }
                for row in rows
            ],
            facts.segments,
        ),
        shows="Two dots for each segment: its share of customers and its share of spend.",
        note="Hollow: share of customers. Full: share of spend.",
        width="half",
    )
