"""Apache Superset as a BI user has it: a server of its own, asked through its REST API."""

from __future__ import annotations

import json
import os
import secrets
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from setup_clients import FOLDER, SUPERSET

PROGRAMS = FOLDER / SUPERSET / "bin"
APPLICATION = "superset.app:create_app()"
USER = "tester"
SECONDS_TO_START = 600
SECONDS_PER_QUESTION = 120
CONFIG = """
SECRET_KEY = {key!r}
SQLALCHEMY_DATABASE_URI = {uri!r}
# The tests ask from one machine only, without a browser.
WTF_CSRF_ENABLED = False
TALISMAN_ENABLED = False
RATELIMIT_ENABLED = False
"""


class Superset:
    """A running server, logged in to."""

    def __init__(self, address: str, password: str, user: str = USER) -> None:
        self.address = address
        self.credentials = {"username": user, "password": password}
        self._token: str | None = None
        login = {**self.credentials, "provider": "db", "refresh": False}
        self._token = self.ask("POST", "security/login", login)["access_token"]

    def ask(self, method: str, path: str, body: object = None, **parameters: str) -> dict:
        """Return the answer of the REST API; what it refuses fails with its words."""
        if parameters:
            path += "?" + urllib.parse.urlencode(parameters)
        data = None if body is None else json.dumps(body).encode()
        return self._sent(method, path, data, "application/json")

    def import_dashboards(self, archive: Path) -> None:
        """Import an archive of dashboards as Import dashboards does."""
        self._upload("dashboard/import/", "formData", archive)

    def import_assets(self, archive: Path) -> None:
        """Import an archive with all that it holds, over what is there."""
        self._upload("assets/import/", "bundle", archive)

    def _upload(self, path: str, name: str, archive: Path) -> None:
        """Send an archive as a form does."""
        boundary = secrets.token_hex(16)
        part = f"--{boundary}\r\nContent-Disposition: form-data; name="
        start = (
            f'{part}"overwrite"\r\n\r\ntrue\r\n'
            f'{part}"{name}"; filename="{archive.name}"\r\n'
            "Content-Type: application/zip\r\n\r\n"
        )
        data = start.encode() + archive.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
        kind = f"multipart/form-data; boundary={boundary}"
        self._sent("POST", path, data, kind)

    def _sent(self, method: str, path: str, data: bytes | None, kind: str) -> dict:
        """Send a request to the REST API and return its answer."""
        headers = {"Content-Type": kind}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        url = f"{self.address}/api/v1/{path}"
        request = urllib.request.Request(url, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=SECONDS_PER_QUESTION) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.code} {error.read()[:1000]}") from error

    def connect(self, path: Path) -> int:
        """Add a published file as a database, read-only, as the docs say; returns its id."""
        database = {
            "database_name": "customer segments",
            "sqlalchemy_uri": f"duckdb:///{path}",
            "expose_in_sqllab": True,
            "extra": json.dumps({"engine_params": {"connect_args": {"read_only": True}}}),
        }
        return self.ask("POST", "database/", database)["id"]

    def tables(self, database: int, schema: str) -> set[str]:
        """Return the names of the tables and views that Superset lists."""
        listed = self.ask("GET", f"database/{database}/tables/", q=f"(schema_name:{schema})")
        return {table["value"] for table in listed["result"]}

    def columns(self, database: int, schema: str, table: str) -> list[str]:
        """Return the names of the columns that Superset lists."""
        path = f"database/{database}/table_metadata/"
        found = self.ask("GET", path, name=table, schema=schema)
        return [column["name"] for column in found["columns"]]

    def dataset(self, database: int, table: str) -> int:
        """Make a dataset of a mart; returns its id."""
        made = {"database": database, "schema": "main", "table_name": table}
        return self.ask("POST", "dataset/", made)["id"]

    def chart(self, dataset: int, columns: list[str], **metrics: str) -> list[dict]:
        """Return the data of a chart: columns to group by, and metrics as SQL."""
        query = {
            "columns": columns,
            "metrics": [
                {"expressionType": "SQL", "sqlExpression": sql, "label": label}
                for label, sql in metrics.items()
            ],
            "row_limit": 1000,
        }
        asked = {
            "datasource": {"id": dataset, "type": "table"},
            "queries": [query],
            "result_format": "json",
            "result_type": "full",
            "force": True,
        }
        (answer,) = self.ask("POST", "chart/data", asked)["result"]
        assert answer["status"] == "success", answer
        return answer["data"]

    def sql_lab(self, database: int, sql: str) -> list[dict]:
        """Return the rows of a query in SQL Lab."""
        asked = {"database_id": database, "sql": sql, "schema": "main", "runAsync": False}
        return self.ask("POST", "sqllab/execute/", asked)["data"]


@contextmanager
def running(folder: Path) -> Iterator[Superset]:
    """Set a server up in a folder, with a metadata database of its own, and run it."""
    folder.mkdir()
    config = folder / "superset_config.py"
    metadata = f"sqlite:///{folder / 'metadata.db'}"
    config.write_text(CONFIG.format(key=secrets.token_urlsafe(48), uri=metadata))
    environment = os.environ | {
        "SUPERSET_CONFIG_PATH": str(config),
        "SUPERSET_HOME": str(folder),
        "FLASK_APP": APPLICATION,
    }
    password = secrets.token_urlsafe(16)
    admin = ("--username", USER, "--password", password, "--email", "tester@example.com")
    for arguments in (
        ("db", "upgrade"),
        ("fab", "create-admin", *admin, "--firstname", "A", "--lastname", "Tester"),
        ("init",),
    ):
        done = subprocess.run(
            [PROGRAMS / "superset", *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=SECONDS_TO_START,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-3000:]
    address = free_address()
    log = folder / "server.log"
    serve = [PROGRAMS / "gunicorn", "--workers", "1", "--threads", "4", "--timeout", "300"]
    with (
        log.open("w") as written,
        subprocess.Popen(
            [*serve, "--bind", address, APPLICATION],
            env=environment,
            stdout=written,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            wait_for(f"http://{address}/health", server, log)
            yield Superset(f"http://{address}", password)
        finally:
            server.terminate()


def free_address() -> str:
    """Return an address of this machine that nothing listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{free.getsockname()[1]}"


def wait_for(url: str, server: subprocess.Popen, log: Path) -> None:
    """Return as soon as the server answers."""
    end = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < end:
        assert server.poll() is None, log.read_text()[-3000:]
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                if answer.read() == b"OK":
                    return
        except OSError:
            time.sleep(0.5)
    raise AssertionError(f"Superset does not answer: {log.read_text()[-3000:]}")
