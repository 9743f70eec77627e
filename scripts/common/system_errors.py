"""What the machine refuses (room, rights, memory) and what it has damaged, in one message."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import duckdb

from common.console import Problem
from common.data_errors import printable

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
NO_RIGHTS = (errno.EACCES, errno.EPERM, errno.EROFS)
# What programs write of them, in lower case: DuckDB and dbt tell no numbers.
TEXTS = {
    "room": (
        "no space left on device",
        "file too large",
        "disk quota exceeded",
        "max_temp_directory_size",
    ),
    "memory": ("out of memory", "memoryerror", "cannot allocate memory", "bad_alloc"),
    "rights": ("permission denied", "read-only file system", "operation not permitted"),
    "damage": ("corrupt database file", "does not match stored checksum", "not a valid duckdb"),
}
WHAT_TO_DO = {
    "room": "there is no room left to write: free some, or choose another WAREHOUSE",
    "memory": "it ran out of memory: raise MEMORY, or lower THREADS",
    "rights": "this user may not write or read there: give the right to the user who builds",
    "damage": "a database file is damaged",
}
LONGEST_DETAIL = 300


def kind_of_text(text: str) -> str | None:
    """Return what a message is about: room, memory, rights or damage; None for anything else."""
    lower = text.lower()
    return next((kind for kind, texts in TEXTS.items() if any(t in lower for t in texts)), None)


def kind_of(error: BaseException) -> str | None:
    """Return what an error is about, as `kind_of_text`."""
    if isinstance(error, (MemoryError, duckdb.OutOfMemoryException)):
        # What could not be moved out of memory for want of room says so.
        return "room" if kind_of_text(str(error)) == "room" else "memory"
    if isinstance(error, OSError) and error.errno in NO_ROOM:
        return "room"
    if isinstance(error, OSError) and error.errno in NO_RIGHTS:
        return "rights"
    return kind_of_text(str(error)) if isinstance(error, (OSError, duckdb.Error)) else None


def problem_of(error: BaseException, doing: str) -> Problem | None:
    """Return the problem of an error that the machine is to blame for; None for any other."""
    kind = kind_of(error)
    return _problem(kind, doing, str(error)) if kind else None


def problem_of_lines(lines: Iterable[str], doing: str) -> Problem | None:
    """Return the problem that the first telling line of another program's output speaks of."""
    for line in lines:
        if kind := kind_of_text(line):
            return _problem(kind, doing, line)
    return None


def is_locked(error: BaseException) -> bool:
    """Say whether another program has a database file open."""
    # Not the word alone: a damaged block is none of another program's.
    return "could not set lock" in str(error).lower()


def is_of_another_version(error: BaseException) -> bool:
    """Say whether a database file is in a format that this DuckDB does not know."""
    text = str(error).lower()
    return "storage version" in text or "newer version of duckdb" in text


def is_damage(error: BaseException) -> bool:
    """Say whether a database file was found damaged."""
    return kind_of(error) == "damage" or WHAT_TO_DO["damage"] in str(error)


def _problem(kind: str, doing: str, detail: str) -> Problem:
    detail = printable(detail.split("\n\n")[0].split("Possible solutions")[0])[:LONGEST_DETAIL]
    return Problem(f"{doing} stopped, as {WHAT_TO_DO[kind]} ({detail}); nothing was published")


@contextmanager
def explained(doing: str) -> Iterator[None]:
    """Turn what the machine refuses in this block into one message.

    Raises:
        Problem: the machine refused something.
    """
    try:
        yield
    except BrokenPipeError:
        # Who read the output has gone; program.run knows.
        raise
    except (OSError, MemoryError, duckdb.Error) as error:
        problem = problem_of(error, doing)
        if problem is None and isinstance(error, OSError):
            problem = Problem(f"{doing} stopped ({printable(str(error))}); nothing was published")
        if problem is None:
            raise
        raise problem from error
