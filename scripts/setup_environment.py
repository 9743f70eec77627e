"""Make .venv from requirements.lock, when it is missing, half made or its lock has changed.

With TARGET=spark in the environment, .venv-spark from requirements-spark.lock, and only where
there is a Java that Spark runs on.

Runs with any Python 3, so that an old one can be told what is wrong.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST = (3, 11)
ROOT = Path(__file__).resolve().parents[1]
IS_FOR_SPARK = os.environ.get("TARGET", "").strip() == "spark"
ENVIRONMENT = ROOT / (".venv-spark" if IS_FOR_SPARK else ".venv")
LOCK = ROOT / ("requirements-spark.lock" if IS_FOR_SPARK else "requirements.lock")
STAMP = ENVIRONMENT / ".lock-sha256"
FAILED = 1
WRONG_USE = 2


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
    import console
    import java

    try:
        java.check_java()
    except console.Problem as problem:
        fail(str(problem), WRONG_USE)


def lock_hash() -> str:
    """Return the hash of the lock file's content."""
    return hashlib.sha256(LOCK.read_bytes()).hexdigest()


def is_ready() -> bool:
    """Say whether the environment was made whole, from this lock, and its Python still runs."""
    try:
        if STAMP.read_text().strip() != lock_hash():
            return False
    except OSError:
        return False
    python = ENVIRONMENT / "bin" / "python"
    try:
        return subprocess.run([str(python), "-c", ""], check=False).returncode == 0
    except OSError:
        return False


def make() -> None:
    """Make the environment from nothing; the stamp comes last, so a half-made one is made again."""
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
    installed = subprocess.run(
        [
            str(ENVIRONMENT / "bin" / "python"),
            *("-m", "pip", "install", "-qq", "--no-input", "--disable-pip-version-check"),
            *("--require-hashes", "--no-deps", "-r", str(LOCK)),
        ],
        check=False,
    )
    if installed.returncode:
        fail(f"installing {LOCK.name} failed (see above); the next make tries again")
    temporary = STAMP.with_suffix(".new")
    temporary.write_text(lock_hash() + "\n")
    os.replace(str(temporary), str(STAMP))


def main() -> None:
    """Do nothing when .venv is ready; otherwise make it, one process at a time.

    With `--check`, only see to it that there is a Python new enough.
    """
    if IS_FOR_SPARK and "--check" not in sys.argv[1:]:
        check_version()
        check_java()
    if is_ready():
        return
    check_version()
    if "--check" in sys.argv[1:]:
        return
    with (ROOT / ".venv-setup.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if is_ready():
            return
        packages = sum(line[:1].isalnum() for line in LOCK.read_text().splitlines())
        sys.stdout.write(
            f"Setting up {ENVIRONMENT.name}: {packages} packages from {LOCK.name}, "
            f"{'2 to 6' if IS_FOR_SPARK else '1 to 3'} minutes the first time\n"
        )
        sys.stdout.flush()
        started = time.monotonic()
        make()
        sys.stdout.write(f"Set up in {time.monotonic() - started:.0f} s\n")


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        fail("set-up stopped; the next make starts it again")
