"""A build reaches for nothing outside the machine."""

import os
import socket
import subprocess
import sys

import pytest

from export_ordered import digests
from shops import SHOP, Builds, Built, build

# A private network without any interface that is up.
UNSHARE = ("unshare", "--user", "--map-root-user", "--net")

# Where that is not permitted: Python may not connect either. DuckDB's own network code is not
# Python's; it has no extension to fetch anything with, and installing one is switched off.
NO_SOCKETS = """
import socket

def refuse(self, address, *rest):
    if self.family != socket.AF_UNIX:
        raise OSError("networking is cut off")
    return connect(self, address, *rest)

connect = socket.socket.connect
socket.socket.connect = refuse
socket.socket.connect_ex = refuse
"""


def is_unshare_permitted() -> bool:
    """Say whether this user may make a private network."""
    try:
        return subprocess.run([*UNSHARE, "true"], capture_output=True).returncode == 0
    except OSError:
        return False


def cut_off(builds: Builds) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the command and the environment that keep what they run from the network."""
    if is_unshare_permitted():
        return UNSHARE, {}
    folder = builds.folder("no_sockets")
    (folder / "sitecustomize.py").write_text(NO_SOCKETS, encoding="utf-8")
    paths = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return (), {"PYTHONPATH": os.pathsep.join(paths)}


def build_offline(builds: Builds) -> Built:
    """Build the fixture shop with networking cut off and four threads."""
    prefix, environment = cut_off(builds)
    warehouse = builds.folder("offline") / "warehouse"
    return build(SHOP, warehouse, prefix=prefix, environment=environment, threads=4)


CHAINS = [{"offline": build_offline}]


@pytest.fixture
def listener():
    """A port of this machine that takes connections."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_networking_is_cut_off(builds, listener, note):
    prefix, environment = cut_off(builds)
    connect = f"import socket; socket.create_connection(('127.0.0.1', {listener}), timeout=5)"
    command = [sys.executable, "-c", connect]
    subprocess.run(command, check=True)
    refused = subprocess.run(
        [*prefix, *command], env=os.environ | environment, capture_output=True, text=True
    )
    assert refused.returncode != 0
    assert "OSError" in refused.stderr or "Error: [Errno" in refused.stderr
    note(f"offline build: cut off by {'unshare' if prefix else 'sitecustomize'}")


@pytest.mark.many_builds
def test_a_build_without_a_network_gives_the_same_marts(shop, builds):
    # Also the same build a second time, with four threads instead of two.
    offline = builds["offline"].checked()
    assert digests(offline.marts) == digests(shop.marts)
