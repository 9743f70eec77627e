"""Putting the page and the brief together."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from markupsafe import Markup

from common.console import WRONG_USE, Problem, plain
from report_page import brief, chart_style, javascript, markup, palette, wording
from report_page.marts import Answer, Marts, open_marts
from report_page.model import Facts, Section, Segment, paired
from report_page.sections import SECTIONS
from report_page.sections.evidence import VERDICTS


def whole_page(marts_file: Path) -> str:
    """Return the page of a published file as HTML.

    Raises:
        Problem: the file cannot be read or holds no run.
    """
    with open_marts(marts_file) as marts:
        facts = read_facts(marts)
        made = [section for section in (make(marts, facts) for make in SECTIONS) if section]
        sections = [replace(section, figures=paired(section.figures)) for section in made]
        summary, statuses = marts.ask("segments"), marts.ask("statuses")
    return render(
        "page.html.j2",
        facts,
        sections,
        tiles=tiles(facts, summary, statuses),
        verdict=VERDICTS[facts.run["verdict"]],
        warnings=warnings(facts),
        source=wording.words(facts.run["source"]),
    )


def brief_page(marts_file: Path, segment_id: int) -> str:
    """Return the one-page brief of a segment as HTML.

    Raises:
        Problem: as `whole_page`, or there is no such segment.
    """
    with open_marts(marts_file, segment_id) as marts:
        facts = read_facts(marts)
        if segment_id not in [segment.segment_id for segment in facts.segments]:
            if segment_id in marts.small_segments:
                raise Problem(
                    f"SEGMENT={segment_id}: fewer than {marts.least_size} customers are in it "
                    "(min_group_size), expected a segment that may be shown",
                    WRONG_USE,
                )
            there = "; ".join(f"{s.segment_id} ({plain(s.name)})" for s in facts.segments)
            raise Problem(f"SEGMENT={segment_id}: there are: {there}", WRONG_USE)
        content = brief.content(marts, facts, facts.segment(segment_id))
    source = wording.words(facts.run["source"])
    return render("brief.html.j2", facts, [], source=source, **content)


def read_facts(marts: Marts) -> Facts:
    """Return the run and its segments.

    Raises:
        Problem: there is not exactly one current run.
    """
    runs = marts.ask("run")
    if len(runs.rows) != 1:
        raise Problem("the published file has no current run: build again")
    segments = marts.ask("segments")
    return Facts(
        run=runs.first(),
        segments=tuple(
            Segment(row["segment_id"], row["segment_name"], place)
            for place, row in enumerate(segments.rows)
        ),
    )


def warnings(facts: Facts) -> list[str]:
    """Return what to look at before the segments are used, each as a sentence."""
    told = [text for text in (facts.run.get("warnings") or "").split("; ") if text]
    if facts.run["has_order_gap"]:
        told.append(
            f"{wording.whole(facts.run['last_gap_days'])} days without an order before "
            f"{wording.day(facts.run['last_order_date'])}"
        )
    return [f"{text[:1].upper()}{text[1:]}." for text in told]


def tiles(facts: Facts, summary: Answer, statuses: Answer) -> list[tuple[str, str, str]]:
    """Return the figures at the top: name, figure, what it is of."""
    run = facts.run
    counts = {row["status"]: row["customer_count"] for row in statuses.rows}
    entries = [
        (
            "Customers in segments",
            wording.whole(counts.get("segmented", 0)),
            f"of {wording.whole(sum(counts.values()))}",
        ),
        ("Segments", wording.whole(len(facts.segments)), f"structure {run['verdict']}"),
    ]
    with_spend = [row for row in summary.rows if row["spend_share"] is not None]
    if facts.has_orders and with_spend:
        top = max(with_spend, key=lambda row: row["spend_share"])
        entries.append(
            (
                f"Spend of segment {top['segment_id']}",
                wording.percent(top["spend_share"]),
                f"by {wording.percent(top['customer_share'])} of the customers",
            )
        )
    if run["stability"] is not None:
        entries.append(
            ("Agreement of half samples", wording.decimal(run["stability"]), "1 is the same")
        )
    return entries


def render(template: str, facts: Facts, sections: list[Section], **content: object) -> str:
    """Return a page: its scripts and styles are written into it and named by the policy."""
    style = palette.css() + (javascript.ASSETS / "page.css").read_text(encoding="utf-8")
    scripts = [javascript.library(), javascript.page_script()]
    page = markup.environment()
    page.filters["json"] = markup.json_in_html
    page.filters["day"] = wording.day
    page.filters["data_until"] = wording.data_until
    return page.get_template(template).render(
        policy=markup.policy(scripts, [style]),
        style=Markup(style),
        library=Markup(scripts[0]),
        script=Markup(scripts[1]),
        drawn_by=javascript.versions(),
        chart_configuration=chart_style.configuration(),
        facts=facts,
        run=facts.run,
        sections=sections,
        **content,
    )
