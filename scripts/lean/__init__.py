"""What makes dbt lean: parts of it that are replaced, and what is kept from run to run."""

from __future__ import annotations

import os
from collections.abc import Iterable
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path


def releases(packages: Iterable[str]) -> list[str]:
    """Return the installed release of each package, for the key of what they made."""
    return [f"{name} {version(name)}" for name in packages]


def keep(path: Path, content: bytes) -> None:
    """Replace a file that the next run may read; without room for it nothing is kept."""
    beside = path.with_suffix(".new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
