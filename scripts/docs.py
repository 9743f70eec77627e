"""Write dbt's documentation as one page, docs.html."""

from __future__ import annotations

import sys

from common.program import run
from handover.docs import main

if __name__ == "__main__":
    sys.exit(run(main))
