"""Write examples/superset, the bundle of dashboards, and the queries of examples/evidence.

    .venv/bin/python dev/write_superset_bundle.py

It is made from the YAML of dev/superset_bundle, with types and descriptions of columns of the
published file, and does not depend on the rows. A test compares what is written.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import count, say
from common.program import run
from common.project_root import ROOT
from common.settings import resolve_warehouse
from store.published_file import open_published
from superset_bundle.bundle import files, sources

FOLDER = ROOT / "examples" / "superset"
SOURCES = ROOT / "examples" / "evidence" / "sources" / "marts"


def main() -> int:
    """Write the files of the bundle; others in its folder are removed."""
    with open_published(resolve_warehouse().marts_db) as marts:
        made = files(marts)
    shutil.rmtree(FOLDER, ignore_errors=True)
    for name, text in made.items():
        path = FOLDER / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in SOURCES.glob("*.sql"):
        path.unlink()
    for name, text in sources().items():
        (SOURCES / name).write_text(text, encoding="utf-8")
    say(f"{FOLDER}: {count(len(made), 'file')}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
