"""SQL expressions from a user's file, taken apart and written anew.

What the user wrote never reaches the database as it stands: DuckDB parses it, and what is known to
be a plain expression over the columns of the row is written again from the parts. Everything else
is refused: queries, tables, files, settings, the clock, chance, and any function not listed here.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import duckdb

from quoting import identifier, literal
from settings import nearest

LONGEST = 1_000
DEEPEST = 40

ARITHMETIC = {"+", "-", "*", "/", "//", "%"}
TEXT_OPERATORS = {"||", "~~", "!~~", "~~*", "!~~*"}
NUMBER_FUNCTIONS = {"abs", "round", "floor", "ceil", "ceiling", "sign", "trunc"}
TEXT_FUNCTIONS = {
    "concat",
    "contains",
    "ends_with",
    "left",
    "length",
    "lower",
    "ltrim",
    "regexp_extract",
    "regexp_full_match",
    "regexp_matches",
    "regexp_replace",
    "replace",
    "right",
    "rtrim",
    "split_part",
    "starts_with",
    "substr",
    "substring",
    "suffix",
    "prefix",
    "trim",
    "upper",
}
# Functions whose result is of the kind of what they are given.
SAME_KIND_FUNCTIONS = {"greatest", "if", "ifnull", "least", "nullif"}
TIME_FUNCTIONS = {"date_trunc", "epoch_ms", "make_date", "make_timestamp", "to_timestamp"}
# A text that does not fit gives no value instead of an error.
SAFE_NAMES = {"strptime": "try_strptime", "try_strptime": "try_strptime"}
FUNCTIONS = NUMBER_FUNCTIONS | TEXT_FUNCTIONS | SAME_KIND_FUNCTIONS | TIME_FUNCTIONS | {*SAFE_NAMES}
NUMBER_TYPES = {"double", "float", "real", "decimal", "numeric", "bigint", "integer", "int"}
TYPES = NUMBER_TYPES | {"varchar", "text", "string", "date", "timestamp", "datetime", "boolean"}
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
    """An expression that is not taken; its text says why."""


@dataclass(frozen=True)
class Expression:
    """A parsed expression.

    Attributes:
        text: As the user wrote it.
        tree: DuckDB's parse of it.
        columns: Columns of the row that it names.
        numbers: Those of them that it counts with.
    """

    text: str
    tree: dict
    columns: frozenset[str]
    numbers: frozenset[str]


def parse(
    connection: duckdb.DuckDBPyConnection,
    text: str,
    find_column: Callable[[str], str | None],
    *,
    is_number: bool,
) -> Expression:
    """Parse an expression and check every part of it.

    Args:
        connection: Parses; nothing is run.
        text: The expression.
        find_column: Returns the column that a name stands for, or None.
        is_number: Whether the result is to be a number, so that a bare column is read as one.

    Raises:
        ExpressionError: it is none, or has a part that is not allowed.
    """
    if len(text) > LONGEST:
        raise ExpressionError(f"is longer than {LONGEST:,} characters")
    answer = connection.execute(
        "select json_serialize_sql($text)", {"text": "select " + text}
    ).fetchone()
    parsed = json.loads(answer[0])
    if parsed.get("error"):
        raise ExpressionError(f"is no SQL expression ({parsed.get('error_message', 'unreadable')})")
    tree = _only_expression(parsed)
    columns: set[str] = set()
    numbers: set[str] = set()

    def column(name: str, wants_number: bool) -> str:
        found = find_column(name)
        if found is None:
            raise ExpressionError(f"names a column {name} that is not there")
        columns.add(found)
        if wants_number:
            numbers.add(found)
        return found

    _Writer(column).write(tree, is_number)
    return Expression(text, tree, frozenset(columns), frozenset(numbers))


def written(
    expression: Expression,
    find_column: Callable[[str], str | None],
    number_sql: Mapping[str, str],
    text_sql: Callable[[str], str],
    *,
    is_number: bool,
) -> str:
    """Return the expression as SQL that gives null where it cannot be worked out.

    Args:
        expression: What `parse` returned.
        find_column: As for `parse`.
        number_sql: The SQL that reads a column as a number, for those in `numbers`.
        text_sql: Returns the SQL that reads a column as it is.
        is_number: As for `parse`.
    """

    def column(name: str, wants_number: bool) -> str:
        found = find_column(name)
        assert found is not None, "parse() has found every column"
        return number_sql[found] if wants_number else text_sql(found)

    return f"try({_Writer(column).write(expression.tree, is_number)})"


def _only_expression(parsed: dict) -> dict:
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
    return node["select_list"][0]


class _Writer:
    """Writes a parse tree as SQL; `column` returns what stands for a column's name."""

    def __init__(self, column: Callable[[str, bool], str]) -> None:
        self._column = column
        self._depth = 0

    def write(self, node: dict, wants_number: bool) -> str:
        self._depth += 1
        if self._depth > DEEPEST:
            raise ExpressionError(f"is nested more than {DEEPEST} deep")
        if node.get("alias"):
            raise ExpressionError(f"has a name of its own, {node['alias']}: leave it away")
        method = getattr(self, f"_{node['class'].lower()}", None)
        if method is None:
            what = SPOKEN_CLASSES.get(node["class"], node["class"].lower())
            raise ExpressionError(f"has {what} in it: expected columns, numbers and functions")
        text = method(node, wants_number)
        self._depth -= 1
        return text

    def _column_ref(self, node: dict, wants_number: bool) -> str:
        names = node["column_names"]
        if len(names) != 1:
            raise ExpressionError(f"names {'.'.join(names)}: expected a column, without a table")
        return self._column(names[0], wants_number)

    def _constant(self, node: dict, wants_number: bool) -> str:
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
            return f"cast({number!r} as double)" if wants_number else text.replace("_", "")
        raise ExpressionError(f"has a constant of kind {kind.lower()}")

    def _function(self, node: dict, wants_number: bool) -> str:
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
            counts = name in ARITHMETIC
            sides = [self.write(argument, counts) for argument in arguments]
            if len(sides) == 1:
                return f"({name} {sides[0]})"
            return "(" + f" {name} ".join(sides) + ")"
        if name not in FUNCTIONS:
            near = nearest(name, FUNCTIONS)
            raise ExpressionError(f"calls {name}, which is not a function for this{near}")
        counts = name in NUMBER_FUNCTIONS
        written = []
        for position, argument in enumerate(arguments):
            same = name in SAME_KIND_FUNCTIONS and not (name == "if" and position == 0)
            # Positions and lengths are written as whole numbers.
            if name in TEXT_FUNCTIONS | NUMBER_FUNCTIONS and position and _is_whole(argument):
                written.append(str(int(argument["literal"]["text"])))
            else:
                written.append(self.write(argument, counts or (same and wants_number)))
        return f"{SAFE_NAMES.get(name, name)}({', '.join(written)})"

    def _cast(self, node: dict, wants_number: bool) -> str:
        kind = node["type_expr"].get("type_name", "").lower()
        sizes = node["type_expr"].get("children") or []
        if kind not in TYPES or node["type_expr"].get("schema") or not all(map(_is_whole, sizes)):
            raise ExpressionError(f"casts to {kind or 'a type'}: expected one of {_names(TYPES)}")
        size = ", ".join(str(int(child["literal"]["text"])) for child in sizes)
        child = self.write(node["child"], kind in NUMBER_TYPES)
        return f"try_cast({child} as {kind}{f'({size})' if size else ''})"

    def _case(self, node: dict, wants_number: bool) -> str:
        parts = [
            f"when {self.write(check['when_expr'], False)} "
            f"then {self.write(check['then_expr'], wants_number)}"
            for check in node["case_checks"]
        ]
        last = self.write(node["else_expr"], wants_number)
        return f"case {' '.join(parts)} else {last} end"

    def _comparison(self, node: dict, wants_number: bool) -> str:
        counts = _counts(node["left"]) or _counts(node["right"])
        left, right = self.write(node["left"], counts), self.write(node["right"], counts)
        return f"({left} {COMPARISONS[node['type']]} {right})"

    def _between(self, node: dict, wants_number: bool) -> str:
        parts = [node["input"], node["lower"], node["upper"]]
        counts = any(map(_counts, parts))
        value, low, high = (self.write(part, counts) for part in parts)
        return f"({value} between {low} and {high})"

    def _conjunction(self, node: dict, wants_number: bool) -> str:
        word = " and " if node["type"] == "CONJUNCTION_AND" else " or "
        return "(" + word.join(self.write(child, False) for child in node["children"]) + ")"

    def _operator(self, node: dict, wants_number: bool) -> str:
        kind, children = node["type"], node["children"]
        if kind == "OPERATOR_COALESCE":
            values = ", ".join(self.write(child, wants_number) for child in children)
            return f"coalesce({values})"
        if kind in ("OPERATOR_IS_NULL", "OPERATOR_IS_NOT_NULL"):
            word = "is null" if kind == "OPERATOR_IS_NULL" else "is not null"
            return f"({self.write(children[0], False)} {word})"
        if kind == "OPERATOR_NOT":
            return f"(not {self.write(children[0], False)})"
        if kind in ("COMPARE_IN", "COMPARE_NOT_IN"):
            counts = any(map(_counts, children))
            first, *others = (self.write(child, counts) for child in children)
            word = "in" if kind == "COMPARE_IN" else "not in"
            return f"({first} {word} ({', '.join(others)}))"
        raise ExpressionError(f"has {kind.lower().replace('_', ' ')} in it, which is not allowed")


def _is_whole(node: dict) -> bool:
    return node["class"] == "CONSTANT" and node["literal"]["kind"] == "INTEGER"


def _counts(node: dict) -> bool:
    """Say whether a part of an expression is a number by itself."""
    if node["class"] == "CONSTANT":
        return node["literal"]["kind"] in ("INTEGER", "NUMERIC")
    if node["class"] == "CAST":
        return node["type_expr"].get("type_name", "").lower() in NUMBER_TYPES
    if node["class"] == "FUNCTION":
        name = node["function_name"].lower()
        return name in ARITHMETIC | NUMBER_FUNCTIONS | {"length"}
    return False


def _names(names: set[str]) -> str:
    return ", ".join(sorted(names))


def column_sql(name: str) -> str:
    """Return a column as it is."""
    return identifier(name)
