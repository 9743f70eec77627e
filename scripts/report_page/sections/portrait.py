"""What a portrait of a segment says besides its figures: traits, habits, people, rule, advice.

The page's cards, the briefs, the workbook and the deck show the same portraits.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from common.project_sql import project_vars
from report_page import wording
from report_page.marts import Marts, Row, by
from report_page.model import Content, Facts

MOST_ABOVE, MOST_BELOW = 5, 3
# In standard deviations; a smaller difference is not noticed.
LEAST_DIFFERENCE = 0.2
MOST_MEDIANS = 6
MOST_PEOPLE = 3
# What small groups are combined in: no value that people have.
COMBINED = "(small groups)"
# A value is spoken of where this share of the customers with a known one has it.
LEAST_SHARE = 0.1
MOST_CATEGORIES = 3
# Clauses of the description that fit one sentence.
CLAUSES = 2

# Habits by the features that say something of them.
HABITS = {
    "Basket": ("lines_per_order", "quantity_per_line", "price_per_line", "small_order_share"),
    "Hour": ("morning_order_share", "evening_order_share", "weekend_order_share"),
    "Channel": ("channel_1_share", "channel_2_share", "channel_3_share"),
    "Promotion": (
        "discount_rate",
        "discounted_line_share",
        "coupons_per_28_days",
        "campaign_response_rate",
        "private_label_share",
    ),
}
# What a typical customer is described by, where the source has it.
TYPICAL = (
    "spend_per_28_days",
    "orders_per_28_days",
    "average_order_value",
    "lines_per_order",
    "days_since_last_order",
    "discount_rate",
)
# What the label of a capped feature adds, which a median says nothing of.
CAPPED = ", at most "


@dataclass(frozen=True)
class Sources:
    """The answers that portraits are made of, by segment."""

    differences: dict[int, list[Row]]
    categories: dict[int, list[Row]]
    people: dict[int, list[Row]]
    rules: dict[int, list[Row]]
    plays: dict[int, list[Row]]


def read_sources(marts: Marts) -> Sources:
    """Ask for everything that portraits need, once for all segments."""

    def of(name: str) -> dict[int, list[Row]]:
        return by(marts.ask(name).rows, "segment_id")

    return Sources(
        differences=of("differences"),
        categories=of("categories"),
        people=of("demographics"),
        rules=of("rules"),
        plays=of("playbook"),
    )


def portrait(row: Row, sources: Sources, facts: Facts) -> Content:
    """Return the portrait of the segment of a row of `segments`."""
    segment_id = row["segment_id"]
    differences = sources.differences.get(segment_id, [])
    rule = next((r["rule"] for r in sources.rules.get(segment_id, []) if r["rule"]), None)
    plays = sources.plays.get(segment_id, [])
    return {
        "segment": facts.segment(segment_id),
        "sentence": sentence(row["description"], row["segment_name"]),
        "above": traits(differences, facts.currency, above=True),
        "below": traits(differences, facts.currency, above=False),
        "habits": [
            *_basket(sources.categories.get(segment_id, [])),
            *habits(differences, facts.currency),
            *_people(sources.people.get(segment_id, [])),
        ],
        "typical": typical(differences, facts.currency),
        "rule": rule,
        **advice(plays[0] if plays else None),
    }


def sentence(description: str | None, name: str = "") -> str:
    """Return the first clauses of a description as one sentence, without the name above it."""
    clauses = (description or "").removesuffix(".").split("; ")
    if len(clauses) > 1 and clauses[0] == name:
        clauses = [clauses[1][:1].upper() + clauses[1][1:], *clauses[2:]]
    text = "; ".join(clauses[:CLAUSES])
    return f"{text}." if text else ""


def traits(rows: Sequence[Row], currency: str | None = None, *, above: bool) -> list[Content]:
    """Return what the segment has most above, or below, the average, with its index."""
    sign = 1 if above else -1
    found = [
        row
        for row in rows
        if row["index_value"] is not None
        and sign * row["standardised_difference"] >= LEAST_DIFFERENCE
        and _is_seen(row, currency)
    ]
    found.sort(key=lambda row: -sign * row["standardised_difference"])
    return [
        {
            "label": row["label"],
            "value": wording.spoken(row["mean_value"], row["unit"], currency),
            "average": wording.spoken(row["population_mean"], row["unit"], currency),
            "index": wording.index(row["index_value"]),
        }
        for row in found[: MOST_ABOVE if above else MOST_BELOW]
    ]


def habits(rows: Sequence[Row], currency: str | None = None) -> list[tuple[str, str]]:
    """Return what stands out most in basket, hour, channel and promotion."""
    known = {row["feature"]: row for row in rows}
    told = []
    for name, features in HABITS.items():
        own = [known[feature] for feature in features if feature in known]
        if not own:
            continue
        most = max(own, key=lambda row: abs(row["standardised_difference"]))
        if abs(most["standardised_difference"]) < LEAST_DIFFERENCE or not _is_seen(most, currency):
            told.append((name, "like the average customer"))
        else:
            told.append((name, against_average(most, currency)))
    return told


def _is_seen(row: Row, currency: str | None) -> bool:
    """Say whether a mean differs from that of all as they are said; 1.4 and 1.4 do not."""
    own, average = (
        wording.spoken(row[name], row["unit"], currency)
        for name in ("mean_value", "population_mean")
    )
    return own != average


def against_average(row: Row, currency: str | None) -> str:
    """Return a feature with its mean and that of all: `lines per order 12.1, average 8.4`."""
    return (
        f"{row['label']} {wording.spoken(row['mean_value'], row['unit'], currency)}, average "
        f"{wording.spoken(row['population_mean'], row['unit'], currency)}"
    )


def typical(rows: Sequence[Row], currency: str | None = None) -> list[tuple[str, str]]:
    """Return medians: those of orders, or those of what the segments are made of."""
    known = {row["feature"]: row for row in rows if row["median_value"] is not None}
    chosen = [name for name in TYPICAL if name in known]
    chosen = chosen or [name for name, row in known.items() if row["is_used"]] or list(known)
    return [
        (
            known[name]["label"].split(CAPPED)[0],
            wording.spoken(known[name]["median_value"], known[name]["unit"], currency),
        )
        for name in chosen[:MOST_MEDIANS]
    ]


def advice(play: Row | None) -> Content:
    """Return what to do for the segment, and what not."""
    if play is None:
        return {"strategy": None, "do": [], "avoid": None}
    entries = [
        ("Aim", play["objective"]),
        ("Offer", play["offer"]),
        ("Say", play["positioning"]),
    ]
    return {
        "strategy": play["strategy"],
        "do": [(name, text) for name, text in entries if text],
        "avoid": play["avoid"],
    }


def _basket(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return the categories that the segment spends most on beyond the average share."""
    bounds = project_vars()
    found = [
        row
        for row in rows
        if row["index_value"] is not None
        and row["index_value"] >= bounds["min_lead_index"]
        and row["penetration"] >= bounds["min_lead_penetration"]
        and row["spend_share"] >= bounds["min_lead_spend_share"]
    ]
    found.sort(
        key=lambda row: (row["population_spend_share"] - row["spend_share"], row["category"])
    )
    named = [
        f"{row['category']} ({wording.index(row['index_value'])})"
        for row in found[:MOST_CATEGORIES]
    ]
    return [("Buys more of", wording.listed(named))] if named else []


def _people(rows: Sequence[Row]) -> list[tuple[str, str]]:
    """Return the attributes that more of the segment have than of all."""
    found = [
        row
        for row in rows
        if row["index_value"] is not None
        and row["index_value"] > 100
        and row["customer_share"] >= LEAST_SHARE
        and row["value"] != COMBINED
    ]
    found.sort(key=lambda row: (-row["index_value"], row["attribute"], row["value"]))
    told: dict[str, str] = {}
    for row in found:
        share = wording.spoken(row["customer_share"], "share")
        text = f"{row['attribute_label']}: {row['value']} ({share})"
        told.setdefault(row["attribute"], text)
    return [("Who", wording.listed(list(told.values())[:MOST_PEOPLE]))] if told else []
