"""What the workbook and the deck show, read once from the published file."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

from report_page import wording
from report_page.marts import Answer, Marts, open_marts
from report_page.model import Content, Facts
from report_page.page import read_facts
from report_page.sections import cards
from report_page.sections.evidence import VERDICTS
from report_page.sections.portrait import portrait, read_sources


@dataclass(frozen=True)
class Handout:
    """The answers of the marts, and what the page says of them.

    Attributes:
        facts: The run and its segments.
        summary: A row for each segment.
        portraits: For each segment what its card on the page has, in the same order.
        differences: A row for each segment and feature.
        playbook: A row for each segment; none in a source without a playbook.
        grid: A row for each cell of segment and value tiers.
        moves: Moves between segments over all snapshots, by the group left and that come to.
        definitions: Columns of marts with their descriptions.
        small_segments: How many segments are not shown, as they are too small.
    """

    facts: Facts
    summary: Answer
    portraits: tuple[Content, ...]
    differences: Answer
    playbook: Answer
    grid: Answer
    moves: Answer
    definitions: Answer
    small_segments: int

    @property
    def source(self) -> str:
        """The source, in words."""
        return wording.words(self.facts.run["source"])

    @property
    def headline(self) -> str:
        """Source, date and run in one line."""
        until = wording.data_until(self.facts.run)
        return f"{self.source} · {until} · run {self.facts.run['run_number']}"

    @property
    def verdict(self) -> str:
        """How real the segments are, in words."""
        name, sentence = VERDICTS[self.facts.run["verdict"]]
        return f"{name}. {sentence}"

    @property
    def made_at(self) -> datetime:
        """The date of the run: files hold no time of day, so that they stay the same."""
        return datetime.combine(self.facts.run["as_of_date"], time())


def read_handout(marts_file: Path) -> Handout:
    """Read everything in one transaction.

    Raises:
        Problem: the file cannot be read or holds no run.
    """
    with open_marts(marts_file) as marts:
        return _read(marts)


def _read(marts: Marts) -> Handout:
    facts = read_facts(marts)
    summary = marts.ask("segments")
    sources = read_sources(marts)
    return Handout(
        facts=facts,
        summary=summary,
        portraits=tuple(
            portrait(row, sources, facts) | {"figures": cards.figures(row, facts)}
            for row in summary.rows
        ),
        differences=marts.ask("differences"),
        playbook=marts.ask("playbook"),
        grid=marts.ask("grid"),
        moves=marts.ask("flow"),
        definitions=marts.ask("definitions"),
        small_segments=len(marts.small_segments),
    )
