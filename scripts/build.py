"""Build the segmentation: load, run dbt, publish, and show the summary."""

from __future__ import annotations

import sys

from building.build import main
from common.program import run

if __name__ == "__main__":
    sys.exit(run(main))
