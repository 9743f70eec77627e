"""Reading the values of settings; a refusal names what was given and what is accepted."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from datetime import date
from functools import partial
from pathlib import Path

from common.console import WRONG_USE, Problem
from common.machine import MEMORY_UNITS, MIN_MEMORY, machine_memory, usual_memory
from common.paths import OF_NO_DATABASE, OF_NO_SPARK_PATH, read_file_setting, resolve_path
from common.project_root import ROOT, STAGING
from common.settings_table import BY_NAME, DEFAULT_SOURCE, nearest, refuse

SOURCES_WITHOUT_DATA = ("complete_journey",)
SOURCES_OF_FOLDERS = ("own_files",)
SOURCES_OF_ONE_TABLE = ("own_table",)
# Orders of day, month and year, as people write them.
DATE_ORDERS = {"dmy": "DD/MM/YYYY", "mdy": "MM/DD/YYYY", "ymd": "YYYY/MM/DD"}


def whole_number(name: str, text: str, low: int, high: int) -> int:
    """Read a whole number from `low` to `high`.

    Raises:
        Problem: the text is no such number.
    """
    if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
        raise refuse(name, text)
    return int(text)


def read_segment(text: str, otherwise: str, others: str = "") -> int | None:
    """Read SEGMENT: the number of a segment; absent, what there is `otherwise`.

    others: what else is accepted where SEGMENT is read, for the message.

    Raises:
        Problem: the text is no number that a segment could have.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Problem(
            f"SEGMENT={text}: expected the number of a segment, such as 1{others}; leave it "
            f"out for {otherwise}",
            WRONG_USE,
        )
    return int(text)


def known_sources(root: Path = ROOT) -> list[str]:
    """Return the names of the sources: folders of staging models."""
    folder = root / STAGING
    return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def read_source(text: str, root: Path) -> str:
    """Read SOURCE: the name of a folder of staging models."""
    known = known_sources(root)
    if text not in known:
        there = ", ".join(known) or "none"
        raise Problem(
            f"SOURCE={text}: expected {BY_NAME['SOURCE'].accepted}; "
            f"there are: {there}{nearest(text, known)}",
            WRONG_USE,
        )
    return text


def read_data(text: str, source: str) -> Path | None:
    """Read DATA: absent for sources that bring their data, otherwise a path that exists."""
    if source in SOURCES_WITHOUT_DATA:
        if text:
            raise Problem(
                f"DATA={text}: SOURCE={source} brings its own data; "
                "leave out DATA, or set SOURCE=own_files to use your files",
                WRONG_USE,
            )
        return None
    if not text:
        raise Problem(
            f"DATA is missing: SOURCE={source} needs it; expected {BY_NAME['DATA'].accepted}",
            WRONG_USE,
        )
    path = resolve_path(text, partial(refuse, "DATA", text))
    if not path.exists():
        raise refuse("DATA", text, "there is nothing of this name")
    if not path.is_file() and not path.is_dir():
        raise refuse("DATA", text, "this is neither a file nor a folder")
    if source in SOURCES_OF_FOLDERS and not path.is_dir():
        raise refuse("DATA", text, "this is a file")
    if not os.access(path, os.R_OK if path.is_file() else os.R_OK | os.X_OK):
        raise refuse("DATA", text, "it cannot be read")
    return path


def read_file_path(name: str, text: str) -> Path | None:
    """Read a setting that names a file: absent, or a file that can be read."""
    return read_file_setting(text, partial(refuse, name, text))


def read_id(text: str, source: str) -> str | None:
    """Read ID: absent, or the name of a column, for the source that looks for it."""
    if text and source not in SOURCES_OF_ONE_TABLE:
        raise Problem(
            f"ID={text}: SOURCE={source} knows its columns; expected ID for "
            f"SOURCE={', '.join(SOURCES_OF_ONE_TABLE)} only",
            WRONG_USE,
        )
    return text or None


def read_warehouse(text: str, source: str, root: Path, target: str = "duckdb") -> Path:
    """Read WAREHOUSE: a folder, or a place where one can be made."""
    if not text:
        default = root / "warehouse"
        text = str(default if source == DEFAULT_SOURCE else default / source)
    refused = OF_NO_SPARK_PATH if target == "spark" else OF_NO_DATABASE
    path = resolve_path(text, partial(refuse, "WAREHOUSE", text), refused)
    occupied = next((p for p in (path, *path.parents) if p.exists()), path)
    if not occupied.is_dir():
        raise refuse("WAREHOUSE", text, f"{occupied} is a file")
    return path


def read_date(name: str, text: str) -> date:
    """Read a date written as year, month and day."""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(name, text) from None


def read_choice(name: str, text: str, choices: tuple[str, ...]) -> str:
    """Read one of a few words."""
    if text not in choices:
        raise refuse(name, text)
    return text


def read_currency(text: str) -> str | None:
    """Read CURRENCY: absent, or three letters in any case."""
    if not text:
        return None
    if not re.fullmatch(r"[A-Za-z]{3}", text):
        raise refuse("CURRENCY", text)
    return text.upper()


def read_word(name: str, text: str, accepted: Sequence[str]) -> str:
    """Read a variable of which each command accepts other words."""
    if text not in accepted:
        raise Problem(
            f"{name}={text}: expected one of {', '.join(accepted)}{nearest(text, accepted)}",
            WRONG_USE,
        )
    return text


def read_date_format(text: str) -> str:
    """Read DATE_FORMAT, such as `DD/MM/YYYY` or `%d.%m.%y`: the order of day, month and year."""
    letters = re.sub(r"[^dmy]", "", text.lower().replace("mon", "m"))
    order = re.sub(r"(.)\1+", r"\1", letters)
    if order not in DATE_ORDERS or not re.fullmatch(r"[%dmyon/. -]+", text.lower()):
        raise refuse("DATE_FORMAT", text)
    return order


def read_missing_ids(text: str) -> tuple[str, ...]:
    """Read MISSING_IDS, such as `0,guest`: ids in lower case, in the order of the alphabet."""
    return tuple(sorted({word.strip().lower() for word in text.split(",")} - {""}))


def read_memory(text: str, target: str = "duckdb") -> str:
    """Read MEMORY, such as `4GB`; absent, a share of the memory of this machine."""
    if not text:
        return f"{usual_memory(machine_memory(), target) // 10**6}MB"
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([MGT]I?B)", text.upper())
    if not match or float(match[1]) * MEMORY_UNITS[match[2]] < MIN_MEMORY:
        raise refuse("MEMORY", text)
    return match[1] + match[2].replace("I", "i")


def read_target(text: str) -> str:
    """Read TARGET: the engine."""
    return read_choice("TARGET", text, ("duckdb", "spark"))


def read_spark_master(text: str, threads: int) -> str:
    """Read SPARK_MASTER, in the forms that Spark knows; absent, this machine."""
    if not text:
        return f"local[{threads}]"
    if not re.fullmatch(r"local(\[[0-9*]+(,[0-9]+)?\])?|yarn|(spark|k8s)://\S+", text):
        raise refuse("SPARK_MASTER", text)
    return text
