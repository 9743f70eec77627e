"""Runs dbt without the work that a build of small data spends most of its time on.

Nine tenths of a build of 200 customers are dbt's own time. What is left out is in `lean`: work
whose result is never used, and work whose result is the same in each build and can be kept.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from lean.classes import postpone_methods
from lean.kept_code import KeptCode, keep_dataclasses, keep_schemas, keep_templates

TARGET_FOLDER = "SEGMENTATION_DBT_TARGET"


def main() -> None:
    """Run dbt with the arguments of the command line."""
    # What is imported stays: there is no garbage to look for yet.
    gc.disable()
    target = Path(os.environ.get(TARGET_FOLDER, "target"))
    kept = KeptCode(target)
    keep_dataclasses(kept)
    postpone_methods()

    from dbt.cli.main import cli

    from lean.kept_manifest import keep_manifest
    from lean.macro_names import plan_macro_names
    from lean.parts import run_leanly

    keep_schemas(kept)
    keep_templates(kept)
    keep_manifest(target)
    plan_macro_names()
    run_leanly()
    # Neither this folder nor that of the packages holds dbt's plugins, which it looks for on the
    # path.
    del sys.path[:2]
    gc.enable()
    try:
        cli()
    finally:
        kept.save()


if __name__ == "__main__":
    main()
