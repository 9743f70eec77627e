"""The sections of the page, in the order of the page."""

from __future__ import annotations

from collections.abc import Callable

from report_page.marts import Marts
from report_page.model import Facts, Section
from report_page.sections import (
    cards,
    evidence,
    grid,
    making,
    moving,
    people,
    playbook,
    profile,
    response,
    scatter,
    shopping,
    value_growth,
)

# Each returns its section, or nothing where the source does not tell what it needs.
SECTIONS: tuple[Callable[[Marts, Facts], Section | None], ...] = (
    grid.section,
    cards.section,
    scatter.section,
    value_growth.section,
    profile.section,
    shopping.section,
    response.section,
    people.section,
    moving.movement,
    moving.trends,
    evidence.section,
    playbook.section,
    making.quality,
    making.making,
)
