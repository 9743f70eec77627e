"""The syncs of examples/activation, run by drt on exports of the fixture shop.

Run by `make test-activation`, which installs drt. Nothing leaves the machine: Klaviyo and HubSpot
are run dry, Mailchimp and Braze against a server of the test.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
import yaml

from export_shop import Shop, contacts, query, two_segments
from shops import ROOT

pytestmark = pytest.mark.activation
PROJECT = ROOT / "examples" / "activation"
DRT = Path(sys.executable).parent / "drt"
SYNCS = {"braze", "hubspot", "klaviyo", "mailchimp"}
KEYS = ("KLAVIYO_API_KEY", "HUBSPOT_TOKEN", "MAILCHIMP_API_KEY", "BRAZE_API_KEY")
SECRET = "not to be seen anywhere"
HOSTILE = {"segment_name": '"}], "x": "\\', "email": 'a"b@example.com', "member_since_date": "d"}


class Tool:
    """A server that takes what is sent and answers that all is well."""

    def __init__(self) -> None:
        self.received: list[tuple[str, dict]] = []
        received = self.received

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                assert self.headers["Authorization"] == f"Bearer {SECRET}"
                received.append((self.path, json.loads(body)))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(b"{}")

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def tool():
    made = Tool()
    yield made
    made.server.shutdown()


@pytest.fixture
def exported(shop, tmp_path):
    """Two exports of a segment, of which the second has a customer who left; and its file."""
    copy = Shop(tmp_path / "warehouse", shop)
    copy.change("update customer_segments set is_holdout = false")
    first, second, mover, leaver = two_segments(copy)
    customers = [
        customer for (customer,) in copy.query("select customer_id from customer_segments")
    ]
    people = {customer: {"email": f" {address(customer).upper()} "} for customer in customers}
    given = {"SEGMENT": first, "LAYOUT": "sync", "FORMAT": "parquet"}
    given["CONTACTS"] = contacts(tmp_path / "contacts.csv", people)
    copy.export(**given)
    copy.next_run((mover, second), (leaver, None))
    return copy.export(**given).path


@pytest.fixture
def rows(exported):
    """Customers of the export with what became of them."""
    return dict(query(f"select customer_id, membership_status from '{exported}/*.parquet'"))


def address(customer: str) -> str:
    """An address for an id that may have any character."""
    return f"{hashlib.sha256(customer.encode()).hexdigest()[:12]}@example.com"


@pytest.fixture
def drt(exported, rows, tool, tmp_path):
    """Runs drt in a copy of the project."""
    home, project = tmp_path / "home", tmp_path / "project"
    shutil.copytree(PROJECT, project)
    (home / ".drt").mkdir(parents=True)
    shutil.copy(project / "profiles.yml", home / ".drt" / "profiles.yml")
    environment = (
        os.environ
        | dict.fromkeys(KEYS, SECRET)
        | {
            "HOME": str(home),
            "DO_NOT_TRACK": "1",
            "AUDIENCE": str(exported),
            "MAILCHIMP_URL": tool.address,
            "MAILCHIMP_LIST": "mine",
            "MAILCHIMP_TAG": "7",
            "BRAZE_URL": tool.address,
        }
    )

    def run(*arguments: str) -> dict:
        ended = subprocess.run(
            [str(DRT), *arguments],
            cwd=project,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        assert SECRET not in ended.stdout + ended.stderr
        return json.loads(ended.stdout) if "json" in arguments else {}

    return run


def test_every_sync_is_valid_and_runs_dry_on_an_export(drt, rows, tool):
    drt("validate")
    ran = drt("run", "--dry-run", "--output", "json")
    counts = {sync["name"]: sync["rows_extracted"] for sync in ran["syncs"]}
    assert counts == dict.fromkeys(SYNCS, len(rows))
    assert tool.received == []


def test_mailchimp_tags_who_is_in_and_takes_the_tag_from_who_left(drt, rows, tool):
    drt("run", "--select", "mailchimp")
    ((path, body),) = tool.received
    assert path == "/lists/mine/segments/7"
    left = {customer for customer, status in rows.items() if status == "left"}
    assert len(left) == 2
    assert set(body["members_to_add"]) == {address(c) for c in rows.keys() - left}
    assert set(body["members_to_remove"]) == {address(c) for c in left}


def test_braze_gets_attributes_in_requests_of_at_most_75(drt, rows, tool):
    drt("run", "--select", "braze")
    sent = [one for path, body in tool.received for one in body["attributes"]]
    assert {path for path, _ in tool.received} == {"/users/track"}
    assert all(len(body["attributes"]) <= 75 for _, body in tool.received)
    assert {one["external_id"]: one["segment"] is None for one in sent} == {
        customer: status == "left" for customer, status in rows.items()
    }


@pytest.mark.parametrize("name", ["klaviyo", "hubspot"])
@pytest.mark.parametrize("status", ["entered", "left"])
def test_properties_are_json_whatever_the_texts(name, status):
    from drt.templates.renderer import render_template

    sync = yaml.safe_load((PROJECT / "syncs" / f"{name}.yml").read_text(encoding="utf-8"))
    template = sync["destination"]["properties_template"]
    found = json.loads(render_template(template, HOSTILE | {"membership_status": status}))
    assert found["segment"] == ("" if status == "left" else HOSTILE["segment_name"])
    assert found.get("email", HOSTILE["email"]) == HOSTILE["email"]
