"""List the kept versions of the published file, or check them."""

from __future__ import annotations

import sys

from common.program import run
from upkeep.list_versions import main

if __name__ == "__main__":
    sys.exit(run(main))
