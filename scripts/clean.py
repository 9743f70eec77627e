"""Remove what a build makes again."""

from __future__ import annotations

import sys

from common.program import run
from upkeep.clean import main

if __name__ == "__main__":
    sys.exit(run(main))
