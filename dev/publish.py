"""Publish what dbt left in the build database, as the last stage of a build does."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.program import run
from publishing.publish import main

if __name__ == "__main__":
    sys.exit(run(main))
