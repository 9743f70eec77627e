"""The comparison of figures in README.md and docs with a build, which `make test-docs` makes."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import queries_page
from common.console import Problem
from queries_page import differences, is_alike, pages, with_block
from shops import Built


@pytest.fixture
def copied(shop: Built, tmp_path: Path) -> Path:
    """A copy of what the shop published: other tests of this process hold the file itself open."""
    return Path(shutil.copy(shop.marts, tmp_path))


@pytest.mark.many_builds
@pytest.mark.short
def test_another_build_is_told_from_the_one_that_the_docs_show(copied: Path) -> None:
    found = differences(pages(copied))
    for name in ("queries.md", "README.md", "quality.md"):
        assert f"--- {name}" in found, name


@pytest.mark.many_builds
@pytest.mark.short
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
