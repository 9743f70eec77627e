"""How long the texts can get that an expression makes, before it is run.

A text that replaces a letter by ten, forty times over, has more characters than any memory.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

# Times the longest text of its columns, and characters in any case.
MOST_TIMES = 100
LONGEST_RESULT = 100_000
# Characters of a number, a time or a boolean.
SHORT = 40
# strftime makes at most this of a character of its format.
LONGEST_PART = 20
REFERENCE = re.compile(r"\\[0-9]")
CONCATENATING = ("||", "concat")
CHOOSING = ("coalesce", "greatest", "if", "ifnull", "least", "nullif")
# Functions whose text is a part of their first argument, or as long.
SHORTENING = (
    *("left", "lower", "ltrim", "regexp_extract", "right", "rtrim", "split_part", "substr"),
    *("substring", "trim", "upper"),
)

Tree: TypeAlias = dict[str, Any]
"""A node of DuckDB's parse of a query, as `json_serialize_sql` writes it."""


@dataclass(frozen=True)
class Growth:
    """A bound on the characters of a text: some times the longest column, and some more."""

    times: float
    plus: float

    def bound(self, longest: int) -> float:
        """Return the bound where the longest text of the columns has so many characters."""
        return self.times * longest + self.plus if longest else self.plus

    def scaled(self, factor: float) -> Growth:
        """Return the bound of a text that is so many times as long."""
        return Growth(self.times * factor if self.times else 0, self.plus * factor)


def growth_of(tree: Tree) -> Growth:
    """Return the bound of the longest text that any part of an expression makes."""
    parts: list[Growth] = []
    _bound(tree, parts.append)
    return Growth(max(part.times for part in parts), max(part.plus for part in parts))


def _bound(node: Tree, note: Callable[[Growth], None]) -> Growth:
    found = _bound_of(node, lambda child: _bound(child, note))
    note(found)
    return found


def _bound_of(node: Tree, bound: Callable[[Tree], Growth]) -> Growth:
    kind = node["class"]
    if kind == "COLUMN_REF":
        return Growth(1, 0)
    if kind == "CONSTANT":
        return Growth(0, len(str(node["literal"].get("text") or "")))
    children = [bound(child) for child in _children(node)]
    if kind == "FUNCTION":
        return _bound_of_function(node, children)
    if kind == "CASE" or node["type"] == "OPERATOR_COALESCE":
        return _longest(children)
    if kind == "CAST":
        is_text = node["type_expr"].get("type_name", "").lower() in ("varchar", "text", "string")
        return Growth(children[0].times, max(children[0].plus, SHORT)) if is_text else _short()
    return _short()


def _bound_of_function(node: Tree, children: list[Growth]) -> Growth:
    name = node["function_name"].lower()
    arguments = [argument["expression"] for argument in node["arguments"]]
    if name in CONCATENATING:
        return Growth(sum(c.times for c in children), sum(c.plus for c in children))
    if name in CHOOSING:
        return _longest(children)
    if name in SHORTENING and children:
        return children[0]
    if name == "replace" and len(children) == 3:
        text, _, new = children
        found = max(len(_constant(arguments[1]) or ""), 1)
        if text.times and new.times:
            return Growth(math.inf, math.inf)
        if new.times:
            return Growth(new.times * text.plus / found, text.plus * (1 + new.plus / found))
        return text.scaled(max(1, new.plus / found))
    if name == "regexp_replace" and len(children) >= 3:
        inserted = _constant(arguments[2])
        if inserted is None:
            return Growth(math.inf, math.inf)
        factor = 1 + len(inserted) + len(REFERENCE.findall(inserted))
        return Growth(children[0].times * factor, (children[0].plus + 1) * factor)
    if name == "strftime" and len(children) == 2:
        return children[1].scaled(LONGEST_PART)
    return _short()


def _children(node: Tree) -> list[Tree]:
    if node["class"] == "FUNCTION":
        return [argument["expression"] for argument in node["arguments"]]
    if node["class"] == "CASE":
        pairs = [(check["when_expr"], check["then_expr"]) for check in node["case_checks"]]
        return [*(part for pair in pairs for part in pair), node["else_expr"]]
    named = [
        node[part]
        for part in ("child", "left", "right", "input", "lower", "upper")
        if isinstance(node.get(part), dict)
    ]
    return [*named, *node.get("children", [])]


def _constant(node: Tree) -> str | None:
    return str(node["literal"].get("text") or "") if node["class"] == "CONSTANT" else None


def _longest(children: list[Growth]) -> Growth:
    return Growth(max(c.times for c in children), max(c.plus for c in children))


def _short() -> Growth:
    return Growth(0, SHORT)
