"""Build the segmentation: load, run dbt, publish, and show what came out."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import duckdb

from checking.attributes import check_clusterable
from common.console import (
    HELD_BACK,
    WRONG_USE,
    JsonLines,
    Problem,
    count,
    record,
    say,
    size,
    warn,
)
from common.project_sql import project_vars
from common.settings import Settings, resolve
from common.sources import source_of
from common.system_errors import explained
from common.warehouse_paths import Warehouse
from dbt_runs.dbt_results import BUILD
from dbt_runs.fit_settings import check_before_loading, limits_of_k
from dbt_runs.run_dbt import PROJECT, run_quietly
from handover.summary import summary
from loading.definitions import write_proposals
from loading.load_raw import load
from loading.loaded import Loaded, files_of
from loading.project_files import unused_names
from loading.raw_files import check_steady
from publishing.publish import describe, publish
from spark.build_spark import check_spark, load_for_spark, model_on_spark
from spark.publish_spark import publish_from_spark
from store.build_database import healed
from store.build_inputs import SOURCES_THAT_GROW
from store.build_state import complete
from store.forgotten_totals import pending_of
from store.history import published_facts
from store.increment import describe as describe_increment
from store.increment import prepare
from store.published_file import check_published
from store.replay import Replay, removed_when_refused, replay_of
from store.warehouse import exclusive

# Linux counts the peak in kilobytes, macOS in bytes.
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
SAID_OF = {"load": "loading", "publish": "publishing"}


class Clock:
    """Seconds of each stage of a build."""

    def __init__(self) -> None:
        self._stages: list[tuple[str, float]] = []
        self._facts: dict[str, Any] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Measure one stage; where a program reads what is printed, it is reported."""
        started = time.monotonic()
        with explained(SAID_OF.get(name, name)):
            yield
        seconds = time.monotonic() - started
        self._stages.append((name, seconds))
        record(stage=name, seconds=round(seconds, 3), **self._facts)
        self._facts = {}

    def note(self, **facts: object) -> None:
        """Report these facts with the current stage."""
        self._facts |= facts

    def line(self) -> str:
        """Return one line with the seconds of each stage and the peak of memory."""
        peaks = (
            resource.getrusage(who).ru_maxrss * PEAK_UNIT
            for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
        )
        return f"{self.seconds_line()}, at most {size(max(peaks))} of memory"

    def seconds_line(self) -> str:
        """Return one line with the seconds of each stage."""
        stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in self._stages)
        total = sum(seconds for _, seconds in self._stages)
        return f"Took {total:.1f} s ({stages})"


def build(settings: Settings) -> int:
    """Build and publish; returns the exit code, 3 when a refit was held back.

    Raises:
        Problem: with the exit code to end with; nothing was published.
    """
    source_of(settings)
    warehouse = settings.place
    with exclusive(warehouse) as lock, healed(warehouse):
        clock = Clock()
        with explained("looking at what is published"):
            check_published(warehouse)
        settings, replay = with_replay(after_forgetting(settings))
        if not replay:
            look_before_loading(settings)
        warehouse = settings.place
        say(f"Loading {settings.source}")
        with clock.stage("load"), removed_when_refused(replay, warehouse):
            loaded = load(settings, replay=replay)
            check_loaded(settings, loaded, window_days(PROJECT))
            check_clusterable(settings)
            decided, state = prepare(settings, is_replay=replay is not None)
            clock.note(rows=loaded.row_count, is_increment=decided.is_increment)
        if decided.is_increment or settings.source in SOURCES_THAT_GROW:
            say(describe_increment(decided))
        say("Running dbt")
        with clock.stage("dbt"), files_steady(loaded):
            run_quietly(settings, BUILD, lock)
        say("Publishing")
        with clock.stage("publish"):
            publication = publish(settings)
            say(describe(publication))
            clock.note(run_number=publication.run_number, bytes=publication.byte_count)
            if proposals := write_proposals(settings):
                say(proposals)
            complete(settings, state)
        for line in unused_names(settings, warehouse):
            warn(f"  {line}")
    say()
    say(summary(warehouse.marts_db))
    say()
    say(clock.line())
    return HELD_BACK if is_held_back(warehouse) else 0


def build_on_spark(settings: Settings) -> int:
    """Build on Spark and publish; returns the exit code, 3 when a refit was held back.

    Raises:
        Problem: with the exit code to end with; nothing was published.
    """
    source_of(settings)
    check_spark()
    with exclusive(settings.place) as lock:
        clock = Clock()
        settings = after_forgetting(settings)
        look_before_loading(settings)
        say(f"Loading {settings.source} for Spark")
        with clock.stage("load"):
            check_loaded(settings, load_for_spark(settings), window_days(PROJECT))
        say(f"Running dbt on Spark, {settings.spark_master}")
        with clock.stage("dbt"):
            model_on_spark(settings, lock)
        say("Publishing")
        with clock.stage("publish"):
            publish_from_spark(settings)
    say()
    say(summary(settings.place.marts_db))
    say()
    # Java's memory is not counted among that of this process and its children.
    say(clock.seconds_line())
    return HELD_BACK if is_held_back(settings.place) else 0


@contextmanager
def files_steady(loaded: Loaded) -> Iterator[None]:
    """Refuse files that change, or vanish, while dbt reads them where they are: Parquet files.

    That is what is said where dbt fails for it, too.
    """
    files = [file for file in files_of(loaded.tables) if file.is_read_in_place]
    try:
        yield
    except Problem as problem:
        try:
            check_steady(files)
        except Problem as changed:
            raise changed from problem
        raise
    check_steady(files)


def look_before_loading(settings: Settings) -> None:
    """Refuse settings that the stored fit cannot go on with, and say what may keep K from counting.

    Raises:
        Problem: as `check_before_loading`.
    """
    check_before_loading(settings)
    if limits := limits_of_k(settings):
        say(limits)


def after_forgetting(settings: Settings) -> Settings:
    """Return the settings to build with: a refit where the fit counts a forgotten customer."""
    pending = pending_of(settings.place)
    if pending is None:
        return settings
    say(
        f"  {count(pending.customer_count, 'customer')} forgotten since the last build: the "
        "segments are learned again, and totals of earlier runs are removed"
    )
    return replace(settings, refit="always")


def with_replay(settings: Settings) -> tuple[Settings, Replay | None]:
    """Return the settings to build with: those of a replay when the date is before the current."""
    published = published_facts(settings.place)
    found = replay_of(settings, published.as_of_date if published else None)
    if not found or published is None:
        return settings, None
    if pending_of(settings.place):
        raise Problem(
            f"AS_OF={settings.as_of}: a customer was forgotten, and what is published still counts "
            "the customer; run make build first, without AS_OF",
            WRONG_USE,
        )
    replayed, replay = found
    replayed.place.create()
    start = f"on the history of run {replay.run_number}" if replay.run_number else "without history"
    say(
        f"Replaying {settings.as_of} {start} into {replayed.warehouse}; what is published, "
        f"as of {published.as_of_date}, stays as it is"
    )
    return replayed, replay


def is_held_back(warehouse: Warehouse) -> bool:
    """Say whether the run that was published held a refit back."""
    with duckdb.connect(warehouse.marts_db, read_only=True) as connection:
        row = connection.execute(
            "select is_held_back from segmentation_runs where is_current"
        ).fetchone()
    return bool(row and row[0])


def check_loaded(settings: Settings, loaded: Loaded, window: int) -> None:
    """Refuse a number of segments or an as-of date that the data cannot serve."""
    if settings.k and loaded.customer_count is not None and settings.k > loaded.customer_count:
        raise Problem(
            f"K={settings.k}: there are {count(loaded.customer_count, 'customer')} with orders; "
            "expected at most that many segments",
            WRONG_USE,
        )
    if not settings.as_of or not loaded.first_date or not loaded.last_date:
        return
    if settings.as_of <= loaded.first_date:
        raise Problem(
            f"AS_OF={settings.as_of}: the first order is of {loaded.first_date}; "
            "expected a later date, as only days before it count",
            WRONG_USE,
        )
    if settings.as_of - timedelta(days=window) > loaded.last_date:
        raise Problem(
            f"AS_OF={settings.as_of}: the last order is of {loaded.last_date}, so none falls in "
            f"the {window} days before; expected a date at most {window} days after it",
            WRONG_USE,
        )


def window_days(project: Path) -> int:
    """Return how many days of orders count, from the vars of the dbt project."""
    return int(project_vars(project)["window_days"])


def is_log_json(environment: Mapping[str, str]) -> bool:
    """Read LOG: whether a program reads what is printed.

    Raises:
        Problem: it is neither text nor json (exit code 2).
    """
    given = environment.get("LOG", "").strip()
    if given not in ("", "text", "json"):
        raise Problem(
            f"LOG={given}: expected text, or json for one line of JSON a stage", WRONG_USE
        )
    return given == "json"


def main() -> int:
    """Build with the settings of the environment."""
    JsonLines.is_on = is_log_json(os.environ)
    settings = resolve()
    return build_on_spark(settings) if settings.target == "spark" else build(settings)
