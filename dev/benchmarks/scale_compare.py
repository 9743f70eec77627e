"""The same input by other programs: dbt's statements without dbt, a notebook, and the bare scan."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmarks.scale_build import BuildFigures
from benchmarks.scale_plain import LAYERS
from common.console import Problem
from common.json_types import JsonObject
from common.query_rows import one_row
from common.quoting import identifier, literal
from common.settings_table import SETTINGS
from common.warehouse_paths import Warehouse

HERE = Path(__file__).resolve().parent
PLAIN, NOTEBOOK = HERE / "scale_plain.py", HERE / "scale_notebook.py"
# Seconds of a build that the plain script has too, dbt's start-up included.
RAW_TO_FEATURES = ("load", "dbt starts", "staging", "core", "features")
# What the notebook took at 2 and 20 million lines, with room: 0.9 kB a line.
NOTEBOOK_BYTES_A_LINE = 900
# Doubles summed in another order; features are at most some thousands.
TOLERANCE = 1e-6


@dataclass(frozen=True)
class Program:
    """A program of its own. seconds: wall time, start to end; features: until they were there."""

    name: str
    seconds: float
    features: float
    peak: int


@dataclass(frozen=True)
class Agreement:
    """Whether two programs found the same: what was compared, and where they differ."""

    what: str
    differences: list[str]


def plain(data: Path, built: Path, folder: Path, *, memory: str | None) -> Program:
    """Run the plain script into `folder`.

    Raises Problem when it fails.
    """
    names = {setting.name for setting in SETTINGS}
    kept = {key: value for key, value in os.environ.items() if key not in names}
    given = {"SOURCE": "own_files", "DATA": str(data), "MEMORY": memory or ""}
    measured = _run([str(PLAIN), str(built), str(folder)], kept | given)
    return Program("plain script", measured["seconds"], measured["seconds"], measured["peak"])


def notebook(data: Path, output: Path) -> tuple[Program, JsonObject]:
    """Run the notebook; returns its figures and what it says of its result.

    Raises Problem when it fails.
    """
    measured = _run([str(NOTEBOOK), str(data), str(output)], dict(os.environ))
    return Program(
        "notebook", measured["seconds"], measured["after_features"], measured["peak"]
    ), measured


def _run(command: list[str], environment: dict[str, str]) -> JsonObject:
    done = subprocess.run(
        [sys.executable, *command],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Problem(f"{Path(command[0]).name} failed:\n{done.stderr[-3000:]}")
    printed: JsonObject = json.loads(done.stdout.splitlines()[-1])
    return printed


def floor(data: Path, threads: int) -> list[tuple[str, float]]:
    """Seconds of a bare scan of two columns, and of grouping them by customer."""
    lines = f"read_parquet({literal(data / 'order_lines*.parquet')})"
    queries = {
        "bare scan": f"select count(customer_id), sum(net_amount) from {lines}",
        "group by customer": "create temp table customers as "
        f"select customer_id, count(*), sum(net_amount) from {lines} group by customer_id",
    }
    found = []
    with duckdb.connect() as connection:
        connection.execute(f"set threads = {threads:d}")
        for name, query in queries.items():
            started = time.monotonic()
            connection.execute(query)
            found.append((name, time.monotonic() - started))
    return found


def same_tables(built: Path, folder: Path) -> Agreement:
    """Compare every table of the layers between a build and the plain script, whatever the order.

    The ledger's clock differs between the two runs, and no table of these layers shows it.
    """
    differences, compared = [], 0
    with duckdb.connect() as connection:
        for name, path in (("one", built), ("other", folder)):
            file = Warehouse(path).build_db
            connection.execute(f"attach {literal(file)} as {name} (read_only)")
        tables = connection.execute(
            "select schema_name, table_name from duckdb_tables() where database_name = 'other' "
            f"and schema_name in ({', '.join(literal(layer) for layer in LAYERS)}) order by all"
        ).fetchall()
        for schema, table in tables:
            digests = [
                connection.execute(
                    "select count(*), sum(cast(hash(t) as hugeint)) "
                    f"from {identifier(name, schema, table)} as t"
                ).fetchone()
                for name in ("one", "other")
            ]
            compared += 1
            if digests[0] != digests[1]:
                differences.append(f"{schema}.{table}")
    return Agreement(f"{compared} tables of {', '.join(LAYERS)}", differences)


def same_features(built: Path, output: Path) -> Agreement:
    """Compare every feature of every customer and as-of date with the notebook's.

    The notebook has the names of categories and channels of today, a build those of the
    backtest fit's date as well.
    """
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(Warehouse(built).build_db)} as built (read_only)")
        connection.execute(
            f"create temp view found as select * replace (cast(as_of_date as date) as as_of_date) "
            f"from read_parquet({literal(output)})"
        )
        connection.execute(
            "create temp view named_today as "
            "select features.* from built.features.features_by_slot_set as features "
            "inner join built.features.slot_sets using (slot_set) "
            "where is_candidate and not is_lapsed"
        )
        ours = "named_today"
        names = [
            name
            for (name,) in connection.execute(
                f"select column_name from (describe from {ours}) where column_type = 'DOUBLE'"
            ).fetchall()
        ]
        checks = ", ".join(
            f"count(*) filter (where {_differs(name)}) as {identifier(name)}" for name in names
        )
        row = one_row(
            connection,
            "select count(*), count(*) filter (where ours.customer_id is null "
            f"or found.customer_id is null), {checks} from {ours} as ours full join found "
            "on ours.customer_id = found.customer_id and ours.as_of_date = found.as_of_date",
        )
    differences = [
        f"{name}: {count:,} rows" for name, count in zip(names, row[2:], strict=True) if count
    ]
    if row[1]:
        differences.append(f"{row[1]:,} rows on one side only")
    return Agreement(f"{len(names)} features of {row[0]:,} customers and dates", differences)


def _differs(name: str) -> str:
    ours, found = identifier("ours", name), identifier("found", name)
    number = f"case when isnan(cast({found} as double)) then null else cast({found} as double) end"
    return (
        f"({ours} is null) <> (({number}) is null) "
        f"or abs({ours} - ({number})) > {TOLERANCE} * greatest(1, abs({ours}))"
    )


def seconds_to_features(figures: BuildFigures) -> float:
    """Seconds of a build from raw to features."""
    return figures.seconds_of(RAW_TO_FEATURES)
