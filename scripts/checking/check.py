"""Check data without building from it: how it is read, what is rejected or suspicious.

The files are read as a build reads them, into a database that is deleted afterwards, and their
rows are validated by the same models of the dbt project. FORMAT=json prints one JSON object.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import duckdb

from checking.attributes import attributes_of, has_orders, refuse_nothing_to_cluster
from checking.findings import Findings, Outcome
from checking.json_report import findings_json, refusal_json
from checking.kinds import suspicions_of
from checking.project_models import ProjectModels
from checking.text_report import example, show_findings
from checking.totals import CUSTOMERS_TABLE, make_accepted_lines, totals_of
from common.console import LiveLine, Problem, say
from common.data_errors import refusal
from common.setting_values import read_word
from common.settings import Settings, resolve
from common.settings_table import BY_NAME
from common.source_contract import Source
from common.sources import source_of
from loading.load_raw import load
from store.build_database import open_build_database
from store.temporary import place_in, session
from store.warehouse import remove_leftovers

DEFAULT_SOURCE = "own_files"
FORMATS = ("text", "json")


def check(settings: Settings, given: Mapping[str, str] | None = None) -> Findings:
    """Read and validate the data of a source.

    Args:
        settings: What to read and how.
        given: The environment that the settings were read from, for the command to build.

    Raises:
        Problem: the data is refused, with the message of a build, or no row can be used.
    """
    source = source_of(settings)
    with temporary_warehouse(settings) as passing:
        say(f"Reading {settings.source} from {source.folder(settings)}")
        loaded = load(passing, origin=settings.place)
        live = LiveLine()
        live.show("  validating the rows ...")
        try:
            with open_build_database(passing, readable=[source.folder(settings)]) as connection:
                # Never committed: what is made here is read here only, and then deleted, so no
                # table of it has to wait until the disk has it.
                connection.execute("begin")
                formats = formats_of(connection)
                models = ProjectModels(connection, settings)
                outcomes = models.outcomes()
                refuse_nothing_usable(outcomes, source)
                make_accepted_lines(models)
                totals = totals_of(models, outcomes)
                attributes = attributes_of(models)
                if not has_orders(models):
                    refuse_nothing_to_cluster(attributes)
                suspicions = suspicions_of(models, source, loaded)
        finally:
            live.clear()
    command = build_command(settings, given or {})
    return Findings(
        loaded, formats, tuple(outcomes), totals, tuple(suspicions), tuple(attributes), command
    )


def refuse_nothing_usable(outcomes: Sequence[Outcome], source: Source) -> None:
    """Refuse data of which no order line, or without orders no customer, was accepted.

    Raises:
        Problem: says why the rows were rejected, and where the first of them stands.
    """
    raw_table, what = (
        (source.orders_table, "order line") if source.orders_table else (CUSTOMERS_TABLE, "row")
    )
    found = [outcome for outcome in outcomes if outcome.source_table == raw_table]
    if any(outcome.outcome == "accepted" for outcome in found):
        return
    rejected = [outcome for outcome in found if outcome.outcome == "rejected"]
    reasons = ", ".join(f"{outcome.row_count:,} {outcome.reason}" for outcome in rejected)
    first = f" (first {example(rejected[0])})" if rejected else ""
    raise refusal(
        raw_table,
        f"no {what} was accepted, so there is nothing to segment: {reasons or 'there are none'}"
        f"{first}; expected at least one usable row",
    )


@contextmanager
def temporary_warehouse(settings: Settings) -> Iterator[Settings]:
    """Yield settings with a warehouse that goes when the check ends.

    It is made where the real one is, on a disk that has room for the data.
    """
    remove_leftovers(settings.place)
    with session(place_in(settings.warehouse), "check") as folder:
        yield replace(settings, warehouse=folder)


def formats_of(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], list[str]]:
    """Return the formats of each column that is read as dates or numbers."""
    rows = connection.execute(
        "select source_table, column_name, format from raw.column_formats "
        "order by source_table, column_name, format_number"
    ).fetchall()
    found: dict[tuple[str, str], list[str]] = {}
    for source_table, column, text in rows:
        found.setdefault((source_table, column), []).append(text)
    return found


def build_command(settings: Settings, given: Mapping[str, str]) -> str:
    """Return the command that builds from what was checked: every setting given, for a shell.

    Paths are absolute, so that it works from wherever it is pasted into the project's folder.
    """
    values = {"SOURCE": settings.source}
    for name in BY_NAME:
        text = given.get(name, "").strip()
        value = getattr(settings, name.lower(), None)
        if isinstance(value, Path) and (text or name == "DATA"):
            values[name] = str(value)
        elif text:
            values[name] = text
    return " ".join(
        ["make build", *(f"{name}={shlex.quote(value)}" for name, value in values.items())]
    )


def main() -> int:
    """Check with the settings of the environment."""
    given = dict(os.environ)
    if not given.get("SOURCE", "").strip():
        given["SOURCE"] = DEFAULT_SOURCE
    chosen = read_word("FORMAT", given.get("FORMAT", "").strip() or FORMATS[0], FORMATS)
    started = time.monotonic()
    if chosen == "json":
        say(checked_json(given))
    else:
        show_findings(check(resolve(given), given), time.monotonic() - started)
    return 0


def checked_json(given: Mapping[str, str]) -> str:
    """Return what a check finds as JSON; progress goes to standard error.

    Raises:
        Problem: the data is refused; that was printed as JSON before.
    """
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return findings_json(check(resolve(given), given))
    except Problem as problem:
        say(refusal_json(problem))
        raise
