"""Paths that people give in settings: resolved in one place, or refused in one line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from common.console import WRONG_USE, Problem

# What is written below a warehouse, or beside OUT while it is written, has longer names.
ROOM_BELOW = 400
LONGEST_NAME = 220
# DuckDB takes a backslash for the end of a folder, and what follows ? in the path of a database
# for options.
OF_NO_PATH = "\\"
OF_NO_DATABASE = "?\\"
# Hadoop's file system, which Spark writes by, takes these for patterns.
OF_NO_SPARK_PATH = "*?[]{}\\"

Refuse = Callable[[str], Problem]


def resolve_path(text: str, refuse: Refuse, refused: str = OF_NO_PATH) -> Path:
    """Return the absolute path without links that a text stands for, whether it is there or not.

    Args:
        text: What was given.
        refuse: Makes the problem of the setting from a reason.
        refused: Characters that the path may not hold.

    Raises:
        Problem: no file could be there.
    """
    try:
        text.encode()
        path = Path(text).expanduser().resolve()
        # A link that is left belongs to a loop, which Python 3.13 does not refuse itself.
        for part in (path, *path.parents):
            if part.is_symlink():
                part.stat()
        if path.exists():
            path.stat()
    except UnicodeEncodeError:
        raise refuse("it is not UTF-8 text") from None
    except OSError as error:
        raise refuse((error.strerror or str(error)).lower()) from error
    except (RuntimeError, ValueError) as error:
        # An unknown user of ~user, a loop of links, a zero byte.
        raise refuse(_first_lower(str(error))) from error
    if len(os.fsencode(path)) > os.pathconf("/", "PC_PATH_MAX") - ROOM_BELOW:
        raise refuse("the path is too long")
    if found := sorted(set(str(path)) & set(refused)):
        raise refuse(f"the path {path} has {' '.join(found)} in it")
    return path


def resolve_target(text: str, refuse: Refuse) -> Path:
    """Return the place of a file to write: its folder without links, the name as given.

    Raises:
        Problem: no file could be there.
    """
    resolve_path(text, refuse)
    path = Path(text).expanduser()
    if len(os.fsencode(path.name)) > LONGEST_NAME:
        raise refuse("the name is too long")
    return path.parent.resolve() / path.name


def read_file_setting(text: str, refuse: Refuse) -> Path | None:
    """Read a setting that names a file: absent, or a file that can be read.

    Raises:
        Problem: it is none.
    """
    if not text:
        return None
    path = resolve_path(text, refuse)
    if not path.is_file():
        raise refuse("there is no such file")
    if not os.access(path, os.R_OK):
        raise refuse("it cannot be read")
    return path


def out_problem(text: str) -> Refuse:
    """Return what makes the problem of OUT from a reason."""
    return lambda reason: Problem(
        f"OUT={text}: {reason}; expected the path of a file to write", WRONG_USE
    )


def _first_lower(text: str) -> str:
    return text[:1].lower() + text[1:].rstrip(".")
