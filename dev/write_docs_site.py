"""Write the README and the pages of docs/ as a site, with dbt's page of the lineage beside it."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import FAILED, Problem, say
from common.program import run
from common.project_root import ROOT
from common.settings import resolve_warehouse

CONFIGURATION = ROOT / "dev" / "docs_site"


def main() -> int:
    """Write the site into the folder docs_site of the warehouse.

    Raises:
        Problem: a page has a link that leads nowhere, or stands in no group of the sidebar.
    """
    argparse.ArgumentParser(description=__doc__).parse_args()
    warehouse = resolve_warehouse()
    site = warehouse.docs_site
    if site.exists():
        shutil.rmtree(site)
    with tempfile.TemporaryDirectory() as parsed:
        finished = subprocess.run(
            [
                *(sys.executable, "-m", "sphinx", "-q", "--fail-on-warning", "--keep-going"),
                *("-b", "html", "-c", str(CONFIGURATION), "-d", parsed, str(ROOT), str(site)),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if finished.returncode:
        found = finished.stderr.replace(f"{ROOT}/", "").strip()
        raise Problem(f"the site of the docs is not complete:\n{found}", FAILED)
    shutil.copyfile(site / "README.html", site / "index.html")
    shutil.copyfile(warehouse.docs, site / "dbt.html")
    say(f"Site of the docs: {site / 'index.html'}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
