"""How objects stand in a file of JSON: one a line, in an array, or in an array within an object."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from loading.text_format import CHUNK_BYTES, TextFormat, open_text

LINES, ARRAY, CONCATENATED = "newline_delimited", "array", "unstructured"
# Files with these endings have one object a line, even if they have one line.
ENDINGS_OF_LINES = (".jsonl", ".ndjson")
HEAD_CHARACTERS = 1 << 20
TAIL_BYTES = 1 << 16
DEEPEST = 10
BLANK = re.compile(r"[ \t\r\n,]*")

_decode = json.JSONDecoder().raw_decode


def layout_of_text(path: Path, written: TextFormat) -> str | None:
    """Return the layout that DuckDB reads a file in; None where it is one single object."""
    with open_text(path, written) as file:
        head = file.read(HEAD_CHARACTERS).lstrip("\ufeff \t\r\n")
    if head.startswith("["):
        return ARRAY
    is_whole = len(head) < HEAD_CHARACTERS - 16
    try:
        _, end = _decode(head)
    except (ValueError, RecursionError):
        return LINES if is_whole or "\n{" in head else None
    rest = head[end:].lstrip()
    if not rest:
        return None
    return CONCATENATED if "\n" in head[:end] or "\n" not in head[end:] else LINES


def array_within(path: Path, lines: Sequence[str]) -> tuple[tuple[str, ...], int, int] | None:
    """Return name and place of the first array of objects within the object of a UTF-8 file.

    Only its surroundings are read: an export of any size is `{"orders": [...]}`.

    Args:
        path: The file.
        lines: Path of the rows where it is stated: an object that has it is a row itself.

    Returns:
        The names that lead to the array, and the bytes at which it begins and ends.
    """
    with path.open("rb") as file:
        start = file.read(HEAD_CHARACTERS)
        size = file.seek(0, 2)
    head = start.decode("utf-8", errors="ignore")
    try:
        if lines and _has_name(head, lines[0]):
            return None
        found, _ = _first_array(head, head.index("{"), ())
    except (ValueError, IndexError, RecursionError):
        return None
    if found is None:
        return None
    names, at = found
    begin = len(head[:at].encode())
    with path.open("rb") as file:
        tail_at = file.seek(max(begin + 1, size - TAIL_BYTES))
        tail = file.read()
    opened = b'{"_":' * len(names) + b"["
    for end in (match.start() for match in re.finditer(rb"\]", tail)):
        try:
            json.loads(opened + tail[end:])
        except (ValueError, RecursionError):
            continue
        return names, begin, tail_at + end + 1
    return None


def copy_bytes(path: Path, begin: int, end: int, target: Path) -> None:
    """Copy a part of a file, in pieces."""
    with path.open("rb") as source, target.open("wb") as copy:
        source.seek(begin)
        while begin < end:
            piece = source.read(min(CHUNK_BYTES, end - begin))
            copy.write(piece)
            begin += len(piece)


def _has_name(head: str, name: str) -> bool:
    """Say whether the object at the start of a text has a name; values within are not entered."""
    at = head.index("{") + 1
    while True:
        at = _after_blanks(head, at)
        if head[at] == "}":
            return False
        key, at = _key(head, at)
        if key == name:
            return True
        try:
            _, at = _decode(head, at)
        except ValueError:
            return False


def _first_array(
    head: str, at: int, names: tuple[str, ...]
) -> tuple[tuple[tuple[str, ...], int] | None, int]:
    """Return the first array of objects within the object at a place, and where the object ends."""
    at += 1
    while True:
        at = _after_blanks(head, at)
        if head[at] == "}":
            return None, at + 1
        key, at = _key(head, at)
        path = (*names, key)
        if head[at] == "[" and head[_after_blanks(head, at + 1)] == "{":
            return (path, at), at
        if head[at] == "{" and len(path) < DEEPEST:
            found, at = _first_array(head, at, path)
            if found:
                return found, at
        else:
            _, at = _decode(head, at)


def _key(head: str, at: int) -> tuple[str, int]:
    """Return the name at a place and where its value begins."""
    key, at = _decode(head, at)
    at = _after_blanks(head, at)
    if head[at] != ":" or not isinstance(key, str):
        raise ValueError("no name and colon")
    return key, _after_blanks(head, at + 1)


def _after_blanks(head: str, at: int) -> int:
    """Return the place of the first character from a place on that is no blank."""
    blanks = BLANK.match(head, at)
    return blanks.end() if blanks else at
