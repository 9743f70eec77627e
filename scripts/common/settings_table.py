"""The table of settings: name, default, what each does and what it accepts."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass

from common.console import WRONG_USE, Problem
from common.project_root import STAGING

DEFAULT_SOURCE = "complete_journey"
DEFAULT_SEED = 20170101
MIN_K, MAX_K = 2, 50
DEFAULT_KEEP, MAX_KEEP = 5, 1000
MAX_SEED = 2**32 - 1
MAX_THREADS = 1024
OTHER_MAKE_VARIABLES = (
    "PYTHON",
    "PYTEST_ARGS",
    "FORCE",
    "SEGMENT",
    "FORMAT",
    "FIELDS",
    "OUT",
    "HOLDOUT",
    "RUN",
    "SQL",
    "FILE",
    "CUSTOMER",
    "WAIT",
    "LOG",
)


@dataclass(frozen=True)
class Setting:
    """One line of the table of settings."""

    name: str
    default: str
    what: str
    accepted: str


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "SOURCE",
        DEFAULT_SOURCE,
        "where the data comes from",
        f"a folder of {STAGING.as_posix()}",
    ),
    Setting(
        "DATA",
        "none",
        "your files: a folder for SOURCE=own_files, a file or folder for other sources",
        "a folder with order_lines.csv, .jsonl or .parquet, or the file of the source",
    ),
    Setting(
        "ID",
        "the column that names each row once",
        "column with the customer, for SOURCE=own_table",
        "the name of a column of the file",
    ),
    Setting(
        "DEFINITIONS",
        "those of the seed, or proposed from the data",
        "feature definitions to use instead",
        "a CSV file with the columns of dbt_project/seeds/feature_definitions.csv",
    ),
    Setting(
        "WAREHOUSE",
        "warehouse, or warehouse/<source> for other sources",
        "folder that is built in and published to",
        "a folder; it is made when missing",
    ),
    Setting(
        "AS_OF",
        "the day after the last accepted order; without orders, the day of the first load",
        "date as of which customers are segmented",
        "a date such as 2017-12-31",
    ),
    Setting(
        "K",
        "chosen from the data",
        "number of segments",
        f"a whole number from {MIN_K} to {MAX_K}",
    ),
    Setting(
        "REFIT",
        "auto",
        "whether segments are learned anew",
        "auto, always or never",
    ),
    Setting(
        "SEED",
        str(DEFAULT_SEED),
        "seed of every random choice",
        f"a whole number from 0 to {MAX_SEED}",
    ),
    Setting(
        "THREADS",
        "the processors there are",
        "threads to work with; the result does not depend on it",
        f"a whole number from 1 to {MAX_THREADS}",
    ),
    Setting(
        "MEMORY",
        "a sixth of the machine's (three tenths with TARGET=spark), at least 4GB if it has as much",
        "memory that a build may use, DuckDB and Python together",
        "a size of at least 256MB, such as 800MB or 4GB",
    ),
    Setting(
        "TARGET",
        "duckdb",
        "engine that runs the SQL",
        "duckdb or spark (see docs/spark.md)",
    ),
    Setting(
        "SPARK_MASTER",
        "local, with as many threads as THREADS says",
        "where Spark runs, for TARGET=spark",
        "a master of Spark, such as local[4] or spark://host:7077",
    ),
    Setting(
        "SPARK_CONF",
        "none",
        "further properties of Spark, for TARGET=spark",
        "a file with a property a line, as spark-defaults.conf has them",
    ),
    Setting(
        "KEEP",
        str(DEFAULT_KEEP),
        "published versions that are kept to roll back to",
        f"a whole number from 1 to {MAX_KEEP}",
    ),
    Setting(
        "PSEUDONYMISE",
        "as the warehouse was made; 0 for a new one",
        "whether customers have pseudonyms instead of their ids, by the key PSEUDONYM_KEY of the "
        "environment",
        "0 or 1",
    ),
    Setting(
        "DATE_FORMAT",
        "found in the data",
        "order of day, month and year, where the data leaves it open",
        "DD/MM/YYYY, MM/DD/YYYY or YYYY/MM/DD",
    ),
    Setting(
        "DECIMAL",
        "found in the data",
        "decimal sign of amounts, where the data leaves it open",
        "point or comma",
    ),
    Setting(
        "MISSING_IDS",
        "none",
        "ids that stand for no customer, such as those of guests, for SOURCE=own_files "
        "and own_table",
        "ids separated by commas, such as 0,guest",
    ),
    Setting(
        "IDS",
        "alike",
        "whether 12345.0 is customer 12345 and e-mail addresses are read in lower case, "
        "for SOURCE=own_files and own_table",
        "alike or as_written",
    ),
    Setting(
        "FULL",
        "0",
        "1 makes all anew, also what could be kept of the last build; the result is the same",
        "0 or 1",
    ),
)
BY_NAME = {setting.name: setting for setting in SETTINGS}


def refuse(name: str, given: object, reason: str = "") -> Problem:
    """Return the problem of a setting that cannot be: what was given, what is accepted."""
    because = f" {reason};" if reason else ""
    return Problem(f"{name}={given}:{because} expected {BY_NAME[name].accepted}", WRONG_USE)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean X?)` for the nearest of `names`, or nothing when none is near."""
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def table(width: int = 78) -> str:
    """Return the table of settings as text."""
    lines: list[str] = []
    indent = " " * 15
    for setting in SETTINGS:
        body = f"{setting.what}: {setting.accepted} (default: {setting.default})"
        wrapped = textwrap.wrap(body, width - len(indent), break_on_hyphens=False)
        lines.append(f"  {setting.name:<11}  {wrapped[0]}")
        lines.extend(indent + line for line in wrapped[1:])
    return "\n".join(lines)
