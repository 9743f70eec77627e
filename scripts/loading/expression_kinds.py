"""Functions and types that expressions may use, and what the parts of an expression are."""

from __future__ import annotations

import re
from collections.abc import Sequence

from loading.expression_growth import Tree

ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}($|[ T])")
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
# What a part of an expression is read as.
NUMBER, TEXT, TIME, ANY = "number", "text", "time", "any"
# The kinds of the arguments of functions of time, the last one repeated.
TIME_FUNCTIONS = {
    "date_trunc": (TEXT, TIME),
    "epoch_ms": (NUMBER,),
    "make_date": (NUMBER,),
    "make_timestamp": (NUMBER,),
    "strptime": (TEXT,),
    "timezone": (TEXT, TIME),
    "to_timestamp": (NUMBER,),
    "try_strptime": (TEXT,),
}
INTERVAL_FUNCTIONS = {
    f"to_{unit}": (NUMBER,) for unit in ("seconds", "minutes", "hours", "days", "months", "years")
}
PARTS_OF_TIMES = {
    "date_diff": (TEXT, TIME),
    "date_part": (TEXT, TIME),
    "strftime": (TIME, TEXT),
    **dict.fromkeys(("year", "month", "day", "hour", "minute", "dayofweek"), (TIME,)),
}
FUNCTIONS_OVER_TIMES = TIME_FUNCTIONS | INTERVAL_FUNCTIONS | PARTS_OF_TIMES
FUNCTIONS = NUMBER_FUNCTIONS | TEXT_FUNCTIONS | SAME_KIND_FUNCTIONS | {*FUNCTIONS_OVER_TIMES}
NUMBER_TYPES = {"double", "float", "real", "decimal", "numeric", "bigint", "integer", "int"}
TEXT_TYPES = {"varchar", "text", "string"}
TIME_TYPES = {"date", "timestamp", "datetime"}
TYPES = NUMBER_TYPES | TEXT_TYPES | TIME_TYPES | {"boolean"}


def is_whole(node: Tree) -> bool:
    """Say whether a part of an expression is a whole number."""
    return bool(node["class"] == "CONSTANT" and node["literal"]["kind"] == "INTEGER")


def kind_of_type(name: str) -> str:
    """Return the kind of what is cast to a type; a boolean is cast from what there is."""
    kinds = ((NUMBER, NUMBER_TYPES), (TEXT, TEXT_TYPES), (TIME, TIME_TYPES))
    return next((kind for kind, types in kinds if name in types), ANY)


def kind_of(node: Tree) -> str:
    """Return what a part of an expression is by itself; ANY where that is not known."""
    if node["class"] == "CONSTANT":
        kind, text = node["literal"]["kind"], node["literal"].get("text", "")
        if kind == "STRING" and ISO_DATE.match(text):
            # What is compared with it is read in its own format.
            return TIME
        return NUMBER if kind in ("INTEGER", "NUMERIC") else ANY
    if node["class"] == "CAST":
        kind = kind_of_type(node["type_expr"].get("type_name", "").lower())
        return kind if kind in (NUMBER, TIME) else ANY
    if node["class"] != "FUNCTION":
        return ANY
    name = node["function_name"].lower()
    if name in ARITHMETIC:
        arguments = [argument["expression"] for argument in node["arguments"]]
        return TIME if any(map(is_of_time, arguments)) else NUMBER
    if name in NUMBER_FUNCTIONS | {"length"} | (PARTS_OF_TIMES.keys() - {"strftime"}):
        return NUMBER
    return TIME if name in TIME_FUNCTIONS else ANY


def is_of_time(node: Tree) -> bool:
    """Say whether a part of an expression is a time, or a span of time, by itself."""
    if node["class"] == "CAST" and node["type_expr"].get("type_name", "").lower() == "interval":
        return True
    if node["class"] == "FUNCTION" and node["function_name"].lower() in INTERVAL_FUNCTIONS:
        return True
    return kind_of(node) == TIME


def common_kind(nodes: Sequence[Tree]) -> str:
    """Return as what the parts of a comparison are read."""
    kinds = {kind_of(node) for node in nodes}
    return next((kind for kind in (TIME, NUMBER) if kind in kinds), ANY)
