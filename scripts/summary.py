"""Show the summary of what is published."""

from __future__ import annotations

import sys

from common.program import run
from handover.summary import main

if __name__ == "__main__":
    sys.exit(run(main))
