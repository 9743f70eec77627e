"""Temporary data: one place to make it in, and one to remove what stopped commands left of it.

A command that does not hold the warehouse's lock (a check, a query, an export, a page) works in a
session: a folder with a lock file that is held while the command runs, so that one that was
killed is known by its free lock, whatever its process number is now. What a build leaves belongs
to the user who holds the warehouse's lock. Every command removes first what others left.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from common.console import Problem
from common.warehouse_paths import TEMPORARY

SESSION = "session-"
LOCK = ".lock"
OUTSIDE = "outside.json"
EXPORT = "export"
# What builds and other holders of the warehouse's lock leave when they are killed, below the
# warehouse and below each of its replays. Checks of earlier versions left the second.
LEFT_BY_HOLDERS = (
    ".publishing-*",
    ".check-*",
    f"{TEMPORARY}/*",
    f"spark/{TEMPORARY}/*",
    "parquet/.*.unfinished",
    "parquet/.*.replaced",
    ".*.new",
)
PLACES = ("", "replays/*/")


# --- sessions


def place_in(warehouse: Path) -> Path:
    """Return where sessions of a warehouse are: in it, or where this user may not write, beside."""
    place = warehouse / TEMPORARY
    nearest = next(path for path in (place, *place.parents) if path.exists())
    return place if nearest.is_dir() and os.access(nearest, os.W_OK | os.X_OK) else place_of_user()


def place_of_user() -> Path:
    """Return where sessions of this user are that belong into no warehouse.

    Raises:
        Problem: another user put something there, or nothing can be written there.
    """
    try:
        place = Path(tempfile.gettempdir()) / f"segmentation-{os.getuid()}"
        with suppress(FileExistsError):
            place.mkdir(mode=0o700)
    except OSError as error:
        raise Problem(
            f"no folder for temporary data can be made ({error.strerror or error}): set TMPDIR to "
            "a folder in which this user may write"
        ) from error
    if not _is_own(place):
        raise Problem(f"{place} belongs to another user: remove it, or set TMPDIR to a folder")
    return place


def _is_own(place: Path) -> bool:
    return _is_folder(place) and place.stat().st_uid == os.getuid()


@contextmanager
def session(place: Path, kind: str, outside: Sequence[Path] = ()) -> Iterator[Path]:
    """Make a folder for temporary data, which only this user may read; it is gone afterwards.

    Args:
        place: Where; `place_in` and `place_of_user` say.
        kind: What it is for, part of its name.
        outside: Temporary files elsewhere that go when this command is killed.
    """
    made = [path for path in (place, *place.parents) if not path.exists()]
    folder, lock = _begin(place, kind)
    try:
        if outside:
            named = json.dumps([os.fspath(path) for path in outside])
            (folder / OUTSIDE).write_text(named, encoding="ascii")
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)
        # A check makes no warehouse; one that a build has begun in meanwhile stays.
        with suppress(OSError):
            if len(made) > 1 and list(made[1].iterdir()) == [place]:
                for path in made:
                    path.rmdir()


def _begin(place: Path, kind: str) -> tuple[Path, int]:
    """Make the folder of a session and hold its lock."""
    while True:
        place.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=f"{SESSION}{kind}-", dir=place))
        lock = _take(folder)
        if lock is not None:
            return folder, lock
        # Another command took it for one that was left, before its lock was held.
        shutil.rmtree(folder, ignore_errors=True)


def _take(folder: Path) -> int | None:
    """Take the lock of a session; None where it is held, gone or another user's."""
    try:
        lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        return None
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.path.samestat(os.fstat(lock), (folder / LOCK).stat()):
            return lock
    except OSError:
        pass
    os.close(lock)
    return None


def sessions_in(place: Path) -> list[Path]:
    """Return the folders of sessions, held or left."""
    try:
        return sorted(p for p in place.iterdir() if p.name.startswith(SESSION) and _is_folder(p))
    except OSError:
        return []


def remove_left_sessions(place: Path, warehouse: Path) -> None:
    """Remove the sessions in a place whose commands have ended; those that run are left alone."""
    for folder in sessions_in(place):
        lock = _take(folder)
        if lock is None:
            continue
        try:
            is_export = folder.name.startswith(f"{SESSION}{EXPORT}-")
            if is_export and not settle_exports(warehouse):
                continue
            for path in _outside(folder):
                path.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
        finally:
            os.close(lock)


def _outside(folder: Path) -> list[Path]:
    """Return the temporary files elsewhere of a session that was left."""
    try:
        return [Path(text) for text in json.loads((folder / OUTSIDE).read_text(encoding="ascii"))]
    except (OSError, ValueError):
        return []


def settle_exports(warehouse: Path) -> bool:
    """Have the ledger settle exports that were killed, whose files hold customers.

    Returns whether it did; not while another export runs, or without DuckDB.
    """
    ledger = warehouse / "exports.duckdb"
    if not ledger.exists():
        return True
    try:
        # Cleaning works without packages.
        import duckdb

        from store import export_ledger
    except ModuleNotFoundError:
        return False
    try:
        with duckdb.connect() as connection:
            export_ledger.attach(connection, ledger)
    except Problem:
        return False
    return True


# --- what others left


def left_by_holders(warehouse: Path) -> list[Path]:
    """Return what killed holders of the warehouse's lock left, while the lock is free.

    A temporary folder that was linked to elsewhere may serve others too, and is left alone.
    """
    found = []
    for place in PLACES:
        for pattern in LEFT_BY_HOLDERS:
            for path in warehouse.glob(place + pattern):
                is_session = path.name.startswith(SESSION)
                if not is_session and not path.parent.is_symlink():
                    found.append(path)
    return sorted(found)


def remove_left(warehouse: Path) -> list[Path]:
    """Remove all that stopped commands left; the caller holds the warehouse's lock.

    Returns what was removed of the warehouse's own.
    """
    remove_sessions_that_ended(warehouse)
    found = left_by_holders(warehouse)
    for path in found:
        if _is_folder(path):
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return found


def remove_sessions_that_ended(warehouse: Path) -> None:
    """Remove what commands without the warehouse's lock left, in it and in this user's place."""
    remove_left_sessions(warehouse / TEMPORARY, warehouse)
    with suppress(Problem):
        remove_left_sessions(place_of_user(), warehouse)


def _is_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink()
