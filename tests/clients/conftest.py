"""Apache Superset, which several tests use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import setup_clients
from superset_server import Superset, running


@pytest.fixture(scope="session")
def superset(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Superset]:
    """A running server with nothing in it."""
    setup_clients.set_up([setup_clients.SUPERSET])
    with running(tmp_path_factory.mktemp("server") / "superset") as server:
        yield server
