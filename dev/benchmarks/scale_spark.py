"""The same shops built on DuckDB and on Spark, and at what size Spark would pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.report import markdown_table
from benchmarks.scale_build import STAGES, BuildFigures
from common.console import size

ENGINES = ("duckdb", "spark")
TITLES = {"duckdb": "DuckDB", "spark": "Spark"}
MILLION = 1_000_000
# Machines like the measured one, of which a cluster is made in the table.
CLUSTERS = (1, 4, 16, 64, 256)
# Stages that one machine does on Spark too.
ALONE = ("load", "publish")
TEN_BILLION = 10_000_000_000
HOUR = 3600.0


@dataclass(frozen=True)
class Line:
    """Seconds of a build as a line over the number of order lines, through two measurements.

    Attributes:
        fixed: Seconds that do not depend on the size.
        per_million: Seconds a million lines.
        alone: Those of them that one machine spends, however many there are: files are loaded and
            the published file is written by one.
    """

    fixed: float
    per_million: float
    alone: float = 0.0

    def per_million_on(self, machines: int) -> float:
        """Seconds a million lines, where `machines` share evenly what can be shared."""
        return self.alone + (self.per_million - self.alone) / machines

    def seconds(self, lines: float, machines: int = 1) -> float:
        """Seconds of a build."""
        return self.fixed + self.per_million_on(machines) * lines / MILLION


def slope(lines: Sequence[int], seconds: Sequence[float]) -> float:
    """Seconds a million lines, from the smallest to the largest measurement; at least 0."""
    return max(0.0, (seconds[-1] - seconds[0]) / (lines[-1] - lines[0]) * MILLION)


def line_through(lines: Sequence[int], seconds: Sequence[float], alone: Sequence[float]) -> Line:
    """Return the line through the smallest and the largest measurement; needs two sizes.

    `alone` are the seconds of what one machine does.
    """
    per_million = slope(lines, seconds)
    fixed = max(0.0, seconds[-1] - per_million * lines[-1] / MILLION)
    return Line(fixed, per_million, min(per_million, slope(lines, alone)))


def pays_from(one: Line, spark: Line, machines: int) -> float | None:
    """Return the lines from which on Spark on so many machines is faster; None where it never is.

    One machine runs DuckDB; a cluster shares evenly what can be shared, which is the most that it
    could do.
    """
    gained = one.per_million - spark.per_million_on(machines)
    if gained <= 0:
        return None
    return max(0.0, (spark.fixed - one.fixed) / gained) * MILLION


def stages_by_engine(lines: Sequence[int], built: dict[str, list[BuildFigures]]) -> str:
    """Seconds and peak of each stage, engine by engine and size by size."""
    head = ["stage"]
    for count in lines:
        head += [f"{TITLES[engine]}, {count / MILLION:g} million" for engine in ENGINES]
    rows = []
    for name in STAGES:
        row = [name]
        for at in range(len(lines)):
            for engine in ENGINES:
                stage = built[engine][at].stage(name)
                peak = f", {size(stage.peak)}" if stage.peak else ""
                row.append(f"{stage.seconds:.1f} s{peak}")
        rows.append(row)
    whole = ["**whole build**"]
    for at in range(len(lines)):
        for engine in ENGINES:
            figures = built[engine][at]
            whole.append(f"**{figures.seconds:.0f} s, {size(figures.peak)}**")
    return markdown_table(head, [*rows, whole])


def growth_by_engine(lines: Sequence[int], built: dict[str, list[BuildFigures]]) -> str:
    """Where Spark would pay by the measured lines, and what ten billion lines would take."""
    found = {
        engine: line_through(
            lines,
            [one.seconds for one in built[engine]],
            [one.seconds_of(ALONE) for one in built[engine]],
        )
        for engine in ENGINES
    }
    one, spark = found["duckdb"], found["spark"]
    growth = markdown_table(
        ("engine", "fixed", "a million lines", "of it on one machine"),
        [
            (
                TITLES[name],
                f"{line.fixed:.0f} s",
                f"{line.per_million:.2f} s",
                f"{line.alone:.2f} s" if name == "spark" else "all",
            )
            for name, line in found.items()
        ],
    )
    rows = []
    for machines in CLUSTERS:
        start = pays_from(one, spark, machines)
        hours = spark.seconds(TEN_BILLION, machines) / HOUR
        rows.append(
            (
                machines,
                "never" if start is None else f"{start / MILLION:,.0f} million lines",
                f"{hours:,.1f} h",
                f"{hours * machines:,.0f} h",
            )
        )
    clusters = markdown_table(
        ("machines", "faster than DuckDB on one from", "ten billion lines", "machine hours"), rows
    )
    return f"{growth}\n\n{clusters}"
