"""JSON as programs export it: one object a line, an array of objects, objects within objects.

Names within objects are paths such as `customer.id`. What is an object in every row is opened;
arrays stay text, but for the one whose elements are the rows (`_lines: line_items`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.console import DATA_REFUSED, Problem
from common.data_errors import listed, refusal
from common.query_rows import one_row
from common.quoting import identifier, literal

MOST_NAMES = 2_000
# Objects deeper than this stay text.
DEEPEST = 8
TEXT = "VARCHAR"


@dataclass(frozen=True)
class Node:
    """A value of each row: a text, an object with names, or an array that becomes rows.

    Attributes:
        children: What is within it, by name; empty for a text.
        is_array: Whether it is an array, whose elements have the children.
        is_text_of_array: Whether it is an array that stays text.
    """

    children: tuple[tuple[str, Node], ...] = ()
    is_array: bool = False
    is_text_of_array: bool = False

    def kind(self, leaf: str = TEXT) -> str:
        """Return the type that DuckDB reads it as."""
        fields = ", ".join(f"{identifier(name)} {node.kind(leaf)}" for name, node in self.children)
        inner = f"struct({fields})" if fields else leaf
        return f"{inner}[]" if self.is_array else inner

    def leaves(self, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        """Yield the paths of the texts."""
        if not self.children:
            yield path
        for name, node in self.children:
            yield from node.leaves((*path, name))

    def at(self, path: Sequence[str]) -> Node | None:
        """Return the node at a path below this one."""
        node: Node | None = self
        for name in path:
            node = dict(node.children).get(name) if node else None
        return node

    def replaced(self, path: Sequence[str], new: Node) -> Node:
        """Return this node with another one at a path."""
        if not path:
            return new
        children = tuple(
            (name, node.replaced(path[1:], new) if name == path[0] else node)
            for name, node in self.children
        )
        return Node(children, self.is_array)


@dataclass(frozen=True)
class JsonShape:
    """How a file of JSON becomes rows.

    Attributes:
        layout: As DuckDB names it: `newline_delimited`, `array` or `unstructured`.
        root: What an object of the file has.
        lines: Path of the array whose elements are the rows; empty where the objects are.
    """

    layout: str
    root: Node = Node()
    lines: tuple[str, ...] = ()

    @property
    def header(self) -> tuple[str, ...]:
        """The names of the columns: paths, joined by points."""
        return tuple(".".join(path) for path in self.root.leaves() if path)

    @property
    def arrays(self) -> list[str]:
        """The arrays that stay text."""
        nodes = ((path, self.root.at(path)) for path in self.root.leaves())
        return [".".join(path) for path, node in nodes if node and node.is_text_of_array]

    def options(self, *, is_gzipped: bool = False) -> str:
        """Return the options of DuckDB's JSON readers."""
        compression = "gzip" if is_gzipped else "none"
        return f"format = '{self.layout}', compression = '{compression}'"

    def reader_sql(self, path: Path, *, is_gzipped: bool = False) -> str:
        """Return the table function, or subquery, that reads the file as columns c0, c1, ..."""
        values = [
            f"{self._value(name)} as c{number}" for number, name in enumerate(self.root.leaves())
        ]
        return f"(select {', '.join(values)} from {self._rows(path, is_gzipped=is_gzipped)})"

    def _rows(self, path: Path, *, is_gzipped: bool, leaf: str = TEXT) -> str:
        """Return the rows: o0 is the object of the file, o1, o2, ... elements of arrays within."""
        columns = ", ".join(
            f"{literal(name)}: {literal(node.kind(leaf))}" for name, node in self.root.children
        )
        options = self.options(is_gzipped=is_gzipped)
        rows = (
            f"(select o0 from read_json({literal(path)}, {options}, columns = {{{columns}}}) as o0)"
        )
        for number, array in enumerate(self._arrays(), start=1):
            values = self._value(array, below=number - 1)
            # An object without elements stays a row, so that it is seen.
            elements = f"case when len({values}) > 0 then {values} else [null] end"
            rows = f"(select *, unnest({elements}) as o{number} from {rows})"
        return rows

    def _arrays(self) -> list[tuple[str, ...]]:
        """Return the arrays on the way to the rows, the outer ones first."""
        paths = [self.lines[: n + 1] for n in range(len(self.lines))]
        return [path for path in paths if (node := self.root.at(path)) and node.is_array]

    def _value(self, path: tuple[str, ...], below: int | None = None) -> str:
        """Return the SQL of the value at a path, from the innermost element that has it."""
        number, rest = 0, path
        for level, array in enumerate(self._arrays()[:below], start=1):
            if path[: len(array)] == array:
                number, rest = level, path[len(array) :]
        return ".".join([f"o{number}", *map(identifier, rest)])


def shape_of(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    path: Path,
    layout: str,
    lines: Sequence[str] = (),
    *,
    is_gzipped: bool = False,
) -> JsonShape:
    """Find the names in a file of JSON, level by level, in all of its objects.

    Raises:
        duckdb.Error: the file is not JSON of this layout.
        Problem: it has no names, too many, or no array of rows where one is stated.
    """
    shape = JsonShape(layout, lines=tuple(lines))
    reader = f"read_json_objects({literal(path)}, {shape.options(is_gzipped=is_gzipped)})"
    rows = connection.execute(
        f"select distinct unnest(json_keys(json)) as key from {reader} "
        f"where json_type(json) = 'OBJECT' order by key limit {MOST_NAMES + 1}"
    ).fetchall()
    if len(rows) > MOST_NAMES:
        raise refusal(name, f"has more than {MOST_NAMES:,} names: expected the same in each object")
    shape = JsonShape(layout, Node(tuple((key, Node()) for (key,) in rows)), shape.lines)
    opened: list[tuple[str, ...]] = [(key,) for (key,) in rows]
    for depth in range(DEEPEST):
        if not opened:
            break
        found = _opened(connection, shape, path, opened, is_gzipped=is_gzipped)
        opened = []
        for place, node in found.items():
            larger = JsonShape(layout, shape.root.replaced(place, node), shape.lines)
            if sum(1 for _ in larger.root.leaves()) > MOST_NAMES:
                continue
            shape = larger
            opened += [(*place, child) for child, _ in node.children]
        _check_lines(name, shape, depth)
    return shape


def _opened(
    connection: duckdb.DuckDBPyConnection,
    shape: JsonShape,
    path: Path,
    places: Sequence[tuple[str, ...]],
    *,
    is_gzipped: bool,
) -> dict[tuple[str, ...], Node]:
    """Return what objects, and the arrays that become rows, have in them, by their place."""
    rows = shape._rows(path, is_gzipped=is_gzipped, leaf="JSON")
    starts = [f"list(distinct left({shape._value(place)}, 1))" for place in places]
    begins = one_row(connection, f"select {', '.join(starts)} from {rows}")
    found: dict[tuple[str, ...], Node] = {}
    for place, letters in zip(places, begins, strict=True):
        there = set(letters or ()) - {None, "n"}
        is_on_the_way = place == shape.lines[: len(place)]
        if there == {"{"}:
            found[place] = Node()
        elif there == {"["}:
            found[place] = Node(is_array=is_on_the_way, is_text_of_array=not is_on_the_way)
    texts = {place: node for place, node in found.items() if node.is_text_of_array}
    found = {place: node for place, node in found.items() if not node.is_text_of_array}
    if not found:
        return texts
    keys = ", ".join(
        f"{{p: {number}, k: {_keys_sql(shape._value(place), node)}}}"
        for number, (place, node) in enumerate(found.items())
    )
    names = connection.execute(
        "select distinct p, unnest(k) as key from "
        f"(select unnest([{keys}], max_depth := 2) from {rows}) order by p, key"
    ).fetchall()
    for number, (place, node) in enumerate(list(found.items())):
        inner = [key for p, key in names if p == number]
        # Structs know no difference between capital and small letters.
        is_plain = len({key.lower() for key in inner}) == len(inner)
        children = tuple((key, Node()) for key in inner) if is_plain else ()
        if children or node.is_array:
            found[place] = Node(children, node.is_array)
        else:
            del found[place]
    return found | texts


def _keys_sql(value: str, node: Node) -> str:
    if not node.is_array:
        return f"json_keys({value})"
    elements = f"json_extract({value}, '$[*]')"
    return f"list_distinct(flatten(list_transform({elements}, lambda e: json_keys(e))))"


def with_arrays(problem: Problem, shape: JsonShape) -> Problem:
    """Return the problem of columns that are not there, with the arrays they may be in."""
    arrays = shape.arrays
    if not arrays or shape.lines:
        return problem
    return Problem(
        f"{problem}; arrays stay text ({listed(arrays)}): _lines: {arrays[0]} in columns.yml makes "
        f"a row of each element of {arrays[0]}, with columns such as {arrays[0]}.name",
        DATA_REFUSED,
    )


def _check_lines(name: str, shape: JsonShape, depth: int) -> None:
    """Refuse rows that are not there: a step on their path that is neither object nor array."""
    if depth >= len(shape.lines):
        return
    path = shape.lines[: depth + 1]
    node = shape.root.at(path)
    stated = ".".join(shape.lines)
    if node is None:
        above = shape.root.at(path[:-1])
        there = ", ".join(child for child, _ in above.children) if above else ""
        raise refusal(name, f"has no {'.'.join(path)}, as _lines: {stated} says; there is {there}")
    is_last = depth + 1 == len(shape.lines)
    if (is_last and not node.is_array) or not (node.is_array or node.children):
        raise refusal(
            name,
            f"{'.'.join(path)} is not an array in every object: expected one, as _lines: {stated} "
            "says",
        )
