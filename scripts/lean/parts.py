"""Runs dbt without the work that a build of small data spends most of its time on.

Nine tenths of a build of 200 customers are dbt's own time, and much of that goes into work
that is never used: 12,000 debug events that are filled in, turned into text and thrown away,
garbage that is looked for among the millions of objects of the parsed project, which all stay, and
readers of values that are made again for each result of a query.

What follows replaces parts of dbt and of its packages, some of them private. Each part stays as it
is where a release does not have it any more: dbt is slower then, and does the same.
"""

from __future__ import annotations

import gc
import json
import re
import sys
import time
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import IO, Any

from dbt import compilation
from dbt.adapters.duckdb import credentials as duckdb_credentials
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt_common import behavior_flags
from dbt_common.clients import agate_helper
from dbt_common.events import base_types, event_manager
from dbt_common.events.base_types import BaseEvent, EventLevel

ROOT = Path(__file__).resolve().parents[2]
# Young objects before a collection: of the default, 700, there are thousands of collections.
OBJECTS_BEFORE_COLLECTION = 100_000
# What a statement begins with, up to its first CTE: blanks, comments and `with`.
UP_TO_FIRST_CTE = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*\bwith\s+(?:recursive\s+)?", re.IGNORECASE | re.DOTALL
)
# What ends no statement, whatever it holds: comments, texts and quoted names.
NO_CODE = re.compile(r"--[^\n]*|/\*.*?\*/|'[^']*'|\"[^\"]*\"", re.DOTALL)


def drop_debug_events() -> None:
    """Have dbt drop events of level debug instead of logging them."""
    fire = getattr(event_manager.EventManager, "fire_event", None)
    if fire is None:
        return

    def fire_event(
        self: event_manager.EventManager,
        e: BaseEvent,
        level: EventLevel | None = None,
        *arguments: Any,
        **named: Any,
    ) -> None:
        if (level or e.level_tag()) != EventLevel.DEBUG:
            fire(self, e, level, *arguments, **named)

    event_manager.EventManager.fire_event = fire_event


def fill_events_when_read() -> None:
    """Have dbt fill in an event's message when it is first looked at: of debug events, never."""
    event = base_types.BaseEvent
    if not {"__init__", "__getattr__", "__setattr__"} <= vars(event).keys():
        return
    fill = event.__init__

    def keep(self: BaseEvent, *arguments: Any, **named: Any) -> None:
        object.__setattr__(self, "_given", (arguments, named))

    def filled(self: BaseEvent, name: str) -> Any:
        if name != "pb_msg":
            return getattr(self.pb_msg, name)
        arguments, named = object.__getattribute__(self, "_given")
        fill(self, *arguments, **named)
        return object.__getattribute__(self, "pb_msg")

    def put(self: BaseEvent, name: str, value: Any) -> None:
        if name == "pb_msg":
            object.__setattr__(self, name, value)
        else:
            setattr(self.pb_msg, name, value)

    event.__init__, event.__getattr__, event.__setattr__ = keep, filled, put


def write_json_at_once() -> None:
    """Have JSON files written as one text, by json's encoder in C, which a file alone is not."""

    def dump(value: Any, file: IO[str], **options: Any) -> None:
        file.write(json.dumps(value, **options))

    json.dump = dump


def keep_readers_of_values() -> None:
    """Have what tells a column's type from its values made once, not for each result of a query."""
    build = getattr(agate_helper, "build_type_tester", None)
    if build is None:
        return

    @cache
    def kept(text_columns: frozenset[str], nulls: tuple[str, ...] | None) -> Any:
        return build(text_columns, nulls)

    def build_type_tester(
        text_columns: Any, string_null_values: Any = ("null", "")
    ) -> agate_helper.agate.TypeTester:
        nulls = None if string_null_values is None else tuple(string_null_values)
        return kept(frozenset(text_columns), nulls)

    agate_helper.build_type_tester = build_type_tester


def parse_once_for_all_connections() -> None:
    """Have dbt keep the parsed project where only paths, threads or memory have changed.

    dbt parses everything again when a value of the connection changes, as models might read it by
    `target`; those of this project read its type and its schema and nothing else. The folder of the
    project counts with them: a parsed seed holds it, and so would lead to where the project was
    before it was moved.
    """
    credentials = duckdb_credentials.DuckDBCredentials
    if not hasattr(credentials, "_connection_keys"):
        return
    of_keys = credentials.connection_info

    def connection_info(
        self: duckdb_credentials.DuckDBCredentials, **options: Any
    ) -> Iterator[tuple[str, Any]]:
        yield from of_keys(self, **options)
        yield "project_folder", str(ROOT)

    credentials._connection_keys = lambda _: ("database", "schema")
    credentials.connection_info = connection_info


def name_callers_at_once() -> None:
    """Have dbt find the module that made a behaviour flag without reading the source of callers.

    It asks for that of the whole stack, for each flag, and looks at the first of another module.
    """
    flag = getattr(behavior_flags, "BehaviorFlagRendered", None)
    if flag is None or not hasattr(flag, "_default_source"):
        return

    def default_source() -> str:
        frame = sys._getframe(1)
        while frame:
            name: str = frame.f_globals.get("__name__", behavior_flags.__name__)
            if name != behavior_flags.__name__:
                return name
            frame = frame.f_back
        return "Unknown"

    flag._default_source = staticmethod(default_source)


def look_for_with_at_the_beginning() -> None:
    """Have dbt parse only the beginning of a statement to put CTEs there, which is before the rest.

    A unit test has its rows as CTEs of the model's SQL, and parsing that took half of its time.
    """
    inject = getattr(compilation, "inject_ctes_into_sql", None)
    if inject is None:
        return

    def inject_ctes_into_sql(sql: str, ctes: list[Any]) -> str:
        start = UP_TO_FIRST_CTE.match(sql)
        # Of several statements dbt takes the first.
        end = start.end() if start and ";" not in NO_CODE.sub("", sql) else len(sql)
        injected: str = inject(sql[:end], ctes)
        return injected + sql[end:]

    compilation.inject_ctes_into_sql = inject_ctes_into_sql


def read_columns_once() -> None:
    """Have dbt's command `test`, which makes no relation, read the columns of each once.

    A unit test asks for those of each of its inputs.
    """
    read = getattr(DuckDBAdapter, "get_columns_in_relation", None)
    if read is None or "test" not in sys.argv:
        return
    kept: dict[str, list[Any]] = {}

    def get_columns_in_relation(self: DuckDBAdapter, relation: Any) -> list[Any]:
        name = relation.render()
        if name not in kept:
            kept[name] = read(self, relation)
        return list(kept[name])

    DuckDBAdapter.get_columns_in_relation = get_columns_in_relation


def keep_clock_steady() -> None:
    """Have dbt's clock continue from now, even if the machine's is set back.

    dbt takes what was made before its parsing started for unchanged. With a clock that is set back
    meanwhile it would leave out macros that models need.
    """
    since = time.time() - time.monotonic()
    time.time = lambda: since + time.monotonic()


def run_leanly() -> None:
    """Replace the parts above."""
    gc.freeze()
    gc.set_threshold(OBJECTS_BEFORE_COLLECTION, 50, 100)
    drop_debug_events()
    fill_events_when_read()
    write_json_at_once()
    keep_readers_of_values()
    parse_once_for_all_connections()
    name_callers_at_once()
    look_for_with_at_the_beginning()
    read_columns_once()
    keep_clock_steady()
