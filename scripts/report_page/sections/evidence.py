"""Whether the segments are real (structure, stability) and useful (future spend)."""

from __future__ import annotations

from functools import partial

from report_page import charts, wording
from report_page.marts import Marts, Row
from report_page.model import Column, Facts, Figure, Section, Table
from report_page.sections import prediction

# How the verdict is spoken of, in two words and in a sentence.
VERDICTS = {
    "strong": (
        "Clear groups",
        "Customers fall into clearly separate groups, and half of the data finds the same ones.",
    ),
    "moderate": (
        "Blurred groups",
        "There are groups among the customers, with blurred borders: a customer near a border "
        "could as well be in the next segment.",
    ),
    "constructive": (
        "Dependable cuts",
        "These customers differ by degree rather than fall into separate groups. Half of the data "
        "gives nearly the same segments, so that the borders are dependable; a customer near a "
        "border could as well be in the next segment.",
    ),
    "weak": (
        "Degrees, not kinds",
        "These customers differ by degree rather than fall into separate groups, and half of the "
        "data gives segments that differ in part. Use them to describe customers, not as natural "
        "groups: a customer near a border could as well be in the next segment.",
    ),
}


def section(marts: Marts, facts: Facts) -> Section:
    """Return the k scan, stability, silhouettes, and prediction of future spend."""
    measured = prediction.useful(marts)
    return Section(
        key="evidence",
        title="Are they real, are they useful" if measured else "Are they real",
        short_title="Evidence",
        lead=f"{VERDICTS[facts.run['verdict']][1]} The measure: {facts.run['verdict_reason']}.",
        figures=(*structure(marts, facts), silhouettes(marts, facts), *measured),
    )


STRUCTURE_COLUMNS = (
    Column("rung", "By"),
    Column("k", "Segments", wording.whole),
    Column("inertia", "Inertia", wording.number),
    Column("explained_variance_share", "Variance explained", wording.percent),
    Column("silhouette", "Silhouette", wording.decimal),
    Column("reference_silhouette", "Without structure", wording.decimal),
    Column("structure_gap", "Gap", wording.decimal),
    Column("stability", "Agreement", wording.decimal),
    Column("minimum_jaccard", "Least stable", wording.decimal),
    Column("smallest_segment_share", "Smallest", wording.percent),
    Column("verdict", "Verdict"),
    Column("choice_reason", "Choice"),
)


def structure(marts: Marts, facts: Facts) -> list[Figure]:
    """Return silhouette against its reference, and stability, for every k that was tried."""
    answer = marts.ask("k_scan")
    if not answer:
        return []
    chosen = next((row for row in answer.rows if row["is_chosen"]), None)
    k = facts.run["k"]
    table = Table.of(answer.rows, STRUCTURE_COLUMNS)
    joint = [_scan_row(row) for row in answer.rows if row["rung"] == "joint"]
    own = [_scan_row(row) for row in answer.rows if chosen is None or row["rung"] == chosen["rung"]]
    reason = f"{chosen['k']} segments were {chosen['choice_reason']}." if chosen else ""
    scanned = partial(_scan_figure, sql=answer.sql, table=table, k=k)
    return [
        scanned(
            joint,
            key="elbow",
            title="What segments leave unexplained",
            finding="More segments always leave less; after a bend, another one adds little. Where "
            "there is no bend, the other figures decide.",
            axis="share of variance within segments",
            series={"unexplained": "within segments"},
            told={"told_unexplained": "Variance within segments"},
            note=" Segments by all features together.",
        ),
        scanned(
            joint,
            key="k-scan",
            title="Separation",
            finding=_beyond_chance(facts) if chosen else "",
            axis="silhouette",
            series={"silhouette": "these customers", "reference": "data without structure"},
            told={"told_silhouette": "Silhouette", "told_reference": "Without structure"},
            shows="Two lines",
            note=" The gap between the lines is what counts.",
        ),
        scanned(
            own,
            key="stability",
            title="Agreement of half samples",
            finding=reason,
            axis="adjusted Rand index, 1 is the same",
            series={"stability": "agreement"},
            told={"told_stability": "Agreement"},
        ),
    ]


def _scan_figure(
    rows: list[dict[str, object]],
    *,
    sql: str,
    table: Table,
    k: int,
    key: str,
    title: str,
    finding: str,
    axis: str,
    series: dict[str, str],
    told: dict[str, str],
    shows: str = "A line",
    note: str = "",
) -> Figure:
    """Return a figure of a measure, for every number of segments that was tried.

    told: what a tooltip says beside the number of segments and why it was chosen or not.
    """
    return Figure(
        key=key,
        title=f"{title}, by number of segments",
        finding=finding,
        sql=sql,
        table=table,
        chart=charts.scan(
            rows,
            title=axis,
            series=series,
            chosen=k,
            tooltips={"k": "Segments", **told, "told_choice": "Choice"},
        ),
        shows=f"{shows} over the number of segments.",
        note=f"Shaded: the number that was chosen.{note}",
        width="half",
    )


def _scan_row(row: Row) -> dict[str, object]:
    """Return a row of the scan as its charts show it."""
    explained = row["explained_variance_share"]
    unexplained = None if explained is None else 1 - explained
    return {
        "k": row["k"],
        "silhouette": row["silhouette"],
        "reference": row["reference_silhouette"],
        "stability": row["stability"],
        "unexplained": unexplained,
        "told_silhouette": wording.decimal(row["silhouette"]),
        "told_reference": wording.decimal(row["reference_silhouette"]),
        "told_stability": wording.decimal(row["stability"]),
        "told_unexplained": wording.percent(unexplained),
        "told_choice": row["choice_reason"],
    }


def _beyond_chance(facts: Facts) -> str:
    """Return the silhouette of the segments beside that of data without any structure."""
    gap = facts.run["structure_gap"]
    if gap is None:
        return ""
    side = "above" if gap > 0 else "no higher than"
    return (
        f"At {facts.run['k']} segments the silhouette is {side} that of data without any structure "
        f"({wording.decimal(facts.run['silhouette'])} against "
        f"{wording.decimal(facts.run['reference_silhouette'])})."
    )


SILHOUETTES_COLUMNS = (
    Column("segment_id", "Segment", wording.whole),
    Column("segment_name", "Name"),
    Column("silhouette_p10", "10th percentile", wording.decimal),
    Column("silhouette_median", "Median", wording.decimal),
    Column("silhouette_p90", "90th percentile", wording.decimal),
    Column("jaccard", "Found again (Jaccard)", wording.decimal),
    Column("mean_confidence", "Mean confidence", wording.decimal),
)


def silhouettes(marts: Marts, facts: Facts) -> Figure:
    """Return how clearly customers of each segment belong to it."""
    answer = marts.ask("silhouettes")
    finding = ""
    if answer:
        below, whole = answer.first()["below_zero_count"], answer.first()["customer_count"]
        share = (
            f"{wording.percent(below / whole)} of the customers are" if below else "No customer is"
        )
        if 0 < below < marts.least_size:
            share = f"Fewer than {marts.least_size} customers are"
        finding = f"{share} nearer to another segment on average (below 0)."
        low = min(answer.rows, key=lambda row: row["jaccard"] or 0)
        finding += (
            f" Least sure to be found again: segment {low['segment_id']}, of which half samples "
            f"share {wording.percent(low['jaccard'])}."
        )
    return Figure(
        key="silhouettes",
        title="How clearly customers belong",
        finding=finding,
        sql=answer.sql,
        table=Table.of(
            answer.rows,
            SILHOUETTES_COLUMNS,
        ),
        chart=charts.intervals(
            [
                {
                    "id": str(row["segment_id"]),
                    "segment": f"{row['segment_id']} {facts.segment(row['segment_id']).name}",
                    "value": row["silhouette_median"],
                    "low": row["silhouette_p10"],
                    "high": row["silhouette_p90"],
                    "shown_value": wording.decimal(row["silhouette_median"]),
                    "range": f"{wording.decimal(row['silhouette_p10'])} to "
                    f"{wording.decimal(row['silhouette_p90'])}",
                    "jaccard": wording.decimal(row["jaccard"]),
                }
                for row in answer.rows
            ],
            facts.segments,
            title="silhouette of customers, -1 to 1",
            value_format=".1f",
            tooltips={
                "segment": "Segment",
                "shown_value": "Median",
                "range": "Eight in ten customers",
                "jaccard": "Found again (Jaccard)",
            },
        )
        if answer
        else None,
        shows="Dots with bars: median, and the middle eight tenths, for each segment.",
        has_segment_key=True,
        note="Dot: median. Bar: eight customers in ten.",
        width="half",
    )
