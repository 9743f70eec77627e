"""Write segment_facts.json, the facts of all segments, into the warehouse."""

from __future__ import annotations

import json

import duckdb

from agent.facts import all_facts
from common.console import Problem, count, say
from common.data_errors import first_line
from common.settings import resolve_warehouse
from handover.query import open_published
from store.atomic_path import atomic_path
from store.temporary import place_of_user, session
from store.warehouse import remove_leftovers


def main() -> int:
    """Write the file in one step, so that no reader finds half of it.

    Raises:
        Problem: nothing is published, or the file cannot be written.
    """
    warehouse = resolve_warehouse()
    remove_leftovers(warehouse)
    with (
        session(place_of_user(), "facts") as spill,
        open_published(warehouse.marts_db, spill) as connection,
    ):
        try:
            facts = all_facts(connection)
        except duckdb.Error as error:
            raise Problem(
                f"{warehouse.marts_db} was published by another version of the project: "
                f"{first_line(error)}; run make build"
            ) from error
    file = warehouse.segment_facts
    try:
        with atomic_path(file) as new:
            text = json.dumps(facts, ensure_ascii=False, indent=2, allow_nan=False)
            new.write_text(text + "\n", encoding="utf-8")
    except OSError as error:
        raise Problem(f"{file} cannot be written: {error.strerror}") from error
    say(f"Facts: {file} ({count(len(facts['segments']), 'segment')})")
    return 0
