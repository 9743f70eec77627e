"""`make clean` and `make clean-all`; needs nothing but Python, as it also removes packages."""

from __future__ import annotations

import argparse
import sys

from common.program import run
from upkeep import clean


def main() -> int:
    """Remove what a build creates again; with `--all` also what is published and environments."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--all", action="store_true", help="needs FORCE=1 in the environment")
    return clean.main(is_all=parser.parse_args().all)


if __name__ == "__main__":
    sys.exit(run(main))
