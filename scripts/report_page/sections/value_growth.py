"""Value against growth: who brings most, and whose spend grows beyond that of their like."""

from __future__ import annotations

from report_page import charts, wording
from report_page.marts import Answer, Marts, Row
from report_page.model import Column, Facts, Figure, Section
from report_page.sections.cards import GROWTH_WORDS

COLUMNS = [
    Column("segment_id", "Segment", wording.whole),
    Column("segment_name", "Name"),
    Column("current_customer_count", "Customers today", wording.whole),
    Column("future_spend_per_customer", "Future spend per customer", wording.number, is_money=True),
    Column("future_spend_low", "at least", wording.number, is_money=True),
    Column("future_spend_high", "at most", wording.number, is_money=True),
    Column("future_active_share", "Still buying", wording.percent),
    Column("relative_growth", "Growth against similar spend", wording.change),
    Column("relative_growth_low", "at least", wording.change),
    Column("relative_growth_high", "at most", wording.change),
    Column("growth_direction", "Reading"),
    Column("projected_spend", "Projected spend", wording.whole, is_money=True),
]


def section(marts: Marts, facts: Facts) -> Section | None:
    """Return the chart; a sentence where the data is too short to follow anybody."""
    if not facts.has_orders:
        return None
    answer = marts.ask("value_and_growth")
    title = "Value and growth"
    if not answer:
        return Section(
            key="value",
            title=title,
            lead=(
                "Not measured yet: the data is too short to see what customers spend after an "
                "earlier date. It will be once there is enough history."
            ),
            sql=(("The query that gives no rows yet", answer),),
        )
    return Section(
        key="value",
        title=title,
        short_title="Value",
        lead=lead(answer),
        figures=(figure(answer, facts),),
    )


def lead(answer: Answer) -> str:
    """Say how value and growth are measured."""
    row = answer.first()
    how = (
        "by segments that were learned before it and then followed, so without hindsight"
        if row["basis"] == "backtest"
        else "by today's segments as they would have been seen before it, so with hindsight"
    )
    return (
        f"Value is what a customer spent in the {row['horizon_days']} days after "
        f"{wording.last_day(row['last_snapshot_date'])}, {how}. Growth compares two later spans of "
        "time, and each segment with customers of similar spend, so that season and chance "
        "do not count."
    )


def finding(answer: Answer, facts: Facts) -> str:
    """Say who brings most, and who clearly grows or shrinks."""
    top = max(answer.rows, key=lambda row: row["future_spend_per_customer"])
    low = min(answer.rows, key=lambda row: row["future_spend_per_customer"])
    shown = (
        f"A customer of segment {top['segment_id']} brings "
        f"{facts.money(top['future_spend_per_customer'])} in {top['horizon_days']} days"
    )
    if low["segment_id"] != top["segment_id"]:
        shown += (
            f", one of segment {low['segment_id']} brings "
            f"{facts.money(low['future_spend_per_customer'])}"
        )
    moving = [
        f"segment {row['segment_id']} {row['growth_direction']}"
        for row in answer.rows
        if row["growth_direction"] in ("grows", "shrinks")
    ]
    if moving:
        return f"{shown}. Beyond chance, {wording.listed(moving)}."
    return f"{shown}. No segment clearly grows or shrinks."


def figure(answer: Answer, facts: Facts) -> Figure:
    """Return bubbles, or intervals of value alone where growth could not be measured."""
    has_growth = [row for row in answer.rows if row["relative_growth"] is not None]
    horizon = answer.first()["horizon_days"]
    spend_title = facts.axis(f"spend per customer in {horizon} days")
    note = "Bars show confidence intervals."
    if has_growth:
        chart = charts.bubbles(
            [point(row, facts) for row in has_growth],
            facts.segments,
            x_title="growth against customers of similar spend",
            y_title=spend_title,
        )
        shows = f"Bubbles: across growth against customers of similar spend, upward {spend_title}."
        note = f"Area: customers today. Dashed: no growth. {note}"
    else:
        chart = charts.intervals(
            [point(row, facts) for row in answer.rows],
            facts.segments,
            title=spend_title,
            value_format=",f",
            tooltips={"segment": "Segment", "spend": "Spend per customer"},
        )
        shows = f"Dots with intervals: {spend_title}, for each segment."
        note = f"Growth is not measured yet: too little history. {note}"
    return Figure(
        key="value-growth",
        title="What a customer brings, and whether that grows",
        finding=finding(answer, facts),
        sql=answer.sql,
        table=facts.table(answer.rows, COLUMNS),
        chart=chart,
        shows=shows,
        has_segment_key=True,
        note=note,
    )


def point(row: Row, facts: Facts) -> Row:
    """Return a row of the chart."""
    growth = row["relative_growth"]
    spend = row["future_spend_per_customer"]
    low, high = row["future_spend_low"], row["future_spend_high"]
    shown = {
        "id": str(row["segment_id"]),
        "segment": f"{row['segment_id']} {facts.segment(row['segment_id']).name}",
        "customers": wording.whole(row["current_customer_count"]),
        "size": row["current_customer_count"],
        "value": spend,
        "low": spend if low is None else low,
        "high": spend if high is None else high,
        "spend": f"{facts.money(spend)} ({facts.money(low)} to {facts.money(high)})",
    }
    if growth is None:
        return shown
    growth_low, growth_high = row["relative_growth_low"], row["relative_growth_high"]
    return shown | {
        "y": shown["value"],
        "y_low": shown["low"],
        "y_high": shown["high"],
        "x": growth,
        "x_low": growth if growth_low is None else growth_low,
        "x_high": growth if growth_high is None else growth_high,
        "growth": f"{wording.change(growth)} ({wording.change(growth_low)} to "
        f"{wording.change(growth_high)})",
        "finding": GROWTH_WORDS.get(row["growth_direction"], wording.text(row["growth_direction"])),
    }
