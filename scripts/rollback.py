"""Go back to an earlier published version."""

from __future__ import annotations

import sys

from common.program import run
from upkeep.rollback import main

if __name__ == "__main__":
    sys.exit(run(main))
