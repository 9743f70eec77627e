"""The files of a raw table, and what `columns.yml` makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace as replace_fields
from pathlib import Path

import duckdb

from common.column_names import check_required
from common.console import (
    LiveLine,
    Problem,
    say,
    warn,
)
from common.machine import processors
from common.source_contract import RawTable
from loading import file_search, joined_files, raw_files
from loading.column_mapping import map_columns
from loading.export_examples import GENERAL_HINT, example_hint
from loading.file_inspection import hashed_files, inspect, with_header_hint
from loading.file_search import FoundFile
from loading.joined_files import Join
from loading.loaded import LedgerRow
from loading.mapped_table import MappedTable, used_columns
from loading.mapping_file import (
    FILE_NAME,
    JOIN_KEY,
    NO_MAPPING,
    TableMapping,
)
from loading.raw_files import RawFile, TablePlan
from loading.reading import Reading
from store.build_inputs import AS_JOINED
from store.replay import has_only_grown


def find_joins(
    connection: duckdb.DuckDBPyConnection,
    reading: Reading,
    plan: TablePlan,
    mapping: TableMapping,
) -> list[Join]:
    """Find and inspect the files that `_join` of `columns.yml` names; empty where it names none.

    Raises:
        Problem: there are none, or a key is no column.
    """
    option = mapping.options.get(JOIN_KEY)
    if option is None:
        return []
    plans = []
    for pattern in mapping.by_name(JOIN_KEY):
        table = RawTable(plan.table.name + AS_JOINED)
        try:
            found = file_search.find_files(reading.place, table, pattern)
        except Problem as problem:
            raise option.refused(str(problem)) from problem
        files = [
            inspect(connection, file.readable(reading.names), table, reading.copies)
            for file in found
        ]
        plans.append(TablePlan(table, tuple(files), table.name))
    return joined_files.joins_of(option, plan, plans)


def mapped_table(
    connection: duckdb.DuckDBPyConnection,
    plan: TablePlan,
    mapping: TableMapping,
    joins: Sequence[Join] = (),
) -> MappedTable:
    """Return what `columns.yml` makes of some files.

    Raises:
        Problem: a required column is missing all the same.
    """
    try:
        spellings = joined_files.spellings_of(plan, joins)
        mapped = map_columns(connection, plan.table, plan.name, spellings, mapping)
    except Problem as problem:
        raise with_header_hint(problem, plan.files[0], plan.table, mapping) from problem
    for file in plan.files:
        has = file.columns.keys() | {name for join in joins for name in join.columns.values()}
        there = [c for c in mapped.columns if used_columns(mapped, c) <= has]
        check_required(file.name, plan.table, there, file.header)
    return mapped


def read_files(
    connection: duckdb.DuckDBPyConnection, reading: Reading, raw_table: RawTable
) -> list[RawFile]:
    """Find and inspect the files of a table; a refusal says which ready example is for them."""
    try:
        return found_files(connection, reading, raw_table)
    except Problem as problem:
        is_first_try = reading.is_mappable and not reading.mappings
        if not raw_table.is_required or not is_first_try:
            raise
        hint = example_hint(connection, reading.place, raw_table, reading.names, reading.copies)
        is_named = FILE_NAME in str(problem)
        told_more = f"{problem}{hint or ('' if is_named else GENERAL_HINT)}"
        raise Problem(told_more, problem.exit_code) from problem


def found_files(
    connection: duckdb.DuckDBPyConnection, reading: Reading, raw_table: RawTable
) -> list[RawFile]:
    """Find and inspect the files of a table, as they were then when this is a replay."""
    mapping = reading.mappings.get(raw_table.name, NO_MAPPING)
    found = [file.readable(reading.names) for file in find_files(reading.place, raw_table, mapping)]
    if not found:
        say(f"  {raw_table.name:<22} {'no file':>16}")
        return []
    then = {file.name: reading.then(raw_table, file.name) for file in found}
    if reading.is_replay and (any(then.values()) or not raw_table.is_required):
        # What came in later as a separate file was not there then.
        found = [file for file in found if then[file.name]]
        if not found:
            say(f"  {raw_table.name:<22} {'not there then':>16}")
            return []
    live = LiveLine()
    files = []
    try:
        hashes = hashed_files(found, processors())
        for number, (file, hashed) in enumerate(zip(found, hashes, strict=True), start=1):
            live.show(f"  {raw_table.name:<22} looking at file {number:,} of {len(found):,} ...")
            inspected = inspect(connection, file, raw_table, reading.copies, mapping, hashed)
            files.append(as_it_was(inspected, then[file.name]) if reading.is_replay else inspected)
    finally:
        live.clear()
    raw_files.check_contents(files)
    return files


def find_files(place: Path, raw_table: RawTable, mapping: TableMapping) -> list[FoundFile]:
    """Find the files of a table, by its name or as `columns.yml` says.

    Raises:
        Problem: there are none, though they are required or spoken of.
    """
    if mapping.pattern:
        try:
            return file_search.find_files(place, raw_table, mapping.pattern.text)
        except Problem as problem:
            raise mapping.pattern.refused(str(problem)) from problem
    found = file_search.find_files(place, raw_table)
    if not found and mapping.columns:
        raise mapping.columns[0].refused(f"there is no file {raw_table.name}.csv it could be of")
    return found


def as_it_was(file: RawFile, then: LedgerRow | None) -> RawFile:
    """Return a file as a replay reads it; a change that cannot be undone is reported."""
    if then is None:
        warn(f"{file.name} was not loaded then: all of its rows count")
        return file
    if file.sha256 == then.file_sha256:
        return file
    if file.can_grow and has_only_grown(file.path, then.file_bytes, then.file_sha256):
        return replace_fields(
            file,
            byte_count=then.file_bytes,
            sha256=then.file_sha256,
            row_limit=then.row_count,
        )
    warn(
        f"{file.name} has changed since and is read as it is now: rows that came later "
        "with an earlier date count"
    )
    return file
