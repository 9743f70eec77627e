"""Settings of `make build` and the scripts: one table of names, meanings and accepted values.

Settings come from environment variables, which make exports. Run as a script, this file prints
the table. It needs nothing but Python, so that it works before the set-up.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path

from common.console import WRONG_USE, Problem, say
from common.machine import processors
from common.program import run
from common.project_root import ROOT
from common.setting_values import (
    read_choice,
    read_currency,
    read_data,
    read_date,
    read_date_format,
    read_file_path,
    read_id,
    read_memory,
    read_missing_ids,
    read_source,
    read_spark_master,
    read_target,
    read_warehouse,
    whole_number,
)
from common.settings_table import (
    BY_NAME,
    DEFAULT_KEEP,
    DEFAULT_SEED,
    DEFAULT_SOURCE,
    MAX_K,
    MAX_KEEP,
    MAX_SEED,
    MAX_THREADS,
    MIN_K,
    OTHER_MAKE_VARIABLES,
    SETTINGS,
    VARIABLES,
    nearest,
    table,
)
from common.warehouse_paths import Warehouse


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
    value: str | None = None
    currency: str | None = None
    ids: str = "alike"

    @cached_property
    def place(self) -> Warehouse:
        """The warehouse, as the paths in it."""
        return Warehouse(self.warehouse)


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
                "PSEUDONYM_KEY is on the command line, where others on this machine can read it: "
                "set it in the environment only",
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
        spark_conf=read_file_path("SPARK_CONF", text("SPARK_CONF")),
        definitions=read_file_path("DEFINITIONS", text("DEFINITIONS")),
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
        value=text("VALUE") or None,
        currency=read_currency(text("CURRENCY")),
        ids=read_choice("IDS", text("IDS", "alike"), ("alike", "as_written")),
    )


def resolve_warehouse(environment: Mapping[str, str] | None = None, root: Path = ROOT) -> Warehouse:
    """Read and check SOURCE and WAREHOUSE only, for commands that work on what is there.

    Raises:
        Problem: as `resolve`.
    """
    given = os.environ if environment is None else environment
    check_names(given)
    source = read_source(given.get("SOURCE", "").strip() or DEFAULT_SOURCE, root)
    return Warehouse(read_warehouse(given.get("WAREHOUSE", "").strip(), source, root))


def resolve_reading(environment: Mapping[str, str] | None = None, root: Path = ROOT) -> Settings:
    """Read and check all settings but DATA, for commands that work on what is published.

    Raises:
        Problem: as `resolve`.
    """
    return resolve(environment, root, needs_data=False)


def main() -> int:
    """Print the table of settings, or with `--check` the values that a build would use."""
    parser = argparse.ArgumentParser(description="Show the settings of make build.")
    parser.add_argument("--check", action="store_true", help="show the current values")
    arguments = parser.parse_args()
    if not arguments.check:
        say("Settings of a build, such as make build K=5 AS_OF=2017-12-31:")
        say(table())
        say()
        say("Variables of single commands:")
        say(table(VARIABLES))
        return 0
    settings = resolve()
    for setting in SETTINGS:
        value = getattr(settings, setting.name.lower())
        say(f"{setting.name}={'' if value is None else value}")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
