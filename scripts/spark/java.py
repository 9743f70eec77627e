"""The Java that Spark runs on: found as Spark finds it, and checked before anything is set up."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Mapping

from common.console import WRONG_USE, Problem

SUPPORTED = (17, 21)
ADVICE = (
    "expected Java 17 or 21, named by JAVA_HOME or first on the PATH; on Debian and Ubuntu: "
    "apt install openjdk-17-jre-headless"
)
SECONDS_TO_ANSWER = 30


def java_program(environment: Mapping[str, str]) -> str | None:
    """Return the program that Spark will start: of JAVA_HOME, or the first on the PATH."""
    home = environment.get("JAVA_HOME", "")
    if home:
        return os.path.join(home, "bin", "java")  # noqa: PTH118 - as Spark's own script has it
    return shutil.which("java", path=environment.get("PATH"))


def major_version(output: str) -> int | None:
    """Return the version in what `java -version` says, such as 17, or 8 of `1.8.0_392`."""
    match = re.search(r'version "(?:1\.)?([0-9]+)', output)
    return int(match[1]) if match else None


def check_java(environment: Mapping[str, str] | None = None) -> int:
    """Return the version of the Java that there is, which Spark can run on.

    Raises:
        Problem: there is none, or one of another version (exit code 2).
    """
    given = os.environ if environment is None else environment
    program = java_program(given)
    if program is None:
        raise Problem(f"TARGET=spark needs Java, and none was found; {ADVICE}", WRONG_USE)
    where = f"JAVA_HOME={given['JAVA_HOME']}" if given.get("JAVA_HOME") else program
    try:
        answered = subprocess.run(
            [program, "-version"],
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS_TO_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Problem(
            f"TARGET=spark needs Java, and {where} has none that runs; {ADVICE}", WRONG_USE
        ) from error
    version = major_version(answered.stderr + answered.stdout)
    if version not in SUPPORTED:
        found = "is no Java" if version is None else f"is Java {version}"
        raise Problem(f"TARGET=spark: {where} {found}; {ADVICE}", WRONG_USE)
    return version
