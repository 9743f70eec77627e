"""Run any dbt command with the settings of a build, such as `build --select marts`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import say
from common.program import run
from common.settings import resolve
from dbt_runs.run_dbt import COMMANDS_THAT_READ, lines_of, started
from dbt_runs.spark_settings import spark_settings, write_conf
from store.build_state import forget_state
from store.warehouse import exclusive


def main() -> int:
    """Run any dbt command with the settings of the build, such as `build --select marts`."""
    parser = argparse.ArgumentParser(
        description=f"{main.__doc__} Everything after the script's name goes to dbt.",
    )
    parser.add_argument("arguments", nargs=argparse.REMAINDER, metavar="...")
    arguments = parser.parse_args().arguments or ["--help"]
    settings = resolve()
    if settings.target == "spark":
        settings = spark_settings(settings)
        write_conf(settings)
    with exclusive(settings.place) as lock:
        # What a part of the models is made by now is not what the rest was made by.
        if arguments[0] not in COMMANDS_THAT_READ:
            forget_state(settings)
        with started(settings, arguments, lock, "text") as process:
            for line in lines_of(process):
                say(line.rstrip("\n"))
            return 1 if process.wait() else 0


if __name__ == "__main__":
    sys.exit(run(main))
