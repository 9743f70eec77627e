"""Builds that tests share, and what the run says of them at its end."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from shops import Builds, Built, build_shop

NOTES = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    """Make room for notes that tests leave for the end of the run."""
    config.stash[NOTES] = []


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run tests that wait for builds last: the builds run meanwhile."""
    items.sort(key=_waits_for_builds)


def _waits_for_builds(item: pytest.Item) -> bool:
    return "builds" in getattr(item, "fixturenames", ())


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    """Show the notes."""
    for note in config.stash[NOTES]:
        terminalreporter.write_line(note)


@pytest.fixture
def note(request: pytest.FixtureRequest) -> list[str]:
    """A list to append lines to that are shown at the end of the run."""
    return request.config.stash[NOTES]


@pytest.fixture(scope="session", autouse=True)
def started_builds(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Builds]:
    """Start every build that the selected tests need, before the first test runs."""
    made = Builds(tmp_path_factory.mktemp("builds"))
    waiting = [item for item in request.session.items if _waits_for_builds(item)]
    if waiting:
        made.start("shop", build_shop)
    for item in waiting:
        if item.get_closest_marker("many_builds"):
            for makes in getattr(item.module, "CHAINS", ()):
                made.start_chain(makes)
        for name, make in getattr(item.module, "BUILDS", {}).items():
            made.start(name, make)
    yield made
    made.close()


@pytest.fixture(scope="session")
def builds(started_builds: Builds) -> Builds:
    """The builds that test modules name in their `BUILDS`, and `shop`."""
    return started_builds


@pytest.fixture(scope="session")
def shop(builds: Builds) -> Built:
    """The fixture shop, built once."""
    return builds["shop"]


@pytest.fixture(scope="session")
def marts(shop: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to what the fixture shop published."""
    with duckdb.connect(shop.marts, read_only=True) as connection:
        yield connection
