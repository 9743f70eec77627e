"""Settings of `make build` and the scripts: one table of names, meanings and accepted values.

Settings come from environment variables, which make exports. Run as a script, this file prints
the table. It needs nothing but Python, so that it works before the set-up.
"""

from __future__ import annotations

import argparse
import difflib
import os
import re
import sys
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from pathlib import Path

from common.console import WRONG_USE, Problem, say
from common.paths import OF_NO_DATABASE, OF_NO_SPARK_PATH, read_file_setting, resolve_path
from common.program import run

ROOT = Path(__file__).resolve().parents[2]
STAGING = Path("dbt_project") / "models" / "staging"

DEFAULT_SOURCE = "complete_journey"
DEFAULT_SEED = 20170101
MIN_K, MAX_K = 2, 50
DEFAULT_KEEP, MAX_KEEP = 5, 1000
MAX_SEED = 2**32 - 1
MAX_THREADS = 1024
MIN_MEMORY = 256 * 10**6
# On a machine of 24 GB, 100 million lines take 5% longer with 4 GB than with 7 (docs/scale.md):
# what DuckDB holds beyond what it needs is a cache, and the machine has other uses for it. Spark's
# heap is more than a cache.
USUAL_MEMORY_SHARE = {"duckdb": 1 / 6, "spark": 0.3}
USUAL_MEMORY = 4 * 10**9
MEMORY_SHARE = 0.7  # at most
# What dbt, the learning step and the build itself need beside the engine: their code (450 MB
# together), samples of bounded size, and 30 bytes a customer: 1.04 GB were seen with a million
# customers at seven dates. Of little memory it is half.
PYTHON_MEMORY = 1_100 * 10**6
MEMORY_UNITS = {
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}

SOURCES_WITHOUT_DATA = ("complete_journey",)
SOURCES_OF_FOLDERS = ("own_files",)
SOURCES_OF_ONE_TABLE = ("own_table",)

# Orders of day, month and year, as people write them.
DATE_ORDERS = {"dmy": "DD/MM/YYYY", "mdy": "MM/DD/YYYY", "ymd": "YYYY/MM/DD"}

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
class Settings:
    """All settings of one build, checked."""

    source: str
    data: Path | None
    warehouse: Path
    as_of: date | None
    k: int | None
    refit: str
    seed: int
    threads: int
    memory: str
    target: str
    spark_master: str = "local"
    spark_conf: Path | None = None
    definitions: Path | None = None
    id: str | None = None
    date_format: str | None = None
    decimal: str | None = None
    keep: int = DEFAULT_KEEP
    pseudonymise: bool | None = None
    full: bool = False
    missing_ids: tuple[str, ...] = ()
    ids: str = "alike"


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


def whole_number(name: str, text: str, low: int, high: int) -> int:
    """Read a whole number from `low` to `high`.

    Raises:
        Problem: the text is no such number.
    """
    if not re.fullmatch(r"[0-9]{1,12}", text) or not low <= int(text) <= high:
        raise refuse(name, text)
    return int(text)


def read_segment(text: str, otherwise: str, others: str = "") -> int | None:
    """Read SEGMENT: the number of a segment; absent, what there is `otherwise`.

    others: what else is accepted where SEGMENT is read, for the message.

    Raises:
        Problem: the text is no number that a segment could have.
    """
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise Problem(
            f"SEGMENT={text}: expected the number of a segment, such as 1{others}; leave it "
            f"out for {otherwise}",
            WRONG_USE,
        )
    return int(text)


def known_sources(root: Path = ROOT) -> list[str]:
    """Return the names of the sources: folders of staging models."""
    folder = root / STAGING
    return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []


def read_source(text: str, root: Path) -> str:
    """Read SOURCE: the name of a folder of staging models."""
    known = known_sources(root)
    if text not in known:
        there = ", ".join(known) or "none"
        raise Problem(
            f"SOURCE={text}: expected {BY_NAME['SOURCE'].accepted}; "
            f"there are: {there}{nearest(text, known)}",
            WRONG_USE,
        )
    return text


def read_data(text: str, source: str) -> Path | None:
    """Read DATA: absent for sources that bring their data, otherwise a path that exists."""
    if source in SOURCES_WITHOUT_DATA:
        if text:
            raise Problem(
                f"DATA={text}: SOURCE={source} brings its own data; "
                "leave DATA away, or set SOURCE=own_files to use your files",
                WRONG_USE,
            )
        return None
    if not text:
        raise Problem(
            f"DATA is missing: SOURCE={source} needs it; expected {BY_NAME['DATA'].accepted}",
            WRONG_USE,
        )
    path = resolve_path(text, partial(refuse, "DATA", text))
    if not path.exists():
        raise refuse("DATA", text, "there is nothing of this name")
    if not path.is_file() and not path.is_dir():
        raise refuse("DATA", text, "this is neither a file nor a folder")
    if source in SOURCES_OF_FOLDERS and not path.is_dir():
        raise refuse("DATA", text, "this is a file")
    if not os.access(path, os.R_OK if path.is_file() else os.R_OK | os.X_OK):
        raise refuse("DATA", text, "it cannot be read")
    return path


def read_definitions_path(text: str) -> Path | None:
    """Read DEFINITIONS: absent, or a file that can be read."""
    return read_file_setting(text, partial(refuse, "DEFINITIONS", text))


def read_id(text: str, source: str) -> str | None:
    """Read ID: absent, or the name of a column, for the source that looks for it."""
    if text and source not in SOURCES_OF_ONE_TABLE:
        raise Problem(
            f"ID={text}: SOURCE={source} knows its columns; expected ID for "
            f"SOURCE={', '.join(SOURCES_OF_ONE_TABLE)} only",
            WRONG_USE,
        )
    return text or None


def read_warehouse(text: str, source: str, root: Path, target: str = "duckdb") -> Path:
    """Read WAREHOUSE: a folder, or a place where one can be made."""
    if not text:
        default = root / "warehouse"
        text = str(default if source == DEFAULT_SOURCE else default / source)
    refused = OF_NO_SPARK_PATH if target == "spark" else OF_NO_DATABASE
    path = resolve_path(text, partial(refuse, "WAREHOUSE", text), refused)
    occupied = next((p for p in (path, *path.parents) if p.exists()), path)
    if not occupied.is_dir():
        raise refuse("WAREHOUSE", text, f"{occupied} is a file")
    return path


def read_date(name: str, text: str) -> date:
    """Read a date written as year, month and day."""
    try:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
            raise ValueError
        return date.fromisoformat(text)
    except ValueError:
        raise refuse(name, text) from None


def read_choice(name: str, text: str, choices: tuple[str, ...]) -> str:
    """Read one of a few words."""
    if text not in choices:
        raise refuse(name, text)
    return text


def read_date_format(text: str) -> str:
    """Read DATE_FORMAT, such as `DD/MM/YYYY` or `%d.%m.%y`: the order of day, month and year."""
    letters = re.sub(r"[^dmy]", "", text.lower().replace("mon", "m"))
    order = re.sub(r"(.)\1+", r"\1", letters)
    if order not in DATE_ORDERS or not re.fullmatch(r"[%dmyon/. -]+", text.lower()):
        raise refuse("DATE_FORMAT", text)
    return order


def read_missing_ids(text: str) -> tuple[str, ...]:
    """Read MISSING_IDS, such as `0,guest`: ids in lower case, in the order of the alphabet."""
    return tuple(sorted({word.strip().lower() for word in text.split(",")} - {""}))


def read_memory(text: str, target: str = "duckdb") -> str:
    """Read MEMORY, such as `4GB`; absent, a share of the memory of this machine."""
    if not text:
        return f"{usual_memory(machine_memory(), target) // 10**6}MB"
    match = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,3})?) ?([MGT]I?B)", text.upper())
    if not match or float(match[1]) * MEMORY_UNITS[match[2]] < MIN_MEMORY:
        raise refuse("MEMORY", text)
    return match[1] + match[2].replace("I", "i")


def usual_memory(machine: int, target: str) -> int:
    """Return the bytes that a build may use of a machine's, where MEMORY is not given."""
    most = int(machine * MEMORY_SHARE)
    usual = int(machine * USUAL_MEMORY_SHARE[target])
    return max(usual, min(USUAL_MEMORY, most), MIN_MEMORY)


def memory_bytes(memory: str) -> int:
    """Return MEMORY in bytes."""
    number = memory.rstrip("BGMTi")
    return int(float(number) * MEMORY_UNITS[memory.removeprefix(number).upper()])


def engine_memory(memory: str) -> str:
    """Return what DuckDB may use of MEMORY: what Python leaves to it."""
    total = memory_bytes(memory)
    return f"{int(total - min(PYTHON_MEMORY, total / 2)) // 10**6}MB"


def read_target(text: str) -> str:
    """Read TARGET: the engine."""
    return read_choice("TARGET", text, ("duckdb", "spark"))


def read_spark_master(text: str, threads: int) -> str:
    """Read SPARK_MASTER, in the forms that Spark knows; absent, this machine."""
    if not text:
        return f"local[{threads}]"
    if not re.fullmatch(r"local(\[[0-9*]+(,[0-9]+)?\])?|yarn|(spark|k8s)://\S+", text):
        raise refuse("SPARK_MASTER", text)
    return text


def read_spark_conf(text: str) -> Path | None:
    """Read SPARK_CONF: absent, or a file that can be read."""
    return read_file_setting(text, partial(refuse, "SPARK_CONF", text))


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine_memory() -> int:
    """Return the bytes of memory this process may use: the machine's, or its container's."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total


def make_variables(makeflags: str) -> list[str]:
    """Return the names of variables given on make's command line, read from `MAKEFLAGS`."""
    _, separator, variables = (" " + makeflags).partition(" -- ")
    if not separator:
        return []
    # Spaces inside a value are escaped, line breaks are not.
    words = re.split(r"(?<!\\) +", variables.strip())
    return [match[1] for word in words if (match := re.match(r"([^\s:+?=\\]+)[:+?]*=", word))]


def check_names(environment: Mapping[str, str]) -> None:
    """Refuse variables given to make that are no settings, such as a mistyped `SEDE=5`.

    Bytes that are not UTF-8 are refused in all of them.
    """
    known = (*BY_NAME, *OTHER_MAKE_VARIABLES)
    for name in known:
        value = environment.get(name, "")
        if any("\udc80" <= character <= "\udcff" for character in value):
            raise Problem(f"{name}={value!a}: it is not UTF-8 text; expected UTF-8", WRONG_USE)
    for name in make_variables(environment.get("MAKEFLAGS", "")):
        if name == "PSEUDONYM_KEY":
            raise Problem(
                "PSEUDONYM_KEY stands on the command line, where others on this machine can read "
                "it: expected it in the environment only",
                WRONG_USE,
            )
        if name not in known:
            raise Problem(
                f"{name} is not a setting{nearest(name.upper(), known)}; "
                f"the settings are {', '.join(BY_NAME)}",
                WRONG_USE,
            )


def resolve(
    environment: Mapping[str, str] | None = None, root: Path = ROOT, *, needs_data: bool = True
) -> Settings:
    """Read and check all settings; without `needs_data`, DATA is neither asked for nor read.

    An empty value counts as absent. Relative paths start at the current directory, defaults at
    the project's folder.

    Raises:
        Problem: with exit code 2 and one line that names the setting, what was given and what
            is accepted.
    """
    given = os.environ if environment is None else environment
    check_names(given)

    def text(name: str, default: str = "") -> str:
        return given.get(name, "").strip() or default

    source = read_source(text("SOURCE", DEFAULT_SOURCE), root)
    threads = whole_number("THREADS", text("THREADS", str(processors())), 1, MAX_THREADS)
    target = read_target(text("TARGET", "duckdb"))
    return Settings(
        source=source,
        data=read_data(text("DATA"), source) if needs_data else None,
        warehouse=read_warehouse(text("WAREHOUSE"), source, root, target),
        as_of=read_date("AS_OF", text("AS_OF")) if text("AS_OF") else None,
        k=whole_number("K", text("K"), MIN_K, MAX_K) if text("K") else None,
        refit=read_choice("REFIT", text("REFIT", "auto"), ("auto", "always", "never")),
        seed=whole_number("SEED", text("SEED", str(DEFAULT_SEED)), 0, MAX_SEED),
        threads=threads,
        memory=read_memory(text("MEMORY"), target),
        target=target,
        spark_master=read_spark_master(text("SPARK_MASTER"), threads),
        spark_conf=read_spark_conf(text("SPARK_CONF")),
        definitions=read_definitions_path(text("DEFINITIONS")),
        id=read_id(text("ID"), source),
        date_format=read_date_format(text("DATE_FORMAT")) if text("DATE_FORMAT") else None,
        decimal=(
            read_choice("DECIMAL", text("DECIMAL").lower(), ("point", "comma"))
            if text("DECIMAL")
            else None
        ),
        keep=whole_number("KEEP", text("KEEP", str(DEFAULT_KEEP)), 1, MAX_KEEP),
        pseudonymise={"": None, "0": False, "1": True}[
            read_choice("PSEUDONYMISE", text("PSEUDONYMISE"), ("", "0", "1"))
        ],
        full=read_choice("FULL", text("FULL", "0"), ("0", "1")) == "1",
        missing_ids=read_missing_ids(text("MISSING_IDS")),
        ids=read_choice("IDS", text("IDS", "alike"), ("alike", "as_written")),
    )


def resolve_warehouse(environment: Mapping[str, str] | None = None, root: Path = ROOT) -> Path:
    """Read and check SOURCE and WAREHOUSE only, for commands that work on what is there.

    Raises:
        Problem: as `resolve`.
    """
    given = os.environ if environment is None else environment
    check_names(given)
    source = read_source(given.get("SOURCE", "").strip() or DEFAULT_SOURCE, root)
    return read_warehouse(given.get("WAREHOUSE", "").strip(), source, root)


def resolve_reading(environment: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
    """Read and check all settings but DATA, for commands that work on what is published.

    Raises:
        Problem: as `resolve`.
    """
    return resolve(environment, root, needs_data=False)


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


def main() -> int:
    """Print the table of settings, or with `--check` the values that a build would use."""
    parser = argparse.ArgumentParser(description="Show the settings of make build.")
    parser.add_argument("--check", action="store_true", help="show the values now in force")
    arguments = parser.parse_args()
    if not arguments.check:
        say(table())
        return 0
    settings = resolve()
    for setting in SETTINGS:
        value = getattr(settings, setting.name.lower())
        say(f"{setting.name}={'' if value is None else value}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
