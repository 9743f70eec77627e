"""The deck: the segments at a glance, the map, movement, a slide for each segment, the evidence."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pptx.dml.color import RGBColor

from office.content import Handout, read_handout
from office.slides import MARGIN, MUTED, WIDTH, Box, Deck, Text, colour_of, segment_colour
from office.texts import shorten
from report_page import palette, wording
from report_page.marts import Row
from report_page.model import Content
from report_page.page import warnings
from report_page.sections.grid import THRESHOLDS, the_map

ROOM = WIDTH - 2 * MARGIN
TOP = 1.35
# Texts longer than this are cut: a slide has room for so much.
LONGEST_NAME = 60
LONGEST_TEXT = 190
GREY, BLUE = colour_of("#9AA3AD"), colour_of(palette.LIGHT["link"])


def deck(marts_file: Path) -> bytes:
    """Return the deck of a published file.

    Raises:
        Problem: the file cannot be read or holds no run.
    """
    handout = read_handout(marts_file)
    made = Deck(f"Customer segments: {handout.headline}", handout.made_at)
    _opening(made, handout)
    _glance(made, handout)
    _shares(made, handout)
    _map(made, handout)
    _movement(made, handout)
    for portrait in handout.portraits:
        _portrait(made, handout, portrait)
    return made.content()


def _opening(made: Deck, handout: Handout) -> None:
    slide = made.slide("Customer segments", BLUE)
    texts = [
        Text(handout.headline, 18, colour=MUTED),
        Text(handout.verdict, 20),
    ]
    texts += [Text(text, 14) for text in warnings(handout.facts)]
    if handout.small_segments:
        texts.append(Text("Segments of too few customers are not shown.", 14, colour=MUTED))
    slide.texts(Box(MARGIN, 1.6, ROOM, 3), texts)


def _glance(made: Deck, handout: Handout) -> None:
    """Put a row for each segment: what it is, how large, what it brings, what to do."""
    has_spend = any(row["spend"] for row in handout.summary.rows)
    has_strategy = any(row["strategy"] for row in handout.summary.rows)
    head = ["", "Segment", "Customers", "Share"]
    head += ["Share of spend", "Spend per customer"] if has_spend else []
    head += ["Strategy"] if has_strategy else []
    rows, fills = [head], {}
    for place, row in enumerate(handout.summary.rows, 1):
        cells = [
            str(row["segment_id"]),
            shorten(row["segment_name"], LONGEST_NAME),
            wording.whole(row["customer_count"]),
            wording.percent(row["customer_share"]),
        ]
        if has_spend:
            cells += [
                wording.percent(row["spend_share"]),
                handout.facts.money(row["spend_per_customer"]),
            ]
        if has_strategy:
            cells.append(wording.text(row["strategy"]))
        rows.append(cells)
        fills[(place, 0)] = _segment_fill(place - 1)
    widths = [0.5, ROOM - 0.5 - 1.55 * (len(head) - 2), *[1.55] * (len(head) - 2)]
    made.slide("The segments at a glance").table(
        Box(MARGIN, TOP, ROOM, 0.4 * len(rows)), rows, widths, fills, size=13
    )


def _segment_fill(position: int) -> tuple[RGBColor, RGBColor]:
    """Return the colour of a segment, and that of text on it."""
    colour = palette.SEGMENTS_LIGHT[position % len(palette.SEGMENTS_LIGHT)]
    return colour_of(colour), colour_of(palette.readable_on(colour))


def _shares(made: Deck, handout: Handout) -> None:
    """Put the share of customers of each segment beside its share of spend."""
    rows = handout.summary.rows
    if any(row["spend_share"] is None or row["customer_share"] is None for row in rows):
        return
    most = max(rows, key=lambda row: row["spend_share"] - row["customer_share"])
    slide = made.slide(
        f"Segment {most['segment_id']}: {wording.percent(most['customer_share'])} of the "
        f"customers, {wording.percent(most['spend_share'])} of the spend"
    )
    slide.bars(
        Box(MARGIN, TOP, ROOM, 5.6),
        [f"{row['segment_id']} {shorten(row['segment_name'], 42)}" for row in rows],
        {
            "Share of customers": [float(row["customer_share"]) for row in rows],
            "Share of spend": [float(row["spend_share"]) for row in rows],
        },
        colours=(GREY, BLUE),
        number_format="0.0%",
    )


def _map(made: Deck, handout: Handout) -> None:
    """Put the map of segments by value tier, as the page has it."""
    if not handout.grid:
        return
    content = the_map(handout.grid, handout.facts)
    tiers = content["tiers"]
    rows: list[list[str]] = [["Segment", *tiers]]
    fills: dict[tuple[int, int], tuple[RGBColor, RGBColor]] = {}
    for place, row in enumerate(content["rows"], 1):
        cells = [f"{row['segment'].segment_id} {shorten(row['segment'].name, LONGEST_NAME)}"]
        for cell in row["cells"]:
            if cell["is_empty"]:
                cells.append("")
                continue
            step = int(cell["colour_class"].rpartition("-")[2])
            colour = palette.SEQUENTIAL_LIGHT[step - 1]
            for part in range(cell["span"]):
                fills[(place, len(cells))] = (
                    colour_of(colour),
                    colour_of(palette.readable_on(colour)),
                )
                cells.append("" if part else _cell_text(cell))
        rows.append(cells)
    width = 1.6
    slide = made.slide("Where the money is, and where customers go")
    slide.table(
        Box(MARGIN, TOP, ROOM, 0.5 * len(rows)),
        rows,
        [ROOM - width * len(tiers), *[width] * len(tiers)],
        fills,
    )
    slide.texts(
        Box(MARGIN, 6.75, ROOM, 0.5),
        [
            Text(
                "Share of spend, customers, and by how many more came than left. Darker: from "
                f"{', '.join(wording.percent(mark) for mark in THRESHOLDS)} of the spend on.",
                11,
                colour=MUTED,
            )
        ],
    )


def _cell_text(cell: Content) -> str:
    """Return what a cell of the map says in one line."""
    parts = [cell["share"], cell["customers"], cell["moved"][0] if cell["moved"] else None]
    return " · ".join(part for part in parts if part)


def _movement(made: Deck, handout: Handout) -> None:
    """Put how many moves came to each segment, and how many left it."""
    rows = handout.moves.rows
    if not rows:
        return
    segments = handout.facts.segments
    start = wording.last_day(min(row["from_date"] for row in rows))
    end = wording.last_day(max(row["to_date"] for row in rows))
    made.slide(f"Who moved between {start} and {end}").bars(
        Box(MARGIN, TOP, ROOM, 5.6),
        [f"{s.segment_id} {shorten(s.name, 42)}" for s in segments],
        {
            "Left": [_moved(rows, "from_group", s.segment_id) for s in segments],
            "Came": [_moved(rows, "to_group", s.segment_id) for s in segments],
        },
        colours=(GREY, BLUE),
        number_format="#,##0",
    )


def _moved(rows: Sequence[Row], side: str, segment_id: int) -> int:
    return sum(int(row["move_count"]) for row in rows if row[side] == str(segment_id))


def _portrait(made: Deck, handout: Handout, portrait: Content) -> None:
    """Put the portrait of a segment: in words on the left, its indexes on the right."""
    segment = portrait["segment"]
    slide = made.slide(
        f"{segment.segment_id} {shorten(segment.name, 80)}", segment_colour(segment.position)
    )
    figures = " · ".join(
        f"{name}: {figure}{f' ({of})' if of else ''}"
        for name, figure, of in portrait["figures"][:3]
    )
    texts = [Text(figures, 13, colour=MUTED)]
    if portrait["habits"]:
        texts.append(Text("Habits and people", 14, is_bold=True))
        texts += [Text(shorten(f"{n}: {t}", LONGEST_TEXT), 12) for n, t in portrait["habits"]]
    if portrait["do"]:
        texts.append(Text(f"What to do: {portrait['strategy']}", 14, is_bold=True))
        texts += [Text(shorten(f"{n}: {t}", LONGEST_TEXT), 12) for n, t in portrait["do"]]
        if portrait["avoid"]:
            texts.append(Text(shorten(f"Avoid: {portrait['avoid']}", LONGEST_TEXT), 12))
    slide.texts(Box(MARGIN, TOP, 6.1, 5.6), texts)
    traits = [*portrait["above"], *portrait["below"]]
    right = Box(7, TOP, WIDTH - 7 - MARGIN, 4.4)
    if traits:
        slide.texts(
            Box(right.left, TOP - 0.1, right.width, 0.35),
            [Text("Index: 100 is the average customer", 12, colour=MUTED)],
        )
        slide.bars(
            Box(right.left, TOP + 0.3, right.width, right.height),
            [shorten(trait["label"], 40) for trait in traits],
            {"Index": [float(trait["index"].replace(",", "")) for trait in traits]},
            colours=(segment_colour(segment.position),),
            number_format="0",
        )
    median = ", ".join(f"{name} {value}" for name, value in portrait["typical"])
    slide.texts(
        Box(right.left, 6.1, right.width, 1),
        [Text(shorten(f"A typical customer (medians): {median}.", 260), 12)] if median else [],
    )
