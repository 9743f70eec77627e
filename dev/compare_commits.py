"""Measure builds of this checkout side by side with those of an older commit.

Each figure is the median of the runs, in seconds of processor of all processes, which a busy
machine changes less than the time on the clock. Builds of the two alternate, so that both meet the
same machine; the first build of a warehouse is not counted. The old commit is checked out into a
temporary folder and runs in this environment, whose packages must be those that it was locked to.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import duckdb

ROOT = Path(__file__).resolve().parents[1]
BUILD = ("scripts/build.py",)
START = ("dev/run_dbt.py", "parse")
CHECK = ("scripts/check.py",)
# As many lines as a well-known export of a shop has, in its form: times and amounts to be read.
LINES = """
copy (
    select
        500000 + n // 21 as "InvoiceNo", 'P' || n % 3900 as "StockCode", n % 12 + 1 as "Quantity",
        strftime(timestamp '2010-12-01' + to_minutes(n), '%-m/%-d/%Y %-H:%M') as "InvoiceDate",
        (n % 900) / 100.0 + 0.5 as "UnitPrice",
        case when n // 21 % 4 > 0 then 12000 + n // 21 % 4372 end as "CustomerID"
    from range(541909) as lines (n)
) to '{}' (header)
"""
COLUMNS = """\
order_id: InvoiceNo
customer_id: CustomerID
ordered_at: InvoiceDate
product_id: StockCode
net_amount: Quantity * UnitPrice
"""
# Exit code of a build that publishes, and says that it held a refit back.
HELD_BACK = 3
LINES_SHOWN = 20
# What a build of a table has to be compared with: the usual cells of a notebook.
NOTEBOOK = """
import sys
import pandas
from sklearn.cluster import KMeans
from sklearn.preprocessing import StandardScaler
numbers = pandas.read_csv(sys.argv[1]).select_dtypes("number")
scaled = StandardScaler().fit_transform(numbers.fillna(numbers.median()))
for k in range(3, 9):
    KMeans(n_clusters=k, n_init=10, random_state=0).fit(scaled)
"""


@dataclass(frozen=True)
class Case:
    """What is measured on both sides.

    Attributes:
        name: What it is called in the table.
        command: Script and arguments, from the checkout's folder.
        settings: Settings of the build by name.
        target: Greatest ratio of new to old.
        first: What is run once before, and not counted.
    """

    name: str
    command: Sequence[str]
    settings: Mapping[str, str]
    target: float
    first: Sequence[str] = BUILD


def processor_seconds(
    command: Sequence[str], *, cwd: Path, environment: Mapping[str, str]
) -> float:
    """Run a command and return the seconds of processor that it and its children took.

    Raises:
        SystemExit: it failed; the end of what it said is the message.
    """
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
        )
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in (0, HELD_BACK):
            output.seek(0)
            lines = output.read().decode(errors="replace").splitlines()[-LINES_SHOWN:]
            raise SystemExit("\n".join([f"failed: {' '.join(command)}", *lines]))
    return used.ru_utime + used.ru_stime


@contextmanager
def checked_out(commit: str, folder: Path) -> Iterator[Path]:
    """Check a commit out into a folder below this one; it is removed afterwards."""
    place = folder / "old"
    git = ("git", "-C", str(ROOT), "worktree")
    subprocess.run([*git, "add", "--quiet", "--detach", str(place), commit], check=True)
    try:
        yield place
    finally:
        subprocess.run([*git, "remove", "--force", str(place)], check=True)


def measure(
    case: Case, sides: Mapping[str, Path], folder: Path, runs: int
) -> dict[str, list[float]]:
    """Return the seconds of each counted run by side, after one of each that is not counted."""
    found: dict[str, list[float]] = {side: [] for side in sides}
    slug = "".join(letter for letter in case.name if letter.isalnum())
    environments = {
        side: {**os.environ, **case.settings, "WAREHOUSE": str(folder / f"{slug} {side}")}
        for side in sides
    }
    for side, root in sides.items():
        command = [sys.executable, *in_checkout(case.first, root)]
        processor_seconds(command, cwd=root, environment=environments[side])
    for _ in range(runs):
        for side, root in sides.items():
            command = [sys.executable, *in_checkout(case.command, root)]
            found[side].append(processor_seconds(command, cwd=root, environment=environments[side]))
    return found


def in_checkout(command: Sequence[str], root: Path) -> list[str]:
    """Return the command as this checkout has it: older commits have all programs in scripts."""
    program, *arguments = command
    place = program if (root / program).exists() else f"scripts/{Path(program).name}"
    return [place, *arguments]


def write_lines(folder: Path) -> Path:
    """Write half a million order lines as a CSV file with its columns.yml; returns the folder."""
    folder.mkdir()
    with duckdb.connect() as connection:
        connection.execute(LINES.format(folder / "order_lines.csv"))
    (folder / "columns.yml").write_text(COLUMNS, encoding="utf-8")
    return folder


def cases(table: Path | None, source: str, lines: Path | None = None) -> list[Case]:
    """Return what is measured.

    A small table and a check of order lines, if given, the default source, and dbt's start.
    """
    own = [Case("second build, default source", BUILD, {}, 0.50)]
    start_of: Mapping[str, str] = {}
    if table:
        start_of = {"SOURCE": source, "DATA": str(table)}
        own.insert(0, Case("second build, small table", BUILD, start_of, 0.45))
    if lines:
        own.append(Case("check of half a million lines", CHECK, {"DATA": str(lines)}, 1.0, CHECK))
    return [*own, Case("dbt's start, built before", START, start_of, 0.50)]


def line(name: str, new: Sequence[float], old: Sequence[float], target: float) -> str:
    """Return a row of the table: medians in seconds, their ratio, and the greatest it may be."""
    ratio = median(new) / median(old)
    return f"| {name} | {median(new):.1f} | {median(old):.1f} | {ratio:.2f} | {target:.2f} |"


def main(given: Sequence[str] | None = None) -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("commit", help="what to compare with, such as 67696c9")
    parser.add_argument("--runs", type=int, default=3, help="counted runs of each (default 3)")
    parser.add_argument("--table", type=Path, help="a CSV file with one row per customer")
    parser.add_argument("--source", default="own_table", help="SOURCE of the table")
    parser.add_argument("--only", default="", help="measure the rows whose name has this")
    arguments = parser.parse_args(given)
    table = arguments.table.resolve() if arguments.table else None
    rows = ["| seconds of processor | new | old | ratio | target |", "|---|---|---|---|---|"]
    with tempfile.TemporaryDirectory() as name, checked_out(arguments.commit, Path(name)) as old:
        lines = write_lines(Path(name) / "lines")
        for case in cases(table, arguments.source, lines):
            if arguments.only not in case.name:
                continue
            found = measure(case, {"new": ROOT, "old": old}, Path(name), arguments.runs)
            rows.append(line(case.name, found["new"], found["old"], case.target))
            if table and case.command == BUILD and case.settings:
                command = [sys.executable, "-c", NOTEBOOK, str(table)]
                notebook = [
                    processor_seconds(command, cwd=ROOT, environment=os.environ)
                    for _ in range(arguments.runs)
                ]
                rows.append(line("the same against the notebook", found["new"], notebook, 7))
    sys.stdout.write("\n".join(rows) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
