"""How the segments respond: campaigns, coupons and other contacts, channels, measured effects."""

from __future__ import annotations

from report_page import charts, wording
from report_page.marts import Marts, Row, by
from report_page.model import Column, Facts, Figure, Section, Swatch, Table

TITLES = {
    "campaign_sent": "Customers who answered a campaign they were sent",
    "coupon_redeemed": "Customers who redeemed a coupon",
    "service_contact": "Customers who contacted service",
    "complaint": "Customers who complained",
    "feedback": "Customers who gave feedback",
    "visit": "Customers who visited",
}
AXES = {"campaign_sent": "share of the customers reached"}
CHANNEL_TITLES = {
    "order": ("Through which channels they order", "orders"),
    "campaign_sent": ("Through which channels campaigns reach them", "campaigns sent"),
}
RATE_THRESHOLDS = (0.05, 0.1, 0.2, 0.4)
RATE_LABELS = ("under 5%", "5 to 10%", "10 to 20%", "20 to 40%", "over 40%")
SHARE_THRESHOLDS = (0.1, 0.25, 0.5, 0.75)
SHARE_LABELS = ("under 10%", "10 to 25%", "25 to 50%", "50 to 75%", "over 75%")


def section(marts: Marts, facts: Facts) -> Section | None:
    """Return a chart for each kind of contact, one of campaigns, and those of channels."""
    figures = [*contacts(marts, facts), *campaigns(marts, facts), *channels(marts, facts)]
    figures += lift(marts, facts)
    if not figures:
        return None
    return Section(
        key="response",
        title="How they respond",
        lead=(
            "Who answers campaigns and through which channels. Bars are confidence intervals "
            "(setting interval_level, 95% by default): where they overlap widely, a difference "
            "may be chance. Campaigns go to customers who were chosen, so a high rate does not "
            "show that the campaign caused it."
        ),
        figures=tuple(figures),
    )


def contacts(marts: Marts, facts: Facts) -> list[Figure]:
    """Return a chart for each type of contact."""
    answer = marts.ask("responses")
    return [
        _contact_figure(number, kind, rows, answer.sql, facts)
        for number, (kind, rows) in enumerate(by(answer.rows, "interaction_type").items(), 1)
    ]


def _contact_figure(number: int, kind: str, rows: list[Row], sql: str, facts: Facts) -> Figure:
    top = max(rows, key=lambda row: row["rate"])
    average = wording.percent(top["population_rate"])
    finding = (
        f"Most in segment {top['segment_id']}: {wording.percent(top['rate'])}, where the average "
        f"is {average}."
    )
    points = [
        {
            "id": str(row["segment_id"]),
            "segment": f"{row['segment_id']} {facts.segment(row['segment_id']).name}",
            "value": row["rate"],
            "low": row["rate_lower"],
            "high": row["rate_upper"],
            "average": row["population_rate"],
            "shown_value": f"{wording.percent(row['rate'])} "
            f"({wording.percent(row['rate_lower'])} to "
            f"{wording.percent(row['rate_upper'])})",
            "of": _of(row),
            "all": wording.percent(row["population_rate"]),
        }
        for row in rows
    ]
    return Figure(
        key=f"contact-{number}",
        title=TITLES.get(kind, f"Customers with {wording.words(kind)}"),
        finding=finding,
        sql=sql,
        table=Table.of(
            rows,
            [
                Column("segment_id", "Segment", wording.whole),
                Column("customer_count", "Customers", wording.whole),
                Column("contact_count", "Contacts", wording.whole),
                Column("reached_count", "Customers with one", wording.whole),
                Column("responded_count", "Answered", wording.whole),
                Column("rate", "Rate", wording.percent),
                Column("rate_lower", "at least", wording.percent),
                Column("rate_upper", "at most", wording.percent),
                Column("index_value", "Index", wording.index),
            ],
        ),
        chart=charts.intervals(
            points,
            facts.segments,
            title=AXES.get(kind, "share of the customers of the segment"),
            value_format=".0%",
            reference="average",
            tooltips={
                "segment": "Segment",
                "shown_value": "Rate",
                "of": "Customers",
                "all": "All segments",
            },
        ),
        shows="Dots with intervals: the rate for each segment.",
        has_segment_key=True,
        note=f"Dashed: all segments together, {average}.",
        width="half",
    )


def _of(row: Row) -> str:
    part = row["responded_count"] if row["rate_basis"] == "reached" else row["reached_count"]
    whole = row["reached_count"] if row["rate_basis"] == "reached" else row["customer_count"]
    return f"{wording.whole(part)} of {wording.whole(whole)}"


CAMPAIGNS_COLUMNS = (
    Column("campaign_id", "Campaign"),
    Column("segment_id", "Segment", wording.whole),
    Column("reached_count", "Reached", wording.whole),
    Column("responded_count", "Answered", wording.whole),
    Column("rate", "Rate", wording.percent),
    Column("rate_lower", "at least", wording.percent),
    Column("rate_upper", "at most", wording.percent),
)


def campaigns(marts: Marts, facts: Facts) -> list[Figure]:
    """Return the answers to the largest campaigns, where there are two or more."""
    answer = marts.ask("campaigns")
    rows = [row for row in answer.rows if row["rate"] is not None]
    if len({row["campaign_id"] for row in rows}) < 2:
        return []
    best = max(rows, key=lambda row: row["rate_lower"])
    finding = (
        f"The surest answer came from segment {best['segment_id']} to campaign "
        f"{best['campaign_id']}: {wording.percent(best['rate'])} of "
        f"{wording.whole(best['reached_count'])} reached."
    )
    return [
        Figure(
            key="campaigns",
            title="Answers to the largest campaigns",
            finding=finding,
            sql=answer.sql,
            table=Table.of(
                answer.rows,
                CAMPAIGNS_COLUMNS,
            ),
            chart=charts.heat_map(
                [
                    {
                        "row": row["campaign_id"],
                        "column": str(row["segment_id"]),
                        "segment": _segment(row, facts),
                        "value": row["rate"],
                        "label": wording.percent(row["rate"]),
                        "of": f"{wording.whole(row['responded_count'])} of "
                        f"{wording.whole(row['reached_count'])}",
                    }
                    for row in rows
                ],
                columns=[str(s.segment_id) for s in facts.segments],
                column_title="segment",
                row_title="campaign",
                colours="sequential",
                thresholds=RATE_THRESHOLDS,
                tooltips={
                    "row": "Campaign",
                    "segment": "Segment",
                    "label": "Rate",
                    "of": "Answered",
                },
            ),
            shows="Heat map: a row for each campaign, a column for each segment.",
            swatches=_swatches(RATE_LABELS),
            swatches_title="Answered, of those reached",
            note="The campaigns that reached most customers, the largest first. An empty cell: "
            "no customer reached, or a group that is not shown.",
            width="half",
        )
    ]


def channels(marts: Marts, facts: Facts) -> list[Figure]:
    """Return how orders and campaigns are spread over channels, where there are several."""
    answer = marts.ask("channels")
    figures = []
    for number, (kind, rows) in enumerate(by(answer.rows, "interaction_type").items(), 1):
        known = [row for row in rows if row["contact_share"] is not None]
        if known:
            key = f"channels-{number}"
            figures.append(_channel_figure(key, kind, rows, known, answer.sql, facts))
    return figures


def _channel_figure(
    key: str, kind: str, rows: list[Row], known: list[Row], sql: str, facts: Facts
) -> Figure:
    """Return one kind of contact: the share of each channel, by segment."""
    title, what = CHANNEL_TITLES[kind]
    most = max(known, key=_channel_difference)
    finding = (
        f"Segment {most['segment_id']} stands out by {most['channel']}: "
        f"{wording.percent(most['contact_share'])} of its {what}, where the average is "
        f"{wording.percent(most['population_contact_share'])}."
    )
    return Figure(
        key=key,
        title=title,
        finding=finding,
        sql=sql,
        table=Table.of(
            rows,
            [
                Column("channel", "Channel"),
                Column("segment_id", "Segment", wording.whole),
                Column("contact_count", what.capitalize(), wording.whole),
                Column("contact_share", "Share", wording.percent),
                Column("population_contact_share", "Share of all", wording.percent),
            ],
        ),
        chart=charts.heat_map(
            [
                {
                    "row": row["channel"],
                    "column": str(row["segment_id"]),
                    "segment": _segment(row, facts),
                    "value": row["contact_share"],
                    "label": wording.percent(row["contact_share"]),
                    "average": wording.percent(row["population_contact_share"]),
                }
                for row in known
            ],
            columns=[str(s.segment_id) for s in facts.segments],
            column_title="segment",
            colours="sequential",
            thresholds=SHARE_THRESHOLDS,
            tooltips={
                "segment": "Segment",
                "row": "Channel",
                "label": f"Share of its {what}",
                "average": "Share of all",
            },
        ),
        shows="Heat map: a row for each channel, a column for each segment.",
        swatches=_swatches(SHARE_LABELS),
        swatches_title=f"Share of {what}",
        width="half",
    )


def _channel_difference(row: Row) -> float:
    return float(row["contact_share"] - (row["population_contact_share"] or 0))


def lift(marts: Marts, facts: Facts) -> list[Figure]:
    """Return what campaigns changed against customers held out, where that was measured."""
    answer = marts.ask("lift")
    if not answer:
        return []
    return [
        Figure(
            key="lift",
            title="What campaigns changed, against customers held out",
            finding="Customers are held out at random: a difference is what the campaign changed.",
            sql=answer.sql,
            table=facts.table(
                answer.rows,
                [
                    Column("campaign_id", "Campaign"),
                    Column("segment_id", "Segment", wording.whole),
                    Column("finding", "Finding"),
                    Column("treated_count", "Sent it", wording.whole),
                    Column("held_out_count", "Held out", wording.whole),
                    Column(
                        "spend_difference", "Difference in spend", wording.number, is_money=True
                    ),
                    Column("spend_difference_lower", "at least", wording.number, is_money=True),
                    Column("spend_difference_upper", "at most", wording.number, is_money=True),
                ],
            ),
        )
    ]


def _segment(row: Row, facts: Facts) -> str:
    return f"{row['segment_id']} {facts.segment(row['segment_id']).name}"


def _swatches(labels: tuple[str, ...]) -> tuple[Swatch, ...]:
    return tuple(Swatch(f"sequential-{step}", label) for step, label in enumerate(labels, 1))
