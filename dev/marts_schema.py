"""List the columns of a published file, for the record that a test compares with.

.venv/bin/python dev/marts_schema.py > tests/fixtures/marts_schema.csv
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.program import run
from publishing.marts_schema import main

if __name__ == "__main__":
    sys.exit(run(main))
