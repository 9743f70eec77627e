"""Data that is not accepted: one message that names the file, and exit code 4."""

from __future__ import annotations

from pathlib import Path

from common.console import DATA_REFUSED, Problem

LONGEST_SHOWN = 60


def refusal(where: Path | str, reason: str) -> Problem:
    """Return the problem of data that is not accepted: a file's name, then what is wrong."""
    name = where.name or str(where) if isinstance(where, Path) else where
    return Problem(printable(f"{name}: {reason}"), DATA_REFUSED)


def printable(text: str) -> str:
    """Return a text on one line, without what would move a terminal's cursor."""
    return "".join(c if c.isprintable() else "?" for c in " ".join(text.split()))


def first_line(error: BaseException) -> str:
    """Return the first line of an error's message, with single spaces."""
    return " ".join(str(error).split("\n")[0].split())


def first_lines(error: Exception) -> str:
    """Return the telling part of a DuckDB message, on one line."""
    text = str(error).split("\n\n")[0].split("Possible fixes")[0].split("LINE 1:")[0]
    return " ".join(text.split())[:300]


def shown(value: object) -> str:
    """Return a value of the data as a message shows it: quoted, printable and not too long."""
    text = str(value)
    if len(text) > LONGEST_SHOWN:
        text = text[: LONGEST_SHOWN - 3] + "..."
    return "'" + "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text) + "'"


def listed(names: list[str], most: int = 8) -> str:
    """Return names separated by commas, long ones cut, those beyond the first few left out."""
    cut = [n if len(n) <= LONGEST_SHOWN else n[: LONGEST_SHOWN - 3] + "..." for n in names[:most]]
    return ", ".join(cut) + (", ..." if len(names) > most else "")
