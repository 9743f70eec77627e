"""The map: segments by value tier with money and movement; what spend concentrates on; stages."""

from __future__ import annotations

from collections.abc import Iterator

from report_page import charts, wording
from report_page.marts import Answer, Marts, Row, by
from report_page.model import Column, Content, Facts, Figure, Section, Swatch
from report_page.sections import concentration

TIERS = ("top", "high", "medium", "low", "none")
THRESHOLDS = (0.02, 0.05, 0.1, 0.2)
SWATCHES = tuple(
    Swatch(f"sequential-{step}", label)
    for step, label in enumerate(("under 2%", "2 to 5%", "5 to 10%", "10 to 20%", "over 20%"), 1)
)
UP, DOWN = "\N{BLACK UP-POINTING TRIANGLE}", "\N{BLACK DOWN-POINTING TRIANGLE}"
QUIET = ("slipping", "lapsing")

GRID_COLUMNS = (
    Column("segment_id", "Segment", wording.whole),
    Column("segment_name", "Name"),
    Column("tiers", "Value tiers"),
    Column("customer_count", "Customers", wording.whole),
    Column("customer_share", "Share of customers", wording.percent),
    Column("spend", "Spend", wording.whole, is_money=True),
    Column("spend_share", "Share of spend", wording.percent),
    Column("spend_per_customer", "Spend per customer", wording.number, is_money=True),
    Column("future_spend_per_customer", "Future spend per customer", wording.number, is_money=True),
    Column("slipping_share", "Slipping or lapsing", wording.percent),
    Column("net_moved_count", "Net moved in", wording.signed_whole),
    Column("moved_from_date", "Since", wording.last_day),
)
STAGE_COLUMNS = (
    Column("stage", "Stage", wording.words),
    Column("customer_count", "Customers", wording.whole),
    Column("customer_share", "Share of customers", wording.percent),
    Column("expected_spend", "Expected spend", wording.whole, is_money=True),
)


def section(marts: Marts, facts: Facts) -> Section | None:
    """Return the grid; nothing where nothing is spend."""
    answer = marts.ask("grid")
    if not answer:
        return None
    figures = [grid(answer, facts), *concentration.figures(marts, facts)]
    stages = marts.ask("lifecycle")
    if stages:
        figures.append(lifecycle(stages, facts))
    return Section(
        key="grid",
        title="The map",
        short_title="Map",
        lead=(
            "Down: the segments, by what customers are like. Across: value tiers, by what they "
            "spend. Top is the highest tenth of customers by spend, high the next fifth, medium "
            "the next two fifths and low the rest; none is who spent nothing after returns. "
            "Choose whom to treat by both."
        ),
        figures=tuple(figures),
    )


def grid(answer: Answer, facts: Facts) -> Figure:
    """Return the map; without shares where these would give a small segment away."""
    is_known = all(row["spend_share"] is not None for row in answer.rows)
    moved_from = answer.first()["moved_from_date"]
    note = (
        "The highest tier is left. A wide cell holds several tiers, of which one alone has too few "
        "customers; no cell: no customers."
    )
    if moved_from:
        note += (
            f" {UP} and {DOWN}: how many more customers came into a cell than left it, or left "
            f"than came, since {wording.last_day(moved_from)}."
        )
    if not is_known:
        note += " Shares are not shown where they would give a segment of few customers away."
    return Figure(
        key="grid-cells",
        title="Where the money is, and where customers go",
        finding=finding(answer) if is_known else "",
        sql=answer.sql,
        table=facts.table(answer.rows, GRID_COLUMNS),
        map=the_map(answer, facts),
        swatches=SWATCHES if is_known else (),
        swatches_title="Share of the spend of all segments",
        note=note,
    )


def the_map(answer: Answer, facts: Facts) -> Content:
    """Return a row for each segment with its cells, each as wide as the tiers that it holds."""
    present = {tier for row in answer.rows for tier in row["tiers"].split(", ")}
    tiers = [tier for tier in TIERS if tier in present]
    rows = []
    for segment_id, cells in by(answer.rows, "segment_id").items():
        at = {row["tiers"].split(", ")[0]: row for row in cells}
        rows.append(
            {"segment": facts.segment(segment_id), "cells": list(_cells(at, tiers, facts))},
        )
    return {"tiers": tiers, "rows": rows}


def _cells(at: dict[str, Row], tiers: list[str], facts: Facts) -> Iterator[Content]:
    """Yield the cells of a segment from the highest tier down, empty ones too."""
    covered: set[str] = set()
    for tier in tiers:
        if tier in covered:
            continue
        row = at.get(tier)
        if row is None:
            yield {"span": 1, "is_empty": True}
            continue
        held = row["tiers"].split(", ")
        covered |= set(held)
        share, moved = row["spend_share"], row["net_moved_count"]
        yield {
            "span": len(held),
            "is_empty": False,
            "colour_class": f"sequential-{1 + sum((share or 0) >= mark for mark in THRESHOLDS)}",
            "share": None if share is None else wording.percent(share),
            "customers": wording.whole(row["customer_count"]),
            "each": facts.money(row["spend_per_customer"]),
            "moved": None if moved is None else _moved(int(moved)),
        }


def _moved(count: int) -> tuple[str, str]:
    """Return a movement as a sign with a number, and in words."""
    if not count:
        return ("\N{PLUS-MINUS SIGN}0", "as many came as left")
    if count > 0:
        return (f"{UP} {wording.whole(count)}", f"{wording.whole(count)} more came than left")
    return (f"{DOWN} {wording.whole(-count)}", f"{wording.whole(-count)} more left than came")


def finding(answer: Answer) -> str:
    """Say which cell brings most, and in which most customers go quiet."""
    most = max(answer.rows, key=lambda row: row["spend_share"])
    text = (
        f"{_named(most)} is {wording.percent(most['customer_share'])} of the customers and brings "
        f"{wording.percent(most['spend_share'])} of the spend."
    )
    known = [row for row in answer.rows if row["slipping_share"]]
    if known:
        quiet = max(known, key=lambda row: row["slipping_share"] * float(row["spend"]))
        text += (
            f" Most spend goes quiet in {_named(quiet, is_first=False)}: "
            f"{wording.percent(quiet['slipping_share'])} of its customers are slipping or lapsing."
        )
    return text


def _named(row: Row, *, is_first: bool = True) -> str:
    name = f"segment {row['segment_id']}, tier {row['tiers'].replace(', ', ' and ')}"
    return name[0].upper() + name[1:] if is_first else name


def lifecycle(answer: Answer, facts: Facts) -> Figure:
    """Return a bar for each stage."""
    counts = {stage: rows[0]["customer_share"] for stage, rows in by(answer.rows, "stage").items()}
    quiet = [stage for stage in QUIET if stage in counts]
    return Figure(
        key="stages",
        title="Where customers stand by their own rhythm",
        finding=f"{wording.percent(sum(counts[stage] for stage in quiet))} of all customers are "
        f"{' or '.join(quiet)}: silent for longer than is usual for them."
        if quiet
        else "",
        sql=answer.sql,
        table=facts.table(answer.rows, STAGE_COLUMNS),
        chart=charts.bars(
            [
                {
                    "row": wording.words(row["stage"]),
                    "value": row["customer_share"],
                    "label": wording.percent(row["customer_share"]),
                    "customers": wording.whole(row["customer_count"]),
                    "is_marked": row["stage"] in QUIET,
                }
                for row in answer.rows
            ],
            title="share of all customers",
            tooltips={"row": "Stage", "label": "Share", "customers": "Customers"},
        ),
        shows="A bar for each stage, the largest first.",
    )
