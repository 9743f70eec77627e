"""dbt without work that nobody looks at: what is left out, and that the rest stays as it is."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from dbt import compilation
from dbt.adapters.duckdb.credentials import DuckDBCredentials
from dbt.adapters.duckdb.impl import DuckDBAdapter
from dbt.adapters.duckdb.relation import DuckDBRelation
from dbt.contracts.graph.nodes import InjectedCTE
from dbt.events.types import MainEncounteredError, MainReportVersion
from dbt_common import behavior_flags
from dbt_common.clients import agate_helper
from dbt_common.events import event_manager
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.types import Note

from lean import parts
from shops import ROOT


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> event_manager.EventManager:
    """An event manager whose class is as it was after the test."""
    original = event_manager.EventManager.fire_event
    monkeypatch.setattr(event_manager.EventManager, "fire_event", original)
    return event_manager.EventManager()


def test_debug_events_are_dropped_and_all_others_arrive(
    manager: event_manager.EventManager,
) -> None:
    arrived: list[str] = []
    manager.add_callback(lambda message: arrived.append(message.info.level))
    parts.drop_debug_events()
    manager.fire_event(Note(msg="x"), level=EventLevel.DEBUG)
    manager.fire_event(Note(msg="x"))
    assert arrived == ["info"]
    manager.fire_event(Note(msg="x"), level=EventLevel.WARN)
    manager.fire_event(MainReportVersion(version="1", log_version=3))
    manager.fire_event(MainEncounteredError(exc="x"))
    assert arrived == ["info", "warn", "info", "error"]


def test_a_dbt_without_that_method_runs_as_it_does_by_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delattr(event_manager.EventManager, "fire_event")
    parts.drop_debug_events()
    assert not hasattr(event_manager.EventManager, "fire_event")


@pytest.fixture
def untouched(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Takes a class or module and names: these are as they were after the test."""

    def keep(owner: object, *names: str) -> None:
        for name in names:
            monkeypatch.setattr(owner, name, getattr(owner, name))

    return keep


def test_an_event_is_filled_in_when_it_is_looked_at(untouched: Callable[..., None]) -> None:
    expected = MainReportVersion(version="1", log_version=3)
    text, fields = expected.message(), expected.to_dict()
    untouched(BaseEvent, "__init__", "__getattr__", "__setattr__")
    parts.fill_events_when_read()
    event = MainReportVersion(version="1", log_version=3)
    assert "pb_msg" not in vars(event)
    assert (event.message(), event.to_dict()) == (text, fields)
    assert event.version == "1"
    event.version = "2"
    assert event.to_dict() == fields | {"version": "2"}


def test_json_is_written_as_json_itself_writes_it(untouched: Callable[..., None]) -> None:
    class Encoder(json.JSONEncoder):
        def default(self, o: object) -> object:
            return list(o)

    value = {"a": [1, 2.5, None, "\u00e9"], "b": {1: {3}}}
    files = [io.StringIO(), io.StringIO()]
    json.dump(value, files[0], cls=Encoder)
    untouched(json, "dump")
    parts.write_json_at_once()
    json.dump(value, files[1], cls=Encoder)
    assert files[0].getvalue() == files[1].getvalue()


def test_results_of_queries_are_read_as_dbt_reads_them(untouched: Callable[..., None]) -> None:
    rows = [
        {"number": 1, "text": "null", "empty": None, "day": "2024-01-01"},
        {"number": 2.5, "text": "", "empty": None, "day": "x"},
    ]
    untouched(agate_helper, "build_type_tester")

    def read() -> list[tuple]:
        tables = [agate_helper.table_from_data_flat(rows[:n], list(rows[0])) for n in (0, 1, 2, 2)]
        return [
            (tuple(map(tuple, table.rows)), [type(kind) for kind in table.column_types])
            for table in tables
        ]

    expected = read()
    parts.keep_readers_of_values()
    assert read() == expected


def test_a_behaviour_flag_is_said_to_come_from_where_dbt_says(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    flag = behavior_flags.BehaviorFlagRendered
    monkeypatch.setattr(flag, "_default_source", vars(flag)["_default_source"])
    given = {"name": "a", "default": False, "description": "b"}

    def source() -> str:
        (made,) = behavior_flags.Behavior([given], {})._flags
        return made._behavior_change_event.flag_source

    by_dbt = source()
    parts.name_callers_at_once()
    assert source() == by_dbt == __name__


@pytest.mark.parametrize(
    "sql",
    [
        "with a as (select 1), b as (from a) select * from b",
        "\n\n-- with x\n/* with\n y */\nWITH\n\n-- what\na as (select 1)\n\nselect * from a\n",
        "with recursive a as (select 1 union all from a)\nselect * from a",
        "with\trecursive\n  recursively as (select 1) select 1",
        "with recursive_ones as (select 1) select 1",
        "select 'with a' from t",
        "  select 1",
        "withdrawn",
        "with a as (select 1) select 1; select 2",
        "with a as (select ';') select * from a",
        "-- one; two\nwith a as (select 1 /* a; b */) select * from a",
        "with a as (select 'it''s; -- ') select 2; select 3",
        'with a as (select 1 as "b;c") select 2; select 3',
    ],
)
def test_ctes_are_put_where_dbt_puts_them(untouched: Callable[..., None], sql: str) -> None:
    untouched(compilation, "inject_ctes_into_sql")
    ctes = [InjectedCTE("one", "one as (select 1)"), InjectedCTE("two", "two as (select 2)")]
    expected = (
        compilation.inject_ctes_into_sql(sql, ctes),
        compilation.inject_ctes_into_sql(sql, []),
    )
    parts.look_for_with_at_the_beginning()
    found = compilation.inject_ctes_into_sql(sql, ctes), compilation.inject_ctes_into_sql(sql, [])
    assert found == expected


def test_only_the_beginning_is_parsed(
    untouched: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    untouched(compilation, "inject_ctes_into_sql")
    parts.look_for_with_at_the_beginning()
    parsed: list[str] = []
    parse = compilation.sqlparse.parse
    monkeypatch.setattr(compilation.sqlparse, "parse", lambda sql: parsed.append(sql) or parse(sql))
    sql = "with a as (select ';' as \"b;\") /* one; two */ from a -- three; four"
    compilation.inject_ctes_into_sql(sql, [InjectedCTE("x", "x as (y)")])
    assert parsed == ["with "]


@pytest.mark.parametrize(("command", "times"), [("test", 1), ("build", 2)])
def test_columns_are_read_once_where_no_relation_is_made(
    command: str, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def columns(_: object, relation: DuckDBRelation) -> list[str]:
        read.append(relation.render())
        return [relation.identifier]

    monkeypatch.setattr(DuckDBAdapter, "get_columns_in_relation", columns)
    monkeypatch.setattr(sys, "argv", ["dbt", command])
    parts.read_columns_once()
    for name in ("a", "b", "a", "b"):
        relation = DuckDBRelation.create(schema="core", identifier=name)
        DuckDBAdapter.get_columns_in_relation(None, relation).remove(name)
    assert read == ['"core"."a"', '"core"."b"'] * times


def test_another_path_or_more_threads_leave_the_connection_the_same(
    untouched: Callable[..., None],
) -> None:
    untouched(DuckDBCredentials, "_connection_keys", "connection_info")
    parts.parse_once_for_all_connections()
    given = [
        DuckDBCredentials.from_dict({"path": f"{folder}/build.duckdb", "settings": {"threads": n}})
        for folder, n in (("a", 1), ("b", 2))
    ]
    first, second = (dict(credentials.connection_info()) for credentials in given)
    shown = {"database": "build", "schema": "main", "project_folder": str(parts.ROOT)}
    assert first == second == shown


def test_a_project_that_was_moved_is_parsed_again(
    untouched: Callable[..., None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    untouched(DuckDBCredentials, "_connection_keys", "connection_info")
    parts.parse_once_for_all_connections()
    credentials = DuckDBCredentials.from_dict({"path": "build.duckdb"})
    before = dict(credentials.connection_info())
    monkeypatch.setattr(parts, "ROOT", tmp_path)
    assert dict(credentials.connection_info()) != before


def test_no_model_or_macro_reads_the_connection_but_for_its_engine() -> None:
    read = {
        word
        for kind in ("*.sql", "*.yml", "*.py")
        for path in (ROOT / "dbt_project").rglob(kind)
        for word in re.findall(r"\btarget\.(\w+)", path.read_text(encoding="utf-8"))
    }
    assert read == {"schema", "type"}
