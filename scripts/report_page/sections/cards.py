"""The segments as cards: size, shares, future spend, growth, and a portrait."""

from __future__ import annotations

from report_page import wording
from report_page.marts import Answer, Marts, Row
from report_page.model import Column, Facts, Figure, Section, Table
from report_page.sections.portrait import portrait, read_sources
from report_page.wording import Number

TOO_FEW = "too few customers"
GROWTH_WORDS = {
    "grows": "grows more than customers of similar spend",
    "shrinks": "shrinks against customers of similar spend",
    "no clear change": "no clear change",
    TOO_FEW: TOO_FEW,
}
RULE_COLUMNS = (
    Column("segment_id", "Segment", wording.whole),
    Column("rule", "Rule"),
    Column("rule_sql", "As SQL, on customer_features"),
)


def section(marts: Marts, facts: Facts) -> Section:
    """Return the cards, with the tables and SQL behind them."""
    answer, rules = marts.ask("segments"), marts.ask("rules")
    sources = read_sources(marts)
    cards = [
        portrait(row, sources, facts) | {"figures": figures(row, facts)} for row in answer.rows
    ]
    return Section(
        key="segments",
        title="The segments",
        lead=lead(answer)
        + (" Segments of too few customers are not shown." if marts.small_segments else ""),
        template="cards.html.j2",
        content={"cards": cards},
        figures=(
            Figure(
                key="segment-figures",
                title="Figures of the cards",
                finding="",
                sql=answer.sql,
                table=facts.table(answer.rows, columns(answer)),
                is_combined=True,
            ),
            Figure(
                key="segment-rules",
                title="Rules of the segments",
                finding="",
                sql=rules.sql,
                table=Table.of(rows=rules.rows, columns=RULE_COLUMNS),
                is_combined=True,
            ),
        ),
    )


def lead(answer: Answer) -> str:
    """Say what the cards are, and who brings most of the spend."""
    text = "Each customer is in one segment. Colours and numbers mean the same in all charts."
    with_spend = [row for row in answer.rows if row["spend_share"] is not None]
    if not with_spend:
        return text
    top = max(with_spend, key=lambda row: row["spend_share"])
    return (
        f"{text} Segment {top['segment_id']} is {wording.percent(top['customer_share'])} of the "
        f"customers and brings {wording.percent(top['spend_share'])} of the spend."
    )


def figures(row: Row, facts: Facts) -> list[tuple[str, str, str]]:
    """Return what a card shows: name, figure, and what it is of; nothing that is not known."""
    text = [
        (
            "Customers",
            wording.whole(row["customer_count"]),
            ""
            if row["customer_share"] is None
            else f"{wording.percent(row['customer_share'])} of all",
        )
    ]
    if row["spend_share"] is not None:
        text.append(
            (
                "Share of spend",
                wording.percent(row["spend_share"]),
                f"{_amount(row['spend_per_customer'], facts)} per customer",
            )
        )
    if row["value_per_customer"] is not None:
        text.append(
            (
                str(row["value_label"]).capitalize(),
                wording.spoken(
                    row["value_per_customer"], _short(row["value_unit"]), facts.currency
                ),
                f"on average, index {wording.index(row['value_index'])}",
            )
        )
    if row["future_spend_per_customer"] is not None:
        future = _amount(row["future_spend_per_customer"], facts)
        text.append(("Future spend", future, "per customer"))
    direction = row["growth_direction"]
    if direction and row["relative_growth"] is not None and direction != TOO_FEW:
        text.append(
            (
                "Growth",
                wording.change(row["relative_growth"]),
                GROWTH_WORDS.get(direction, str(direction)),
            )
        )
    return text


def _amount(value: Number, facts: Facts) -> str:
    """Return an amount of money as the texts beside it say it."""
    return wording.spoken(value, "currency", facts.currency)


def _short(unit: str | None) -> str:
    """Return a unit without what it is of, which the label has: `currency a year` is money."""
    kind = (unit or "").split(" ")[0]
    return kind if kind in ("currency", "share") else ""


def columns(answer: Answer) -> list[Column]:
    """Return the columns of the table behind the cards, without those that nothing is known of."""
    every = [
        Column("segment_id", "Segment", wording.whole),
        Column("segment_name", "Name"),
        Column("strategy", "Strategy"),
        Column("customer_count", "Customers", wording.whole),
        Column("customer_share", "Share of customers", wording.percent),
        Column("spend", "Spend", wording.whole, is_money=True),
        Column("spend_share", "Share of spend", wording.percent),
        Column("spend_per_customer", "Spend per customer", wording.number, is_money=True),
        Column(
            "future_spend_per_customer", "Future spend per customer", wording.number, is_money=True
        ),
        Column("value_label", "Value"),
        Column("value_per_customer", "Value per customer", wording.number, unit="value_unit"),
        Column("value_index", "Index of value", wording.index),
        Column("relative_growth", "Growth against similar spend", wording.change),
        Column("growth_direction", "Reading"),
        Column("mean_confidence", "Mean confidence", wording.decimal),
    ]
    known = {name for row in answer.rows for name, value in row.items() if value is not None}
    if not answer.rows or not any(row["spend"] for row in answer.rows):
        known -= {"spend", "spend_per_customer"}
        known -= set() if "value_label" in known else {"strategy"}
    return [column for column in every if column.name in known]
