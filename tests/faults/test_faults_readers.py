"""Readers under hostile input: taken or refused in one line, never a crash, no row lost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from common.project_root import ROOT
from fuzz_mutations import CLASSES

pytestmark = [pytest.mark.faults, pytest.mark.short]

READERS = (
    "common/column_names",
    "loading/audiences",
    "loading/column_mapping",
    "loading/definitions",
    "loading/expressions",
    "loading/csv_format",
    "loading/file_diagnostics",
    "loading/file_inspection",
    "loading/json_files",
    "loading/json_layout",
    "loading/raw_files",
    "loading/text_format",
)
# Of their branches, in percent. What is not reached is Parquet, workbooks and names of folders,
# which other tests are about.
LEAST_COVERED = 50
SECONDS = 7_200


def test_readers_take_or_refuse_whatever_comes(
    tmp_path: Path, pytestconfig: pytest.Config, note: Callable[[str], None]
) -> None:
    inputs = pytestconfig.getoption("inputs")
    data = tmp_path / "coverage"
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT / 'scripts'}{os.pathsep}{ROOT / 'tests' / 'support'}",
    }
    coverage = [sys.executable, "-m", "coverage"]
    files = ",".join(str(ROOT / "scripts" / f"{name}.py") for name in READERS)
    fuzzed = subprocess.run(
        [
            *coverage,
            "run",
            "--branch",
            f"--data-file={data}",
            f"--include={files}",
            str(ROOT / "tests" / "support" / "fuzz_readers.py"),
            f"--inputs={inputs}",
        ],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert fuzzed.returncode == 0, fuzzed.stderr[-3000:]
    found = json.loads(fuzzed.stdout)
    assert sum(found["tried"].values()) == inputs
    for kind in CLASSES:
        tried = sum(n for what, n in found["tried"].items() if what.endswith(kind))
        assert tried >= inputs // len(CLASSES)
    assert not found["failures"], json.dumps(found["failures"][:5], indent=1)
    report = tmp_path / "coverage.json"
    subprocess.run(
        [*coverage, "json", f"--data-file={data}", "-o", str(report), "-q"],
        check=True,
        capture_output=True,
    )
    covered = {
        "/".join(Path(name).with_suffix("").parts[-2:]): file["summary"]
        for name, file in json.loads(report.read_text())["files"].items()
    }
    assert covered.keys() == set(READERS)
    branches = sum(s["covered_branches"] for s in covered.values())
    total = sum(s["num_branches"] for s in covered.values())
    note(
        f"{inputs:,} inputs, {sum(found['refused'].values()):,} refused, 0 failures; branches "
        f"covered {branches} of {total}: "
        + ", ".join(
            f"{name} {s['covered_branches']}/{s['num_branches']}" for name, s in covered.items()
        )
    )
    assert 100 * branches >= LEAST_COVERED * total
