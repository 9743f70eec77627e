"""Ask the published file in SQL, read-only."""

from __future__ import annotations

import sys

from common.program import run
from handover.query import main

if __name__ == "__main__":
    sys.exit(run(main))
