"""examples/publishing: the marts in PostgreSQL and in DuckLake, by DuckDB's own writers.

A server of PostgreSQL is started for the tests, with a password, where its programs are installed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from export_shop import Shop
from setup_clients import command, set_up
from shops import ROOT

pytestmark = pytest.mark.clients
PROGRAM = ROOT / "examples" / "publishing" / "publish.py"
CLIENT = "publishing"
SECRET = "not to be seen anywhere"
PORT = "55432"
# PostgreSQL does not run as root.
USER = next((name for name in ("postgres", "nobody") if os.getuid() == 0), None)


def programs() -> Path | None:
    """The folder of PostgreSQL's programs; None where it is not installed."""
    found = shutil.which("initdb")
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if found:
        return Path(found).resolve().parent
    return folders[-1] if folders else None


@pytest.fixture(scope="module")
def client() -> str:
    set_up([CLIENT])
    return command(CLIENT)[0]


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    """A server of PostgreSQL that asks for a password; yields what its clients need."""
    folder = programs()
    if folder is None:
        pytest.skip("PostgreSQL is not installed (Debian: apt install postgresql)")
    # Another user reaches it, unlike pytest's own folders.
    home = Path("/tmp") / f"postgres-{os.getpid()}"
    home.mkdir(mode=0o700)
    (home / "password").write_text(SECRET)
    if USER:
        for path in (home, home / "password"):
            shutil.chown(path, USER)

    def run(*arguments: str) -> None:
        subprocess.run(arguments, user=USER, cwd="/", check=True, capture_output=True, timeout=120)

    data = str(home / "data")
    run(str(folder / "initdb"), "-D", data, "-U", "owner", "-A", "scram-sha-256", "-E", "UTF8",
        "--no-locale", "--no-sync", f"--pwfile={home / 'password'}")  # fmt: skip
    options = f"-k {home} -p {PORT} -h 127.0.0.1 -c fsync=off"
    run(str(folder / "pg_ctl"), "-D", data, "-w", "-l", str(home / "log"), "-o", options, "start")
    passwords = home / "passwords"
    passwords.write_text(f"127.0.0.1:{PORT}:*:owner:{SECRET}\n")
    passwords.chmod(0o600)
    yield {
        "PGHOST": "127.0.0.1",
        "PGPORT": PORT,
        "PGUSER": "owner",
        "PGDATABASE": "postgres",
        "PGPASSFILE": str(passwords),
        "LOG": str(home / "log"),
    }
    run(str(folder / "pg_ctl"), "-D", data, "-m", "immediate", "stop")
    shutil.rmtree(home)


def publish(client: str, *arguments: object, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [client, str(PROGRAM), *map(str, arguments)],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def psql(server: dict[str, str], sql: str) -> list[list[str]]:
    finished = subprocess.run(
        [str(programs() / "psql"), "-X", "-A", "-t", "-F", "\t", "-c", sql],
        env=os.environ | server,
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split("\t") for line in finished.stdout.splitlines()]


COMPARED = "select segment_id, segment_name, customer_count, round(spend, 2) from {} order by 1"


def segments(copy: Shop) -> list[list[str]]:
    return [list(map(str, row)) for row in copy.query(COMPARED.format("segment_summary"))]


@pytest.fixture
def copy(shop, tmp_path: Path) -> Shop:
    return Shop(tmp_path / "warehouse", shop)


def test_postgres_has_the_marts_and_gets_those_of_the_next_run(copy, client, server) -> None:
    first = publish(client, copy.warehouse.marts_db, "postgres", "segmentation", **server)
    assert first.returncode == 0, first.stderr
    assert psql(server, COMPARED.format("segmentation.segment_summary")) == segments(copy)
    tables = [name for (name,) in copy.query(
        "select table_name from duckdb_tables() where schema_name = 'main' order by 1"
    )]  # fmt: skip
    for table in tables:
        ((found,),) = psql(server, f"select count(*) from segmentation.{table}")
        assert int(found) == copy.query(f"select count(*) from {table}")[0][0], table
    psql(server, "create view ours as select count(*) from segmentation.customer_segments")
    copy.next_run()
    copy.change(
        # Columns may change places.
        "create or replace table segment_summary as "
        "select customer_count, * exclude (customer_count) from segment_summary",
        "update segment_summary set segment_name = 'It''s \"new\" 名' where segment_id = 1",
        "delete from customer_segments where customer_id = 'c01'",
    )
    again = publish(client, copy.warehouse.marts_db, "postgres", "segmentation", **server)
    assert again.returncode == 0, again.stderr
    assert psql(server, COMPARED.format("segmentation.segment_summary")) == segments(copy)
    ((found,),) = psql(server, "select * from ours")
    assert int(found) == copy.query("select count(*) from customer_segments")[0][0]
    for finished in (first, again):
        assert SECRET not in finished.stdout + finished.stderr
    assert SECRET not in Path(server["LOG"]).read_text()


def test_a_publication_that_fails_changes_nothing(copy, client, server) -> None:
    publish(client, copy.warehouse.marts_db, "postgres", "whole", **server)
    before = psql(server, "select count(*) from whole.customer_attributes")
    copy.change(
        "delete from customer_attributes",
        "alter table segment_yield add column another bigint",
    )
    refused = publish(client, copy.warehouse.marts_db, "postgres", "whole", **server)
    assert refused.returncode == 1
    assert "segment_yield has other columns than the mart" in refused.stderr
    assert psql(server, "select count(*) from whole.customer_attributes") == before
    wrong = server | {"PGPASSFILE": "/dev/null", "PGPASSWORD": "wrong and secret"}
    refused = publish(client, copy.warehouse.marts_db, "postgres", "whole", **wrong)
    assert refused.returncode == 1
    assert len(refused.stderr.splitlines()) == 1
    assert "wrong and secret" not in refused.stdout + refused.stderr


def test_ducklake_has_the_marts_and_keeps_the_runs_before(copy, client, tmp_path: Path) -> None:
    catalogue, data = tmp_path / "catalog.ducklake", tmp_path / "data"
    for _ in range(2):
        finished = publish(
            client, copy.warehouse.marts_db, "ducklake", catalogue, "--data-path", f"{data}/"
        )
        assert finished.returncode == 0, finished.stderr
        copy.next_run()
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]); import duckdb, publish\n"
        "c = duckdb.connect(); publish.load(c, 'ducklake')\n"
        "c.execute(f\"attach 'ducklake:{sys.argv[2]}' as lake (read_only)\")\n"
        "runs = 'select max(run_number) from lake.main.segmentation_runs'\n"
        "print(c.execute(runs).fetchone()[0])\n"
        "snapshots = 'select min(snapshot_id) from ducklake_snapshots(\\'lake\\') '\n"
        "snapshots += 'where len(changes[\\'tables_inserted_into\\']) > 0 "
        "or len(changes[\\'tables_created\\']) > 0'\n"
        "(first,) = c.execute(snapshots).fetchone()\n"
        "print(c.execute(f'{runs} at (version => {first})').fetchone()[0])\n"
    )
    shown = subprocess.run(
        [client, "-c", code, str(PROGRAM.parent), str(catalogue)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert shown.stdout.split() == ["2", "1"], shown.stderr
    assert list(data.rglob("*.parquet"))
