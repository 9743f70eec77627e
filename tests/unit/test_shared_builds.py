"""Builds of tests: made once, by one of the processes that run tests, and copied by the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.warehouse_paths import Warehouse
from shops import Builds, Built


class Chain:
    """A chain of two builds, the second from the folder of the first; counts what it makes."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.makes = {"first": self.first, "second": self.second}

    def first(self, builds: Builds) -> Built:
        self.made.append("first")
        folder = builds.folder("one")
        (folder / "data").mkdir()
        (folder / "data" / "lines.csv").write_text("1")
        (folder / "warehouse").mkdir()
        return Built(0, f"Published {folder}", Warehouse(folder / "warehouse"))

    def second(self, builds: Builds) -> Built:
        self.made.append("second")
        text = (builds.folder("one") / "data" / "lines.csv").read_text()
        path = builds.folder("two") / "warehouse"
        path.mkdir()
        (path / "marts.duckdb").write_text(text + "2")
        return Built(3, builds["first"].output, Warehouse(path))


def offered(folder: Path, chain: Chain, shared: Path | None) -> Builds:
    folder.mkdir()
    builds = Builds(folder, shared)
    builds.offer(chain.makes)
    return builds


def test_a_second_process_copies_what_the_first_made(tmp_path: Path) -> None:
    chain = Chain()
    one = offered(tmp_path / "gw0", chain, tmp_path / "made")
    assert one["second"].marts.read_text() == "12"
    other = offered(tmp_path / "gw1", chain, tmp_path / "made")
    built = other["second"]
    assert chain.made == ["first", "second"]
    assert (built.code, built.output) == (3, f"Published {tmp_path / 'gw1' / 'one'}")
    assert built.marts == tmp_path / "gw1" / "two" / "warehouse" / "marts.duckdb"
    assert built.marts.read_text() == "12"
    assert (other.folder("one") / "data" / "lines.csv").read_text() == "1"


def test_a_copy_is_not_what_the_first_works_on(tmp_path: Path) -> None:
    chain = Chain()
    one = offered(tmp_path / "gw0", chain, tmp_path / "made")
    one["second"].marts.write_text("changed by a test")
    other = offered(tmp_path / "gw1", chain, tmp_path / "made")
    assert other["second"].marts.read_text() == "12"


def test_one_process_alone_makes_its_builds_in_place(tmp_path: Path) -> None:
    chain = Chain()
    one = offered(tmp_path / "alone", chain, None)
    assert one["first"].code == 0
    assert not (tmp_path / "made").exists()


def test_what_fails_is_not_shared(tmp_path: Path) -> None:
    def fails(builds: Builds) -> Built:
        raise AssertionError("no build")

    for name in ("gw0", "gw1"):
        (tmp_path / name).mkdir()
        builds = Builds(tmp_path / name, tmp_path / "made")
        builds.offer({"failing": fails})
        with pytest.raises(AssertionError, match="no build"):
            builds["failing"]
