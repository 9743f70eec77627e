"""Scripts run against a machine that refuses: limits, disks, and what must be left."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.settings import Settings
from common.warehouse_paths import Warehouse
from shops import ROOT, clean_environment
from store.kept_versions import damage, version_of
from stub_builds import published

RUN = "select run_number from segmentation_runs where is_current"
SECONDS = 120


def script(
    name: str, limit: Callable[[], None] | None = None, **given: object
) -> subprocess.CompletedProcess[str]:
    """Run a script as make does."""
    return subprocess.run(
        [sys.executable, str(ROOT / name)],
        env=clean_environment(**given),
        preexec_fn=limit,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def of(settings: Settings) -> dict[str, object]:
    """Return settings of own files as a script gets them."""
    return {"source": "own_files", "data": settings.data, "warehouse": settings.warehouse}


def no_file_above(byte_count: int) -> Callable[[], None]:
    """Return what lets no file grow above so many bytes, as a full disk would."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (byte_count, byte_count))

    return limit


def check_one_message(ended: subprocess.CompletedProcess[str], code: int, *explained: str) -> None:
    """Check the exit code, and that one line says what happened."""
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    for text in explained:
        assert text in line


def check_whole(settings: Settings, run_number: int = 2) -> None:
    """Check that the published file is that of a run, and that nothing lies beside it."""
    warehouse = Warehouse(settings.warehouse)
    assert published(settings, RUN) == [(run_number,)]
    assert damage(version_of(warehouse, run_number)) is None
    assert not list(warehouse.path.glob(".publishing-*"))


# --- no room, no rights


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """Mount memory as a disk of a given size or right; skip where that is not allowed."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("mounting needs the rights of root")
    try:
        yield
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)
