"""Build on Apache Spark: load, hand over to Spark, run dbt there."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from collections import deque

from common.console import WRONG_USE, Problem, warn
from common.project_root import ROOT
from common.settings import Settings
from dbt_runs.dbt_results import BUILD
from dbt_runs.run_dbt import FIXED_ENVIRONMENT, run_quietly
from dbt_runs.spark_settings import SparkWarehouse, spark_settings, write_conf
from loading.load_raw import load
from loading.loaded import Loaded
from spark.java import check_java
from spark.load_spark import export
from store.build_database import delete_build_database
from store.history import published_facts

LINES_SHOWN = 20


def check_spark() -> None:
    """See to it that Spark can be started here.

    Raises:
        Problem: there is no Java for it, or this environment was made without it (exit code 2).
    """
    check_java()
    if importlib.util.find_spec("pyspark") is None:
        raise Problem(
            f"TARGET=spark: {sys.executable} has no pyspark; expected the environment that "
            "`make setup TARGET=spark` makes: run `make build TARGET=spark`",
            WRONG_USE,
        )


def load_for_spark(settings: Settings, lock: int) -> Loaded:
    """Load the source's files and the published history, and hand them to Spark.

    Raises:
        Problem: as `load_raw.load`; or AS_OF asks for a replay; or Spark could not be started.
    """
    origin = settings.place
    published = published_facts(origin)
    current = published.as_of_date if published else None
    if settings.as_of and current and settings.as_of < current:
        raise Problem(
            f"AS_OF={settings.as_of}: TARGET=spark makes no replays; expected a date from "
            f"{current} on, as of which the warehouse was published, or TARGET=duckdb",
            WRONG_USE,
        )
    there = spark_settings(settings)
    write_conf(there)
    # The build before left views there of what Spark made.
    delete_build_database(there.place)
    loaded = load(there, origin=origin)
    export(there)
    # Spark has the rows now; a second copy would only take space.
    delete_build_database(there.place)
    register(there, lock)
    return loaded


def register(settings: Settings, lock: int) -> None:
    """Register the raw tables in Spark's catalogue, in a separate process.

    The catalogue serves one process at a time, and dbt is the next.

    Raises:
        Problem: Spark failed; the end of what it said has been shown.
    """
    place = SparkWarehouse(settings.warehouse)
    finished = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "spark" / "load_spark.py"), str(place.raw)],
        env={**os.environ, **FIXED_ENVIRONMENT, "SPARK_CONF_DIR": str(place.conf)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(lock,),
        check=False,
    )
    if finished.returncode:
        for line in deque(finished.stdout.splitlines(), maxlen=LINES_SHOWN):
            warn(f"  {line}")
        raise Problem(
            f"Spark could not be started on SPARK_MASTER={settings.spark_master} (see above); "
            f"its properties are in {place.conf}"
        )


def model_on_spark(settings: Settings, lock: int) -> None:
    """Run dbt on Spark, with the tests of data."""
    run_quietly(spark_settings(settings), BUILD, lock)
