"""Show the candidates of the scan from which the published segments were chosen.

    make candidates
    make candidates FORMAT=json

Each has its measures and the segments it would have: size, name and largest differences.
"""

from __future__ import annotations

import json
import os
import textwrap
from collections.abc import Sequence
from pathlib import Path

from common.console import Problem, data_output, json_text, plain, say
from common.json_types import JsonObject
from common.query_rows import NamedRow, named_rows
from common.setting_values import read_word
from common.settings import resolve_warehouse
from handover.summary import MAX_WIDTH, table_text
from store.published_file import open_published
from store.warehouse import remove_leftovers

FORMATS = ("text", "json")
HEAD = ("rung", "k", "half samples agree", "smallest segment", "verdict", "")
# A run that keeps its fit scans nothing: the scan of the fit is that of an earlier run.
RUN = """
    select run_number, source, as_of_date, fit_number, is_held_back
    from segmentation_runs
    where is_current
"""
SCAN = """
    select
        run_number, rung, k, customer_count, is_chosen, is_feasible, stability,
        smallest_segment_share, verdict, verdict_reason, choice_reason, candidate_segments
    from segmentation_k_scan
    where fit_number = ?
    order by run_number desc, case rung when 'joint' then 1 when 'columns' then 2 else 3 end, k
"""
NO_IDS = (
    "Names and differences are short profiles of candidates and no published segments: one that "
    "was not chosen has no ids. Figures are differences from the mean of all customers, in "
    "standard deviations; those of needs are without what spend explains. The published segments "
    "are in segment_summary. make build K=5 asks for five."
)
HELD_BACK = (
    "The refit of this run was held back, and its scan with it: these are the candidates of the "
    "fit that stays active."
)
NOT_STORED = (
    "The scan is from before segments of candidates were stored: make build REFIT=always scans "
    "again."
)


def scan_of(path: Path) -> tuple[NamedRow, list[NamedRow]]:
    """Return the current run of a published file and the candidates of its fit, rungs in order.

    Raises:
        Problem: the file is not there, cannot be read or has no scan.
    """
    with open_published(path) as connection:
        runs = named_rows(connection, RUN)
        scan = named_rows(connection, SCAN, [runs[0]["fit_number"]]) if runs else []
    if not scan:
        raise Problem(f"{path} has no scan of the fit that is active: run make build REFIT=always")
    for row in scan:
        row["segments"] = json.loads(row.pop("candidate_segments") or "[]")
    newest = scan[0]["run_number"]
    return runs[0], [row for row in scan if row["run_number"] == newest]


def as_text(run: NamedRow, scan: Sequence[NamedRow]) -> str:
    """Return the candidates as text: a table of all, and the segments of each."""
    head = (
        f"{len(scan)} candidates of run {scan[0]['run_number']} of {run['source']}, for the "
        f"segments published as of {run['as_of_date']}"
    )
    table = table_text(HEAD, [_cells(row) for row in scan], MAX_WIDTH, left=(0, 4, 5))
    notes = [_wrapped(HELD_BACK)] if run["is_held_back"] else []
    is_stored = any(row["segments"] for row in scan)
    end = _wrapped(NO_IDS if is_stored else NOT_STORED)
    return "\n\n".join([head, *notes, table, *map(_segments, scan), end])


def _cells(row: NamedRow) -> tuple[str, ...]:
    agreement, share = row["stability"], row["smallest_segment_share"]
    return (
        row["rung"],
        str(row["k"]),
        "" if agreement is None else f"{agreement:.2f}",
        "" if share is None else f"{share:.1%}",
        row["verdict"],
        "chosen" if row["is_chosen"] else "",
    )


def _segments(row: NamedRow) -> str:
    """Return one candidate: why it was chosen or not, and its segments."""
    lines = [_wrapped(f"{row['rung']}, k = {row['k']}, {row['choice_reason']}")]
    sizes = [f"{segment['customers']:,}" for segment in row["segments"]]
    width = max((len(size) for size in sizes), default=0)
    for size, segment in zip(sizes, row["segments"], strict=True):
        lines.append(_wrapped(segment["name"], f"  {size:>{width}}  "))
        if segment["profile"]:
            lines.append(_wrapped(segment["profile"], " " * (width + 6)))
    return "\n".join(lines)


def _wrapped(text: str, start: str = "") -> str:
    return textwrap.fill(
        plain(text), MAX_WIDTH, initial_indent=start, subsequent_indent=" " * (len(start) or 2)
    )


def as_json(run: NamedRow, scan: Sequence[NamedRow]) -> JsonObject:
    """Return the candidates as an object for programs."""
    return {
        "run_number": scan[0]["run_number"],
        "source": run["source"],
        "as_of_date": str(run["as_of_date"]),
        "is_held_back": bool(run["is_held_back"]),
        "candidates": [
            {name: value for name, value in row.items() if name != "run_number"} for row in scan
        ],
    }


def main() -> int:
    """Show the candidates of the warehouse that the settings name."""
    warehouse = resolve_warehouse()
    remove_leftovers(warehouse)
    form = read_word("FORMAT", os.environ.get("FORMAT", "").strip() or "text", FORMATS)
    run, scan = scan_of(warehouse.marts_db)
    if form == "json":
        data_output().write(json_text(as_json(run, scan)) + "\n")
    else:
        say(as_text(run, scan))
    return 0
