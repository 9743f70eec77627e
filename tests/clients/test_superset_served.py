"""What make superset and the container of Superset run: set up, dashboards imported, served.

Run by `make test-superset`.
"""

from __future__ import annotations

import contextlib
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import setup_clients
from serve_superset import ADMIN, kept_secrets
from shops import ROOT, clean_environment
from superset_server import Superset, free_address, wait_for

pytestmark = pytest.mark.superset


@contextlib.contextmanager
def served(warehouse: Path, home: Path) -> Iterator[Superset]:
    """Run dev/serve_superset.py until it answers; ends it afterwards."""
    address = free_address()
    environment = clean_environment(source="own_files", warehouse=warehouse)
    log = home.parent / "served.log"
    with (
        log.open("a") as written,
        subprocess.Popen(
            [sys.executable, str(ROOT / "dev" / "serve_superset.py")],
            env=environment | {"SUPERSET_HOME": str(home), "BIND": address},
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        ) as server,
    ):
        try:
            wait_for(f"http://{address}/health", server, log)
            yield Superset(f"http://{address}", kept_secrets(home)["password"], ADMIN)
        finally:
            os.killpg(server.pid, signal.SIGTERM)


def titles(superset: Superset) -> set[str]:
    return {board["dashboard_title"] for board in superset.ask("GET", "dashboard/")["result"]}


def test_it_serves_the_dashboards_and_keeps_what_people_make(shop, tmp_path):
    setup_clients.set_up([setup_clients.SUPERSET])
    home = tmp_path / "home"
    with served(shop.warehouse.path, home) as superset:
        assert titles(superset) == {
            f"Customer segments: {name} (own_files)"
            for name in ("overview", "one segment", "movement")
        }
        # The published file is read at its address.
        (database,) = [one["id"] for one in superset.ask("GET", "database/")["result"]]
        marts = shop.query("select table_name from duckdb_tables() where schema_name = 'main'")
        assert superset.tables(database, "main") >= {name for (name,) in marts}
    assert stat.S_IMODE((home / "secrets.json").stat().st_mode) == 0o600
    with served(shop.warehouse.path, home) as superset:
        assert len(titles(superset)) == 3
    log = (tmp_path / "served.log").read_text(encoding="utf-8")
    assert log.count("is imported already") == 1
    assert kept_secrets(home)["password"] not in log
