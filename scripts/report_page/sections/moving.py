"""How customers move between segments, and how each segment did over time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from report_page import charts, customer_charts, wording
from report_page.marts import Answer, Marts, Row
from report_page.model import Column, Facts, Figure, Section, Swatch, Table

THRESHOLDS = (0.02, 0.1, 0.25, 0.75)
SWATCHES = tuple(
    Swatch(f"sequential-{step}", label)
    for step, label in enumerate(("under 2%", "2 to 10%", "10 to 25%", "25 to 75%", "over 75%"), 1)
)


MOVEMENT_COLUMNS = (
    Column("from_group", "From"),
    Column("to_group", "To"),
    Column("customer_count", "Customers", wording.whole),
    Column("from_share", "Share of those from", wording.percent),
)

FLOW_COLUMNS = (
    Column("from_group", "From"),
    Column("to_group", "To"),
    Column("move_count", "Moves", wording.whole),
    Column("from_date", "Since", wording.last_day),
    Column("to_date", "Until", wording.last_day),
)


def movement(marts: Marts, facts: Facts) -> Section | None:
    """Return who moved since the snapshot before."""
    answer = marts.ask("movement")
    if not answer:
        return None
    rows = answer.rows
    first = answer.first()
    columns = list(dict.fromkeys(row["to_group"] for row in rows))
    ordered = [str(s.segment_id) for s in facts.segments if str(s.segment_id) in columns]
    columns = ordered + sorted(c for c in columns if c not in ordered)
    start, end = wording.last_day(first["from_date"]), wording.last_day(first["to_date"])
    figure = Figure(
        key="moved",
        title=f"From {start} to {end}",
        finding=_movement_finding(rows, has_small_groups=first["has_small_groups"]),
        sql=answer.sql,
        table=Table.of(rows, MOVEMENT_COLUMNS),
        chart=charts.heat_map(
            [
                {
                    "row": row["from_group"],
                    "column": row["to_group"],
                    "from": _group(row["from_group"]),
                    "to": _group(row["to_group"]),
                    "value": row["from_share"],
                    "label": wording.percent(row["from_share"]),
                    "customers": wording.whole(row["customer_count"]),
                }
                for row in rows
            ],
            columns=columns,
            column_title="to segment",
            row_title="from",
            colours="sequential",
            thresholds=THRESHOLDS,
            tooltips={
                "from": "From",
                "to": "To",
                "label": "Share of those from",
                "customers": "Customers",
            },
        ),
        shows="Heat map: a row for where customers were, a column for where they are.",
        has_segment_key=True,
        swatches=SWATCHES,
        swatches_title="Share of the customers of a row",
        note="Shares are of all who were in the group of the row. An empty cell: no customer, or a "
        "group that is not shown.",
    )
    return Section(
        key="movement",
        title="How they move",
        lead=(
            "Where customers were at the date before and where they are now, both by the same "
            "segments: customers who moved have changed what they do."
        ),
        figures=tuple(f for f in (_flow(marts, facts), figure) if f),
    )


def _flow(marts: Marts, facts: Facts) -> Figure | None:
    """Return all moves between segments, from snapshot to snapshot, as bands."""
    answer = marts.ask("flow")
    if not answer:
        return None
    names = {name for row in answer.rows for name in (row["from_group"], row["to_group"])}
    order = [str(s.segment_id) for s in facts.segments if str(s.segment_id) in names]
    order += sorted(names - set(order))
    start, end = min(answer.column("from_date")), max(answer.column("to_date"))
    return Figure(
        key="flow",
        title=f"Who went where, from {wording.last_day(start)} to {wording.last_day(end)}",
        finding=_net_finding(answer.rows, facts),
        sql=answer.sql,
        table=Table.of(answer.rows, FLOW_COLUMNS),
        chart=customer_charts.flow(
            [
                {
                    "from": row["from_group"],
                    "to": row["to_group"],
                    "from_name": _group(row["from_group"]),
                    "to_name": _group(row["to_group"]),
                    "customers": int(row["move_count"]),
                    "shown": wording.whole(row["move_count"]),
                }
                for row in answer.rows
            ],
            order,
            facts.segments,
        ),
        shows="Bands from the segments that customers left, on the left, to those that they came "
        "to, on the right.",
        has_segment_key=True,
        note="A band is as wide as moves are many; who stayed is not drawn. A customer who moved "
        f"twice counts twice. {customer_charts.NOWHERE.capitalize()}: in no segment. Fewer moves "
        "than the minimum group size are not shown.",
    )


def _net_finding(rows: Sequence[Row], facts: Facts) -> str:
    """Say which segment gained and which lost most customers to and from the others."""
    net = {str(s.segment_id): 0 for s in facts.segments}
    for row in rows:
        for name, sign in ((row["to_group"], 1), (row["from_group"], -1)):
            if name in net:
                net[name] += sign * int(row["move_count"])
    gain = max(net, key=lambda name: net[name])
    loss = min(net, key=lambda name: net[name])
    parts = []
    if net[gain] > 0:
        parts.append(f"segment {gain} gained most, {wording.whole(net[gain])} more than it lost")
    if net[loss] < 0:
        parts.append(f"segment {loss} lost most, {wording.whole(-net[loss])} more than it gained")
    if not parts:
        return "No segment gained or lost customers."
    text = "; ".join(parts)
    return f"{text[0].upper()}{text[1:]}."


def _group(name: str) -> str:
    return f"segment {name}" if name.isdigit() else name


def _movement_finding(rows: Sequence[Row], *, has_small_groups: bool) -> str:
    """Return how many stayed, and the largest movement."""
    from_segments = [row for row in rows if row["from_group"].isdigit()]
    stayed = sum(
        row["customer_count"] for row in from_segments if row["from_group"] == row["to_group"]
    )
    whole = sum(row["customer_count"] for row in from_segments)
    moved = [row for row in from_segments if row["from_group"] != row["to_group"]]
    # With small groups left out, who stayed of all would give them away.
    is_whole = whole and not has_small_groups
    finding = f"{wording.percent(stayed / whole)} stayed where they were." if is_whole else ""
    if moved:
        most = max(moved, key=lambda row: row["customer_count"])
        finding = (
            f"{finding} The largest movement: {wording.whole(most['customer_count'])} customers "
            f"from {_group(most['from_group'])} to {_group(most['to_group'])}."
        ).strip()
    return finding


TREND_COLUMNS = (
    Column("period_start_date", "From", wording.day),
    Column("segment_id", "Segment", wording.whole),
    Column("active_count", "Active", wording.whole),
    Column("active_share", "Share active", wording.percent),
    Column("order_count", "Orders", wording.whole),
    Column("spend", "Spend", wording.whole, is_money=True),
    Column("spend_per_active_customer", "Spend per active customer", wording.number, is_money=True),
)


@dataclass(frozen=True)
class Trend:
    """A figure over time: what it shows, by which column, and how values are written."""

    key: str
    title: str
    field: str
    axis: str
    value_format: str
    is_money: bool = False


ACTIVE = Trend("active", "Customers with an order", "active_share", "share active", ".0%")
SPEND = Trend(
    "spend-active",
    "Spend per active customer",
    "spend_per_active_customer",
    "spend in the period",
    ",f",
    is_money=True,
)


def trends(marts: Marts, facts: Facts) -> Section | None:
    """Return activity and spend over time."""
    if not facts.has_orders:
        return None
    answer = marts.ask("trends")
    if len(set(answer.column("period_start_date"))) < 2:
        return None
    return Section(
        key="trends",
        title="Over time",
        lead=(
            "What the customers who are in a segment today did before. A segment of recent "
            "customers seems to rise for that reason alone, and one of lapsed customers to fall."
        ),
        figures=(
            _trend(answer, facts, ACTIVE),
            _trend(answer, facts, SPEND),
        ),
    )


def _trend(answer: Answer, facts: Facts, trend: Trend) -> Figure:
    """Return a line for each segment."""
    rows = [row for row in answer.rows if row[trend.field] is not None]
    write = facts.money if trend.is_money else wording.percent
    return Figure(
        key=trend.key,
        title=trend.title,
        finding=_change(rows, trend.field, write),
        sql=answer.sql,
        table=facts.table(answer.rows, TREND_COLUMNS),
        chart=charts.lines(
            [
                {
                    "id": str(row["segment_id"]),
                    "segment": f"{row['segment_id']} {facts.segment(row['segment_id']).name}",
                    "date": row["period_start_date"].isoformat(),
                    "value": float(row[trend.field]),
                    "shown_value": write(row[trend.field]),
                    "period": f"{wording.day(row['period_start_date'])} and 4 weeks on"
                    if (row["period_end_date"] - row["period_start_date"]).days == 28
                    else f"{wording.day(row['period_start_date'])} to "
                    f"{wording.last_day(row['period_end_date'])}",
                }
                for row in rows
            ],
            facts.segments,
            title=facts.axis(trend.axis) if trend.is_money else trend.axis,
            value_format=trend.value_format,
            tooltips={"segment": "Segment", "period": "Period", "shown_value": trend.title},
        ),
        shows="A line for each segment over time.",
        has_segment_key=True,
        width="half",
    )


def _change(rows: list[Row], field: str, write: Callable[[Any], str]) -> str:
    """Say which segment changed most between the first and the last period."""
    first, last = rows[0]["period_start_date"], rows[-1]["period_start_date"]
    began = {row["segment_id"]: row[field] for row in rows if row["period_start_date"] == first}
    ended = {row["segment_id"]: row[field] for row in rows if row["period_start_date"] == last}
    both = sorted(segment for segment in began.keys() & ended.keys() if began[segment])
    if not both:
        return ""
    most = max(both, key=lambda segment: abs(float(ended[segment]) / float(began[segment]) - 1))
    return (
        f"Segment {most} changed most: from {write(began[most])} in the first period to "
        f"{write(ended[most])} in the last."
    )
