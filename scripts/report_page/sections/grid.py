"""The grid of segments and value tiers, and the stages that customers are in."""

from __future__ import annotations

from report_page import charts, wording
from report_page.marts import Answer, Marts, Row, by
from report_page.model import Column, Facts, Figure, Section, Specification, Swatch, Table

TIERS = ("top", "high", "medium", "low", "none")
THRESHOLDS = (0.02, 0.05, 0.1, 0.2)
SWATCHES = tuple(
    Swatch(f"sequential-{step}", label)
    for step, label in enumerate(("under 2%", "2 to 5%", "5 to 10%", "10 to 20%", "over 20%"), 1)
)
# Stands in the cells that are counted with the tier to their left.
MERGED = "\N{LEFTWARDS ARROW}"
QUIET = ("slipping", "lapsing")

GRID_COLUMNS = (
    Column("segment_id", "Segment", wording.whole),
    Column("segment_name", "Name"),
    Column("tiers", "Value tiers"),
    Column("customer_count", "Customers", wording.whole),
    Column("customer_share", "Share of customers", wording.percent),
    Column("spend", "Spend", wording.whole),
    Column("spend_share", "Share of spend", wording.percent),
    Column("spend_per_customer", "Spend per customer", wording.number),
    Column("future_spend_per_customer", "Future spend per customer", wording.number),
    Column("slipping_share", "Slipping or lapsing", wording.percent),
    Column("net_moved_count", "Net moved in", wording.signed_whole),
    Column("moved_from_date", "Since", wording.day),
)
STAGE_COLUMNS = (
    Column("stage", "Stage", wording.words),
    Column("customer_count", "Customers", wording.whole),
    Column("customer_share", "Share of customers", wording.percent),
    Column("expected_spend", "Expected spend", wording.whole),
)


def section(marts: Marts, facts: Facts) -> Section | None:
    """Return the grid; nothing where nothing is spend."""
    answer = marts.ask("grid")
    if not answer:
        return None
    figures = [grid(answer, facts)]
    stages = marts.ask("lifecycle")
    if stages:
        figures.append(lifecycle(stages))
    return Section(
        key="grid",
        title="Segments by value",
        short_title="Grid",
        lead=(
            "Segments say what customers are like, value tiers what they spend: the highest tenth "
            "of customers by spend is top, the next fifth high, two fifths medium, the rest low; "
            "none spent nothing after returns. Choose whom to treat by both."
        ),
        figures=tuple(figures),
    )


def grid(answer: Answer, facts: Facts) -> Figure:
    """Return the heat map; the table alone where shares would give a small segment away."""
    is_known = all(row["spend_share"] is not None for row in answer.rows)
    return Figure(
        key="grid-cells",
        title="Share of spend, by segment and value tier",
        finding=finding(answer) if is_known else "",
        sql=answer.sql,
        table=Table.of(answer.rows, GRID_COLUMNS),
        chart=heat_map(answer, facts) if is_known else None,
        shows="Heat map: a row for each segment, a column for each value tier.",
        swatches=SWATCHES if is_known else (),
        swatches_title="Share of the spend of all segments",
        note=f"{MERGED} Too few customers for a cell: counted with the tier to the left. An empty "
        "cell has no customers."
        if is_known
        else "Shares are not shown where they would give a segment of few customers away.",
    )


def heat_map(answer: Answer, facts: Facts) -> Specification:
    """Return a cell for each tier that a cell of the grid holds, the first with its figures."""
    cells = [
        {
            "row": f"{row['segment_id']} {facts.segment(row['segment_id']).name}",
            "column": tier,
            "value": row["spend_share"],
            "label": wording.percent(row["spend_share"]) if place == 0 else MERGED,
            "tiers": row["tiers"],
            "share": wording.percent(row["spend_share"]),
            "customers": wording.whole(row["customer_count"]),
            "future": wording.number(row["future_spend_per_customer"]),
            "slipping": wording.percent(row["slipping_share"]),
        }
        for row in answer.rows
        for place, tier in enumerate(row["tiers"].split(", "))
    ]
    present = {cell["column"] for cell in cells}
    return charts.heat_map(
        cells,
        columns=[tier for tier in TIERS if tier in present],
        column_title="value tier",
        colours="sequential",
        thresholds=THRESHOLDS,
        tooltips={
            "row": "Segment",
            "tiers": "Value tiers",
            "share": "Share of spend",
            "customers": "Customers",
            "future": "Future spend per customer",
            "slipping": "Slipping or lapsing",
        },
    )


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


def lifecycle(answer: Answer) -> Figure:
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
        table=Table.of(answer.rows, STAGE_COLUMNS),
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
        width="half",
    )
