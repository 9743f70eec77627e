"""How Spark is run: where its tables are, what it may use, and what the user adds.

Spark reads one file of properties, so that every program that starts a session (dbt, loading,
tests) gets the same; users' own properties come last and win.
"""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from common.console import WRONG_USE, Problem
from common.machine import engine_memory
from common.settings import Settings
from common.warehouse_paths import Warehouse
from store.kept_versions import umask

FOLDER = "spark"
# The driver gets centroids and totals, never customers: more than this is a mistake in a model.
MAX_RESULT_SIZE = "64m"
# Tables that a join hands to every worker come through the driver. Spark goes by the size of their
# files, and rows in memory take several times that.
MAX_BROADCAST_SIZE = "2m"
# Compiling a query takes longer than running it interpreted on so few raw rows: bytes of Parquet.
FEW_BYTES = 8_000_000
QUICK_ON_FEW_ROWS = {
    "spark.sql.shuffle.partitions": "1",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.adaptive.enabled": "false",
}
# What dbt's process ends with when Spark cannot be started.
NOT_STARTED = 69
# Results depend on these, whatever anybody asks for.
FIXED = ("spark.sql.session.timeZone", "spark.sql.ansi.enabled", "spark.sql.timestampType")
PROPERTY = re.compile(r"(spark\.[A-Za-z0-9_.-]+)(?:\s*[=:]\s*|\s+)(.*)")


@dataclass(frozen=True)
class SparkWarehouse(Warehouse):
    """The folder that a build on Spark works in, apart from what builds on DuckDB make."""

    @property
    def raw(self) -> Path:
        """Raw rows and history as Parquet, a folder for each table."""
        return self.path / "raw"

    @property
    def tables(self) -> Path:
        """The tables that Spark makes, as Parquet."""
        return self.path / "tables"

    @property
    def metastore(self) -> Path:
        """Spark's catalogue of tables."""
        return self.path / "metastore"

    @property
    def conf(self) -> Path:
        """Folder of the file of properties."""
        return self.path / "conf"


def spark_settings(settings: Settings) -> Settings:
    """Return the settings to work with on Spark: in a separate folder below the warehouse."""
    return replace(settings, warehouse=settings.warehouse / FOLDER)


def delete_spark_tables(warehouse: Warehouse) -> None:
    """Delete all that builds on Spark made in a warehouse, the published Parquet included."""
    for place in (warehouse.path / FOLDER, warehouse.parquet):
        if place.exists():
            shutil.rmtree(place)


def properties(settings: Settings) -> dict[str, str]:
    """Return the properties of a session; those of SPARK_CONF win over the defaults.

    The defaults for this machine go by how many raw rows were handed over.

    Raises:
        Problem: SPARK_CONF cannot be read, or sets what results depend on.
    """
    place = SparkWarehouse(settings.warehouse)
    is_local = settings.spark_master.startswith("local")
    found = {
        "spark.master": settings.spark_master,
        "spark.app.name": "customer-segmentation",
        "spark.sql.warehouse.dir": str(place.tables),
        "spark.hadoop.javax.jdo.option.ConnectionURL": (
            f"jdbc:derby:;databaseName={place.metastore};create=true"
        ),
        "spark.local.dir": str(place.temporary),
        # Hadoop uses another umask, which lets everybody read.
        "spark.hadoop.fs.permissions.umask-mode": f"{umask():03o}",
        "spark.driver.extraJavaOptions": (
            f'-Duser.timezone=UTC "-Dderby.stream.error.file={place.temporary / "derby.log"}"'
        ),
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
        "spark.driver.maxResultSize": MAX_RESULT_SIZE,
        "spark.sql.autoBroadcastJoinThreshold": MAX_BROADCAST_SIZE,
        "spark.ui.enabled": "false",
        "spark.log.level": "ERROR",
        # Spark shortens types of more fields, and dbt's unit tests cast to the types it shows.
        "spark.sql.debug.maxToStringFields": "100",
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.timestampType": "TIMESTAMP_LTZ",
        # DuckDB writes times without a zone; they are those of UTC.
        "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
    }
    if is_local:
        found |= {
            "spark.driver.memory": engine_memory(settings.memory).removesuffix("B").lower(),
            # Nobody but this machine has to reach it.
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            # Two hundred, Spark's default, are for a cluster.
            "spark.sql.shuffle.partitions": str(settings.threads),
        }
        if sum(file.stat().st_size for file in place.raw.rglob("*.parquet")) <= FEW_BYTES:
            found |= QUICK_ON_FEW_ROWS
    return found | (read_conf(settings.spark_conf) if settings.spark_conf else {})


def read_conf(path: Path) -> dict[str, str]:
    """Read a file of properties, one a line, as spark-defaults.conf has them.

    Raises:
        Problem: a line is no property, or sets what results depend on (exit code 2).
    """
    found = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = PROPERTY.fullmatch(text)
        if not match:
            raise Problem(
                f"SPARK_CONF={path}, line {number}: {text!r} is no property of Spark; expected "
                "lines such as: spark.executor.memory 4g",
                WRONG_USE,
            )
        if match[1] in FIXED:
            raise Problem(
                f"SPARK_CONF={path}, line {number}: {match[1]} is fixed, as results depend on it; "
                "expected a file without it",
                WRONG_USE,
            )
        found[match[1]] = match[2].strip()
    return found


def write_conf(settings: Settings) -> Path:
    """Write the file of properties; returns its folder, for SPARK_CONF_DIR."""
    place = SparkWarehouse(settings.warehouse)
    place.conf.mkdir(parents=True, exist_ok=True)
    place.temporary.mkdir(exist_ok=True)
    lines = (f"{name} {_escaped(value)}\n" for name, value in sorted(properties(settings).items()))
    (place.conf / "spark-defaults.conf").write_text("".join(lines), encoding="utf-8")
    return place.conf


def _escaped(value: str) -> str:
    """Write a value as a file of Java properties has it."""
    return value.replace("\\", "\\\\")
