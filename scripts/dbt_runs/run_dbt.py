"""Running dbt with the settings of the build: its command, its environment, its progress."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from common.column_names import feature_name
from common.console import LiveLine, Problem, warn
from common.currencies import mark
from common.json_types import JsonObject
from common.machine import engine_memory
from common.project_root import ROOT
from common.project_sql import project_vars
from common.setting_values import SOURCES_WITHOUT_DATA
from common.settings import Settings
from common.sources import source_of
from common.system_errors import problem_of_lines
from dbt_runs.dbt_results import Progress
from dbt_runs.spark_settings import NOT_STARTED, SparkWarehouse
from store.privacy import KEY_NAME

PROJECT = ROOT / "dbt_project"
SECONDS_TO_END = 10
LINES_KEPT = 20
# dbt commands that leave every table as it is.
COMMANDS_THAT_READ = (
    "--help",
    "--version",
    "compile",
    "debug",
    "docs",
    "list",
    "ls",
    "parse",
    "test",
)

# Results must not depend on the machine's thread count, locale, time zone or hash seed, and
# nothing may leave the machine.
FIXED_ENVIRONMENT = {
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "PYTHONUTF8": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
    "DO_NOT_TRACK": "1",
}
# glibc keeps up to eight heaps for each core, and what one thread frees stays in its heap: with two
# of them a build peaks at 840 MB in place of 970 (2 million lines) and takes no longer. A value
# set in the environment is kept.
USUAL_ENVIRONMENT = {"MALLOC_ARENA_MAX": "2"}


def dbt_vars(settings: Settings) -> JsonObject:
    """Return the dbt vars that come from the settings: what decides which models there are.

    dbt parses the whole project again when one has another value.
    """
    return {"source": settings.source}


def given_settings(settings: Settings) -> JsonObject:
    """Return what the macro `run_setting` is to read: what is not as `dbt_project.yml` has it."""
    chosen = {
        "as_of": settings.as_of.isoformat() if settings.as_of else None,
        "k": settings.k,
        "refit": settings.refit,
        "seed": settings.seed,
        "value": feature_name(settings.value) if settings.value else None,
        "currency": settings.currency,
        "currency_mark": mark(settings.currency) or None,
    }
    usual = project_vars()
    return {name: value for name, value in chosen.items() if value != usual[name]}


def environment(settings: Settings, inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the environment dbt runs in: profile settings, and none of the user's dbt options."""
    warehouse = settings.place
    kept = {
        name: value
        for name, value in inherited.items()
        if not name.startswith("DBT_") and name != KEY_NAME
    }
    return {
        **USUAL_ENVIRONMENT,
        **kept,
        **FIXED_ENVIRONMENT,
        "SEGMENTATION_BUILD_DB": str(warehouse.build_db),
        "SEGMENTATION_ROOT": str(ROOT),
        "SEGMENTATION_TMP": str(warehouse.temporary),
        "SEGMENTATION_DBT_TARGET": str(warehouse.dbt_target),
        "THREADS": str(settings.threads),
        "MEMORY": engine_memory(settings.memory),
        "TARGET": settings.target,
        "SEGMENTATION_SETTINGS": json.dumps(given_settings(settings)),
        "SEGMENTATION_READABLE": json.dumps([str(place) for place in readable(settings)]),
        **spark_environment(settings),
    }


def readable(settings: Settings) -> list[Path]:
    """Return what dbt's SQL may touch: warehouse, seeds, and data, as Parquet files stay there."""
    is_told = settings.data is not None or settings.source in SOURCES_WITHOUT_DATA
    data = [source_of(settings).folder(settings)] if is_told else []
    return [settings.warehouse, PROJECT / "seeds", *data]


def spark_environment(settings: Settings) -> dict[str, str]:
    """Return where Spark finds its properties; nothing for another engine."""
    if settings.target != "spark":
        return {}
    return {
        "SPARK_CONF_DIR": str(SparkWarehouse(settings.warehouse).conf),
        # Workers need the packages that this environment has.
        "PYSPARK_PYTHON": os.environ.get("PYSPARK_PYTHON", sys.executable),
    }


def program(settings: Settings) -> list[str]:
    """Return what Python runs: dbt, on Spark with Python models in its own process."""
    if settings.target == "spark":
        return [str(ROOT / "scripts" / "spark" / "dbt_on_spark.py")]
    return [str(ROOT / "scripts" / "dbt_runs" / "lean_dbt.py")]


def command(settings: Settings, arguments: Sequence[str], log_format: str) -> list[str]:
    """Return dbt's command line: global options, then the command and its options."""
    warehouse = settings.place
    return [
        sys.executable,
        *program(settings),
        "--no-use-colors",
        "--no-version-check",
        "--no-send-anonymous-usage-stats",
        "--log-format",
        log_format,
        "--log-format-file",
        "text",
        "--log-path",
        str(warehouse.dbt_logs),
        *arguments,
        "--project-dir",
        str(PROJECT),
        "--profiles-dir",
        str(PROJECT),
        "--target-path",
        str(warehouse.dbt_target),
        "--vars",
        json.dumps(dbt_vars(settings)),
    ]


@contextmanager
def started(
    settings: Settings, arguments: Sequence[str], lock: int, log_format: str = "json"
) -> Iterator[subprocess.Popen[str]]:
    """Run dbt in the background; it holds the warehouse's lock too and ends with this block."""
    process = subprocess.Popen(
        command(settings, arguments, log_format),
        cwd=PROJECT,
        env=environment(settings, os.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        pass_fds=(lock,),
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(SECONDS_TO_END)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def lines_of(process: subprocess.Popen[str]) -> Iterator[str]:
    """Return the lines that dbt prints; `started` pipes them."""
    assert process.stdout is not None, "started() pipes what dbt prints"
    return process.stdout


def events(lines: Iterator[str], others: deque[str]) -> Iterator[JsonObject]:
    """Yield dbt's JSON log events; lines that are none go to `others`."""
    for line in lines:
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            event = None
        if isinstance(event, dict) and "info" in event:
            yield event
        elif line.strip():
            others.append(line.rstrip())


def run_quietly(settings: Settings, arguments: Sequence[str], lock: int) -> None:
    """Run a dbt command, showing one line per stage and nothing else unless it fails.

    Raises:
        Problem: dbt failed; the failing nodes have been shown.
    """
    warehouse = settings.place
    run_results = warehouse.dbt_target / "run_results.json"
    run_results.unlink(missing_ok=True)
    live = LiveLine()
    progress = Progress(warehouse.dbt_target / "manifest.json", live)
    others: deque[str] = deque(maxlen=LINES_KEPT)
    live.show("  reading the dbt project ...")
    try:
        with started(settings, arguments, lock) as process:
            for event in events(lines_of(process), others):
                progress.take(event)
            code = process.wait()
    finally:
        live.clear()
    if code == 0:
        progress.finish()
        return
    if code == NOT_STARTED:
        for line in others:
            warn(f"  {line}")
        raise Problem(
            f"Spark could not be started on SPARK_MASTER={settings.spark_master} (see above); "
            f"its properties are in {SparkWarehouse(warehouse.path).conf}"
        )
    log = warehouse.dbt_logs / "dbt.log"
    try:
        refused = progress.refusal(run_results)
        lines = progress.failures(run_results) or list(others)
    except Problem as unreadable:
        # On a full disk dbt cannot write its results either.
        raise problem_of_lines([*progress.error_lines(), *others], "dbt") or unreadable from None
    if refused:
        message, exit_code = refused
        raise Problem(f"{message} (nothing was published; the log is {log})", exit_code)
    if problem := problem_of_lines([*lines, *others, *progress.error_lines()], "dbt"):
        raise problem
    if code == -signal.SIGKILL:
        raise Problem(
            "dbt was killed, probably for lack of memory, so nothing was published: "
            "lower MEMORY, or use a machine with more memory"
        )
    for line in lines:
        warn(f"  {line}")
    raise Problem(f"dbt {arguments[0]} failed, so nothing was published; the log is {log}")
