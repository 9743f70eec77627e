"""Names and texts in SQL statements that take no bound parameters (DDL, ATTACH, COMMENT)."""

from __future__ import annotations

import os


def identifier(*parts: str) -> str:
    """Return a quoted, possibly qualified, name: `identifier("raw", 'a"b')` is `"raw"."a""b"`."""
    return ".".join('"' + part.replace('"', '""') + '"' for part in parts)


def literal(text: str | os.PathLike[str]) -> str:
    """Return a quoted SQL text literal."""
    return "'" + os.fspath(text).replace("'", "''") + "'"
