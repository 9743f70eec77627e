"""Look at data as a build would read it, without building."""

from __future__ import annotations

import sys

from checking.check import main
from common.program import run

if __name__ == "__main__":
    sys.exit(run(main))
