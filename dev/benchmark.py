"""Benchmarks of the project: `quality` measures segments, `needs` those of needs, `scale` builds.

Each benchmark prints its targets with what was found, saves them as JSON and Markdown, and hides
no figure.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.program import run

# A benchmark is a module of dev/benchmarks with HELP, add_arguments(parser) and
# main(arguments), which returns the exit code.
COMMANDS = {
    "quality": "benchmarks.quality",
    "needs": "benchmarks.needs",
    "scale": "benchmarks.scale",
}

EXIT_CODES = """exit codes:
  0  every measured target is met
  1  failed
  2  wrong use
  3  a target is missed
"""


def main(given: list[str] | None = None) -> int:
    """Run one benchmark."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="BENCHMARK")
    for name, module_name in COMMANDS.items():
        module = importlib.import_module(module_name)
        command = commands.add_parser(
            name,
            help=module.HELP,
            description=module.__doc__,
            epilog=EXIT_CODES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.main)
    arguments = parser.parse_args(given)
    code: int = arguments.run(arguments)
    return code


if __name__ == "__main__":
    sys.exit(run(main))
