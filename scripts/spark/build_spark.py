"""Build on Apache Spark: load, hand over to Spark, run dbt there."""

from __future__ import annotations

import importlib.util
import sys

from common.console import WRONG_USE, Problem
from common.settings import Settings
from dbt_runs.dbt_results import BUILD
from dbt_runs.run_dbt import run_quietly
from dbt_runs.spark_settings import spark_settings, write_conf
from loading.load_raw import load
from loading.loaded import Loaded
from spark.java import check_java
from spark.load_spark import export
from store.build_database import delete_build_database
from store.history import published_facts


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


def load_for_spark(settings: Settings) -> Loaded:
    """Load the source's files and the published history, and hand them to Spark.

    Raises:
        Problem: as `load_raw.load`; or AS_OF asks for a replay.
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
    # What SPARK_CONF has wrong is said before the work; what it goes by is known after it.
    write_conf(there)
    # The build before left views there of what Spark made.
    delete_build_database(there.place)
    loaded = load(there, origin=origin)
    export(there)
    # Spark has the rows now; a second copy would only take space.
    delete_build_database(there.place)
    write_conf(there)
    return loaded


def model_on_spark(settings: Settings, lock: int) -> None:
    """Run dbt on Spark, with the tests of data.

    Raises:
        Problem: as `run_quietly`; or Spark could not be started.
    """
    run_quietly(spark_settings(settings), BUILD, lock)
