"""Remove a customer from all that the warehouse holds."""

from __future__ import annotations

import sys

from common.program import run
from upkeep.forget import main

if __name__ == "__main__":
    sys.exit(run(main))
