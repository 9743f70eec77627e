"""Write what the docs show of the first build of the data that comes with the project.

    .venv/bin/python dev/queries_page.py
    .venv/bin/python dev/queries_page.py --check

That is docs/queries.md, with every question of scripts/queries and its answer, and the blocks
between `begin` and `end` in README.md, docs/quality.md and docs/upgrading.md. Asks the warehouse
that the settings name; CI checks what is written against the build it has made.
"""

from __future__ import annotations

import argparse
import difflib
import re
import sys
from pathlib import Path

import duckdb

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import FAILED, Problem, say
from common.program import run
from common.project_root import ROOT
from common.query_rows import one_row
from common.settings import resolve_warehouse
from handover.query import (
    NUMBERS,
    Result,
    ask,
    first_comment,
    open_published,
    query_files,
    shown_rows,
)
from handover.summary import headline
from store.marts_renames import Rename, read_renames
from store.temporary import place_of_user, session

PAGE = ROOT / "docs" / "queries.md"
README = ROOT / "README.md"
QUALITY = ROOT / "docs" / "quality.md"
UPGRADING = ROOT / "docs" / "upgrading.md"
DIFFERENCES_SHOWN = 12
DECIMAL = re.compile(r"-?\d[\d,]*\.\d+")
ROWS_SHOWN = 10
HEAD = """# Questions in SQL

What analysts ask of the segments, each as a file of `scripts/queries` and with its answer on the
data that comes with the project. Any DuckDB client asks the same; without one:

```sh
make query FILE=best_segments
make query FILE=who_moved FORMAT=csv > moved.csv
make query SQL="select segment_name, spend from segment_summary order by spend desc"
```

`make query` opens the published file read-only, and the SQL can neither read nor write any other
file. It prints a table of the first 100 rows; `FORMAT=csv` and `FORMAT=json` give all.

This page is written by `.venv/bin/python dev/queries_page.py` after a first `make build`.
"""


def without_comment(sql: str) -> str:
    """Return a query without the comment that it begins with."""
    lines = sql.strip().splitlines()
    while lines and lines[0].startswith("--"):
        lines.pop(0)
    return "\n".join(lines).strip()


def section(name: str, sql: str, result: Result) -> str:
    """Return the part of the page on one question."""
    asked, _, more = first_comment(sql).partition("? ")
    title = asked if asked.endswith("?") else asked + "?"
    rows, has_more = shown_rows(result, ROWS_SHOWN)
    parts = [f"## {title}", f"`make query FILE={name}`"]
    parts += [more] if more else []
    parts += [f"```sql\n{without_comment(sql)}\n```", table(result, rows)]
    parts += [f"The first {ROWS_SHOWN} rows."] if has_more else []
    parts += [] if rows else ["No rows: this data has none."]
    return "\n\n".join(parts)


def table(result: Result, rows: list[tuple[str, ...]]) -> str:
    """Return rows as a table in Markdown."""
    is_number = [kind.upper().startswith(NUMBERS) for kind in result.types]
    rule = ["--:" if right else "---" for right in is_number]
    cells = [[escaped(cell) for cell in row] for row in rows]
    return "\n".join(f"| {' | '.join(row)} |" for row in (result.names, rule, *cells))


def escaped(text: str) -> str:
    """Return a text as a cell has it, what Markdown or HTML would obey spelled out."""
    for character in "\\`*_[]|":
        text = text.replace(character, "\\" + character)
    return text.replace("&", "&amp;").replace("<", "&lt;")


def page(marts: Path) -> str:
    """Return the page for a published file."""
    parts = [HEAD.strip()]
    for path in query_files():
        sql = path.read_text(encoding="utf-8")
        # Each has a connection of its own: some make temporary tables.
        with (
            session(place_of_user(), "query") as spill,
            open_published(marts, spill) as connection,
        ):
            parts.append(section(path.stem, sql, ask(connection, sql)))
    return "\n\n".join(parts) + "\n"


def structure(marts: Path) -> str:
    """Return the sentence of README.md on how real the segments of the build are."""
    with duckdb.connect(marts, read_only=True) as connection:
        verdict, k, stability = one_row(
            connection, "select verdict, k, stability from segmentation_runs where is_current"
        )
    return (
        f"The {k} segments have structure *{verdict}*; half samples agree on them with an adjusted "
        f"Rand index of {stability:.2f}."
    )


def of_the_build(marts: Path) -> str:
    """Return the sentence of docs/quality.md on what the build chose, by its own date."""
    with duckdb.connect(marts, read_only=True) as connection:
        as_of, k, stability, share = one_row(
            connection,
            "select as_of_date, k, stability, smallest_segment_share from segmentation_runs "
            "where is_current",
        )
        weights = connection.execute(
            "select family, avg(weight) filter (where weight > 0) from feature_catalog "
            "where is_clustered group by family order by min(position)"
        ).fetchall()
    shares = ", ".join(f"{family} {weight:.2f}" for family, weight in weights if weight)
    return (
        f"`make build`, as of {as_of}: k = {k}, half samples agree at {stability:.2f}, smallest "
        f"segment {share:.1%}, mean weights of the families {shares}."
    )


def renames_table(renames: list[Rename]) -> str:
    """Return the table of docs/upgrading.md: old and new names, mart by mart."""
    lines = ["| mart | before | now |", "|---|---|---|"]
    for rename in renames:
        what = f"`{rename.column}` = " if rename.value else ""
        before = rename.value or rename.column or rename.mart
        lines.append(f"| `{rename.mart}` | {what}`{before}` | `{rename.new_name}` |")
    return "\n".join(lines)


def with_block(page: str, name: str, content: str) -> str:
    """Return a page with what stands between the marks of a block replaced.

    Raises:
        Problem: the page has no such block.
    """
    block = re.compile(rf"(<!-- begin {name} -->\n).*?(<!-- end {name} -->)", re.DOTALL)
    if not block.search(page):
        raise Problem(f"expected a block {name}, between <!-- begin {name} --> and its end")
    return block.sub(lambda match: f"{match[1]}{content}\n{match[2]}", page)


def pages(marts: Path) -> dict[Path, str]:
    """Return what every page should hold, for a published file."""
    readme = with_block(
        README.read_text(encoding="utf-8"), "summary", f"```\n{headline(marts)}\n```"
    )
    return {
        PAGE: page(marts),
        README: with_block(readme, "structure", structure(marts)),
        QUALITY: with_block(QUALITY.read_text(encoding="utf-8"), "build", of_the_build(marts)),
        UPGRADING: with_block(
            UPGRADING.read_text(encoding="utf-8"), "renames", renames_table(read_renames())
        ),
    }


def differences(written: dict[Path, str]) -> list[str]:
    """Return the lines in which the pages that there are differ from what they should hold.

    A decimal may differ by one in its last place: processors of another type add up differently,
    and a value may lie at the border of two roundings.
    """
    lines: list[str] = []
    for path, text in written.items():
        shown = path.read_text(encoding="utf-8").splitlines()
        made = text.splitlines()
        if len(shown) == len(made):
            pairs = zip(shown, made, strict=True)
            made = [one if is_alike(one, other) else other for one, other in pairs]
        lines += difflib.unified_diff(shown, made, path.name, "the build", lineterm="", n=0)
    return lines


def is_alike(one: str, other: str) -> bool:
    """Return whether two lines are equal but for the last places of their decimals."""
    if DECIMAL.sub("#", one) != DECIMAL.sub("#", other):
        return False
    pairs = zip(DECIMAL.findall(one), DECIMAL.findall(other), strict=True)
    return all(_places(a) == _places(b) and abs(_number(a) - _number(b)) <= 1 for a, b in pairs)


def _places(text: str) -> int:
    return len(text.partition(".")[2])


def _number(text: str) -> int:
    """Return a decimal in units of its last place."""
    return int(text.replace(",", "").replace(".", ""))


def main() -> int:
    """Write the pages from the warehouse that the settings name, or check them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 on differences")
    arguments = parser.parse_args()
    written = pages(resolve_warehouse().marts_db)
    if arguments.check:
        lines = differences(written)
        for line in lines[:DIFFERENCES_SHOWN]:
            say(line)
        if lines:
            raise Problem(
                "the docs show other figures than the build: write them by "
                ".venv/bin/python dev/queries_page.py",
                FAILED,
            )
        return 0
    for path, text in written.items():
        path.write_text(text, encoding="utf-8")
        say(f"{path.relative_to(ROOT)} written")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
