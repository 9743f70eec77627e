"""Targets, tables and files of a benchmark's results."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Target:
    """A target: what was asked, what was found. `is_met` is None where it was not measured."""

    name: str
    found: str
    asked: str
    is_met: bool | None

    @property
    def word(self) -> str:
        """`met`, `missed` or `not measured`."""
        return {True: "met", False: "missed", None: "not measured"}[self.is_met]


def markdown_table(head: Sequence[object], rows: Sequence[Sequence[object]]) -> str:
    """A Markdown table; numbers are formatted by the caller."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines)


def targets_table(targets: Sequence[Target]) -> str:
    """Targets as a Markdown table."""
    rows = [(one.name, one.found, one.asked, one.word) for one in targets]
    return markdown_table(("target", "found", "asked", ""), rows)


@dataclass(frozen=True)
class Part:
    """Results of one part of the benchmark: its name, targets, tables and raw figures."""

    name: str
    title: str
    targets: list[Target]
    text: str
    figures: object

    def save(self, folder: Path) -> None:
        """Write `<name>.json` and `<name>.md`."""
        folder.mkdir(parents=True, exist_ok=True)
        content = {"targets": [asdict(one) for one in self.targets], "figures": self.figures}
        path = folder / f"{self.name}.json"
        path.write_text(json.dumps(content, indent=1, default=str) + "\n", encoding="utf-8")
        text = f"## {self.title}\n\n{targets_table(self.targets)}\n\n{self.text}\n"
        (folder / f"{self.name}.md").write_text(text, encoding="utf-8")


def marked(name: str, text: str) -> str:
    """A block of a page that `write_page` replaces."""
    return f"<!-- begin {name} -->\n{text}\n<!-- end {name} -->"


def write_page(path: Path, parts: Sequence[Part]) -> None:
    """Bring the tables of a page up to date, between the markers of each measured part.

    Raises ValueError when the page has no markers for a part.
    """
    page = path.read_text(encoding="utf-8")
    for part in parts:
        for name, text in (
            (f"{part.name} targets", targets_table(part.targets)),
            (part.name, part.text),
        ):
            begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
            if name.endswith("targets") and not part.targets:
                continue
            if begin not in page or end not in page:
                raise ValueError(f"{path}: expected the markers {begin} and {end}, add them")
            before, rest = page.split(begin, 1)
            _, after = rest.split(end, 1)
            page = before + marked(name, text) + after
    path.write_text(page, encoding="utf-8")
