"""The workbook: summary, profiles, playbook, definitions, and a sheet for each segment."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

from xlsxwriter.worksheet import Worksheet

from office.content import Handout, read_handout
from office.sheets import LINE_HEIGHT, MOST_LINES, Book
from report_page import wording
from report_page.marts import by
from report_page.model import Content
from report_page.page import warnings
from report_page.sections.playbook import ceiling

SUMMARY = (
    ("segment_id", "Segment", "whole"),
    ("segment_name", "Name", "text"),
    ("strategy", "Strategy", "text"),
    ("customer_count", "Customers", "whole"),
    ("customer_share", "Share of customers", "share"),
    ("spend", "Spend", "money"),
    ("spend_share", "Share of spend", "share"),
    ("spend_per_customer", "Spend per customer", "money"),
    ("orders_per_customer", "Orders per customer", "decimal"),
    ("value_label", "Value by", "text"),
    ("value_per_customer", "Value per customer", "decimal"),
    ("value_index", "Index of value", "whole"),
    ("future_spend_per_customer", "Future spend per customer", "money"),
    ("growth_direction", "Growth", "text"),
    ("mean_confidence", "Mean confidence", "decimal"),
)
PLAYBOOK = (
    ("strategy", "Strategy"),
    ("strategy_reason", "Why"),
    ("objective", "Aim"),
    ("offer", "Offer"),
    ("channel", "Channel"),
    ("lead_items", "Lead with"),
    ("positioning", "Say"),
    ("kpi_label", "Watch"),
)
TERMS = (
    ("Index", "The segment's mean over the mean of all customers in segments, times 100."),
    (
        "Share of spend",
        "Spend of the segment in the window, over the spend of all customers in segments.",
    ),
    (
        "Future spend",
        "What a customer of the segment spent after an earlier date, as segment_yield measures it.",
    ),
    ("Median", "Half of the customers have less, half have more."),
    (
        "Confidence",
        "1 less the distance to the segment's centre over that to the next one: 0 on the border.",
    ),
)


def workbook(marts_file: Path) -> bytes:
    """Return the workbook of a published file.

    Raises:
        Problem: the file cannot be read or holds no run.
    """
    handout = read_handout(marts_file)
    target = BytesIO()
    book = Book(target, handout.facts.currency)
    book.book.set_properties(
        {"title": f"Customer segments: {handout.headline}", "created": handout.made_at}
    )
    _summary(book, handout)
    _profiles(book, handout)
    if handout.playbook:
        _playbook(book, handout)
    _definitions(book, handout)
    for portrait in handout.portraits:
        _segment(book, handout, portrait)
    book.book.close()
    return target.getvalue()


def _summary(book: Book, handout: Handout) -> None:
    sheet = book.sheet("Summary", (9, 44, 12, 11, 11, 14, 11, 13, 11, 13, 13, 11, 13, 18, 11))
    book.put(sheet, 0, 0, "Customer segments", book.title)
    notes = [handout.headline, handout.verdict, *warnings(handout.facts)]
    if handout.small_segments:
        notes.append("Segments of too few customers are not shown, nor are shares of all.")
    for place, text in enumerate(notes, 1):
        sheet.merge_range(place, 0, place, 11, "")
        book.put(sheet, place, 0, text, book.note)
    sheet.set_row(2, 32)
    known = {name for row in handout.summary.rows for name, v in row.items() if v is not None}
    columns = [column for column in SUMMARY if column[0] in known]
    if all(wording.is_money(row["value_unit"]) for row in handout.summary.rows):
        columns = [
            (name, heading, "money" if name == "value_per_customer" else kind)
            for name, heading, kind in columns
        ]
    top = len(notes) + 2
    book.table(
        sheet,
        top,
        [heading for _, heading, _ in columns],
        [[row[name] for name, _, _ in columns] for row in handout.summary.rows],
        [kind for _, _, kind in columns],
    )
    sheet.freeze_panes(top + 1, 2)


def _profiles(book: Book, handout: Handout) -> None:
    """Write a row for each feature: the mean of all, and mean and index of each segment."""
    segments = handout.facts.segments
    sheet = book.sheet("Profiles", (38, 20, 13, *(12 for _ in segments for _ in range(2))))
    headings = ["Feature", "Unit", "Mean of all"]
    for segment in segments:
        headings += [f"Mean of {segment.segment_id}", f"Index of {segment.segment_id}"]
    rows, kinds = [], ["text", "text", "decimal"]
    kinds += ["decimal", "whole"] * len(segments)
    for of_feature in by(handout.differences.rows, "feature").values():
        first = of_feature[0]
        unit = wording.unit(first["unit"], handout.facts.currency)
        cells: list[object] = [first["label"], unit, first["population_mean"]]
        known = {row["segment_id"]: row for row in of_feature}
        for segment in segments:
            row = known.get(segment.segment_id)
            cells += [row["mean_value"], row["index_value"]] if row else [None, None]
        rows.append(cells)
    end = book.table(sheet, 0, headings, rows, kinds)
    for place in range(len(segments)):
        column = 4 + 2 * place
        sheet.conditional_format(
            1,
            column,
            max(1, end - 1),
            column,
            {
                "type": "3_color_scale",
                "min_color": "#F1A340",
                "mid_color": "#FFFFFF",
                "max_color": "#7FB3D9",
                "min_type": "num",
                "mid_type": "num",
                "max_type": "num",
                "min_value": 50,
                "mid_value": 100,
                "max_value": 200,
            },
        )
    sheet.freeze_panes(1, 3)


def _playbook(book: Book, handout: Handout) -> None:
    widths = (9, 30, 12, 44, 44, 44, 16, 24, 30, 26, 40, 40)
    sheet = book.sheet("Playbook", widths)
    headings = ["Segment", "Name", *(heading for _, heading in PLAYBOOK), "Avoid", "Ceiling"]
    rows = [
        [
            row["segment_id"],
            row["segment_name"],
            *(row[name] for name, _ in PLAYBOOK),
            row["avoid"],
            ceiling(row, handout.facts),
        ]
        for row in handout.playbook.rows
    ]
    book.table(sheet, 0, headings, rows, ["whole", *["text"] * (len(headings) - 1)])
    sheet.freeze_panes(1, 2)


def _definitions(book: Book, handout: Handout) -> None:
    sheet = book.sheet("Definitions", (28, 34, 110))
    rows = [("", term, meaning) for term, meaning in TERMS]
    rows += [
        (row["table_name"], row["column_name"], row["comment"]) for row in handout.definitions.rows
    ]
    book.table(sheet, 0, ("Table", "Term or column", "Meaning"), rows, ["text"] * 3)
    sheet.freeze_panes(1, 0)


def _segment(book: Book, handout: Handout, portrait: Content) -> None:
    """Write the portrait of a segment; sheets are named by number, as names are any text."""
    segment = portrait["segment"]
    sheet = book.sheet(f"Segment {segment.segment_id}", (34, 24, 16, 12, 40))
    book.put(sheet, 0, 0, f"{segment.segment_id} {segment.name}", book.title)
    sheet.merge_range(1, 0, 1, 4, "")
    book.put(sheet, 1, 0, handout.headline, book.formats["text"])
    sheet.merge_range(2, 0, 2, 4, "")
    book.put(sheet, 2, 0, portrait["sentence"], book.note)
    sheet.set_row(2, 48)
    row = 4
    pairs = [(name, f"{figure} {of}".rstrip()) for name, figure, of in portrait["figures"]]
    row = _pairs(book, sheet, row, "Figures", pairs)
    for title, name in (("More than others", "above"), ("Less than others", "below")):
        if portrait[name]:
            row = book.table(
                sheet,
                row,
                (title, "Mean", "Mean of all", "Index"),
                [[t["label"], t["value"], t["average"], t["index"]] for t in portrait[name]],
                ["text"] * 4,
            )
            row += 1
    row = _pairs(book, sheet, row, "Habits and people", portrait["habits"])
    row = _pairs(book, sheet, row, "A typical customer (medians)", portrait["typical"])
    if portrait["rule"]:
        row = _pairs(book, sheet, row, "Who is in it, roughly", [("Rule", portrait["rule"])])
    advice = [*portrait["do"], ("Avoid", portrait["avoid"])]
    _pairs(book, sheet, row, "What to do", [(name, text) for name, text in advice if text])


def _pairs(book: Book, sheet: Worksheet, top: int, title: str, pairs: list[tuple[str, str]]) -> int:
    """Write names with texts under a heading; returns the row of what comes next."""
    if not pairs:
        return top
    book.put(sheet, top, 0, title, book.heading)
    for place, (name, text) in enumerate(pairs, top + 1):
        book.put(sheet, place, 0, name, book.label)
        sheet.merge_range(place, 1, place, 4, "")
        book.put(sheet, place, 1, text, book.formats["text"])
        sheet.set_row(place, LINE_HEIGHT * min(MOST_LINES, 1 + len(text) // 88))
    return top + len(pairs) + 2
