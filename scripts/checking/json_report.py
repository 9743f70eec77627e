"""What a check found as one JSON object for programs, and data that is refused as another."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

from checking.attributes import LEFT_OUT, PROFILED
from checking.columns import columns_of
from checking.findings import Attribute, Findings, Outcome
from common.console import Problem, json_text
from common.json_types import JsonObject
from loading.loaded import Loaded

# A row counted but kept: it stands beside the duplicates that were dropped.
KEPT_DUPLICATE = "suspected_duplicate"
# Messages have one form: what was refused (file, folder or raw table), a colon, what is wrong with
# its row and column, what to do. Of each tuple the first pattern that matches counts.
FILE = (
    re.compile(r"row [0-9,]+ of (?P<found>[^\s:;()]+)"),
    re.compile(r"(?P<found>[^\s:;()]+\.[A-Za-z0-9]+), (?:row|line) [0-9,]+"),
    re.compile(r"^(?P<found>[^:;=]+?)(?:, line [0-9]+)?: "),
)
ROW = (re.compile(r"\b(?:row|line) (?P<found>[0-9,]*[0-9])"),)
COLUMN = (
    re.compile(r"^columns\.yml, line [0-9]+: (?!is\b)(?P<found>[^\s:]+):? "),
    re.compile(
        r"(?<!as a )\b[Cc]olumn (?!or\b|of\b|a\b|for\b|and\b)(?P<found>[^\s:;,()0-9][^\s:;,()]*)"
    ),
)
HINT = (
    re.compile(
        r"(?:[;:.] +(?=(?:add|change|choose|copy|expected|export|fix|give|name|put|raise|remove|"
        r"run|save|set|state|unpack|use|write)\b)|, +(?=expected\b))(?P<found>\w+ +\S.*)$",
        re.IGNORECASE,
    ),
    re.compile(r"\((?P<found>did you mean [^)]*)\)"),
    re.compile(r"; (?P<found>the columns there are: .*)$"),
)


def findings_json(findings: Findings) -> str:
    """Return what was found as the text of one JSON object."""
    totals = findings.totals
    duplicates = [
        outcome
        for outcome in findings.outcomes
        if outcome.outcome == "duplicate" or outcome.reason == KEPT_DUPLICATE
    ]
    rejected = [outcome for outcome in findings.outcomes if outcome.outcome == "rejected"]
    left_out = [outcome for outcome in findings.outcomes if outcome.outcome == "left_out"]
    return json_text(
        {
            "accepted_lines": totals.accepted_lines,
            "orders": totals.orders,
            "customers": totals.customers,
            "customer_rows": totals.customer_rows,
            "spend": None if totals.spend is None else float(totals.spend),
            "first_ordered_on": _text(totals.first_ordered_on),
            "last_ordered_on": _text(totals.last_ordered_on),
            "rejected": _by_reason(rejected),
            "duplicates": _by_reason(duplicates),
            "left_out": _by_reason(left_out),
            "taken_for_missing": {
                table.table.name: table.missing for table in findings.loaded.tables if table.missing
            },
            "filled_forward": _filled_forward(findings.loaded),
            "joined": _joined(findings.loaded),
            "columns": _columns(findings),
            "attributes": [attribute_object(found) for found in findings.attributes],
            "suspicions": [
                {"kind": found.kind, "count": found.count, "example": found.example}
                for found in findings.suspicions
            ],
            "next_command": findings.next_command,
        }
    )


def refusal_json(problem: Problem) -> str:
    """Return refused data, or an invalid setting, as the text of one JSON object."""
    message = str(problem)
    row = _first(ROW, message)
    return json_text(
        {
            "error": message,
            "file": _first(FILE, message),
            "row": int(row.replace(",", "")) if row else None,
            "column": _first(COLUMN, message),
            "hint": _first(HINT, message),
        }
    )


def _first(patterns: Sequence[re.Pattern[str]], message: str) -> str | None:
    matches = (pattern.search(message) for pattern in patterns)
    return next((match["found"] for match in matches if match), None)


def _columns(findings: Findings) -> list[JsonObject]:
    """Return what each column of each raw table is made from and how it is read."""
    return [
        {
            "source_table": loaded.table.name,
            "name": column.name,
            "from": column.source,
            "read_as": column.kind,
            "formats": list(column.formats),
        }
        for loaded in findings.loaded.tables
        for column in columns_of(loaded, findings)
    ]


def attribute_object(found: Attribute) -> JsonObject:
    """Return an attribute: what its values are, what it is used for, and how or why."""
    use, _, why = found.use.partition(", ")
    if found.use.startswith(LEFT_OUT):
        use, why = "left_out", found.use.removeprefix(LEFT_OUT)
    elif use.startswith(PROFILED):
        use, why = PROFILED, why or use.removeprefix(PROFILED).strip()
    return {"name": found.name, "values": found.kind, "use": use, "why": why or None}


def _filled_forward(loaded: Loaded) -> list[JsonObject]:
    """Return the columns of each raw table that were filled forward within orders, and the rows."""
    return [
        {
            "source_table": table.table.name,
            "columns": table.filled.columns,
            "row_count": table.filled.row_count,
        }
        for table in loaded.tables
        if table.filled
    ]


def _joined(loaded: Loaded) -> list[JsonObject]:
    """Return the files whose columns were joined to each raw table, and their rows."""
    return [
        {
            "source_table": table.table.name,
            "file": file.file_name,
            "row_count": file.row_count,
        }
        for table in loaded.tables
        for file in table.joined
    ]


def _by_reason(outcomes: Sequence[Outcome]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for outcome in outcomes:
        counts[outcome.reason] += outcome.row_count
    return dict(counts)


def _text(value: object) -> str | None:
    return None if value is None else str(value)
