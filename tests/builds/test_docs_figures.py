"""Figures of README.md and docs are those of a build of the data that comes with the project."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import queries_page
from common.console import Problem
from common.warehouse_paths import Warehouse
from queries_page import differences, is_alike, pages, with_block
from shops import ROOT, Builds, Built, clean_environment


def build_default(builds: Builds) -> Built:
    """Build as `make build` does without a setting, elsewhere."""
    warehouse = builds.folder("default") / "warehouse"
    finished = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "build.py")],
        cwd=ROOT,
        env=clean_environment(warehouse=warehouse),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return Built(finished.returncode, finished.stdout, Warehouse(warehouse))


CHAINS = [{"default": build_default}]


@pytest.mark.many_builds
def test_the_docs_show_the_figures_of_the_build(builds: Builds) -> None:
    assert differences(pages(builds["default"].checked().marts)) == []


@pytest.fixture
def copied(shop: Built, tmp_path: Path) -> Path:
    """A copy of what the shop published: other tests of this process hold the file itself open."""
    return Path(shutil.copy(shop.marts, tmp_path))


def test_another_build_is_told_from_the_one_that_the_docs_show(copied: Path) -> None:
    found = differences(pages(copied))
    for name in ("queries.md", "README.md", "quality.md"):
        assert f"--- {name}" in found, name


def test_what_was_written_is_what_is_checked(
    copied: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PAGE", "README", "QUALITY"):
        page = tmp_path / f"{name}.md"
        page.write_text(getattr(queries_page, name).read_text(encoding="utf-8"), encoding="utf-8")
        monkeypatch.setattr(queries_page, name, page)
    for path, text in pages(copied).items():
        path.write_text(text, encoding="utf-8")
    assert differences(pages(copied)) == []


def test_a_decimal_may_round_to_either_side() -> None:
    assert is_alike("| 1 | 49.794 | 511.648 |", "| 1 | 49.794 | 511.649 |")
    assert is_alike("spend 1,562.10", "spend 1,562.09")
    for other in (
        "| 1 | 49.794 | 511.650 |",
        "| 2 | 49.794 | 511.648 |",
        "| 1 | 49.79 | 511.648 |",
    ):
        assert not is_alike("| 1 | 49.794 | 511.648 |", other)


def test_a_page_without_its_block_is_refused() -> None:
    with pytest.raises(Problem, match="expected a block summary"):
        with_block("# A page\n", "summary", "x")
