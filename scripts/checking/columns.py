"""What each column of the raw tables is made from and how it is read."""

from __future__ import annotations

from dataclasses import dataclass

from checking.findings import Findings
from checking.totals import CUSTOMERS_TABLE
from loading.date_shapes import spoken_format
from loading.expressions import Expression
from loading.loaded import LoadedTable

NOT_USED = "not used"
IN_EXPRESSION = "used in an expression"


@dataclass(frozen=True)
class ReadColumn:
    """A column of a raw table.

    Attributes:
        name: Its name in the raw table.
        source: What it is made from, in the words of the files.
        kind: `text`, `dates` or `numbers`; of an attribute what its values are, in words; of others
            whether an expression names them.
        formats: How dates or decimals are written; several where times differ in what they show
            or files are written differently.
        is_used: Whether it is a column that anything reads.
    """

    name: str
    source: str
    kind: str
    formats: tuple[str, ...]
    is_used: bool


def columns_of(loaded: LoadedTable, findings: Findings) -> list[ReadColumn]:
    """Return the columns of a raw table that are in its files, in the order of the contract."""
    if loaded.plan is None:
        return []
    raw_table = loaded.table
    is_open = raw_table.is_open or not raw_table.columns
    attributes = findings.attributes if raw_table.name == CUSTOMERS_TABLE else ()
    kinds = {found.name: found.kind for found in attributes}
    parts = columns_in_expressions(loaded)
    found = []
    for name, source in sources_of_columns(loaded).items():
        formats = dict.fromkeys(findings.formats.get((raw_table.name, name), ()))
        is_used = is_open or name in raw_table.columns
        if name in kinds:
            kind, written = kinds[name], []
        elif name in raw_table.times:
            kind, written = "dates", [spoken_time(text) for text in formats]
        elif name in raw_table.numbers:
            kind = "numbers"
            written = [f"decimal {sign}" for sign in formats if sign != "plain"]
        else:
            kind = "text" if is_used else IN_EXPRESSION if name in parts else NOT_USED
            written = []
        found.append(ReadColumn(name, source, kind, tuple(dict.fromkeys(written)), is_used))
    return found


def sources_of_columns(loaded: LoadedTable) -> dict[str, str]:
    """Return what each column of a raw table is made from, in the words of the files."""
    spelled: dict[str, str] = {}
    for file in loaded.plan.files if loaded.plan else ():
        for name, column in file.columns.items():
            spelled.setdefault(name, column)
    if loaded.mapped is None:
        return spelled
    made = {
        name: source.text if isinstance(source, Expression) else spelled.get(source, source)
        for name, source in loaded.mapped.columns.items()
    }
    in_contract = {name: made[name] for name in loaded.table.columns if name in made}
    return in_contract | made


def columns_in_expressions(loaded: LoadedTable) -> frozenset[str]:
    """Return the columns of the files that an expression of `columns.yml` names."""
    if loaded.mapped is None:
        return frozenset()
    expressions = [
        source for source in loaded.mapped.columns.values() if isinstance(source, Expression)
    ]
    if loaded.mapped.where is not None:
        expressions.append(loaded.mapped.where)
    return frozenset().union(*(expression.columns for expression in expressions))


def spoken_time(text: str) -> str:
    """Return a format of strptime as people write it."""
    words = {"%H": "HH", "%I": "HH", "%M": "MM", "%S": "SS", "%f": "ffffff", "%p": "AM"}
    spoken = spoken_format(text)
    for directive, word in words.items():
        spoken = spoken.replace(directive, word)
    return spoken
