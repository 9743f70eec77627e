"""Load the raw data of a source into the build database."""

from __future__ import annotations

import sys

from common.program import run
from loading.load_raw import main

if __name__ == "__main__":
    sys.exit(run(main))
