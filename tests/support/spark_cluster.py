"""A standalone cluster on this machine's loopback: a master and workers, as processes."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SECONDS_TO_START = 300
MASTER = "org.apache.spark.deploy.master.Master"
WORKER = "org.apache.spark.deploy.worker.Worker"
STARTED_AT = re.compile(r"Starting Spark master at (spark://[0-9.]+:[0-9]+)")
REGISTERED = "Successfully registered with master"


def program() -> Path:
    """Return what starts a process of Spark, from the installed package."""
    return Path(importlib.util.find_spec("pyspark").origin).parent / "bin" / "spark-class"


def environment(folder: Path) -> dict[str, str]:
    """Return what the processes run in: nothing but loopback, and a folder of their own."""
    return {
        **os.environ,
        "SPARK_LOCAL_IP": "127.0.0.1",
        "SPARK_WORKER_DIR": str(folder / "work"),
        "SPARK_LOCAL_DIRS": str(folder / "local"),
        "SPARK_DAEMON_MEMORY": "256m",
        "PYSPARK_PYTHON": sys.executable,
    }


@contextmanager
def cluster(folder: Path, *, workers: int = 2, memory: str = "1536m") -> Iterator[str]:
    """Run a master and workers of one core each; gives the master's address."""
    started: list[subprocess.Popen] = []

    def start(name: str, *arguments: str) -> Path:
        log = folder / f"{name}.log"
        with log.open("wb") as file:
            started.append(
                subprocess.Popen(
                    [str(program()), *arguments],
                    env=environment(folder),
                    stdin=subprocess.DEVNULL,
                    stdout=file,
                    stderr=subprocess.STDOUT,
                )
            )
        return log

    places = ("--host", "127.0.0.1", "--port", "0", "--webui-port", "0")
    try:
        address = awaited(start("master", MASTER, *places), STARTED_AT)[1]
        limits = ("--cores", "1", "--memory", memory, address)
        for log in [start(f"worker{n}", WORKER, *places, *limits) for n in range(workers)]:
            awaited(log, re.compile(REGISTERED))
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            process.wait(60)


def awaited(log: Path, pattern: re.Pattern[str]) -> re.Match[str]:
    """Return what a process wrote of itself.

    Raises:
        AssertionError: it did not within the time.
    """
    until = time.monotonic() + SECONDS_TO_START
    while time.monotonic() < until:
        if found := pattern.search(log.read_text(errors="replace")):
            return found
        time.sleep(0.5)
    raise AssertionError(f"{log.name} never had {pattern.pattern!r}:\n{log.read_text()[-3000:]}")
