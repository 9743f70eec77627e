"""Two users and one warehouse: what the one may do with what the other built, and how it is told.

The commands run as make runs them, by users without any rights of root. Where the project or its
Python is in a folder closed to others, these users see it open: in a view of the disk of their own.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from common.console import FAILED, WRONG_USE
from common.project_root import ROOT
from faults import digests
from shops import SHOP, clean_environment
from upkeep.clean import caches

pytestmark = pytest.mark.faults

SECONDS = 900
GROUP = 12_100


@dataclass(frozen=True)
class User:
    """A user of the machine, by numbers that nobody has."""

    user_id: int
    group_id: int
    umask: str

    def run(self, place: Path, script: str, **given: object) -> subprocess.CompletedProcess[str]:
        """Run a script in the warehouse of a place."""
        arguments = [sys.executable, *script.split()]
        arguments[1] = str(ROOT / "scripts" / arguments[1])
        given = {"source": "own_files", "data": SHOP, "warehouse": place / "w"} | given
        rights = (
            f"--reuid={self.user_id} --regid={self.group_id} --clear-groups --bounding-set=-all"
        )
        steps = [
            *opened(place / "open"),
            f"umask {self.umask}",
            f"exec setpriv {rights} {shlex.join(arguments)}",
        ]
        environment = clean_environment(**given)
        return subprocess.run(
            ["unshare", "--mount", "sh", "-ec", "\n".join(steps)],
            env=environment | {"HOME": str(place), "PYTHONDONTWRITEBYTECODE": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )


BUILDER = User(12_001, 12_001, "022")
STRANGER = User(12_002, 12_002, "022")
MEMBER = User(12_001, GROUP, "002")
OTHER_MEMBER = User(12_002, GROUP, "002")


def opened(place: Path) -> list[str]:
    """Return what lets others into closed folders that the project or its Python are in."""
    steps: dict[str, None] = {}
    for needed in (ROOT, Path(sys.prefix), Path(sys.executable).resolve().parents[1]):
        for folder in reversed(needed.resolve().parents):
            if folder.stat().st_mode & 0o005 == 0o005:
                continue
            child = needed.resolve().relative_to(folder).parts[0]
            seen = place / str(folder).strip("/")
            steps[f"mkdir -p {shlex.quote(str(seen / child))}"] = None
            bound = shlex.join([str(folder / child), str(seen / child)])
            steps[f"mount --bind {bound}"] = None
            steps[f"mount --rbind {shlex.join([str(seen), str(folder)])}"] = None
            break
    return list(steps)


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder that every user may enter."""
    if os.geteuid() != 0 or not shutil.which("setpriv") or not shutil.which("unshare"):
        pytest.skip("acting as other users needs the rights of root, setpriv and unshare")
    with tempfile.TemporaryDirectory(dir="/tmp", prefix="two-users-") as folder:
        path = Path(folder)
        path.chmod(0o755)
        (path / "w").mkdir()
        ended = BUILDER.run(path, "build.py --help")
        if ended.returncode:
            pytest.skip(f"another user cannot run Python here: {ended.stderr.strip()[-200:]}")
        yield path


def check_refused(ended: subprocess.CompletedProcess[str], code: int, *shown: str) -> None:
    """Check the exit code, and that one line says what is the matter."""
    assert ended.returncode == code, ended.stderr
    assert "Traceback" not in ended.stderr
    (line,) = [line for line in ended.stderr.splitlines() if line.startswith("Error: ")]
    for text in shown:
        assert text in line


def done(ended: subprocess.CompletedProcess[str]) -> str:
    """Check that a command did what it should; returns what it printed."""
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def files(folder: Path) -> dict[str, tuple[int, int]]:
    """Return what lies in a warehouse: size and time of the last change by name."""
    return {
        str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns)
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.short
def test_a_stranger_may_read_and_is_told_that_he_may_not_write(place: Path) -> None:
    warehouse = place / "w"
    os.chown(warehouse, BUILDER.user_id, BUILDER.group_id)
    done(BUILDER.run(place, "build.py"))
    before = files(warehouse)
    assert "Published: " in done(STRANGER.run(place, "summary.py"))
    assert "47" in done(
        STRANGER.run(place, "query.py", sql="select count(*) from customer_segments")
    )
    assert "0 damaged" in done(STRANGER.run(place, "list_versions.py --check"))
    assert "make build" in done(STRANGER.run(place, "check.py"))
    for script in (
        "build.py",
        "load_raw.py",
        "clean.py",
        "clean.py --all",
        "rollback.py",
        "forget.py",
    ):
        ended = STRANGER.run(place, script, customer="c1", force=1)
        check_refused(ended, WRONG_USE, f"is kept by user {BUILDER.user_id}", "umask 002")
    check_refused(STRANGER.run(place, "export.py"), FAILED, "no file was put in place")
    page = warehouse / "report.html"
    check_refused(STRANGER.run(place, "report.py"), FAILED, f"{page} cannot be written")
    # A folder that everybody may write to does not make the files in it everybody's.
    warehouse.chmod(0o777)
    check_refused(STRANGER.run(place, "build.py"), WRONG_USE, "is kept by user")
    (warehouse / "exports").mkdir(mode=0o777)
    (warehouse / "exports").chmod(0o777)
    done(BUILDER.run(place, "export.py", segment=1))
    check_refused(STRANGER.run(place, "export.py", segment=2), FAILED, "this user may not write")
    assert {name: files(warehouse)[name] for name in before} == before


def test_a_group_builds_in_one_warehouse(place: Path) -> None:
    warehouse = place / "w"
    os.chown(warehouse, 0, GROUP)
    warehouse.chmod(0o2775)
    done(MEMBER.run(place, "build.py"))
    first = digests(warehouse / "marts.duckdb")
    done(MEMBER.run(place, "export.py", segment=1))
    done(MEMBER.run(place, "report.py"))
    shown = done(OTHER_MEMBER.run(place, "export.py", segment=1, force=1))
    assert "everybody counts as entered" in shown
    done(OTHER_MEMBER.run(place, "report.py", force=1))
    assert "unchanged" in done(OTHER_MEMBER.run(place, "load_raw.py"))
    done(OTHER_MEMBER.run(place, "build.py", k=4))
    assert "since the export of run 1" in done(MEMBER.run(place, "export.py", segment=1))
    done(MEMBER.run(place, "rollback.py"))
    assert digests(warehouse / "marts.duckdb") == first
    done(OTHER_MEMBER.run(place, "forget.py", customer="c10", force=1))
    done(MEMBER.run(place, "forget.py", customer="c11", force=1))
    assert "of forgotten customers left out" in done(MEMBER.run(place, "load_raw.py"))
    assert "of forgotten customers left out" in done(OTHER_MEMBER.run(place, "load_raw.py"))
    assert "0 damaged" in done(OTHER_MEMBER.run(place, "list_versions.py --check"))
    with duckdb.connect(warehouse / "marts.duckdb", read_only=True) as connection:
        (left,) = connection.execute(
            "select count(*) from customer_segments where customer_id in ('c10', 'c11')"
        ).fetchone()
    assert left == 0
    cleaned = OTHER_MEMBER.run(place, "clean.py")
    assert "removed" in done(cleaned)
    # The caches of the project are those of the user whose project it is.
    assert ("not removed from" in cleaned.stderr) == any(path.exists() for path in caches())
    assert (warehouse / "marts.duckdb").exists()
    # Who was let in no group is a stranger still.
    check_refused(STRANGER.run(place, "clean.py"), WRONG_USE, "is kept by user")
