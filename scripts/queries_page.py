"""Write docs/queries.md: every question of scripts/queries with what the published file answers.

    .venv/bin/python scripts/queries_page.py

Asks the warehouse that the settings name; the page that comes with the project is of the data that
comes with it.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from console import run, say
from query import NUMBERS, Result, ask, first_comment, open_published, query_files, shown_rows
from settings import ROOT, resolve_warehouse
from temporary import place_of_user, session
from warehouse import Warehouse

PAGE = ROOT / "docs" / "queries.md"
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

This page is written by `.venv/bin/python scripts/queries_page.py`.
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


def main() -> int:
    """Write the page from the warehouse that the settings name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.parse_args()
    PAGE.write_text(page(Warehouse(resolve_warehouse()).marts_db), encoding="utf-8")
    say(f"{PAGE.relative_to(ROOT)}: {len(query_files())} questions")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
