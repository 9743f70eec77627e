"""Publish what dbt left in the build database, as the last stage of a build does."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import FAILED, Problem, say
from common.program import run
from common.settings import resolve
from common.settings_table import table
from publishing.publish import describe, publish
from store.warehouse import exclusive


def main() -> int:
    """Publish what `dbt build` left in the build database."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=f"settings (environment variables):\n{table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--dbt-target",
        type=Path,
        metavar="FOLDER",
        help="dbt's target folder (default: the one in the warehouse; dbt run by hand in "
        "dbt_project leaves it in dbt_project/target)",
    )
    arguments = parser.parse_args()
    settings = resolve()
    warehouse = settings.place
    with exclusive(warehouse):
        if not warehouse.build_db.exists():
            raise Problem(f"{warehouse.build_db} is not there: run make build", FAILED)
        say(describe(publish(settings, arguments.dbt_target)))
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
