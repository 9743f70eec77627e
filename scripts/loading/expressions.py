"""SQL expressions from a user's file, taken apart and rewritten.

What the user wrote never reaches the database as it stands: DuckDB parses it, and what is known to
be a plain expression over the columns of the row is written again from the parts. Everything else
is refused: queries, tables, files, settings, the clock, chance, and any function not listed here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb

from common.query_rows import one_row
from common.quoting import literal
from common.settings_table import nearest
from loading.expression_growth import MOST_TIMES, Growth, Tree, growth_of
from loading.expression_kinds import (
    ANY,
    ARITHMETIC,
    FUNCTIONS,
    FUNCTIONS_OVER_TIMES,
    INTERVAL_FUNCTIONS,
    NUMBER,
    NUMBER_FUNCTIONS,
    SAME_KIND_FUNCTIONS,
    TEXT,
    TEXT_FUNCTIONS,
    TEXT_OPERATORS,
    TIME,
    TYPES,
    common_kind,
    is_of_time,
    is_whole,
    kind_of_type,
)

LONGEST = 1_000
DEEPEST = 40
COMPARISONS = {
    "COMPARE_EQUAL": "=",
    "COMPARE_NOTEQUAL": "<>",
    "COMPARE_LESSTHAN": "<",
    "COMPARE_GREATERTHAN": ">",
    "COMPARE_LESSTHANOREQUALTO": "<=",
    "COMPARE_GREATERTHANOREQUALTO": ">=",
    "COMPARE_DISTINCT_FROM": "is distinct from",
    "COMPARE_NOT_DISTINCT_FROM": "is not distinct from",
}
SPOKEN_CLASSES = {
    "SUBQUERY": "a query",
    "WINDOW": "a window function",
    "STAR": "a star",
    "LAMBDA": "a lambda",
    "PARAMETER": "a parameter",
    "COLLATE": "a collation",
    "DEFAULT": "a default",
}


class ExpressionError(Exception):
    """An expression that is not taken; its text says why.

    Attributes:
        unknown: The name that stands for no column, where that is why.
    """

    def __init__(self, reason: str, unknown: str = "") -> None:
        super().__init__(reason)
        self.unknown = unknown


class AliasError(ExpressionError):
    """An expression with a name, as `gross net` is to SQL: gross, named net."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes:
        text: As the user wrote it.
        tree: DuckDB's parse of it.
        columns: Columns of the row that it names.
        numbers: Those of them that it counts with.
        times: Those of them that it reads as times.
        growth: How long a text any part of it can make.
    """

    text: str
    tree: Tree
    columns: frozenset[str]
    numbers: frozenset[str]
    times: frozenset[str]
    growth: Growth


def parse(
    connection: duckdb.DuckDBPyConnection,
    text: str,
    find_column: Callable[[str], str | None],
    *,
    wanted: str = ANY,
) -> Expression:
    """Parse an expression and check every part of it.

    Args:
        connection: Parses; nothing is run.
        text: The expression.
        find_column: Returns the column that a name stands for, or None.
        wanted: What the result is to be: NUMBER reads a bare column as one.

    Raises:
        ExpressionError: it is none, or has a part that is not allowed.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"is longer than {LONGEST:,} characters")
    (answer,) = one_row(connection, "select json_serialize_sql($text)", {"text": "select " + text})
    parsed = json.loads(answer)
    if parsed.get("error"):
        raise ExpressionError(f"is no SQL expression ({parsed.get('error_message', 'unreadable')})")
    tree = _only_expression(parsed)
    found: dict[str, set[str]] = {kind: set() for kind in (NUMBER, TEXT, TIME, ANY)}

    def column(name: str, kind: str) -> str:
        column = find_column(name)
        if column is None:
            raise ExpressionError(f"names a column {name} that is not there", name)
        found[kind].add(column)
        return column

    _Writer(column).write(tree, wanted)
    growth = growth_of(tree)
    if growth.times > MOST_TIMES:
        raise ExpressionError(
            f"can make a text more than {MOST_TIMES} times as long as what it is made from"
        )
    columns = frozenset().union(*found.values())
    numbers, times = frozenset(found[NUMBER]), frozenset(found[TIME])
    return Expression(text, tree, columns, numbers, times, growth)


def written(
    expression: Expression, read: Callable[[str, str], str | None], *, wanted: str = ANY
) -> str:
    """Return the expression as SQL that gives null where it cannot be worked out.

    Args:
        expression: What `parse` returned.
        read: Returns the SQL that reads what a name stands for as NUMBER, TEXT, TIME or ANY.
        wanted: As for `parse`.
    """

    def column(name: str, kind: str) -> str:
        value = read(name, kind)
        assert value is not None, "parse() has found every column"
        return value

    return f"try({_Writer(column).write(expression.tree, wanted)})"


def _only_expression(parsed: Tree) -> Tree:
    statements = parsed["statements"]
    node = statements[0]["node"] if len(statements) == 1 else {}
    is_bare = (
        node.get("type") == "SELECT_NODE"
        and len(node["select_list"]) == 1
        and node["from_table"]["type"] == "EMPTY"
        and not node["cte_map"]["map"]
        and not any(
            node[part]
            for part in ("modifiers", "where_clause", "group_expressions", "having", "qualify")
        )
        and not node["sample"]
    )
    if not is_bare:
        raise ExpressionError("is more than one expression")
    expression: Tree = node["select_list"][0]
    return expression


class _Writer:
    """Writes a parse tree as SQL; `column` returns what stands for a column's name in a kind."""

    def __init__(self, column: Callable[[str, str], str]) -> None:
        self._column = column
        self._depth = 0

    def write(self, node: Tree, wanted: str) -> str:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(f"is nested more than {DEEPEST} deep")
        if node.get("alias"):
            raise AliasError(f"has an alias, {node['alias']}: leave it out")
        method = getattr(self, f"_{node['class'].lower()}", None)
        if method is None:
            what = SPOKEN_CLASSES.get(node["class"], node["class"].lower())
            raise ExpressionError(f"has {what} in it: expected columns, numbers and functions")
        text: str = method(node, wanted)
        self._depth -= 1
        return text

    def _column_ref(self, node: Tree, wanted: str) -> str:
        # There is one table only, so that a dot is part of the column's name.
        return self._column(".".join(node["column_names"]), wanted)

    def _constant(self, node: Tree, wanted: str) -> str:
        kind, text = node["literal"]["kind"], node["literal"]["text"]
        if kind == "STRING":
            return literal(text)
        if kind == "NULL_LITERAL":
            return "null"
        if kind == "BOOLEAN":
            return "true" if text == "true" else "false"
        if kind in ("INTEGER", "NUMERIC"):
            try:
                number = float(text.replace("_", ""))
            except ValueError:
                number = math.inf
            if not math.isfinite(number):
                raise ExpressionError(f"has a number {text} that cannot be read")
            return f"cast({number!r} as double)" if wanted == NUMBER else text.replace("_", "")
        raise ExpressionError(f"has a constant of kind {kind.lower()}")

    def _function(self, node: Tree, wanted: str) -> str:
        name = node["function_name"].lower()
        arguments = [argument["expression"] for argument in node["arguments"]]
        is_plain = not any(
            (
                node["schema"],
                node["catalog"],
                node["filter"],
                node["distinct"],
                node["order_bys"]["orders"],
                *(argument["name"] for argument in node["arguments"]),
            )
        )
        if not is_plain:
            raise ExpressionError(f"calls {name} in a way that is not allowed")
        if name in ARITHMETIC | TEXT_OPERATORS:
            kind = TEXT
            if name in ARITHMETIC:
                kind = TIME if any(map(is_of_time, arguments)) else NUMBER
            sides = [self.write(argument, kind) for argument in arguments]
            if len(sides) == 1:
                return f"({name} {sides[0]})"
            return "(" + f" {name} ".join(sides) + ")"
        if name in FUNCTIONS_OVER_TIMES:
            return self._function_of_time(name, arguments)
        if name not in FUNCTIONS:
            near = nearest(name, FUNCTIONS)
            raise ExpressionError(f"calls {name}, which is not a function for this{near}")
        kind = NUMBER if name in NUMBER_FUNCTIONS else TEXT
        written = []
        for position, argument in enumerate(arguments):
            if name in SAME_KIND_FUNCTIONS:
                kind = ANY if name == "if" and position == 0 else wanted
            # Positions and lengths are written as whole numbers.
            if name in TEXT_FUNCTIONS | NUMBER_FUNCTIONS and position and is_whole(argument):
                written.append(str(int(argument["literal"]["text"])))
            else:
                written.append(self.write(argument, kind))
        return f"{name}({', '.join(written)})"

    def _function_of_time(self, name: str, arguments: Sequence[Tree]) -> str:
        """Write a function over times: of UTC whatever the time zone of the machine is."""
        kinds = FUNCTIONS_OVER_TIMES[name]
        written = [
            self.write(argument, kinds[min(position, len(kinds) - 1)])
            for position, argument in enumerate(arguments)
        ]
        if name in ("to_timestamp", "epoch_ms") and len(written) == 1:
            factor = 1_000_000 if name == "to_timestamp" else 1_000
            return f"make_timestamp(cast(round(({written[0]}) * {factor}) as bigint))"
        if name in ("make_date", "make_timestamp", *INTERVAL_FUNCTIONS):
            # Seconds alone may have decimals.
            whole = written if len(written) < 6 else written[:5]
            written[: len(whole)] = [f"cast({value} as bigint)" for value in whole]
        if name == "timezone" and len(written) == 2:
            return f"timezone({written[0]}, timezone('UTC', {written[1]}))"
        # A text that does not fit gives no value instead of an error.
        name = "try_strptime" if name == "strptime" else name
        return f"{name}({', '.join(written)})"

    def _cast(self, node: Tree, wanted: str) -> str:
        kind = node["type_expr"].get("type_name", "").lower()
        sizes = node["type_expr"].get("children") or []
        if kind == "interval" and node["child"]["class"] == "CONSTANT":
            return f"try_cast({self.write(node['child'], TEXT)} as interval)"
        if kind not in TYPES or node["type_expr"].get("schema") or not all(map(is_whole, sizes)):
            raise ExpressionError(f"casts to {kind or 'a type'}: expected one of {_names(TYPES)}")
        size = ", ".join(str(int(child["literal"]["text"])) for child in sizes)
        child = self.write(node["child"], kind_of_type(kind))
        return f"try_cast({child} as {kind}{f'({size})' if size else ''})"

    def _case(self, node: Tree, wanted: str) -> str:
        parts = [
            f"when {self.write(check['when_expr'], ANY)} "
            f"then {self.write(check['then_expr'], wanted)}"
            for check in node["case_checks"]
        ]
        last = self.write(node["else_expr"], wanted)
        return f"case {' '.join(parts)} else {last} end"

    def _comparison(self, node: Tree, wanted: str) -> str:
        kind = common_kind([node["left"], node["right"]])
        left, right = self.write(node["left"], kind), self.write(node["right"], kind)
        return f"({left} {COMPARISONS[node['type']]} {right})"

    def _between(self, node: Tree, wanted: str) -> str:
        parts = [node["input"], node["lower"], node["upper"]]
        kind = common_kind(parts)
        value, low, high = (self.write(part, kind) for part in parts)
        return f"({value} between {low} and {high})"

    def _conjunction(self, node: Tree, wanted: str) -> str:
        word = " and " if node["type"] == "CONJUNCTION_AND" else " or "
        return "(" + word.join(self.write(child, ANY) for child in node["children"]) + ")"

    def _operator(self, node: Tree, wanted: str) -> str:
        kind, children = node["type"], node["children"]
        if kind == "OPERATOR_COALESCE":
            values = ", ".join(self.write(child, wanted) for child in children)
            return f"coalesce({values})"
        if kind in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
            word = "is null" if kind == "OPERATOR_IS_NULL" else "is not null"
            return f"({self.write(children[0], ANY)} {word})"
        if kind == "OPERATOR_NOT":
            return f"(not {self.write(children[0], ANY)})"
        if kind in ("COMPARE_IN", "COMPARE_NOT_IN"):
            common = common_kind(children)
            first, *others = (self.write(child, common) for child in children)
            word = "in" if kind == "COMPARE_IN" else "not in"
            return f"({first} {word} ({', '.join(others)}))"
        raise ExpressionError(f"has {kind.lower().replace('_', ' ')} in it, which is not allowed")


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names))
