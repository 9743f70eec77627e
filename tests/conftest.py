"""Builds that tests share, and what the run says of them at its end."""

from __future__ import annotations

import atexit
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from functools import partial

import duckdb
import pytest

from common.machine import processors
from shops import Builds, Built, build_shop
from stub_builds import without_macros

NOTE = "note"
MAKES_SHOP = "test_guards_code.py"

# How often `make test-faults` tries what it tries; .ci/run has fewer.
LONG_FORM = {"kills": 50, "weeks": 52, "inputs": 10_000}


def _end_worker() -> None:
    """End a worker at once; it is called last of all that a process does at its end.

    A worker's modules are taken apart while its threads still hold some, and DuckDB's client then
    lists hundreds of lines of what it calls leaks.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


if "PYTEST_XDIST_WORKER" in os.environ:
    atexit.register(_end_worker)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make test-faults` be longer or shorter."""
    for name, number in LONG_FORM.items():
        parser.addoption(f"--{name}", type=int, default=number, help=f"{number} in the long form")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return how many processes share the tests: they wait for builds, files and each other."""
    return 2 * processors()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run tests that wait for builds last: the builds run meanwhile.

    Several processes take whole files in turn: first what takes long, which is to make the shop for
    the tests that guard code and what modules build for themselves, and last those that read the
    shop, so that none waits for it.
    """
    items.sort(key=_waits_for_builds)
    if hasattr(config, "workerinput"):
        making = {item.path for item in items if _waits_for_builds(item) and _builds_of(item)}
        waiting = {item.path for item in items if _waits_for_builds(item)} - making
        items.sort(
            key=lambda item: (
                item.path.name != MAKES_SHOP,
                item.path not in making,
                item.path in waiting,
            )
        )


def _waits_for_builds(item: pytest.Item) -> bool:
    return "builds" in getattr(item, "fixturenames", ())


def _builds_of(item: pytest.Item) -> list[Mapping[str, Callable[[Builds], Built]]]:
    """Return the chains of builds that the module of a test names for it."""
    chains = getattr(item.module, "CHAINS", ()) if item.get_closest_marker("many_builds") else ()
    builds = getattr(item.module, "BUILDS", {})
    return [*chains, *({name: make} for name, make in builds.items())]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show the notes."""
    for report in terminalreporter.getreports("passed"):
        for name, line in report.user_properties:
            if name == NOTE:
                terminalreporter.write_line(line)


@pytest.fixture
def note(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Takes a line that is shown at the end of the run."""
    return partial(record_property, NOTE)


@pytest.fixture(scope="session", autouse=True)
def offered_builds(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Builds]:
    """Offer every build that the selected tests need, and start all before the first test runs.

    One of several processes makes a build when a test asks for it, and the others copy it.
    """
    is_one_of_several = hasattr(request.config, "workerinput")
    # All processes of a run have their folders below one.
    shared = tmp_path_factory.getbasetemp().parent / "made" if is_one_of_several else None
    offered = Builds(tmp_path_factory.mktemp("builds"), shared)
    waiting = [item for item in request.session.items if _waits_for_builds(item)]
    if waiting:
        offered.offer({"shop": build_shop})
    for item in waiting:
        for makes in _builds_of(item):
            offered.offer(makes)
    if not is_one_of_several:
        offered.start_all()
    yield offered
    offered.close()


@pytest.fixture(scope="session")
def builds(offered_builds: Builds) -> Builds:
    """The builds that test modules name in their `BUILDS`, and `shop`."""
    return offered_builds


@pytest.fixture(scope="session")
def shop(builds: Builds) -> Built:
    """The fixture shop, built once."""
    return builds["shop"]


@pytest.fixture(scope="session")
def marts(shop: Built) -> Iterator[duckdb.DuckDBPyConnection]:
    """A read-only connection to what the fixture shop published."""
    with duckdb.connect(shop.marts, read_only=True) as connection:
        yield connection


@pytest.fixture(scope="module")
def no_macros() -> Iterator[None]:
    """Have stub builds published without the macros of the project."""
    with without_macros():
        yield
