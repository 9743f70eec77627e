"""Time and memory of whole builds against size, side by side with a plain script and a notebook.

A seeded shop is generated as Parquet, built by `make build`, and measured stage by stage. The long
form (100 million lines) takes about half an hour on two cores, 8 GB of memory and 40 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.quality import conclude
from benchmarks.report import Part, targets_table, write_page
from benchmarks.scale_chart import scale_chart
from benchmarks.scale_growth import measure_bounded, measure_growth
from benchmarks.scale_measures import (
    measure_compare,
    measure_default,
    measure_incremental,
    measure_kmeans,
    measure_spark,
)
from benchmarks.scale_parts import (
    CHART,
    CHARTED,
    COMPARED,
    CUSTOMERS_OF_KMEANS,
    DEFAULT_SEED,
    GROWING,
    MOST_LINES,
    ON_SPARK,
    PARTS,
    PARTS_ASKED_FOR,
    SIZES,
    ChartData,
)
from common.console import Problem, say
from common.setting_values import read_memory

HELP = "how time and memory of whole builds grow, and what others take on the same data"
"""Points (lines, figure) of each series, by the name of the chart."""


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
    add_arguments_of_runs(parser)


def add_arguments_of_runs(parser: argparse.ArgumentParser) -> None:
    """Declare the options that do not decide what is measured."""
    parser.add_argument(
        "--memory",
        metavar="SIZE",
        help="MEMORY of the builds (default: as make build, 3500MB side by side)",
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
    """Refuse invalid options."""
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
        raise Problem(f"--page {arguments.page}: expected a Markdown file, found none", 2)
    if arguments.folder is not None and not arguments.folder.is_dir():
        raise Problem(f"--folder {arguments.folder}: expected a folder, found none", 2)


MEASURES: dict[str, Callable[[argparse.Namespace, Path, ChartData], Part]] = {
    "growth": measure_growth,
    "bounded": measure_bounded,
    "compare": measure_compare,
    "incremental": measure_incremental,
    "kmeans": measure_kmeans,
    "default": measure_default,
    "spark": measure_spark,
}
