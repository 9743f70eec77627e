"""The file that a page, a workbook or a deck goes to."""

from __future__ import annotations

import os
from pathlib import Path

from common.console import WRONG_USE, Problem
from common.paths import out_problem, resolve_target
from common.warehouse_paths import Warehouse
from store.atomic_path import sync
from store.temporary import place_in, session


def read_out(text: str, endings: tuple[str, ...]) -> Path | None:
    """Return the file that OUT names; None where it names none.

    Raises:
        Problem: no file could be there, or its name has another ending.
    """
    if not text:
        return None
    out = resolve_target(text, out_problem(text))
    if out.suffix.lower() not in endings:
        raise Problem(f"OUT={out}: expected a file whose name ends in {endings[0]}", WRONG_USE)
    return out


def checked(file: Path, *, is_forced: bool) -> Path:
    """Return a file that may be written.

    Raises:
        Problem: it is there already, or its folder is not.
    """
    if not file.parent.is_dir():
        raise Problem(f"OUT={file}: there is no folder {file.parent}", WRONG_USE)
    if file.is_dir():
        raise Problem(f"OUT={file}: this is a folder, expected a file", WRONG_USE)
    if file.exists() and not is_forced:
        raise Problem(f"{file} is there already: FORCE=1 replaces it, OUT names another", WRONG_USE)
    return file


def write(warehouse: Warehouse, file: Path, content: bytes) -> None:
    """Put a file in place by a rename, so that no reader opens half of one.

    Raises:
        Problem: the file cannot be written.
    """
    temporary = file.with_name(f".{file.name}.{os.getpid()}.part")
    try:
        with session(place_in(warehouse.path), "report", outside=[temporary]):
            temporary.write_bytes(content)
            sync(temporary)
            os.replace(temporary, file)
    except OSError as error:
        raise Problem(f"{file} cannot be written: {error.strerror}") from error
    finally:
        temporary.unlink(missing_ok=True)
