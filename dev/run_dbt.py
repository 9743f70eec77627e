"""Run any dbt command with the settings of a build, such as `build --select marts`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.program import run
from dbt_runs.run_dbt import main

if __name__ == "__main__":
    sys.exit(run(main))
