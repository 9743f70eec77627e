"""make candidates: the scan of the active fit, as text and as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from common.console import WRONG_USE, Problem
from common.project_root import ROOT
from common.warehouse_paths import Warehouse
from handover.candidates import scan_of

SEGMENTS = [
    {"customers": 1200, "name": "High spend", "profile": "spend per 28 days +1.2"},
    {"customers": 90, "name": "Near the average in everything", "profile": ""},
]
WORDS = "'weak' as verdict, 'no structure' as verdict_reason, 'not chosen: so' as choice_reason"


def published(folder: Path, *, is_held_back: bool = False, scan: str = "true") -> Warehouse:
    """A published file of run 3, which keeps the fit that run 2 scanned for."""
    made = Warehouse(folder / "warehouse")
    made.create()
    with duckdb.connect(made.marts_db) as connection:
        connection.execute(
            "create table segmentation_runs as select 3 as run_number, 'own_files' as source, "
            f"date '2025-01-31' as as_of_date, 7 as fit_number, {is_held_back} as is_held_back, "
            "true as is_current"
        )
        connection.execute(
            "create table segmentation_k_scan as select run_number, fit_number, rung, k, "
            "1290 as customer_count, k = 2 as is_chosen, true as is_feasible, agreement as "
            "stability, share as smallest_segment_share, told as candidate_segments, "
            f"{WORDS} from (values "
            "(1, 6, 'joint', 9, 0.5, 0.1, null), (2, 7, 'needs', 2, 0.8167e0, 0.0698e0, $told), "
            "(2, 7, 'joint', 3, null, null, null)"
            f") as scan (run_number, fit_number, rung, k, agreement, share, told) where {scan}",
            {"told": json.dumps(SEGMENTS)},
        )
    made.marts_db.chmod(0o444)
    return made


def shown(warehouse: Warehouse, **given: str) -> tuple[int, str, str]:
    """Exit code, output and messages of the command."""
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "candidates.py")],
        env={**os.environ, "WAREHOUSE": str(warehouse.path), **given},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_the_scan_of_the_active_fit_is_shown_rung_by_rung(tmp_path):
    code, out, err = shown(published(tmp_path))
    assert (code, err) == (0, "")
    head, table, joint, needs, end = out.split("\n\n")
    assert head.startswith("2 candidates of run 2 of own_files")
    assert [line.split() for line in table.splitlines()[1:]] == [
        ["joint", "3", "weak"],
        ["needs", "2", "0.82", "7.0%", "weak", "chosen"],
    ]
    assert joint == "joint, k = 3, not chosen: so"
    assert needs.splitlines() == [
        "needs, k = 2, not chosen: so",
        "  1,200  High spend",
        "           spend per 28 days +1.2",
        "     90  Near the average in everything",
    ]
    assert "no published segments" in end and "has no ids" in end
    assert max(map(len, out.splitlines())) <= 100


def test_json_has_all_of_it(tmp_path):
    code, out, _ = shown(published(tmp_path), FORMAT="json")
    found = json.loads(out)
    assert code == 0
    assert (found["run_number"], found["as_of_date"]) == (2, "2025-01-31")
    first, second = found["candidates"]
    assert (first["rung"], first["stability"], first["segments"]) == ("joint", None, [])
    assert second["segments"] == SEGMENTS
    assert second["choice_reason"] == "not chosen: so"


def test_a_refit_that_was_held_back_and_an_old_scan_are_said(tmp_path):
    code, out, _ = shown(published(tmp_path, is_held_back=True, scan="k <> 2"))
    assert code == 0
    assert "was held back, and its scan with it" in out
    assert "from before segments of candidates were stored" in out


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(Problem, match="nothing is published yet, run make build"):
        scan_of(tmp_path / "marts.duckdb")
    with pytest.raises(Problem, match=r"no scan of the fit that is active.*REFIT=always"):
        scan_of(published(tmp_path, scan="false").marts_db)
    other = tmp_path / "other.duckdb"
    with duckdb.connect(other) as connection:
        connection.execute("create table segmentation_runs as select 1 as run_number")
    with pytest.raises(Problem, match="published by another version of the project"):
        scan_of(other)
    code, _, err = shown(published(tmp_path / "more"), FORMAT="jsn")
    assert code == WRONG_USE and "FORMAT=jsn: expected one of text, json" in err
