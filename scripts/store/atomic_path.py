"""Writing a file in one step: beside its place first, then there by a rename."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def sync(path: Path) -> None:
    """Have a file or folder written to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def atomic_path(target: Path) -> Iterator[Path]:
    """Yield a path beside a file; what is written there takes its place when the block ends.

    Readers see the old file or the new one, whole. After an error the old one stays.
    """
    new = target.with_name(f".{target.name.removeprefix('.')}.new")
    try:
        yield new
        sync(new)
        os.replace(new, target)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
