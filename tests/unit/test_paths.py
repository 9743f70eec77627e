"""Paths in settings: whatever is given is a place, or is refused in one line."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from common.console import WRONG_USE, Problem, plain
from common.settings import resolve, resolve_warehouse
from common.warehouse_paths import Warehouse
from handover import export_request
from handover.query import find_file
from report_page import report
from store.kept_versions import kept_versions


def as_data(text: str) -> object:
    return resolve({"SOURCE": "own_table", "DATA": text}).data


def as_warehouse(text: str) -> object:
    return resolve_warehouse({"WAREHOUSE": text}).path


def as_definitions(text: str) -> object:
    return resolve({"DEFINITIONS": text}).definitions


def as_spark_conf(text: str) -> object:
    return resolve({"SPARK_CONF": text}).spark_conf


def as_export(text: str) -> object:
    return export_request.read_request({"OUT": text}).out


def as_report(text: str) -> object:
    return report.read_request({"OUT": text}).out


READERS = (as_data, as_warehouse, as_definitions, as_spark_conf, as_export, as_report, find_file)


@pytest.fixture
def odd_paths(tmp_path: Path) -> dict[str, str]:
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    (tmp_path / "file").write_text("")
    os.mkfifo(tmp_path / "fifo")
    return {
        "loop": str(loop),
        "below a loop": f"{loop}/x",
        "long name": str(tmp_path / ("n" * 300)),
        "long path": str(tmp_path) + "/n" * 2500,
        "nearly too long": str(tmp_path) + "/" + "n/" * ((4000 - len(str(tmp_path))) // 2) + "x",
        "no such user": "~nosuchuser/x",
        "not UTF-8": os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe"),
        "zero byte": f"{tmp_path}/a\0b",
        "backslash": f"{tmp_path}/a\\b",
    }


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "kind",
    [
        "loop",
        "below a loop",
        "long name",
        "long path",
        "nearly too long",
        "no such user",
        "not UTF-8",
        "zero byte",
        "backslash",
    ],
)
def test_what_can_be_no_path_is_refused_in_one_line(
    odd_paths: dict[str, str], read: Callable[[str], object], kind: str
) -> None:
    with pytest.raises(Problem) as caught:
        read(odd_paths[kind])
    assert caught.value.exit_code == WRONG_USE
    plain(str(caught.value)).encode()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("read", READERS)
def test_home_may_be_written_as_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, read: Callable[[str], object]
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    ending = {as_export: ".csv", as_report: ".html"}.get(read, ".sql")
    if read in (as_data, as_definitions, as_spark_conf, find_file):
        (tmp_path / f"mine{ending}").write_text("")
    assert read(f"~/mine{ending}") == tmp_path / f"mine{ending}"


def test_what_would_be_read_for_ever_is_no_data(odd_paths: dict[str, str], tmp_path: Path) -> None:
    for place in (tmp_path / "fifo", Path("/dev/zero")):
        with pytest.raises(Problem, match="neither a file nor a folder"):
            as_data(str(place))


def test_duckdb_would_take_a_question_mark_for_options(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"has \? in it"):
        as_warehouse(f"{tmp_path}/w?2")
    assert as_warehouse(f"{tmp_path}/w[1]*") == tmp_path / "w[1]*"


def test_spark_would_take_more_for_patterns(tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"has \{ \} in it"):
        resolve({"WAREHOUSE": f"{tmp_path}/{{w}}", "TARGET": "spark"})


@pytest.mark.parametrize("name", ["ID", "CUSTOMER", "SQL", "FIELDS"])
def test_bytes_that_are_no_text_are_refused_in_every_setting(name: str) -> None:
    with pytest.raises(Problem, match=rf"{name}=.*not UTF-8"):
        resolve_warehouse({name: os.fsdecode(b"a\xff")})


def test_a_folder_of_another_name_is_no_version(tmp_path: Path) -> None:
    for name in ("1", "12", "²", "٣", "007", "1 (copy)", "0", "9" * 30, ".1"):
        (tmp_path / "versions" / name).mkdir(parents=True)
    assert [version.run_number for version in kept_versions(Warehouse(tmp_path))] == [1, 12]
