"""A warehouse of stub builds, and the run that it shows."""

from __future__ import annotations

from pathlib import Path

from common.settings import Settings, resolve
from stub_builds import published

CURRENT = "select run_number from segmentation_runs where is_current"


def settings_in(folder: Path) -> Settings:
    return resolve({"WAREHOUSE": str(folder / "it's a warehouse"), "THREADS": "2"})


def run_number(chosen: Settings) -> int:
    return published(chosen, CURRENT)[0][0]
