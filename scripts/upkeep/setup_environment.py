"""Make .venv from requirements.lock, when it is missing, half made or its lock has changed.

With TARGET=spark in the environment, .venv-spark from requirements-spark.lock, and only where
there is a Java that Spark runs on. With --dev, the tools of requirements-dev.lock on top; with
--docs, those that write the site of the docs, of requirements-docs.lock; with --mcp, what the
server for agents needs, of requirements-mcp.lock; with --metrics, MetricFlow, of
requirements-metrics.lock; with --activation, drt, of requirements-activation.lock; with --dagster,
Dagster, of requirements-dagster.lock.

Runs with any Python 3, so that an old one gets a clear message.
"""

import fcntl
import hashlib
import os
import platform
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parents[2]
IS_FOR_SPARK = os.environ.get("TARGET", "").strip() == "spark"
ENVIRONMENT = ROOT / (".venv-spark" if IS_FOR_SPARK else ".venv")
LOCK = ROOT / ("requirements-spark.lock" if IS_FOR_SPARK else "requirements.lock")
STAMP = ENVIRONMENT / ".lock-sha256"
INSTALLER_LOCK = ROOT / "requirements-installer.lock"
# Sets of tools that an option asks for, each with a separate lock.
TOOLS = ("dev", "docs", "mcp", "metrics", "activation", "dagster")
# Published as source only: nothing but files to copy, no compiler needed.
WITHOUT_WHEEL = "pyspark,halo"
FAILED = 1
WRONG_USE = 2
# The project is the one whose .venv this was called in, which may be a link.
LAUNCHER = """#!/bin/sh
# The command line of the project that this environment belongs to.
bin=$(cd "$(dirname "$0")" && pwd -L)
exec "$bin/python" "$(dirname "$(dirname "$bin")")/scripts/segmentation.py" "$@"
"""


def fail(message: str, code: int = FAILED) -> None:
    """End with one message."""
    sys.stderr.write("Error: " + message + "\n")
    sys.exit(code)


def check_version() -> None:
    """End with a clear line when this Python is too old."""
    if sys.version_info < OLDEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        fail(
            f"Python 3.11 or newer is needed, but {sys.executable} is Python {found}; "
            "name another one: make setup PYTHON=/path/to/python3.11",
            WRONG_USE,
        )


def check_java() -> None:
    """End with a clear line when there is no Java for Spark."""
    # Not for the Pythons that check_version refuses.
    from common import console
    from spark import java

    try:
        java.check_java()
    except console.Problem as problem:
        fail(str(problem), WRONG_USE)


def lock_hash(lock: Path) -> str:
    """Return the hash of a lock file's content."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def is_installed(lock: Path, stamp: Path) -> bool:
    """Say whether everything in the lock was installed, and its Python still runs."""
    try:
        if stamp.read_text().strip() != lock_hash(lock):
            return False
    except OSError:
        return False
    python = ENVIRONMENT / "bin" / "python"
    try:
        return subprocess.run([str(python), "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def make() -> None:
    """Make the environment from nothing, without packages."""
    if ENVIRONMENT.is_symlink():
        ENVIRONMENT.unlink()
    elif ENVIRONMENT.exists():
        shutil.rmtree(str(ENVIRONMENT))
    made = subprocess.run(
        [sys.executable, "-m", "venv", str(ENVIRONMENT)],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if made.returncode:
        fail(
            f"{sys.executable} cannot make virtual environments; on Debian and Ubuntu: "
            "apt install python3-venv"
        )


def install(lock: Path, stamp: Path) -> None:
    """Install a lock's packages; the stamp comes last, so a half-made one is created again.

    Only wheels are installed, but for two packages: building one would run its code and need a
    compiler.
    """
    # Not for the Pythons that check_version refuses.
    from upkeep.fast_installer import is_installed_by_uv

    if has_sources(lock) or not is_installed_by_uv(ENVIRONMENT, INSTALLER_LOCK, lock):
        install_by_pip(lock)
    compile_packages()
    temporary = stamp.with_suffix(".new")
    temporary.write_text(lock_hash(lock) + "\n")
    os.replace(str(temporary), str(stamp))


def has_sources(lock: Path) -> bool:
    """Say whether a lock has a package that is published as source only."""
    names = [line.partition("==")[0] for line in lock.read_text().splitlines()]
    return any(name in names for name in WITHOUT_WHEEL.split(","))


def install_by_pip(lock: Path) -> None:
    """Install a lock's packages by pip, or end with a line that says what to do."""
    installed = subprocess.run(
        [
            str(ENVIRONMENT / "bin" / "python"),
            *("-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"),
            *("--only-binary", ":all:", "--no-binary", WITHOUT_WHEEL, "--no-compile"),
            *("--require-hashes", "--no-deps", "-r", str(lock)),
        ],
        stderr=subprocess.PIPE,
        check=False,
    )
    if installed.returncode:
        shown = installed.stderr.decode(errors="replace")
        sys.stderr.write(shown)
        missing = re.search(r"No matching distribution found for ([^\s;]+)", shown)
        if missing:
            python = ".".join(str(part) for part in sys.version_info[:2])
            fail(
                f"{missing.group(1)} has no ready-built package (wheel) for Python {python} on "
                f"{platform.machine()}, or the package index cannot be reached; packages are not "
                "built from source: use Python 3.11, 3.12 or 3.13 "
                "(make setup PYTHON=/path/to/python3.11), or check the index that pip uses"
            )
        fail(f"installing {lock.name} failed (see above); the next make tries again")


def compile_packages() -> None:
    """Compile what was installed, on all cores and without tests, where pip takes one for all."""
    subprocess.run(
        [
            str(ENVIRONMENT / "bin" / "python"),
            *("-m", "compileall", "-qq", "-j", "0"),
            *("-x", "/site-packages/.*/tests/", str(ENVIRONMENT / "lib")),
        ],
        # What is for another Python fails, and nothing imports it: pip passes it over too.
        check=False,
    )


def main() -> None:
    """Do nothing when the environment is ready; otherwise make it, one process at a time.

    With `--check`, only see to it that there is a Python new enough.
    """
    if IS_FOR_SPARK and "--check" not in sys.argv[1:]:
        check_version()
        check_java()
    wanted = [(LOCK, STAMP)]
    for name in TOOLS:
        if f"--{name}" in sys.argv[1:]:
            lock = ROOT / f"requirements-{name}.lock"
            wanted.append((lock, ENVIRONMENT / f".{name}-lock-sha256"))
    if all(is_installed(lock, stamp) for lock, stamp in wanted):
        write_launcher()
        return
    check_version()
    if "--check" in sys.argv[1:]:
        return
    with (ROOT / ".venv-setup.lock").open("w") as lock_file:
        fcntl.flock(lock_file, fcntl.LOCK_EX)
        for lock, stamp in wanted:
            if not is_installed(lock, stamp):
                set_up(lock, stamp)
        write_launcher()


def write_launcher() -> None:
    """Write the program `segmentation` into the environment, unless it is there."""
    program = ENVIRONMENT / "bin" / "segmentation"
    if program.exists() and program.read_text() == LAUNCHER:
        return
    beside = program.with_name(f".segmentation.{os.getpid()}")
    beside.write_text(LAUNCHER)
    beside.chmod(0o755)
    os.replace(str(beside), str(program))


def set_up(lock: Path, stamp: Path) -> None:
    """Install one lock, with a line before and after; the first lock makes the environment."""
    packages = sum(line[:1].isalnum() for line in lock.read_text().splitlines())
    minutes = "up to 6 minutes" if IS_FOR_SPARK else "up to 2 minutes"
    # Standard output belongs to the command that asked for the set-up: it may be JSON or CSV.
    sys.stderr.write(
        f"Setting up {ENVIRONMENT.name}: {packages} packages from {lock.name}, "
        f"{minutes} the first time\n"
    )
    sys.stderr.flush()
    started = time.monotonic()
    if stamp == STAMP:
        make()
    install(lock, stamp)
    sys.stderr.write(f"Set up in {time.monotonic() - started:.0f} s\n")
