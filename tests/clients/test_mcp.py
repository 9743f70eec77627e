"""The server for agents, asked over stdio by the client of the SDK.

Run by `make test-mcp`, which installs the SDK.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from hostile_questions import ENDLESS, REFUSED, TOO_LARGE
from shops import ROOT

pytestmark = pytest.mark.mcp
PROGRAM = ROOT / "scripts" / "segmentation.py"
TOOLS = {"list_marts", "query", "explain_customer", "describe_segment", "compare_segments"}


@pytest.fixture
def talk(tmp_path):
    """Starts the server for a warehouse as an agent's program does, and talks to it."""
    # The SDK is here for this suite only.
    import anyio
    from mcp import Client, StdioServerParameters

    place = tmp_path / "temporary"
    place.mkdir()

    def talked(warehouse: Path, conversation: Callable[[Any], Awaitable[Any]]) -> Any:
        server = StdioServerParameters(
            command=sys.executable,
            args=[str(PROGRAM), "mcp", "--warehouse", str(warehouse)],
            env={"TMPDIR": str(place)},
            cwd=tmp_path,
        )

        async def run() -> Any:
            async with Client(server) as client:
                return await conversation(client)

        found = anyio.run(run)
        # What queries spilled is gone with the server.
        assert [path for folder in place.iterdir() for path in folder.iterdir()] == []
        return found

    return talked


def said(result: Any) -> str:
    """Return the text of a result that is an error."""
    assert result.is_error, result
    return result.content[0].text


def test_tools_say_what_they_do_and_that_they_read(shop, talk):
    async def conversation(client):
        return client.instructions, (await client.list_tools()).tools

    instructions, tools = talk(shop.marts.parent, conversation)
    assert "list_marts" in instructions
    assert {tool.name for tool in tools} == TOOLS
    for tool in tools:
        assert tool.description
        assert tool.annotations.read_only_hint
        assert all(p.get("description") for p in tool.input_schema["properties"].values())


def test_answers_are_those_of_the_file(shop, talk):
    customer = shop.one("select min(customer_id) from customer_segments where status = 'segmented'")
    calls = [
        ("list_marts", {}),
        ("query", {"sql": "select segment_id, spend from segment_summary order by 1"}),
        ("explain_customer", {"customer_id": customer[0]}),
        ("describe_segment", {"segment_id": 1}),
        ("compare_segments", {"first": 1, "second": 2}),
    ]

    async def conversation(client):
        return [await client.call_tool(name, arguments) for name, arguments in calls]

    results = talk(shop.marts.parent, conversation)
    assert not [result for result in results if result.is_error]
    marts, queried, explained, described, compared = (r.structured_content for r in results)
    assert "segment_change_drivers" in [row["mart"] for row in marts["marts"]]
    assert [tuple(row) for row in queried["rows"]] == [
        (number, float(spend))
        for number, spend in shop.query("select segment_id, spend from segment_summary order by 1")
    ]
    assert explained["customer"]["customer_id"] == customer[0]
    assert described["segment_id"] == 1
    assert compared["second"]["segment_id"] == 2
    # Clients that know no structured content read the same as text.
    assert json.loads(results[3].content[0].text) == described


def test_hostile_questions_change_nothing_and_the_server_goes_on(shop, talk):
    async def conversation(client):
        told = {sql: said(await client.call_tool("query", {"sql": sql})) for sql in REFUSED}
        told |= {sql: said(await client.call_tool("query", {"sql": sql})) for sql in TOO_LARGE}
        for name, arguments in (
            ("query", {}),
            ("query", {"sql": 7}),
            ("describe_segment", {"segment_id": "1; drop table x"}),
            ("explain_customer", {"customer_id": "x' or '1' = '1"}),
            ("no_such_tool", {}),
        ):
            assert said(await client.call_tool(name, arguments))
        return told, await client.call_tool("query", {"sql": "select 42 as answer"})

    before = {path: path.stat().st_mtime_ns for path in shop.marts.parent.rglob("*")}
    told, last = talk(shop.marts.parent, conversation)
    for sql, expected in REFUSED.items():
        assert expected in told[sql], sql
    for sql in TOO_LARGE:
        assert "memory" in told[sql], sql
    assert last.structured_content["rows"] == [[42]]
    assert {path: path.stat().st_mtime_ns for path in shop.marts.parent.rglob("*")} == before


def test_an_endless_query_is_ended_and_does_not_hold_up_others(shop, talk, note):
    import anyio

    async def conversation(client):
        seconds = {}

        async def ask(sql):
            started = time.monotonic()
            result = await client.call_tool("query", {"sql": sql})
            seconds[sql] = time.monotonic() - started
            return result

        async def endless():
            assert "was ended" in said(await ask(ENDLESS))

        async with anyio.create_task_group() as group:
            group.start_soon(endless)
            await anyio.sleep(1)
            assert not (await ask("select 1 as one")).is_error
        return seconds["select 1 as one"], seconds[ENDLESS]

    short, long = talk(shop.marts.parent, conversation)
    assert short < long
    note(f"an endless query is ended after {long:.0f} s, another is answered in {short:.1f} s")


def test_a_new_version_is_read_without_a_new_server(shop, talk, tmp_path):
    warehouse = tmp_path / "a warehouse"
    warehouse.mkdir()

    async def conversation(client):
        missing = said(await client.call_tool("list_marts", {}))
        shutil.copy(shop.marts, warehouse / "new.duckdb")
        os.replace(warehouse / "new.duckdb", warehouse / "marts.duckdb")
        return missing, await client.call_tool("query", {"sql": "from segmentation_runs"})

    missing, found = talk(warehouse, conversation)
    assert "run make build" in missing
    assert (
        found.structured_content["row_count"]
        == shop.one("select count(*) from segmentation_runs")[0]
    )
