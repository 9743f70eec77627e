"""Write the documentation of the whole lineage as one static page."""

from __future__ import annotations

import shutil

from common.console import say
from common.settings import resolve
from dbt_runs.run_dbt import run_quietly
from loading.load_raw import load
from store.warehouse import exclusive


def main() -> int:
    """Generate dbt's documentation and put it into the warehouse as docs.html."""
    settings = resolve()
    warehouse = settings.place
    with exclusive(warehouse) as lock:
        if not warehouse.build_db.exists():
            say(f"Loading {settings.source}")
            load(settings)
        say("Writing the documentation, about 10 s")
        run_quietly(settings, ["docs", "generate", "--static"], lock)
        shutil.copyfile(warehouse.dbt_target / "static_index.html", warehouse.docs)
    say(f"Documentation: {warehouse.docs}")
    return 0
