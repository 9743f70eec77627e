"""What to do for each segment."""

from __future__ import annotations

from report_page import wording
from report_page.marts import Marts, Row
from report_page.model import Column, Content, Facts, Figure, Section

# Measures that are a share.
SHARES = ("future_active_share", "response_rate")
AMOUNTS = ("future_spend_per_customer", "spend_per_customer")


def section(marts: Marts, facts: Facts) -> Section | None:
    """Return the plays."""
    answer = marts.ask("playbook")
    if not answer:
        return None
    is_money = all(is_amount(row) for row in answer.rows)
    return Section(
        key="playbook",
        title="The playbook",
        lead=(
            "What to do for each segment, by rules that marketers edit. The ceiling is what "
            "moving up could bring at most, and no forecast."
        ),
        template="playbook.html.j2",
        content={"plays": [play(row, facts) for row in answer.rows]},
        figures=(
            Figure(
                key="playbook-figures",
                title="Strategies and their reasons",
                is_combined=True,
                finding="",
                sql=answer.sql,
                table=facts.table(
                    answer.rows,
                    [
                        Column("segment_id", "Segment", wording.whole),
                        Column("strategy", "Strategy"),
                        Column("strategy_reason", "Why"),
                        Column("kpi_label", "Measure to watch"),
                        Column(
                            "opportunity_ceiling_amount",
                            "Ceiling",
                            wording.whole,
                            is_money=is_money,
                        ),
                        Column(
                            "opportunity_ceiling_lower",
                            "at least",
                            wording.whole,
                            is_money=is_money,
                        ),
                        Column(
                            "opportunity_ceiling_upper", "at most", wording.whole, is_money=is_money
                        ),
                    ],
                ),
            ),
        ),
    )


def play(row: Row, facts: Facts) -> Content:
    """Return what the template shows of one segment."""
    value = row["kpi_current_value"]
    is_money = row["kpi"] in AMOUNTS and is_amount(row)
    say = wording.percent if row["kpi"] in SHARES else facts.money if is_money else wording.number
    measure = say(value)
    channel = row["channel"]
    if channel and row["channel_basis"]:
        channel = f"{channel} (by {row['channel_basis']})"
    entries = [
        ("Aim", row["objective"]),
        ("Offer", row["offer"]),
        ("Channel", channel),
        ("Lead with", row["lead_items"]),
        ("Say", row["positioning"]),
        ("Avoid", row["avoid"]),
        ("Watch", f"{row['kpi_label']}, now {measure}" if value is not None else None),
        ("Ceiling", ceiling(row, facts)),
    ]
    return {
        "segment": facts.segment(row["segment_id"]),
        "strategy": row["strategy"],
        "entries": [(name, text) for name, text in entries if text],
        "reason": row["strategy_reason"],
    }


def is_amount(row: Row) -> bool:
    """Say whether what a customer is worth by is money; a score of a table is not."""
    return not row["value_label"] or wording.is_money(row["value_unit"])


def ceiling(row: Row, facts: Facts) -> str | None:
    """Say what moving up to the next segment could bring, or why nothing can be said."""
    amount = row["opportunity_ceiling_amount"]
    if amount is None:
        return None
    days = row["opportunity_horizon_days"]
    if days is None:
        nearest = f'"{row["next_segment_name"]}", the most similar segment of higher value'
        if is_amount(row):
            return f"{facts.money(round(amount))} in all, if each of them became like {nearest}"
        # Scores do not add up to anything.
        own, next_one = row["future_spend_per_customer"], row["next_future_spend_per_customer"]
        return (
            f"{row['value_label']} {wording.number(next_one)} in place of {wording.number(own)}, "
            f"if they became like {nearest}"
        )
    if not amount:
        return (
            f"none: no more customers move up than down within {days} days, so stop the moves down "
            "first"
        )
    return (
        f"{facts.money(round(amount))} in {days} days "
        f"({facts.money(round(row['opportunity_ceiling_lower']))} to "
        f"{facts.money(round(row['opportunity_ceiling_upper']))}), by moving up to "
        f'"{row["next_segment_name"]}"'
    )
