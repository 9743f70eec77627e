"""Reading `columns.yml`, in which a user says which columns and files stand for what.

A line `net_amount: Quantity * UnitPrice` gives a column of the first table, as a column of the
files or an expression over them; `customers:` begins the lines of another table. Lines that begin
with an underscore say how the files of a table are read: `_file: people*.csv` names them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from common.column_names import ADDED_COLUMNS, contract_names, key, normal
from common.console import Problem
from common.data_errors import refusal
from common.settings_table import nearest
from common.source_contract import RawTable
from loading.file_layout import LINES_KEY, SHEET_KEY, SKIP_KEY, FileLayout, layout_of

FILE_NAME = "columns.yml"
OTHER_NAME = "columns.yaml"
FILES_KEY = "_file"
WHERE_KEY = "_where"
ONLY_KEY = "_only"
MISSING_KEY = "_missing"
JOIN_KEY = "_join"
# What each of the keys takes: a text, a list of texts, or texts by name.
OPTIONS = {
    FILES_KEY: (str,),
    SKIP_KEY: (str,),
    SHEET_KEY: (str,),
    LINES_KEY: (str,),
    WHERE_KEY: (str,),
    ONLY_KEY: (list,),
    MISSING_KEY: (list, dict),
    JOIN_KEY: (dict,),
}
EXAMPLES = {
    FILES_KEY: "sales*.csv",
    SKIP_KEY: "3",
    SHEET_KEY: "Orders",
    LINES_KEY: "line_items",
    WHERE_KEY: "status <> 'cancelled'",
    ONLY_KEY: "[age, city]",
    MISSING_KEY: "[-999, n/a], or {customer_id: [0, guest]}",
    JOIN_KEY: "{orders.csv: order_id, customers.csv: customer_id = id}",
}
# Those that say where in its files a table is: a source with fixed columns takes only these.
KEYS_OF_LAYOUT = (FILES_KEY, SKIP_KEY, SHEET_KEY, LINES_KEY)
# Those that say what of one table counts.
KEYS_OF_SELECTION = (WHERE_KEY, ONLY_KEY, MISSING_KEY)
# Those that change what rows and columns a table has.
KEYS_OF_ROWS = {*KEYS_OF_SELECTION, JOIN_KEY}
LARGEST_BYTES = 100_000

Value = str | list[str] | dict[str, list[str]]


@dataclass(frozen=True)
class Entry:
    """One line of the file: what is wanted, what stands for it, and where that is said."""

    wanted: str
    text: str
    line: int

    def refused(self, reason: str) -> Problem:
        """Return the problem of this line."""
        return refusal(f"{FILE_NAME}, line {self.line}", f"{self.wanted}: {reason}")


@dataclass(frozen=True)
class Option(Entry):
    """A line such as `_only: [age, city]`; `value` is what it says, `text` the same as a text."""

    value: Value = ""


@dataclass(frozen=True)
class TableMapping:
    """What the file says of one raw table.

    Attributes:
        columns: Lines that give a column.
        options: Lines that say how files are read, by key.
    """

    columns: tuple[Entry, ...] = ()
    options: Mapping[str, Option] = field(default_factory=dict)

    @property
    def is_given(self) -> bool:
        """Whether the table is another one than its files."""
        return bool(self.columns or self.options.keys() & KEYS_OF_ROWS)

    @property
    def layout(self) -> FileLayout:
        """Where in its files the table is."""
        return layout_of({name: option.text for name, option in self.options.items()})

    @property
    def pattern(self) -> Option | None:
        """The line that names the files."""
        return self.options.get(FILES_KEY)

    def texts(self, name: str) -> list[str]:
        """Return what a key lists; nothing where it is not there or says it by name."""
        option = self.options.get(name)
        return option.value if option and isinstance(option.value, list) else []

    def by_name(self, name: str) -> dict[str, list[str]]:
        """Return what a key lists by name."""
        option = self.options.get(name)
        return option.value if option and isinstance(option.value, dict) else {}


NO_MAPPING = TableMapping()


def read_mapping(
    folder: Path,
    tables: Sequence[RawTable],
    *,
    may_map: bool = True,
    may_select: bool = False,
) -> dict[str, TableMapping]:
    """Read `columns.yml` of a folder; empty when there is none.

    Where columns may not be mapped, it says which files there are, where in them the rows are and,
    where a selection is allowed, which rows, columns and values count.

    Raises:
        Problem: it is no YAML, or says what cannot be: with the line.
    """
    path = folder / FILE_NAME
    if not path.exists():
        if (folder / OTHER_NAME).exists():
            raise refusal(OTHER_NAME, f"is not read: name it {FILE_NAME}")
        return {}
    if not path.resolve().is_relative_to(folder.resolve()):
        raise refusal(FILE_NAME, "is a link out of the folder: expected the file itself")
    root = _parsed(path)
    by_name = {table.name: table for table in tables}
    first = tables[0]
    found: dict[str, list[Entry]] = {}
    keys = (*KEYS_OF_LAYOUT, *(KEYS_OF_SELECTION if may_select else ()))

    def check_key(name: yaml.ScalarNode) -> None:
        if not may_map and name.value not in keys:
            raise refusal(
                f"{FILE_NAME}, line {name.start_mark.line + 1}",
                f"{name.value}: this source takes no other columns: expected one of "
                f"{', '.join(keys)}",
            )

    for name, node in _pairs(root):
        table = by_name.get(name.value)
        if table and isinstance(node, yaml.MappingNode):
            for inner, value in _pairs(node):
                check_key(inner)
                found.setdefault(table.name, []).append(_line(inner, value, table))
        else:
            check_key(name)
            found.setdefault(first.name, []).append(_line(name, node, first, by_name))
    return {name: _table_mapping(entries) for name, entries in found.items()}


def _parsed(path: Path) -> yaml.MappingNode:
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise refusal(FILE_NAME, f"is larger than {LARGEST_BYTES:,} bytes")
        root = yaml.compose(path.read_text(encoding="utf-8-sig"), Loader=yaml.SafeLoader)
    except OSError as error:
        raise refusal(FILE_NAME, f"cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise refusal(FILE_NAME, "is not UTF-8: save it as UTF-8") from error
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "it cannot be read"
        where = f"{FILE_NAME}, line {mark.line + 1}" if mark else FILE_NAME
        raise refusal(
            where,
            f"is not YAML ({what}): expected lines such as net_amount: Sales; "
            "a text with a colon or a quote stands in quotes",
        ) from error
    if not isinstance(root, yaml.MappingNode):
        raise refusal(FILE_NAME, "expected lines such as net_amount: Sales")
    return root


def _is_text(value: str) -> bool:
    """Say whether a text can be written as UTF-8: escapes of YAML can make one that cannot."""
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def _pairs(node: yaml.MappingNode) -> Iterator[tuple[yaml.ScalarNode, yaml.Node]]:
    seen: dict[str, int] = {}
    for name, value in node.value:
        line = name.start_mark.line + 1
        where = f"{FILE_NAME}, line {line}"
        for scalar in (name, value):
            if isinstance(scalar, yaml.ScalarNode) and not _is_text(scalar.value):
                raise refusal(where, "holds half a character (\\ud800 and the like): expected text")
        if not isinstance(name, yaml.ScalarNode):
            raise refusal(where, "expected the name of a column, a colon and its value")
        if name.value in seen:
            raise refusal(where, f"{name.value} is already in line {seen[name.value]}")
        seen[name.value] = line
        yield name, value


def _line(
    name: yaml.ScalarNode,
    value: yaml.Node,
    table: RawTable,
    tables: Mapping[str, RawTable] | None = None,
) -> Entry:
    line = name.start_mark.line + 1
    where = f"{FILE_NAME}, line {line}"
    if name.value.startswith("_"):
        return _option(name.value, value, line)
    if not isinstance(value, yaml.ScalarNode) or not value.value.strip():
        tables_told = f"; the tables are {', '.join(tables)}" if tables else ""
        raise refusal(
            where, f"{name.value}: expected the name of a column or an expression{tables_told}"
        )
    wanted = contract_names(table).get(key(name.value))
    if wanted is None and not table.is_open:
        near = nearest(name.value, table.columns)
        raise refusal(
            where,
            f"{name.value} is no column of {table.name}{near}: expected one of "
            f"{', '.join(table.columns)}",
        )
    wanted = wanted or normal(name.value)
    if not wanted or wanted in ADDED_COLUMNS:
        raise refusal(where, f"{name.value}: this name is taken, expected another one")
    return Entry(wanted, value.value.strip(), line)


def _option(name: str, node: yaml.Node, line: int) -> Option:
    """Return a line such as `_only: [age, city]`."""
    where = f"{FILE_NAME}, line {line}"
    if name not in OPTIONS:
        raise refusal(
            where, f"{name}{nearest(name, OPTIONS)}: expected one of {', '.join(OPTIONS)}"
        )
    value = _value(node, OPTIONS[name], where)
    if not value:
        raise refusal(where, f"{name}: expected such as {name}: {EXAMPLES[name]}")
    option = Option(name, _text_of(value), line, value)
    try:
        layout_of({name: option.text})
    except ValueError as error:
        raise option.refused(str(error)) from error
    return option


def _value(node: yaml.Node, kinds: Sequence[type], where: str) -> Value | None:
    """Return what stands behind a key; None where it is not of one of the kinds."""
    if isinstance(node, yaml.ScalarNode) and str in kinds:
        text: str = node.value.strip()
        return text
    if isinstance(node, yaml.MappingNode) and dict in kinds:
        lists = {name.value: _texts(value) for name, value in _pairs(node)}
        whole = {name: texts for name, texts in lists.items() if texts is not None}
        return whole if len(whole) == len(lists) else None
    return _texts(node) if list in kinds else None


def _texts(node: yaml.Node) -> list[str] | None:
    """Return the texts of a list; a text alone is a list of one, None anything else."""
    items = node.value if isinstance(node, yaml.SequenceNode) else [node]
    if not all(isinstance(item, yaml.ScalarNode) and _is_text(item.value) for item in items):
        return None
    return [item.value.strip() for item in items]


def _text_of(value: Value) -> str:
    """Return a value as one text, for messages."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(value)
    return "; ".join(f"{name}: {', '.join(texts)}" for name, texts in value.items())


def _table_mapping(lines: Sequence[Entry]) -> TableMapping:
    columns: dict[str, Entry] = {}
    options: dict[str, Option] = {}
    for line in lines:
        known: Mapping[str, Entry] = options if isinstance(line, Option) else columns
        if line.wanted in known:
            raise line.refused(f"is already in line {known[line.wanted].line}")
        if isinstance(line, Option):
            options[line.wanted] = line
        else:
            columns[line.wanted] = line
    return TableMapping(tuple(columns.values()), options)
