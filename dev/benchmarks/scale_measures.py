"""Further parts of the benchmark of scale: side by side with others, increments, K-means, Spark."""

from __future__ import annotations

import argparse
import shutil
from dataclasses import asdict
from pathlib import Path

from benchmarks import scale_compare, scale_spark, speed
from benchmarks.report import Part, Target, markdown_table
from benchmarks.scale_build import BuildFigures, build
from benchmarks.scale_growth import stages_table
from benchmarks.scale_increment import as_row, grown, increment_table, increment_targets
from benchmarks.scale_parts import (
    COMPARED,
    COMPARED_MEMORY,
    CUSTOMERS_OF_KMEANS,
    DEFAULT_SECONDS,
    GB,
    GROWING,
    INCREMENT_LOAD_TO_CORE,
    INCREMENT_WHOLE,
    KMEANS_PEAK,
    KMEANS_SECONDS,
    MEMORY_SHARE,
    PLAIN_TIMES,
    TIMES_FASTER,
    ChartData,
    Measured,
    generated,
    measured,
    row,
)
from common.console import say, size
from common.machine import machine_memory, processors


def measure_compare(arguments: argparse.Namespace, folder: Path, chart: ChartData) -> Part:
    """A build, the plain script, the notebook and the floor on the same data."""
    lines = arguments.compare
    say(f"Side by side: {lines:,} lines")
    warehouse = folder / "warehouse_compare"
    memory = arguments.memory or COMPARED_MEMORY
    one = measured(folder, lines, arguments.seed, memory, warehouse)
    data, _ = generated(folder, lines, arguments.seed)
    to_features = scale_compare.seconds_to_features(one.figures)
    rows: list[tuple[str, float | None, float | None, int | None]]
    rows = [("make build", one.figures.seconds, to_features, one.figures.peak)]
    plain = scale_compare.plain(data, warehouse, folder / "plain", memory=memory)
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
        {"build": row(one), "rows": rows},
    )


def notebook_targets(
    lines: int, figures: BuildFigures, notebook: scale_compare.Program
) -> list[Target]:
    """Times faster and share of memory; compared with its target at full size only."""
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
    growth = grown(folder, lines, arguments.seed, arguments.memory, lambda line: say(f"  {line}"))
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
