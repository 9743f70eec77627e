"""What people call the columns of a file that the contract has no name for."""

from __future__ import annotations

import re
from collections.abc import Sequence

import duckdb

from common.column_names import feature_name
from common.quoting import identifier
from loading.loaded import LoadedTable

LABELS = "column_labels"
# Between the words of `NumWebVisits` and of `totalCLVToday`.
INNER_WORD = re.compile(r"(?<=[^\W\d_A-Z])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][^\W\d_A-Z])")
# Marks between words, and braces, in which the playbook's texts have their placeholders; a point
# between digits is part of a number.
BETWEEN = re.compile(r"[_{}]+|(?<!\d)\.|\.(?!\d)")
BRACKET = re.compile(r"\s*[(\[][^()\[\]]*[)\]]\s*$")
# How files shorten what stands at the beginning of a name.
BEGINNINGS = (
    (re.compile(r"^(?:num|nr|number|no of|count of|n of|#)(?: of)? (?=\w)"), "number of "),
    (re.compile(r"^(?:mnt|amt) (?=\w)(?!total\b|sum\b)"), "spend on "),
    (re.compile(r"^avg (?=\w)"), "average "),
    (re.compile(r"^pct (?=\w)"), "percent "),
)


def label_of(header: str) -> str:
    """Return a column's name as a sentence has it: small letters, with spaces between its words.

    `NumWebVisits` is called number of web visits, `annual_income` annual income, and
    `Spending Score (1-100)` spending score (1-100). Abbreviations among other words keep their
    capitals: `Total CLV` is called total CLV.
    """
    bracket = BRACKET.search(header)
    end = bracket.start() if bracket else len(header)
    bare = BETWEEN.sub(" ", header[:end])
    has_small = any(letter.islower() for letter in bare)
    words = " ".join(INNER_WORD.sub(" ", bare).split()).split(" ")
    label = " ".join(
        word if has_small and len(word) > 1 and word.isupper() else word.lower() for word in words
    )
    for beginning, meaning in BEGINNINGS:
        label = beginning.sub(meaning, label)
    unit = header[end:].replace("{", "").replace("}", "")
    return " ".join(f"{label} {unit}".split()) or feature_name(header) or "column"


def write_labels(connection: duckdb.DuckDBPyConnection, tables: Sequence[LoadedTable]) -> None:
    """Write down what the columns of each raw table are called that its files add to it.

    Where files spell a name in several ways, the first one counts.
    """
    connection.execute(
        f"create or replace table raw.{LABELS} "
        "(source_table varchar, column_name varchar, label varchar)"
    )
    for loaded in tables:
        table = loaded.table
        spelled: dict[str, str] = {}
        for plan in (loaded.plan, *loaded.joined_plans):
            for file in plan.files if plan else ():
                spelled = {**file.columns, **spelled}
        described = connection.execute(f"describe {identifier('raw', table.name)}").fetchall()
        names = [n for n, *_ in described if n not in table.columns and not n.startswith("_")]
        for name in names:
            connection.execute(
                f"insert into raw.{LABELS} values (?, ?, ?)",
                [table.name, name, label_of(spelled.get(name, name))],
            )
