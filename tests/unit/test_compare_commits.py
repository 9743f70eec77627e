"""dev/compare_commits.py: seconds of processor of two checkouts, side by side."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import compare_commits

SPEND = "import time\nwhile time.process_time() < {}: pass\n"


def project(folder: Path, seconds: float) -> Path:
    """Write a checkout whose build takes so many seconds of processor."""
    (folder / "scripts").mkdir(parents=True)
    text = SPEND.format(seconds)
    (folder / "scripts" / "build.py").write_text(text, encoding="utf-8")
    return folder


def test_builds_of_both_sides_alternate_and_the_first_is_not_counted(tmp_path: Path) -> None:
    sides = {"new": project(tmp_path / "a", 0.1), "old": project(tmp_path / "b", 0.4)}
    case = compare_commits.Case("small", compare_commits.BUILD, {}, 0.5)
    found = compare_commits.measure(case, sides, tmp_path, 2)
    assert [len(seconds) for seconds in found.values()] == [2, 2]
    assert min(found["old"]) >= 0.4
    assert max(found["new"]) < min(found["old"])


def test_what_fails_is_shown(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="no such thing"):
        compare_commits.processor_seconds(
            [sys.executable, "-c", "raise SystemExit('no such thing')"],
            cwd=tmp_path,
            environment=os.environ,
        )


def test_a_row_has_medians_and_their_ratio() -> None:
    found = compare_commits.line("build", [1.0, 9.0, 2.0], [4.0, 4.0, 8.0], 0.45)
    assert found == "| build | 2.0 | 4.0 | 0.50 | 0.45 |"


def test_a_table_adds_its_own_row_and_gives_dbt_less_to_start_with(tmp_path: Path) -> None:
    given = compare_commits.cases(tmp_path / "t.csv", "own_table", tmp_path / "lines")
    names = [case.name for case in given]
    assert names == [
        "second build, small table",
        "second build, default source",
        "check of half a million lines",
        "dbt's start, built before",
    ]
    assert len(compare_commits.cases(None, "own_table")) == 2
