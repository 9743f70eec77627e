"""make report: where it writes, what it refuses, and how numbers are written."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from common.console import Problem
from report_page import report, wording
from report_page.page import whole_page
from report_pages import (
    edited,
)
from shops import ROOT, Built, clean_environment, copy_warehouse


@pytest.fixture
def written(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str]]:
    """Does in this process what the script does; returns exit code and all that was printed."""

    def write(warehouse: Path, **settings: object) -> tuple[int, str]:
        given = clean_environment(warehouse=warehouse, source="own_files", **settings)
        monkeypatch.setattr(os, "environ", given)
        try:
            code = report.main()
        except Problem as problem:
            return problem.exit_code, f"{problem}\n"
        return code, capsys.readouterr().out

    return write


def run_report(warehouse: Path, **settings: object) -> tuple[int, str]:
    """Run scripts/report.py; returns its exit code and all it printed."""
    finished = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "report.py")],
        env=clean_environment(warehouse=warehouse, source="own_files", **settings),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
    return finished.returncode, finished.stdout


# --- the command


@pytest.fixture(scope="module")
def warehouse(shop: Built, folder: Path) -> Path:
    return copy_warehouse(shop, folder / "warehouse")


def test_the_page_is_written_beside_what_is_published_and_written_again(
    warehouse: Path, page: str, written: Callable
):
    for write in (run_report, written):
        code, output = write(warehouse)
        assert (code, (warehouse / "report.html").read_text(encoding="utf-8")) == (0, page), output
    assert str(warehouse / "report.html") in output
    assert not list(warehouse.glob(".*.part"))


def test_a_brief_is_written_for_a_segment(warehouse: Path, written: Callable):
    code, output = written(warehouse, segment=1)
    assert code == 0, output
    assert "make export SEGMENT=1" in (warehouse / "report_segment_1.html").read_text()


@pytest.mark.pages
def test_out_names_the_file_and_is_not_replaced_unasked(
    warehouse: Path, folder: Path, written: Callable
):
    out = folder / "page.html"
    out.write_text("mine")
    code, output = written(warehouse, out=out)
    assert (code, out.read_text()) == (2, "mine")
    assert "FORCE=1" in output
    assert written(warehouse, out=out, force=1)[0] == 0
    assert out.read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("settings", "reported"),
    [
        ({"segment": "99"}, "SEGMENT=99: there are: 1 ("),
        ({"segment": "first"}, "expected the number of a segment"),
        ({"segment": "1; drop"}, "expected the number of a segment"),
        ({"out": "page.duckdb"}, "expected a file whose name ends in .html"),
        ({"out": "/nowhere/page.html"}, "there is no folder /nowhere"),
    ],
)
def test_wrong_use_is_one_line(warehouse: Path, settings: dict, reported: str, written: Callable):
    code, output = written(warehouse, **settings)
    assert code == 2
    assert reported in output
    assert output.count("\n") == 1


def test_without_a_published_file_the_way_to_one_is_told(tmp_path: Path):
    code, output = run_report(tmp_path)
    assert code == 1
    assert "nothing is published yet, run make build" in output


@pytest.mark.parametrize(
    ("change", "reported"),
    [
        ("drop table segment_playbook", "segment_playbook"),
        ("alter table segment_summary drop column strategy", "strategy"),
    ],
)
def test_a_file_of_before_a_mart_is_told_as_such(
    shop: Built, tmp_path: Path, change: str, reported: str, written: Callable
):
    edited(shop, tmp_path, lambda connection: connection.execute(change))
    code, output = written(tmp_path)
    assert code == 1
    assert "was published by another version of the project" in output
    assert reported in output
    assert "run make build" in output
    assert not (tmp_path / "report.html").exists()


def test_a_file_that_is_no_database_is_told_as_such(tmp_path: Path):
    (tmp_path / "marts.duckdb").write_text("not a database")
    code, output = run_report(tmp_path)
    assert code == 1
    assert "cannot be read" in output


def test_the_browser_that_is_missing_is_named_with_the_way_to_install_it(tmp_path: Path):
    finished = subprocess.run(
        [sys.executable, str(ROOT / "dev" / "browser.py")],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert "apt-get install chromium" in finished.stderr


# --- how numbers are written


@pytest.mark.parametrize(
    ("value", "reported"),
    [
        (None, "\N{EN DASH}"),
        (0, "0"),
        (0.1234, "0.12"),
        (4.84, "4.84"),
        (18.65, "18.6"),
        (143.14, "143"),
        (12345.6, "12,346"),
        (-0.001, "0.00"),
    ],
)
def test_numbers_have_the_digits_that_count(value: object, reported: str):
    assert wording.number(value) == reported


def test_shares_changes_and_dates_are_written_as_people_read_them():
    assert wording.percent(0.3153) == "31.5%"
    assert wording.percent(0.0025) == "0.25%"
    assert wording.change(0.979) == "-2.1%"
    assert wording.day(date(2018, 1, 1)) == "1 January 2018"
    assert wording.in_unit(0.5, "share of orders") == "50.0% of orders"
    assert wording.signed(-0.04) == "0.0"


@pytest.mark.pages
def test_writing_a_page_leaves_the_published_file_as_it_was(shop: Built):
    before = shop.marts.read_bytes()
    whole_page(shop.marts)
    assert shop.marts.read_bytes() == before
    assert not Path(f"{shop.marts}.wal").exists()
