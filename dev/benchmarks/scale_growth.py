"""How time and memory of whole builds grow with the number of order lines."""

from __future__ import annotations

import argparse
import math
import shutil
from collections.abc import Sequence
from pathlib import Path

from benchmarks.report import Part, Target, markdown_table
from benchmarks.scale_build import STAGES
from benchmarks.scale_parts import (
    BOUND,
    EXPONENT,
    FULL_PEAK,
    FULL_SECONDS,
    GB,
    MEMORY_GROWTH,
    MILLION,
    MOST_LINES,
    SLOWEST_SHOWN,
    ChartData,
    Measured,
    measured,
    row,
)
from common.console import say, size


def measure_growth(arguments: argparse.Namespace, folder: Path, chart: ChartData) -> Part:
    """Whole builds of growing shops."""
    say("Growth: whole builds")
    found = []
    for line_count in arguments.sizes:
        warehouse = folder / f"warehouse_{line_count}"
        found.append(measured(folder, line_count, arguments.seed, arguments.memory, warehouse))
        shutil.rmtree(warehouse)
        if line_count != arguments.sizes[-1] and line_count != arguments.compare:
            shutil.rmtree(folder / f"shop_{line_count}")
    chart["seconds"]["make build"] = [(one.line_count, one.figures.seconds) for one in found]
    chart["gigabytes"]["make build"] = [(one.line_count, one.figures.peak / GB) for one in found]
    return Part(
        "growth",
        "Growth",
        growth_targets(found),
        f"{sizes_table(found)}\n\n{stages_table(found)}\n\n{nodes_table(found[-1])}",
        [row(one) for one in found],
    )


def exponent(smaller: Measured, larger: Measured) -> float:
    """The power of the size that wall time grows with, between two sizes."""
    time_ratio = larger.figures.seconds / smaller.figures.seconds
    return math.log(time_ratio) / math.log(larger.line_count / smaller.line_count)


def growth_targets(found: Sequence[Measured]) -> list[Target]:
    """Time, memory and growth; compared with its target at full size only."""
    last = found[-1]
    is_full = last.line_count >= MOST_LINES
    targets = [
        Target(
            f"whole build of {last.line_count:,} lines",
            f"{last.figures.seconds:.0f} s",
            f"at most {FULL_SECONDS:.0f} s at {MOST_LINES:,}",
            last.figures.seconds <= FULL_SECONDS if is_full else None,
        ),
        Target(
            f"its peak of memory, of all processes ({last.line_count:,} lines)",
            size(last.figures.peak),
            f"at most {size(int(FULL_PEAK))} at {MOST_LINES:,}",
            last.figures.peak <= FULL_PEAK if is_full else None,
        ),
    ]
    if len(found) > 1:
        before = found[-2]
        is_asked = is_full and before.line_count == MOST_LINES // 10
        span = f"from {before.line_count:,} to {last.line_count:,} lines"
        power, grown = exponent(before, last), last.figures.peak / before.figures.peak
        targets += [
            Target(
                f"exponent of growth in time, {span}",
                f"{power:.2f}",
                f"at most {EXPONENT}",
                power <= EXPONENT if is_asked else None,
            ),
            Target(
                f"growth of memory, {span}",
                f"{grown:.1f} times",
                f"at most {MEMORY_GROWTH:.0f} times",
                grown <= MEMORY_GROWTH if is_asked else None,
            ),
        ]
    return targets


def sizes_table(found: Sequence[Measured]) -> str:
    """One row per size."""
    rows = []
    for number, one in enumerate(found):
        figures = one.figures
        rows.append(
            (
                f"{one.line_count:,}",
                size(one.input_bytes),
                f"{figures.seconds:.0f}",
                f"{figures.processor_seconds:.0f}",
                f"{one.lines_per_second:,.0f}",
                size(figures.peak),
                size(figures.read_bytes),
                size(figures.written_bytes),
                f"{exponent(found[number - 1], one):.2f}" if number else "",
            )
        )
    head = (
        "lines",
        "input",
        "seconds",
        "of processors",
        "lines a second",
        "peak",
        "read",
        "written",
        "exponent",
    )
    return markdown_table(head, rows)


def stages_table(found: Sequence[Measured]) -> str:
    """Seconds, seconds of processors and peak of each stage at each size."""
    head = ["stage", *(f"{one.line_count / MILLION:g} million" for one in found)]
    rows = []
    for name in STAGES:
        cells = []
        for one in found:
            stage = one.figures.stage(name)
            peak = f", {size(stage.peak)}" if stage.peak else ""
            cells.append(f"{stage.seconds:.1f} s ({stage.processor_seconds:.1f} s){peak}")
        rows.append((name, *cells))
    return "Seconds (of processors) and peak of each stage:\n\n" + markdown_table(head, rows)


def nodes_table(one: Measured) -> str:
    """What dominates."""
    slowest = sorted(one.figures.nodes, key=lambda node: -node.processor_seconds)[:SLOWEST_SHOWN]
    rows = [
        (
            f"`{node.name.split('.')[0]}`",
            node.stage,
            f"{node.seconds:.1f}",
            f"{node.processor_seconds:.1f}",
            size(node.peak),
        )
        for node in slowest
    ]
    head = ("model or test", "stage", "seconds", "of processors", "peak meanwhile")
    title = f"The slowest at {one.line_count / MILLION:g} million lines:"
    return f"{title}\n\n{markdown_table(head, rows)}"


def measure_bounded(arguments: argparse.Namespace, folder: Path, chart: ChartData) -> Part:
    """The largest build within little memory."""
    line_count = arguments.sizes[-1]
    say(f"Bounded: {line_count:,} lines with MEMORY={BOUND}")
    warehouse = folder / "warehouse_bounded"
    one = measured(folder, line_count, arguments.seed, BOUND, warehouse)
    shutil.rmtree(warehouse)
    allowed = float(BOUND.removesuffix("GB")) * GB
    target = Target(
        f"build of {line_count:,} lines with MEMORY={BOUND}, peak of all processes",
        f"{size(one.figures.peak)}, {one.figures.seconds:.0f} s",
        f"completes, at most {size(int(allowed))}",
        one.figures.peak <= allowed if line_count >= MOST_LINES else None,
    )
    text = f"{sizes_table([one])}\n\n{stages_table([one])}"
    return Part("bounded", "Bounded memory", [target], text, [row(one)])
