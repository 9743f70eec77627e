"""What a build takes when a shop has grown by its newest lines, against a full build.

Both continue from the same published build, so that their marts have to be the same.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import duckdb

from benchmarks.report import Target, markdown_table
from benchmarks.scale_build import STAGES, BuildFigures, build
from benchmarks.scale_data import write_shop
from benchmarks.scale_lines import Shop
from common.json_types import JsonObject
from common.machine import processors
from common.query_rows import one_row
from common.warehouse_paths import Warehouse
from export_ordered import digests

# Of so many files, of whole weeks and about equally many orders, the newest is new: 5%.
FILE_COUNT = 20
LOAD_TO_CORE = ("load", "staging", "core")
# What says so in a build's output.
KEPT = "is kept, but for days that are touched"


@dataclass(frozen=True)
class Growth:
    """A build on top of the last one, and one of all, on the same data and history.

    new_line_count: lines in the new file; differing: marts that are not the same in both.
    """

    line_count: int
    new_line_count: int
    increment: BuildFigures
    full: BuildFigures
    marts: int
    differing: list[str]

    @property
    def load_to_core(self) -> float:
        """Wall seconds from load to core, as a share of those of the full build."""
        return self.increment.seconds_of(LOAD_TO_CORE) / self.full.seconds_of(LOAD_TO_CORE)

    @property
    def whole(self) -> float:
        """Wall seconds of the whole build, as a share of those of the full build."""
        return self.increment.seconds / self.full.seconds


def grown(
    folder: Path, line_count: int, seed: int, memory: str | None, progress: Callable[[str], None]
) -> Growth:
    """Build a shop without its newest file, then with it, in two ways.

    The two are built at one place, one after the other: dbt reads its project again in another.
    """
    data, later = folder / "shop_growing", folder / "later"
    write_shop(Shop(line_count, seed), data, threads=processors(), file_count=FILE_COUNT)
    newest = sorted(data.glob("order_lines_*.parquet"))[-1]
    later.mkdir()
    newest.rename(later / newest.name)
    given: dict[str, Any] = {"source": "own_files", "data": data, "memory": memory}
    warehouse, before, on_top = (folder / f"warehouse_{name}" for name in ("now", "before", "top"))
    progress(f"building {line_count:,} lines without the newest twentieth ...")
    build(warehouse, **given)
    shutil.copytree(warehouse, before)
    (later / newest.name).rename(newest)
    progress("building with it, on top ...")
    increment = build(warehouse, **given)
    if not any(KEPT in line for line in increment.said):
        said = "\n".join(increment.said)
        raise ValueError(f"expected the build to keep what the last one made:\n{said}")
    progress(f"{increment.seconds:.0f} s; building everything again ...")
    warehouse.rename(on_top)
    before.rename(warehouse)
    full = build(warehouse, full=1, **given)
    expected, found = (digests(Warehouse(one).marts_db) for one in (warehouse, on_top))
    counted = new_lines(warehouse, newest.name)
    for path in (data, later, warehouse, on_top):
        shutil.rmtree(path)
    return Growth(
        counted[0],
        counted[1],
        increment,
        full,
        len(expected),
        sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        ),
    )


def new_lines(warehouse: Path, newest: str) -> tuple[int, int]:
    """Rows of order lines that were loaded in all, and of the newest file."""
    with duckdb.connect(Warehouse(warehouse).build_db, read_only=True) as connection:
        in_all, of_newest = one_row(
            connection,
            "select sum(row_count)::bigint, "
            "coalesce(sum(row_count) filter (where file_name = $name), 0)::bigint "
            "from raw.load_ledger where source_table = 'order_lines'",
            {"name": newest},
        )
    return in_all, of_newest


def increment_targets(
    growth: Growth, *, load_to_core: float, whole: float, is_full: bool
) -> list[Target]:
    """Shares of a full build's time; compared with its target at full size only.

    Marts have to be the same.
    """
    what = f"{growth.new_line_count / growth.line_count:.0%} new of {growth.line_count:,} lines"
    return [
        Target(
            f"load to core, {what}, share of a full build's",
            f"{growth.load_to_core:.0%}",
            f"at most {load_to_core:.0%}",
            growth.load_to_core <= load_to_core if is_full else None,
        ),
        Target(
            f"whole build, {what}, share of a full build's",
            f"{growth.whole:.0%}",
            f"at most {whole:.0%}",
            growth.whole <= whole if is_full else None,
        ),
        Target(
            f"marts of the two builds: {growth.marts}",
            "the same" if not growth.differing else "other: " + ", ".join(growth.differing),
            "the same",
            not growth.differing,
        ),
    ]


def increment_table(growth: Growth) -> str:
    """Seconds (of processors) of each stage, of both builds."""
    rows = []
    for name in STAGES:
        cells = [one.stage(name) for one in (growth.full, growth.increment)]
        rows.append(
            (name, *(f"{one.seconds:.1f} s ({one.processor_seconds:.1f} s)" for one in cells))
        )
    rows.append(
        (
            "whole build",
            *(
                f"{one.seconds:.1f} s ({one.processor_seconds:.1f} s)"
                for one in (growth.full, growth.increment)
            ),
        )
    )
    text = markdown_table(("stage", "full build", "increment"), rows)
    return f"Seconds (of processors) of each stage:\n\n{text}"


def as_row(growth: Growth) -> JsonObject:
    """Figures for a JSON file."""
    return asdict(growth) | {
        "increment": growth.increment.as_dict(),
        "full": growth.full.as_dict(),
        "load_to_core": growth.load_to_core,
        "whole": growth.whole,
    }
