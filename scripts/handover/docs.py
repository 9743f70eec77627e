"""Write the documentation of the whole lineage as one static page."""

from __future__ import annotations

import shutil

from common.console import Problem, say
from common.settings import resolve
from dbt_runs.run_dbt import run_quietly
from store.published_file import not_published
from store.warehouse import exclusive


def main() -> int:
    """Generate dbt's documentation and put it into the warehouse as docs.html.

    Raises:
        Problem: nothing is published, or the tables that it was made of were removed.
    """
    settings = resolve()
    warehouse = settings.place
    with exclusive(warehouse) as lock:
        if not warehouse.marts_db.exists():
            raise not_published(warehouse.marts_db)
        if not warehouse.build_db.exists():
            raise Problem(f"{warehouse.build_db} is not there: it was removed, run make build")
        say("Writing the documentation, about 10 s")
        run_quietly(settings, ["docs", "generate", "--static"], lock)
        shutil.copyfile(warehouse.dbt_target / "static_index.html", warehouse.docs)
    say(f"Documentation: {warehouse.docs}")
    return 0
