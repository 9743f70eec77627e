"""Old and other clients read the published file as DuckDB 2.0 does."""

import json
import re
import shutil
from copy import deepcopy

import pytest

import client_matrix
from client_matrix import PAGE, REFERENCE, differences, read_all, sizes, table
from setup_clients import DUCKDBS, FAST, FOLDER, LOCKS, NODE, NPM, set_up, why_no_node


@pytest.fixture(scope="module")
def reads(shop):
    """What every client reads of the fixture shop's file, in environments made here."""
    clients = [client for client in FAST if client != NODE or why_no_node() is None]
    set_up(clients)
    return read_all(clients, shop.marts)


@pytest.mark.clients
def test_clients_read_the_same(reads, note):
    assert list(differences(reads)) == []
    note(f"{len(reads)} clients, each twice: {sizes(reads[0])}")


@pytest.mark.clients
def test_each_client_is_what_it_says(reads):
    for read in reads:
        if read.client in DUCKDBS:
            assert f"duckdb-{read.version}".startswith(read.client + ".")


@pytest.mark.clients
def test_the_page_shows_the_matrix(reads):
    page = PAGE.read_text()
    for line in table(reads, []).splitlines():
        assert line in page


@pytest.mark.clients
def test_node_reads_it(reads):
    reason = why_no_node()
    if reason:
        pytest.skip(reason)
    assert NODE in {read.client for read in reads}


@pytest.mark.clients
@pytest.mark.parametrize("change", ["row", "comment", "macro", "works", "table"])
def test_what_differs_is_found(reads, change):
    changed = deepcopy([read for read in reads if read.client in (DUCKDBS[0], REFERENCE)])
    old = changed[0]
    if change == "row":
        old.attached["relations"]["main.segment_summary"]["text"]["md5"] = "other"
    elif change == "comment":
        old.direct["comments"]["rows"] -= 1
    elif change == "macro":
        old.attached["macros"]["explain_customer, used"]["rows"] += 1
    elif change == "works":
        old.direct["macros"]["score_customers, direct"] = {"rows": 1, "md5": "any"}
    else:
        del old.direct["relations"]["main.segment_summary"]
    found = list(differences(changed))
    assert found
    assert all(fault.startswith(old.client) for fault in found)


def test_locks_have_hashes_and_no_addresses():
    locks = sorted(LOCKS.glob("*.lock"))
    assert {path.stem for path in locks} >= {*DUCKDBS, "sqlalchemy", "superset"}
    for path in locks:
        pinned = re.findall(r"^[a-z0-9].*?(?=^[a-z0-9]|\Z)", path.read_text(), re.M | re.S)
        assert pinned
        assert all("==" in package and "--hash=sha256:" in package for package in pinned)
        assert "://" not in path.read_text()
    for folder in NPM.values():
        packages = json.loads((folder / "package-lock.json").read_text())["packages"]
        packages.pop("")
        for shown in packages.values():
            # What is in the archive of another package has its hash.
            assert "integrity" in shown or shown.get("inBundle")
            assert "resolved" not in shown


def test_the_page_is_written_between_its_marks(tmp_path, monkeypatch):
    page = tmp_path / "connect.md"
    shutil.copy(PAGE, page)
    monkeypatch.setattr(client_matrix, "PAGE", page)
    client_matrix.write_page("| a table |")
    client_matrix.write_page("| a table |")
    before, _, rest = PAGE.read_text().partition(client_matrix.BEGIN)
    _, _, after = rest.partition(client_matrix.END)
    marks = client_matrix.BEGIN, client_matrix.END
    assert page.read_text() == f"{before}{marks[0]}\n\n| a table |\n\n{marks[1]}{after}"


def test_environments_are_not_part_of_the_project():
    ignored = (FOLDER.parent / ".gitignore").read_text().splitlines()
    assert f"/{FOLDER.name}/" in ignored
