"""Sizes, bounds and targets of the benchmark of scale."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from benchmarks.scale_build import BuildFigures, build
from benchmarks.scale_data import write_shop
from benchmarks.scale_lines import Shop
from common.console import say, size
from common.json_types import JsonObject
from common.machine import processors

PARTS = ("growth", "bounded", "compare", "incremental", "kmeans", "default")
# Needs Java, and has a page of its own: measured when it is asked for.
PARTS_ASKED_FOR = ("spark",)
CHARTED = ("growth", "compare")
MILLION = 1_000_000
SIZES = (1 * MILLION, 10 * MILLION, 100 * MILLION)
# A quarter of what the notebook takes: by default a build uses more where the machine has it.
COMPARED_MEMORY = "3500MB"
COMPARED, CUSTOMERS_OF_KMEANS = 20 * MILLION, 10 * MILLION
GROWING = 20 * MILLION
ON_SPARK = (2 * MILLION, 20 * MILLION)
DEFAULT_SEED, MOST_LINES = 7, 100 * MILLION
GB = 1e9
# Targets: on two cores and 24 GB.
FULL_SECONDS, FULL_PEAK, BOUND = 300.0, 4.5 * GB, "4GB"
EXPONENT, MEMORY_GROWTH = 1.1, 2.0
TIMES_FASTER, MEMORY_SHARE, PLAIN_TIMES = 3.0, 0.25, 1.5
INCREMENT_LOAD_TO_CORE, INCREMENT_WHOLE = 0.25, 0.45
KMEANS_SECONDS, KMEANS_PEAK, DEFAULT_SECONDS = 90.0, 6 * GB, 30.0
SLOWEST_SHOWN = 12
CHART = "chart.json"
ChartData: TypeAlias = dict[str, dict[str, list[tuple[float, float]]]]


@dataclass(frozen=True)
class Measured:
    """A build of a generated shop."""

    line_count: int
    input_bytes: int
    figures: BuildFigures

    @property
    def lines_per_second(self) -> float:
        """Lines by wall seconds of the whole build."""
        return self.line_count / self.figures.seconds


def row(one: Measured) -> JsonObject:
    """Return what was measured as JSON."""
    return {
        "line_count": one.line_count,
        "input_bytes": one.input_bytes,
        "lines_per_second": one.lines_per_second,
        **one.figures.as_dict(),
    }


def generated(folder: Path, line_count: int, seed: int) -> tuple[Path, int]:
    """Write a shop, once; returns its folder and its bytes."""
    data = folder / f"shop_{line_count}"
    if not data.exists():
        started = time.monotonic()
        byte_count = write_shop(Shop(line_count, seed), data, threads=processors())
        say(
            f"  {line_count:,} lines written, {size(byte_count)}, "
            f"{time.monotonic() - started:.0f} s"
        )
    return data, sum(path.stat().st_size for path in data.glob("*.parquet"))


def measured(
    folder: Path, line_count: int, seed: int, memory: str | None, warehouse: Path
) -> Measured:
    """Build a generated shop and tell what it took."""
    data, byte_count = generated(folder, line_count, seed)
    say(f"  building {line_count:,} lines{f' with MEMORY={memory}' if memory else ''} ...")
    figures = build(warehouse, source="own_files", data=data, memory=memory)
    found = Measured(line_count, byte_count, figures)
    say(
        f"  {line_count:,} lines: {figures.seconds:.0f} s, "
        f"{figures.processor_seconds:.0f} s of processors, {size(figures.peak)}"
    )
    return found
