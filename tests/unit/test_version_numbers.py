"""Room that versions take, numbers that are not reused, and columns that readers rely on."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from common.console import Problem
from common.settings import Settings
from common.warehouse_paths import Warehouse
from kept_runs import run_number
from publishing.publish import publish
from store.history import numbers_given_out
from store.kept_versions import version_of
from store.warehouse import exclusive
from stub_builds import build

pytestmark = pytest.mark.usefixtures("no_macros")


@pytest.mark.many_builds
@pytest.mark.short
def test_publish_after_publish_takes_no_more_room(kept_settings: Settings) -> None:
    """After as many runs as are kept, files and bytes stay what they are."""
    sizes = []
    for number in range(1, 13):
        build(
            kept_settings,
            run_number=number,
            customers="'c' || range as customer_id, range as spend",
        )
        with exclusive(Warehouse(kept_settings.warehouse)):
            publish(kept_settings)
        files = [path for path in kept_settings.warehouse.rglob("*") if path.is_file()]
        # The published file and its version are one file under two names.
        sizes.append(
            (len(files), sum({s.st_ino: s.st_size for s in map(Path.stat, files)}.values()))
        )
    assert len({count for count, _ in sizes[kept_settings.keep :]}) == 1
    assert sizes[-1][1] <= 1.02 * sizes[kept_settings.keep][1]


# --- building on


def write_numbers(path: Path, run: int, fit: int, segment: int, highest: str = "") -> None:
    """Write a published file as far as numbers are looked for in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as connection:
        connection.execute("create schema history")
        connection.execute(
            f"create table segmentation_runs as select {run} as run_number, true as is_current, "
            "'own_files' as source, date '2024-01-01' as as_of_date"
        )
        connection.execute(f"create table history.runs as select {run} as run_number")
        connection.execute(f"create table history.fits as select {fit} as fit_number")
        connection.execute(f"create table history.segments as select {segment} as segment_id")
        if highest:
            connection.execute(
                "create table history.highest_numbers as "
                f"select * from (values ({highest})) as n(run_number, fit_number, segment_id)"
            )


def test_numbers_of_versions_rolled_back_from_are_given_out(tmp_path):
    warehouse = Warehouse(tmp_path)
    assert numbers_given_out(warehouse) == [0, 0, 0]
    write_numbers(warehouse.marts_db, 2, 1, 5)
    assert numbers_given_out(warehouse) == [2, 1, 5]
    write_numbers(version_of(warehouse, 3).file, 3, 4, 9)
    assert numbers_given_out(warehouse) == [3, 4, 9]
    write_numbers(warehouse.marts_db, 4, 2, 6, highest="4, 7, 12")
    assert numbers_given_out(warehouse) == [4, 7, 12]


def test_a_version_rolled_back_from_that_cannot_be_read_is_told(tmp_path):
    warehouse = Warehouse(tmp_path)
    write_numbers(warehouse.marts_db, 2, 1, 5)
    version = version_of(warehouse, 3)
    version.folder.mkdir(parents=True)
    version.file.write_bytes(b"no database")
    with pytest.raises(Problem, match="was rolled back from"):
        numbers_given_out(warehouse)


# --- the columns that readers rely on


@pytest.mark.parametrize(
    ("customers", "shown"),
    [
        ("cast(hash(range) as varchar) as customer_id", r"customers\.spend was removed"),
        (
            "cast(hash(range) as varchar) as customer_id, cast(range as double) as spend",
            r"customers\.spend was BIGINT and is DOUBLE",
        ),
    ],
)
def test_a_column_removed_or_retyped_raises_the_schema_version(kept_settings, customers, shown):
    build(kept_settings)
    publish(kept_settings)
    build(kept_settings, run_number=2, customers=customers)
    with pytest.raises(Problem, match=shown):
        publish(kept_settings)
    assert run_number(kept_settings) == 1
    build(kept_settings, run_number=2, customers=customers, schema_version=2)
    assert publish(kept_settings).run_number == 2


def test_a_column_more_breaks_nothing(kept_settings):
    build(kept_settings)
    publish(kept_settings)
    build(
        kept_settings,
        run_number=2,
        customers="range as spend, 'c' || range as customer_id, 1 as more",
    )
    assert publish(kept_settings).run_number == 2
