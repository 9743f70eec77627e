"""Paths of a warehouse folder, and the lock that lets one build at a time write to it."""

from __future__ import annotations

import errno
import fcntl
import itertools
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from common.console import BUSY, WRONG_USE, Problem, warn
from common.warehouse_paths import Warehouse
from store import temporary

# Those whom the umask lets write new files may build in the same warehouse.
LOCK_MODE = 0o666


def wal_of(database: Path) -> Path:
    """Return the path of the write-ahead log that DuckDB keeps beside a database file."""
    return database.with_name(database.name + ".wal")


def set_aside_wal(warehouse: Warehouse) -> Path | None:
    """Rename a write-ahead log found beside the published file; returns its new path.

    A client that opened the file for writing and crashed leaves one, and DuckDB would replay it
    into whatever file stands there next.
    """
    wal = wal_of(warehouse.marts_db)
    if not wal.exists():
        return None
    numbers = (wal.with_name(f"{wal.name}.{n}.set-aside") for n in itertools.count(1))
    target = next(path for path in numbers if not path.exists())
    wal.rename(target)
    warn(f"  {wal.name}, left by a program that opened the published file, is now {target.name}")
    return target


def remove_leftovers(warehouse: Warehouse) -> None:
    """Remove what stopped commands left, before a command that does not hold the lock.

    What a holder of the lock left is removed while the lock is free.
    """
    temporary.remove_sessions_that_ended(warehouse.path)
    if not temporary.left_by_holders(warehouse.path):
        return
    try:
        descriptor = os.open(warehouse.lock_file, os.O_RDWR | os.O_CREAT, LOCK_MODE)
    except OSError:
        # Whoever may not write here leaves it to those who may.
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        temporary.remove_left(warehouse.path)
    except OSError:
        # A build is at work, or some of it is another user's.
        return
    finally:
        os.close(descriptor)


def _holder(text: str) -> str:
    """Describe who holds the lock, from the content of the lock file."""
    pid, _, since = text.strip().partition(" ")
    if not since:
        return "starting at this moment"
    ended = "" if is_alive(pid) else ", which has ended, but not yet what it started"
    return f"process {pid}{ended}, since {since}"


def is_alive(pid: str) -> bool:
    """Say whether there is a process of this number."""
    try:
        os.kill(int(pid), 0)
    except (ProcessLookupError, ValueError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def is_to_wait(environment: Mapping[str, str] | None = None) -> bool:
    """Read WAIT: whether to wait for another build in the same warehouse.

    Raises:
        Problem: it is neither 0 nor 1 (exit code 2).
    """
    given = (os.environ if environment is None else environment).get("WAIT", "").strip()
    if given not in ("", "0", "1"):
        raise Problem(
            f"WAIT={given}: expected 1 to wait for another build, or 0 to stop at once", WRONG_USE
        )
    return given == "1"


def _open_lock(warehouse: Warehouse) -> int:
    try:
        return os.open(warehouse.lock_file, os.O_RDWR | os.O_CREAT, LOCK_MODE)
    except OSError as error:
        if isinstance(error, PermissionError) and (owner := other_owner(warehouse.lock_file)):
            raise Problem(
                f"WAREHOUSE={warehouse.path} is kept by {owner}, and {warehouse.lock_file.name} in "
                "it may not be written to: expected a warehouse of this user's own, or a folder of "
                "a group that both are in (chgrp, chmod g+rws) and files made with umask 002",
                WRONG_USE,
            ) from error
        is_full = error.errno == errno.ENOSPC
        expected = "on a disk with room" if is_full else "in which this user may write"
        raise Problem(
            f"WAREHOUSE={warehouse.path} cannot be written to ({error.strerror}): expected a "
            f"folder {expected}",
            WRONG_USE,
        ) from error


def other_owner(path: Path) -> str | None:
    """Return who owns a file; None where it is this user, or there is no such file."""
    try:
        owner = path.stat().st_uid
    except OSError:
        return None
    if owner == os.geteuid():
        return None
    try:
        return f"user {path.owner()}"
    except KeyError:
        return f"user {owner}"


def _is_in_place(descriptor: int, warehouse: Warehouse) -> bool:
    """Say whether an open lock file is the one that others would open: it may be removed."""
    try:
        return os.path.samestat(os.fstat(descriptor), warehouse.lock_file.stat())
    except FileNotFoundError:
        return False


@contextmanager
def exclusive(warehouse: Warehouse) -> Iterator[int]:
    """Hold the warehouse's lock; yields its file descriptor, for child processes to hold too.

    The lock ends with the processes that hold it, so what a dead build left in the file is
    harmless. A child that was given the descriptor keeps the warehouse locked until it ends.
    With WAIT=1 in the environment, another process is waited for.

    Raises:
        Problem: another process holds the lock (exit code 5), or the folder cannot be written to.
    """
    is_waiting = is_to_wait()
    warehouse.create()
    descriptor = _open_lock(warehouse)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = _holder(os.pread(descriptor, 200, 0).decode(errors="replace"))
            busy = f"another build is running in {warehouse.path} ({holder})"
            if not is_waiting:
                raise Problem(
                    f"{busy}; wait for it, by WAIT=1, or choose another WAREHOUSE", BUSY
                ) from None
            warn(f"Waiting: {busy}")
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        while not _is_in_place(descriptor, warehouse):
            # Who held it cleaned up, and the lock file with it.
            os.close(descriptor)
            descriptor = _open_lock(warehouse)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        temporary.remove_left(warehouse.path)
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        try:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()} {now}\n".encode(), 0)
        except OSError as error:
            raise Problem(
                f"there is no room left in {warehouse.path}, not even for a line "
                f"({error.strerror}); nothing was changed"
            ) from error
        yield descriptor
    finally:
        os.close(descriptor)
