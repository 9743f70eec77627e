"""Data quality, and how the page and its segments were made."""

from __future__ import annotations

from report_page import wording
from report_page.marts import Marts, Row
from report_page.model import Column, Facts, Figure, Section, Table

QUALITY_COLUMNS = (
    Column("source_table", "Table"),
    Column("accepted", "Accepted", wording.whole),
    Column("rejected", "Rejected", wording.whole),
    Column("duplicate", "Duplicates", wording.whole),
    Column("left_out", "Left out", wording.whole),
    Column("noted", "Noted", wording.whole),
)


QUALITY_COLUMNS_2 = (
    Column("status", "Status", wording.words),
    Column("customer_count", "Customers", wording.whole),
    Column("spend", "Spend in the window", wording.whole, is_money=True),
    Column("former_spend", "Spend before they lapsed", wording.whole, is_money=True),
)


QUALITY_COLUMNS_3 = (
    Column("source_table", "Table"),
    Column("outcome", "Outcome"),
    Column("reason", "Reason", wording.words),
    Column("row_count", "Rows", wording.whole),
)


def quality(marts: Marts, facts: Facts) -> Section:
    """Return what became of every row that was loaded."""
    answer, reasons = marts.ask("data_quality"), marts.ask("data_quality_reasons")
    statuses = marts.ask("statuses")
    rejected = sum(row["rejected"] for row in answer.rows)
    others = ("accepted", "duplicate", "left_out")
    loaded = rejected + sum(row[name] for row in answer.rows for name in others)
    noted = sum(row["noted"] for row in answer.rows)
    finding = (
        f"Of {wording.whole(loaded)} rows, {wording.whole(rejected)} were rejected"
        f"{f' ({wording.percent(rejected / loaded)})' if rejected and loaded else ''}; "
        f"{wording.whole(noted)} defects were kept and noted."
    )
    lead = "Nothing is dropped silently: every row is accepted, rejected with a reason, or counted."
    run = facts.run
    if run["has_order_gap"]:
        lead += (
            f" Check the last dates: {wording.whole(run['last_gap_days'])} days without an order "
            f"before {wording.day(run['last_order_date'])}."
        )
    figures = [
        Figure(
            key="quality-tables",
            title="Rows of each raw table",
            finding=finding,
            sql=answer.sql,
            table=Table.of(
                answer.rows,
                QUALITY_COLUMNS,
            ),
            width="half",
        ),
        Figure(
            key="quality-statuses",
            title="Customers",
            finding=f"{wording.whole(sum(statuses.column('customer_count')))} customers; "
            "groups below the minimum size are combined, and not shown where they stay small.",
            sql=statuses.sql,
            table=facts.table(statuses.rows, QUALITY_COLUMNS_2),
            width="half",
        ),
    ]
    if reasons:
        figures.append(
            Figure(
                key="quality-reasons",
                title="Rejected, dropped and noted rows, by reason",
                finding="Noted rows are among the accepted ones.",
                sql=reasons.sql,
                table=Table.of(
                    reasons.rows,
                    QUALITY_COLUMNS_3,
                ),
            )
        )
    return Section(key="quality", title="Data quality", lead=lead, figures=tuple(figures))


def making(marts: Marts, facts: Facts) -> Section:
    """Return the run, its hashes, the features used and the runs before."""
    run_answer, features, runs = marts.ask("run"), marts.ask("features"), marts.ask("runs")
    used = sum(bool(row["is_used"]) for row in features.rows)
    return Section(
        key="making",
        title="How it was made",
        lead=(
            "SQL cleans the data and computes the features; K-means learns the segments; SQL "
            "makes the tables that this page reads. Every figure shows its query, which runs "
            "against the published file."
        ),
        template="making.html.j2",
        content={"entries": run_entries(facts.run)},
        sql=(("The query behind these facts", run_answer),),
        figures=(
            Figure(
                key="features",
                title="Features",
                finding=f"Customers are grouped by {used} features; {len(features.rows) - used} "
                "only describe them.",
                sql=features.sql,
                table=facts.table(
                    features.rows,
                    [
                        Column("label", "Feature"),
                        Column("family", "Family"),
                        Column("unit", "Unit", is_unit=True),
                        Column("transform", "Transform"),
                        Column("weight", "Weight", wording.decimal),
                        Column("dropped_reason", "Why it only describes"),
                    ],
                ),
            ),
            Figure(
                key="runs",
                title="Runs",
                finding="",
                sql=runs.sql,
                table=Table.of(
                    runs.rows,
                    [
                        Column("run_number", "Run", wording.whole),
                        Column("as_of_date", "Data up to", wording.last_day)
                        if facts.has_orders
                        else Column("as_of_date", "Loaded on", wording.day),
                        Column("fit_number", "Fit", wording.whole),
                        Column("k", "Segments", wording.whole),
                        Column("verdict", "Verdict"),
                        Column("segmented_customer_count", "Customers", wording.whole),
                        Column("customer_changed_share", "Customers changed", wording.percent),
                        Column("model_changed_share", "Model changed", wording.percent),
                        Column("refit_reason", "Fit"),
                    ],
                ),
            ),
        ),
    )


def run_entries(run: Row) -> list[tuple[str, str, bool]]:
    """Return facts of the run: name, text, and whether it is a code."""
    entries = [
        ("Source", run["source"], True),
        ("Data", wording.data_until(run).removeprefix("data "), False),
        ("Orders", _orders(run), False),
        (
            "Run",
            f"{run['run_number']}, by fit {run['fit_number']} of "
            f"{wording.data_until(run | {'as_of_date': run['fit_as_of_date']})}",
            False,
        ),
        ("Fit", run["refit_reason"], False),
        ("Weights", run["weighting"], False),
        ("Left out", run["dropped_features"], False),
        ("Snapshots skipped", run["skipped_snapshots"], False),
        ("Drifted", run["drifted_features"], False),
        ("Segments that words cannot distinguish", run["indistinguishable_segments"], False),
        ("Seed", str(run["seed"]), True),
        ("Run id", run["run_id"], True),
        ("Hash of the data", run["data_hash"], True),
        ("Hash of the features", run["features_hash"], True),
        ("Hash of the settings", run["settings_hash"], True),
        ("Versions", run["versions"], False),
    ]
    return [(name, value, is_code) for name, value, is_code in entries if value]


def _orders(run: Row) -> str | None:
    if not run["order_line_count"]:
        return None
    return (
        f"{wording.whole(run['order_line_count'])} lines from "
        f"{wording.day(run['first_order_date'])} to {wording.day(run['last_order_date'])}"
    )
