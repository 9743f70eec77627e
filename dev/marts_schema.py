"""List the columns of a published file, for the record that a test compares with.

.venv/bin/python dev/marts_schema.py > tests/fixtures/marts_schema.csv
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import Problem
from common.program import run
from common.settings import resolve_warehouse
from publishing.marts_schema import COLUMNS, WITHOUT_CONTRACT, schema_of


def main() -> int:
    """Print the columns of a published file as CSV."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", nargs="?", type=Path, help="a published marts.duckdb")
    path = parser.parse_args().file or resolve_warehouse().marts_db
    if not path.exists():
        raise Problem(f"{path} is not there: run make build")
    version, schema = schema_of(path)
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for mart, columns in schema.items():
        if mart not in WITHOUT_CONTRACT:
            writer.writerows([version, mart, column, kind] for column, kind in columns.items())
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
