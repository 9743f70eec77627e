"""examples/publishing: the marts in an object storage, as Parquet and as the data of DuckLake.

The storage is a server of the tests that speaks S3 and checks signatures.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from export_shop import Shop
from setup_clients import command, set_up
from shops import ROOT

pytestmark = pytest.mark.clients
PROGRAM = ROOT / "examples" / "publishing" / "publish.py"
CLIENT, STORAGE = "publishing", "storage"
SECRET = "AWS_SECRET_ACCESS_KEY"
KEYS = ("AWS_ACCESS_KEY_ID", SECRET)
# Attaches the marts, opens the storage and says what the SQL of the arguments gives.
READ = """
import json, sys
sys.path.insert(0, sys.argv[1])
import duckdb, publish
connection = duckdb.connect()
connection.execute("set enable_progress_bar = false")
connection.execute(f"attach {publish.text(sys.argv[2])} as marts (read_only)")
publish.open_storage(connection)
publish.load(connection, "ducklake")
for sql in sys.argv[3:]:
    said = connection.execute(sql).fetchall()
print(json.dumps(said))
"""


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The storage; yields what its clients need, as variables, and LOG, the file of its log."""
    set_up([CLIENT, STORAGE])
    log = tmp_path_factory.mktemp("storage") / "log"
    server = ROOT / "tests" / "support" / "object_storage_server.py"
    with (
        log.open("w") as written,
        subprocess.Popen(
            [*command(STORAGE), str(server)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=written,
            text=True,
        ) as running,
    ):
        assert running.stdin
        assert running.stdout
        access = json.loads(running.stdout.readline() or "{}")
        assert access, log.read_text()
        yield access | {"LOG": str(log)}
        running.stdin.close()


class Publisher:
    """A user whose home is a folder of the test, with a copy of the shop to publish."""

    def __init__(self, folder: Path, copy: Shop, access: dict[str, str]) -> None:
        self.home = folder / "home"
        self.home.mkdir()
        self.copy = copy
        kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment = kept | access | {"HOME": str(self.home)}
        self.said = ""

    def publish(self, *arguments: object) -> subprocess.CompletedProcess:
        marts = str(self.copy.warehouse.marts_db)
        return self._run(str(PROGRAM), marts, *map(str, arguments))

    def read(self, *sql: str) -> list[list]:
        marts = str(self.copy.warehouse.marts_db)
        finished = self._run("-c", READ, str(PROGRAM.parent), marts, *sql)
        assert finished.returncode == 0, finished.stderr
        return json.loads(finished.stdout)

    def tables(self) -> list[str]:
        found = self.copy.query(
            "select table_name from duckdb_tables() where schema_name = 'main' order by 1"
        )
        return [name for (name,) in found]

    def _run(self, *arguments: str) -> subprocess.CompletedProcess:
        finished = subprocess.run(
            [*command(CLIENT), *arguments],
            env=self.environment,
            cwd=self.home,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        self.said += finished.stdout + finished.stderr
        return finished


@pytest.fixture
def publisher(shop, storage, tmp_path: Path) -> Iterator[Publisher]:
    """A publisher, whose secret is in nothing that was said or written when the test is over."""
    copy = Shop(tmp_path / "warehouse", shop)
    publisher = Publisher(tmp_path, copy, {k: v for k, v in storage.items() if k != "LOG"})
    yield publisher
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(written) > 0
    for path in (*written, Path(storage["LOG"])):
        assert storage[SECRET].encode() not in path.read_bytes(), path
    assert storage[SECRET] not in publisher.said


def unequal(table: str, copied: str) -> str:
    """The SQL of rows that a mart and its copy do not share."""
    mart = f"marts.main.{table}"
    return (
        f"select '{table}', count(*) from ((from {mart} except all from {copied}) "
        f"union all (from {copied} except all from {mart}))"
    )


def test_parquet_has_the_rows_of_the_marts(publisher, storage) -> None:
    target = "s3://lake/marketing/segments"
    finished = publisher.publish("parquet", target)
    assert finished.returncode == 0, finished.stderr
    current = f"select folder, run_number from '{target}/current.json'"
    assert publisher.read(current) == [["run_1", 1]]
    compared = " union all ".join(
        unequal(table, f"'{target}/run_1/{table}.parquet'") for table in publisher.tables()
    )
    assert publisher.read(f"{compared} order by 1") == [[name, 0] for name in publisher.tables()]
    publisher.copy.next_run()
    publisher.copy.change("delete from customer_segments where customer_id = 'c01'")
    assert publisher.publish("parquet", f"{target}/", "--only", "*_segments").returncode == 0
    assert publisher.read(current) == [["run_2", 2]]
    for run in (1, 2):
        counted = f"select count(*) from '{target}/run_{run}/customer_segments.parquet'"
        ((wanted,),) = publisher.copy.query("select count(*) from customer_segments")
        assert publisher.read(counted) == [[wanted + (run == 1)]]
    assert "PUT /lake/marketing" in Path(storage["LOG"]).read_text()


def test_ducklake_keeps_its_data_there(publisher, tmp_path: Path) -> None:
    catalogue = tmp_path / "catalog.ducklake"
    data = "s3://lake/ducklake/"
    for _ in range(2):
        finished = publisher.publish("ducklake", catalogue, "--data-path", data)
        assert finished.returncode == 0, finished.stderr
    attached = f"attach 'ducklake:{catalogue}' as lake (read_only)"
    compared = " union all ".join(
        unequal(table, f"lake.main.{table}") for table in publisher.tables()
    )
    found = publisher.read(attached, f"{compared} order by 1")
    assert found == [[name, 0] for name in publisher.tables()]
    ((files,),) = publisher.read(f"select count(*) from glob('{data}**')")
    assert files >= 2
    assert not list(tmp_path.rglob("*.parquet"))


def test_keys_of_a_profile_are_found(publisher, storage, tmp_path_factory) -> None:
    profiles = tmp_path_factory.mktemp("profiles") / "credentials"
    lines = [f"{name.lower()} = {publisher.environment.pop(name)}" for name in KEYS]
    profiles.write_text("\n".join(["[marketing]", *lines, ""]))
    publisher.environment |= {
        "AWS_SHARED_CREDENTIALS_FILE": str(profiles),
        "AWS_PROFILE": "marketing",
    }
    target = "s3://lake/profile"
    finished = publisher.publish("parquet", target, "--only", "segment_summary")
    assert finished.returncode == 0, finished.stderr
    copied = f"'{target}/run_1/segment_summary.parquet'"
    assert publisher.read(unequal("segment_summary", copied)) == [["segment_summary", 0]]


def test_wrong_and_missing_keys_are_refused_in_words(publisher) -> None:
    right = publisher.environment[SECRET]
    for change, words in (
        ({SECRET: "wrong and secret"}, "SignatureDoesNotMatch"),
        ({"AWS_ACCESS_KEY_ID": "unknown"}, "Access Key Id you provided does not exist"),
        (dict.fromkeys(KEYS, ""), "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"),
        ({"bucket": "nothere"}, "The specified bucket does not exist"),
    ):
        before = publisher.environment
        publisher.environment = before | change
        target = f"s3://{change.get('bucket', 'lake')}/refused"
        refused = publisher.publish("parquet", target, "--only", "segment_summary")
        publisher.environment = before
        assert refused.returncode == 1
        assert refused.stderr.startswith("nothing was published: ")
        assert words in refused.stderr
        assert len(refused.stderr.splitlines()) == 1
        for secret in (right, "wrong and secret"):
            assert secret not in refused.stdout + refused.stderr
    assert publisher.read("select count(*) from glob('s3://lake/refused/**')") == [[0]]
