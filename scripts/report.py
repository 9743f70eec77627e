"""Write the page to look at, report.html, or the brief of a segment."""

from __future__ import annotations

import sys

from common.program import run
from report_page.report import main

if __name__ == "__main__":
    sys.exit(run(main))
