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


@dataclass(frozen=True)
class Setting:
    """One line of the table of settings.

    Attributes:
        name: Its name, in the environment and for make.
        default: What counts where it is not given.
        what: What it does.
        accepted: What it accepts, for messages and help.
        choices: The words that it accepts, where there are few.
        is_flag: Whether the command line takes it without a value.
    """

    name: str
    default: str
    what: str
    accepted: str
    choices: tuple[str, ...] = ()
    is_flag: bool = False


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "SOURCE",
        DEFAULT_SOURCE,
        "source of the data",
        f"the name of a folder in {STAGING.as_posix()}",
    ),
    Setting(
        "DATA",
        "none",
        "files to read",
        "a folder with order_lines.csv, .jsonl or .parquet for SOURCE=own_files, else a file or "
        "folder of the source",
    ),
    Setting(
        "ID",
        "the column with a different value in each row",
        "column with the customer id, for SOURCE=own_table",
        "the name of a column",
    ),
    Setting(
        "VALUE",
        "recognised by its name, such as total_spend",
        "column that says what a customer is worth, for tables without orders",
        "the name of a column of numbers",
    ),
    Setting(
        "CURRENCY",
        "none, amounts have no mark",
        "currency of amounts in texts and on the page",
        "three letters, such as EUR",
    ),
    Setting(
        "DEFINITIONS",
        "those of the seed, or proposed from the data",
        "feature definitions",
        "a CSV file with the columns of dbt_project/seeds/feature_definitions.csv",
    ),
    Setting(
        "WAREHOUSE",
        "warehouse, or warehouse/<source> for other sources",
        "folder of the build database and the published file",
        "a folder, which is created if missing",
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
        "whether segments are learned again",
        "auto, always or never",
        ("auto", "always", "never"),
    ),
    Setting(
        "SEED",
        str(DEFAULT_SEED),
        "seed of every random choice",
        f"a whole number from 0 to {MAX_SEED}",
    ),
    Setting(
        "THREADS",
        "all processors of the machine",
        "number of threads; the result does not depend on it",
        f"a whole number from 1 to {MAX_THREADS}",
    ),
    Setting(
        "MEMORY",
        "a sixth of the machine's memory (three tenths with TARGET=spark), and at least 4GB where "
        "the machine has it",
        "memory that a build may use, DuckDB and Python together",
        "a size of at least 256MB, such as 800MB or 4GB",
    ),
    Setting(
        "TARGET",
        "duckdb",
        "engine that runs the SQL",
        "duckdb or spark (see docs/spark.md)",
        ("duckdb", "spark"),
    ),
    Setting(
        "SPARK_MASTER",
        "local, with THREADS threads",
        "where Spark runs, for TARGET=spark",
        "a Spark master, such as local[4] or spark://host:7077",
    ),
    Setting(
        "SPARK_CONF",
        "none",
        "more Spark properties, for TARGET=spark",
        "a file in the format of spark-defaults.conf",
    ),
    Setting(
        "KEEP",
        str(DEFAULT_KEEP),
        "published versions to keep for rollback",
        f"a whole number from 1 to {MAX_KEEP}",
    ),
    Setting(
        "PSEUDONYMISE",
        "as the warehouse was created; 0 for a new one",
        "whether customer ids are replaced by pseudonyms, computed with the key in the environment "
        "variable PSEUDONYM_KEY",
        "0 or 1",
    ),
    Setting(
        "DATE_FORMAT",
        "found in the data",
        "order of day, month and year where the data is ambiguous",
        "DD/MM/YYYY, MM/DD/YYYY or YYYY/MM/DD",
        ("DD/MM/YYYY", "MM/DD/YYYY", "YYYY/MM/DD"),
    ),
    Setting(
        "DECIMAL",
        "found in the data",
        "decimal sign of amounts where the data is ambiguous",
        "point or comma",
        ("point", "comma"),
    ),
    Setting(
        "MISSING_IDS",
        "none",
        "ids that mean no customer, such as those of guests, for SOURCE=own_files and own_table",
        "ids separated by commas, such as 0,guest",
    ),
    Setting(
        "IDS",
        "alike",
        "whether 12345.0 is read as 12345 and e-mail addresses in lower case, for SOURCE=own_files "
        "and own_table",
        "alike or as_written",
        ("alike", "as_written"),
    ),
    Setting(
        "FULL",
        "0",
        "1 rebuilds everything instead of continuing from the last build; the result is the same",
        "0 or 1",
        is_flag=True,
    ),
)
# What single commands take besides; not part of a build's settings.
VARIABLES: tuple[Setting, ...] = (
    Setting(
        "FORCE",
        "0",
        "confirms clean-all, lets what writes a file replace OUT, and lets forget remove earlier "
        "versions and accept an unknown customer",
        "1",
        is_flag=True,
    ),
    Setting(
        "SEGMENT",
        "all",
        "segment to export, or to report on in a one-page brief",
        "the number of a segment; for export also lapsed, insufficient_history or never_ordered",
    ),
    Setting(
        "FORMAT",
        "csv for export, table for query, text for check and candidates",
        "output format",
        "csv or parquet for export; table (the first 100 rows), csv or json for query; text or "
        "json for check and candidates",
    ),
    Setting(
        "FIELDS",
        "customer_id, segment_id, segment_name, membership_status and member_since_date",
        "columns to export",
        "column names separated by commas",
    ),
    Setting(
        "AUDIENCE",
        "none",
        "audience to export, by a rule of your own",
        "a name in dbt_project/seeds/audiences.csv",
    ),
    Setting(
        "LAYOUT",
        "none: the columns of FIELDS",
        "campaign tool whose files export writes",
        "klaviyo, mailchimp, hubspot, braze, google or meta; sync for examples/activation",
        ("klaviyo", "mailchimp", "hubspot", "braze", "google", "meta", "sync"),
    ),
    Setting(
        "CONTACTS",
        "attributes such as email, and ids that are e-mail addresses",
        "addresses of customers, for LAYOUT",
        "a CSV or Parquet file with customer_id and email; for google and meta also phone, "
        "first_name, last_name, country and postal_code",
    ),
    Setting(
        "CHANGES",
        "0",
        "1 exports only customers who entered or left since the last export",
        "0 or 1",
        is_flag=True,
    ),
    Setting(
        "OUT",
        "in exports/ of the warehouse, or report.html, .xlsx or .pptx in the warehouse",
        "output file of export, report, workbook or deck",
        "the path of a file; with LAYOUT that of a folder",
    ),
    Setting(
        "HOLDOUT",
        "exclude",
        "whether to export customers who are held out of campaigns",
        "exclude, include or only",
        ("exclude", "include", "only"),
    ),
    Setting(
        "RUN",
        "the one before",
        "run that rollback goes back to, one of those that are kept",
        "the number of a run",
    ),
    Setting(
        "SQL",
        "none",
        "SQL that query runs",
        'a statement, such as "from segment_summary"',
    ),
    Setting(
        "FILE",
        "none",
        "file with SQL that query runs",
        "a path, or the name of a file in scripts/queries",
    ),
    Setting(
        "CUSTOMER",
        "none",
        "customer to forget",
        "the id of a customer",
    ),
    Setting(
        "WAIT",
        "0",
        "1 waits for another build, rollback or forget in the same warehouse, instead of stopping "
        "with exit code 5",
        "0 or 1",
        is_flag=True,
    ),
    Setting(
        "LOG",
        "text",
        "json prints a line of JSON for each stage of a build, and errors as JSON to standard "
        "error",
        "text or json",
        ("text", "json"),
    ),
)
OTHER_MAKE_VARIABLES = ("PYTHON", "PYTEST_ARGS", *(variable.name for variable in VARIABLES))
BY_NAME = {setting.name: setting for setting in SETTINGS}


def refuse(name: str, given: object, reason: str = "") -> Problem:
    """Return the problem of an invalid setting: what was given, what is accepted."""
    setting = BY_NAME[name]
    because = f" {reason};" if reason else ""
    meant = nearest(str(given), setting.choices)
    return Problem(f"{name}={given}:{because} expected {setting.accepted}{meant}", WRONG_USE)


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ` (did you mean X?)` for the nearest of `names`, or nothing when none is near."""
    near = difflib.get_close_matches(name, list(names), n=1, cutoff=0.6)
    return f" (did you mean {near[0]}?)" if near else ""


def table(settings: Iterable[Setting] = SETTINGS, width: int = 78) -> str:
    """Return a table of settings as text."""
    lines: list[str] = []
    indent = " " * 16
    for setting in settings:
        body = f"{setting.what}: {setting.accepted} (default: {setting.default})"
        wrapped = textwrap.wrap(body, width - len(indent), break_on_hyphens=False)
        lines.append(f"  {setting.name:<12}  {wrapped[0]}")
        lines.extend(indent + line for line in wrapped[1:])
    return "\n".join(lines)
