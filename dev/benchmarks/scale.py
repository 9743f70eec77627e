"""Time and memory of whole builds against size, side by side with a plain script and a notebook.

A seeded shop is generated as Parquet, built by `make build`, and measured stage by stage. The long
form (100 million lines) takes about half an hour on two cores, 8 GB of memory and 40 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import math
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeAlias

from benchmarks import scale_compare, scale_spark, speed
from benchmarks.quality import conclude
from benchmarks.report import Part, Target, markdown_table, targets_table, write_page
from benchmarks.scale_build import STAGES, BuildFigures, build
from benchmarks.scale_chart import scale_chart
from benchmarks.scale_data import Shop, write_shop
from benchmarks.scale_increment import as_row, grown, increment_table, increment_targets
from common.console import Problem, say, size
from common.json_types import JsonObject
from common.machine import machine_memory, processors
from common.setting_values import read_memory

HELP = "how time and memory of whole builds grow, and what others take on the same data"
PARTS = ("growth", "bounded", "compare", "incremental", "kmeans", "default")
# Needs Java, and has a page of its own: measured when it is asked for.
PARTS_ASKED_FOR = ("spark",)
CHARTED = ("growth", "compare")
MILLION = 1_000_000
SIZES = (1 * MILLION, 10 * MILLION, 100 * MILLION)
COMPARED, CUSTOMERS_OF_KMEANS = 20 * MILLION, 10 * MILLION
GROWING = 10 * MILLION
ON_SPARK = (2 * MILLION, 20 * MILLION)
DEFAULT_SEED, MOST_LINES = 7, 100 * MILLION
GB = 1e9
# Targets: on two cores and 24 GB.
FULL_SECONDS, FULL_PEAK, BOUND = 300.0, 8 * GB, "4GB"
EXPONENT, MEMORY_GROWTH = 1.1, 2.0
TIMES_FASTER, MEMORY_SHARE, PLAIN_TIMES = 3.0, 0.25, 1.5
INCREMENT_LOAD_TO_CORE, INCREMENT_WHOLE = 0.15, 0.4
KMEANS_SECONDS, KMEANS_PEAK, DEFAULT_SECONDS = 90.0, 6 * GB, 30.0
SLOWEST_SHOWN = 12
CHART = "chart.json"

ChartData: TypeAlias = dict[str, dict[str, list[tuple[float, float]]]]
"""Points (lines, figure) of each series, by the name of the chart."""


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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "--sizes",
        type=int,
        nargs="+",
        default=SIZES,
        metavar="N",
        help=f"order lines of the builds, ascending (default {' '.join(map(str, SIZES))})",
    )
    parser.add_argument(
        "--compare",
        type=int,
        default=COMPARED,
        metavar="N",
        help=f"lines of the side by side (default {COMPARED}); the notebook is left out, and the "
        "output says so, where it would not fit into memory",
    )
    parser.add_argument(
        "--growing",
        type=int,
        default=GROWING,
        metavar="N",
        help=f"lines of the shop of which the newest twentieth is new (default {GROWING})",
    )
    parser.add_argument(
        "--customers",
        type=int,
        default=CUSTOMERS_OF_KMEANS,
        metavar="N",
        help=f"customers of the K-means step (default {CUSTOMERS_OF_KMEANS})",
    )
    parser.add_argument(
        "--memory", metavar="SIZE", help="MEMORY of the builds (default: as make build)"
    )
    parser.add_argument(
        "--spark",
        type=int,
        nargs=2,
        default=ON_SPARK,
        metavar="N",
        help="order lines of the two shops that are built on Spark too (default "
        f"{' '.join(map(str, ON_SPARK))})",
    )
    parser.add_argument(
        "--only",
        choices=(*PARTS, *PARTS_ASKED_FOR),
        nargs="+",
        help="measure these parts (default: all but spark, which needs Java)",
    )
    parser.add_argument("--seed", type=int, default=DEFAULT_SEED, help="of the shops")
    parser.add_argument(
        "--folder", type=Path, help="where data and warehouses lie meanwhile (default: temporary)"
    )
    parser.add_argument("--out", type=Path, metavar="FOLDER", help="folder for JSON and Markdown")
    parser.add_argument(
        "--page",
        type=Path,
        metavar="FILE",
        help="a page, such as docs/scale.md: its tables and its chart are brought up to date",
    )


def main(arguments: argparse.Namespace) -> int:
    """Measure, print, save; 0 when every measured target is met, otherwise 3."""
    check(arguments)
    wanted = [part for part in MEASURES if part in (arguments.only or PARTS)]
    folder = Path(tempfile.mkdtemp(prefix="scale_", dir=arguments.folder))
    started = time.monotonic()
    parts: list[Part] = []
    chart = chart_so_far(arguments.out)
    try:
        for name in wanted:
            part = MEASURES[name](arguments, folder, chart)
            parts.append(part)
            say(f"\n{part.title}\n\n{targets_table(part.targets)}\n\n{part.text}\n")
            if arguments.out:
                part.save(arguments.out)
            if arguments.page:
                write_page(arguments.page, [part])
            if name in CHARTED:
                write_chart(chart, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return conclude([one for part in parts for one in part.targets], time.monotonic() - started)


def chart_so_far(out: Path | None) -> ChartData:
    """Return what earlier runs into the same folder have measured, part by part."""
    path = out / CHART if out else None
    if path is None or not path.exists():
        return {"seconds": {}, "gigabytes": {}}
    chart: ChartData = json.loads(path.read_text(encoding="utf-8"))
    return chart


def write_chart(chart: ChartData, arguments: argparse.Namespace) -> None:
    """Draw the chart beside the page, or into the folder, and keep what it is drawn from."""
    if not chart["seconds"]:
        return
    if arguments.out:
        (arguments.out / CHART).write_text(json.dumps(chart, indent=2), encoding="utf-8")
    if arguments.page or arguments.out:
        path = arguments.page.with_suffix(".svg") if arguments.page else arguments.out / "scale.svg"
        text = scale_chart(chart["seconds"], chart["gigabytes"])
        path.write_text(text, encoding="utf-8")


def check(arguments: argparse.Namespace) -> None:
    """Refuse options that cannot be."""
    for name, values in (
        ("sizes", arguments.sizes),
        ("compare", [arguments.compare]),
        ("growing", [arguments.growing]),
        ("spark", arguments.spark),
        ("customers", [arguments.customers]),
    ):
        for value in values:
            if not 10_000 <= value <= MOST_LINES:
                raise Problem(f"--{name} {value}: expected from 10000 to {MOST_LINES}", 2)
    for name, values in (("sizes", arguments.sizes), ("spark", arguments.spark)):
        if list(values) != sorted(set(values)):
            raise Problem(f"--{name} {values}: expected each once, in ascending order", 2)
    if arguments.seed < 0:
        raise Problem(f"--seed {arguments.seed}: expected at least 0", 2)
    if arguments.memory:
        read_memory(arguments.memory)
    if arguments.page is not None and not arguments.page.is_file():
        raise Problem(f"--page {arguments.page}: expected a Markdown file, there is none", 2)
    if arguments.folder is not None and not arguments.folder.is_dir():
        raise Problem(f"--folder {arguments.folder}: expected a folder, there is none", 2)


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
        [_row(one) for one in found],
    )


def exponent(smaller: Measured, larger: Measured) -> float:
    """The power of the size that wall time grows with, between two sizes."""
    time_ratio = larger.figures.seconds / smaller.figures.seconds
    return math.log(time_ratio) / math.log(larger.line_count / smaller.line_count)


def growth_targets(found: Sequence[Measured]) -> list[Target]:
    """Time, memory and growth; judged at the full sizes only."""
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
    return Part("bounded", "Bounded memory", [target], text, [_row(one)])


def measure_compare(arguments: argparse.Namespace, folder: Path, chart: ChartData) -> Part:
    """A build, the plain script, the notebook and the floor on the same data."""
    lines = arguments.compare
    say(f"Side by side: {lines:,} lines")
    warehouse = folder / "warehouse_compare"
    one = measured(folder, lines, arguments.seed, arguments.memory, warehouse)
    data, _ = generated(folder, lines, arguments.seed)
    to_features = scale_compare.seconds_to_features(one.figures)
    rows: list[tuple[str, float | None, float | None, int | None]]
    rows = [("make build", one.figures.seconds, to_features, one.figures.peak)]
    plain = scale_compare.plain(data, warehouse, folder / "plain", memory=arguments.memory)
    say(f"  plain script: {plain.seconds:.0f} s, {size(plain.peak)}")
    tables = scale_compare.same_tables(warehouse, folder / "plain")
    shutil.rmtree(folder / "plain")
    rows.append((plain.name, None, plain.features, plain.peak))
    targets = [
        Target(
            f"raw to features at {lines:,} lines, times the plain script",
            f"{to_features / plain.features:.2f}",
            f"at most {PLAIN_TIMES}",
            to_features / plain.features <= PLAIN_TIMES if lines >= COMPARED else None,
        ),
        _agreed("plain script", tables),
    ]
    needed = lines * scale_compare.NOTEBOOK_BYTES_A_LINE
    if needed > machine_memory():
        reason = f"left out: about {size(needed)} of memory are needed"
        targets.append(Target("against the notebook", reason, "", None))
    else:
        notebook, _ = scale_compare.notebook(data, folder / "notebook.parquet")
        say(f"  notebook: {notebook.seconds:.0f} s, {size(notebook.peak)}")
        features = scale_compare.same_features(warehouse, folder / "notebook.parquet")
        rows.append((notebook.name, notebook.seconds, notebook.features, notebook.peak))
        targets += notebook_targets(lines, one.figures, notebook)
        targets.append(_agreed("notebook", features))
        chart["seconds"]["notebook"] = [(lines, notebook.seconds)]
        chart["gigabytes"]["notebook"] = [(lines, notebook.peak / GB)]
    chart["seconds"]["plain script, raw to features"] = [(lines, plain.features)]
    chart["gigabytes"]["plain script, raw to features"] = [(lines, plain.peak / GB)]
    for name, seconds in scale_compare.floor(data, processors()):
        rows.append((name, seconds, None, None))
    shutil.rmtree(warehouse)
    head = (f"{lines:,} lines", "seconds", "raw to features, seconds", "peak")
    cells = [
        (
            name,
            "" if whole is None else f"{whole:.1f}",
            "" if part is None else f"{part:.1f}",
            "" if peak is None else size(peak),
        )
        for name, whole, part, peak in rows
    ]
    return Part(
        "compare",
        "Side by side",
        targets,
        markdown_table(head, cells),
        {"build": _row(one), "rows": rows},
    )


def notebook_targets(
    lines: int, figures: BuildFigures, notebook: scale_compare.Program
) -> list[Target]:
    """Times faster and share of memory; judged at the full size only."""
    faster, share = notebook.seconds / figures.seconds, figures.peak / notebook.peak
    return [
        Target(
            f"whole build at {lines:,} lines, times faster than the notebook",
            f"{faster:.1f}",
            f"at least {TIMES_FASTER:.0f}",
            faster >= TIMES_FASTER if lines >= COMPARED else None,
        ),
        Target(
            f"its memory at {lines:,} lines, share of the notebook's",
            f"{share:.2f}",
            f"at most {MEMORY_SHARE}",
            share <= MEMORY_SHARE if lines >= COMPARED else None,
        ),
    ]


def _agreed(name: str, agreement: scale_compare.Agreement) -> Target:
    found = "the same" if not agreement.differences else "; ".join(agreement.differences[:8])
    return Target(
        f"output of the {name}: {agreement.what}", found, "the same", not agreement.differences
    )


def measure_incremental(arguments: argparse.Namespace, folder: Path, chart: ChartData) -> Part:
    """A build on top of the last one, and one of all."""
    lines = arguments.growing
    say(f"Incremental: {lines:,} lines")
    growth = grown(folder, lines, arguments.seed, arguments.memory, lambda told: say(f"  {told}"))
    targets = increment_targets(
        growth,
        load_to_core=INCREMENT_LOAD_TO_CORE,
        whole=INCREMENT_WHOLE,
        is_full=lines >= GROWING,
    )
    table = increment_table(growth)
    return Part("incremental", "Incremental builds", targets, table, as_row(growth))


def measure_kmeans(arguments: argparse.Namespace, folder: Path, chart: ChartData) -> Part:
    """The learning step alone on many customers."""
    rows = arguments.customers
    say(f"K-means step: {rows:,} x {speed.FEATURES}")
    path = folder / "matrix.parquet"
    speed.write_matrix(path, rows, arguments.seed)
    step = speed.measure(path, "the step")
    path.unlink()
    is_full = rows >= CUSTOMERS_OF_KMEANS
    name = f"whole learning step on {rows:,} x {speed.FEATURES}"
    targets = [
        Target(
            name,
            f"{step.seconds:.0f} s",
            f"at most {KMEANS_SECONDS:.0f} s at {CUSTOMERS_OF_KMEANS:,}",
            step.seconds <= KMEANS_SECONDS if is_full else None,
        ),
        Target(
            f"{name}, peak",
            size(step.peak),
            f"at most {size(int(KMEANS_PEAK))}",
            step.peak <= KMEANS_PEAK if is_full else None,
        ),
    ]
    table = markdown_table(
        ("customers", "seconds", "peak", "after imports", "k found"),
        [
            (
                f"{rows:,}",
                f"{step.seconds:.1f}",
                size(step.peak),
                size(step.after_imports),
                step.k,
            )
        ],
    )
    return Part("kmeans", "The learning step", targets, table, asdict(step))


def measure_default(arguments: argparse.Namespace, folder: Path, chart: ChartData) -> Part:
    """The data that comes with the project."""
    say("Default source")
    figures = build(folder / "warehouse_default", memory=arguments.memory)
    target = Target(
        "whole build of the default source",
        f"{figures.seconds:.0f} s, {size(figures.peak)}",
        f"at most {DEFAULT_SECONDS:.0f} s",
        figures.seconds <= DEFAULT_SECONDS,
    )
    one = Measured(1_469_307, 0, figures)
    shutil.rmtree(folder / "warehouse_default")
    return Part("default", "The default source", [target], stages_table([one]), figures.as_dict())


def measure_spark(arguments: argparse.Namespace, folder: Path, chart: ChartData) -> Part:
    """The same shops on DuckDB and on Spark's local master."""
    say("DuckDB and Spark")
    built: dict[str, list[BuildFigures]] = {engine: [] for engine in scale_spark.ENGINES}
    for line_count in arguments.spark:
        data, _ = generated(folder, line_count, arguments.seed)
        for engine, found in built.items():
            warehouse = folder / f"warehouse_{engine}"
            figures = build(
                warehouse, source="own_files", data=data, memory=arguments.memory, target=engine
            )
            shutil.rmtree(warehouse)
            found.append(figures)
            say(f"  {engine}, {line_count:,} lines: {figures.seconds:.0f} s, {size(figures.peak)}")
        shutil.rmtree(data)
    stages = scale_spark.stages_by_engine(arguments.spark, built)
    growth = scale_spark.growth_by_engine(arguments.spark, built)
    return Part(
        "spark",
        "DuckDB and Spark",
        [],
        f"{stages}\n\n{growth}",
        {engine: [one.as_dict() for one in found] for engine, found in built.items()},
    )


def _row(one: Measured) -> JsonObject:
    return {
        "line_count": one.line_count,
        "input_bytes": one.input_bytes,
        "lines_per_second": one.lines_per_second,
        **one.figures.as_dict(),
    }


MEASURES: dict[str, Callable[[argparse.Namespace, Path, ChartData], Part]] = {
    "growth": measure_growth,
    "bounded": measure_bounded,
    "compare": measure_compare,
    "incremental": measure_incremental,
    "kmeans": measure_kmeans,
    "default": measure_default,
    "spark": measure_spark,
}
