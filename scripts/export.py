"""Write customers to a file for a campaign tool."""

from __future__ import annotations

import sys

from common.program import run
from handover.export import main

if __name__ == "__main__":
    sys.exit(run(main))
