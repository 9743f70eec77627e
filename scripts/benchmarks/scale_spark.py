"""The same shops built on DuckDB and on Spark, and at what size Spark would pay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.report import markdown_table
from benchmarks.scale_build import STAGES, BuildFigures
from console import size

ENGINES = ("duckdb", "spark")
TITLES = {"duckdb": "DuckDB", "spark": "Spark"}
MILLION = 1_000_000
# Machines like the measured one, of which a cluster is made in the table.
CLUSTERS = (1, 4, 16, 64, 256)
TEN_BILLION = 10_000_000_000
HOUR = 3600.0


@dataclass(frozen=True)
class Line:
    """Seconds of a build as a line over the number of order lines, through two measurements.

    Attributes:
        fixed: Seconds that do not depend on the size.
        per_million: Seconds a million lines.
    """

    fixed: float
    per_million: float

    def seconds(self, lines: float, machines: int = 1) -> float:
        """Seconds of a build, where `machines` share what grows with the size evenly."""
        return self.fixed + self.per_million * lines / MILLION / machines


def line_through(lines: Sequence[int], seconds: Sequence[float]) -> Line:
    """Return the line through the smallest and the largest measurement; needs two sizes.

    Where the larger one took no longer, the slope is 0.
    """
    slope = max(0.0, (seconds[-1] - seconds[0]) / (lines[-1] - lines[0]))
    return Line(max(0.0, seconds[-1] - slope * lines[-1]), slope * MILLION)


def pays_from(one: Line, spark: Line, machines: int) -> float | None:
    """Return the lines from which on Spark on so many machines is faster; None where it never is.

    One machine runs DuckDB; a cluster shares what grows with the size evenly, which is the most
    that it could do.
    """
    gained = one.per_million - spark.per_million / machines
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
        engine: line_through(lines, [one.seconds for one in built[engine]]) for engine in ENGINES
    }
    one, spark = found["duckdb"], found["spark"]
    growth = markdown_table(
        ("engine", "fixed", "a million lines"),
        [
            (TITLES[name], f"{line.fixed:.0f} s", f"{line.per_million:.2f} s")
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
