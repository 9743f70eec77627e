"""Installing the packages of a lock by uv, which takes a fifth of pip's time.

uv does not read pip's configuration: indexes, folders of wheels and certificates are passed on to
it. Where pip is configured by an option that uv lacks, pip installs.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

# Options of pip's configuration and what they are for uv: a variable, as an index may have a
# password, or an option for each value.
VARIABLES = {
    "index-url": "UV_DEFAULT_INDEX",
    "extra-index-url": "UV_INDEX",
    "cert": "SSL_CERT_FILE",
}
OPTIONS = {"find-links": "--find-links", "trusted-host": "--allow-insecure-host"}
# What changes nothing of which packages are installed, as the lock has their versions and hashes.
WITHOUT_EFFECT = {
    "break-system-packages",
    "cache-dir",
    "constraint",
    "default-timeout",
    "disable-pip-version-check",
    "no-cache-dir",
    "no-color",
    "no-input",
    "prefer-binary",
    "progress-bar",
    "quiet",
    "require-virtualenv",
    "retries",
    "root-user-action",
    "timeout",
    "verbose",
}
SECTIONS = ("global", "install", ":env:")


def is_installed_by_uv(environment: Path, installer_lock: Path, lock: Path) -> bool:
    """Install a lock into an environment that has pip, by uv; return whether that was done.

    installer_lock: The lock of uv.
    """
    python = str(environment / "bin" / "python")
    configured = configuration_of_pip(python)
    if configured is None or not _is_there(environment, python, installer_lock):
        return False
    options, variables = configured
    done = subprocess.run(
        [
            *(str(environment / "bin" / "uv"), "pip", "install", "--quiet", "--no-progress"),
            *("--python", python, "--only-binary", ":all:", "--no-deps", "--require-hashes"),
            # Whatever index a package comes from, it has the hash of the lock.
            *("--index-strategy", "unsafe-best-match", *options, "-r", str(lock)),
        ],
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        check=False,
    )
    if done.returncode:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        why = f" ({lines[0].strip()})" if lines else ""
        sys.stderr.write(f"uv has not installed {lock.name}{why}: pip installs it\n")
        sys.stderr.flush()
    return not done.returncode


def configuration_of_pip(python: str) -> tuple[list[str], dict[str, str]] | None:
    """Return pip's configuration as options and variables of uv; None where uv has none."""
    shown = subprocess.run(
        [python, "-m", "pip", "config", "list"],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if shown.returncode:
        return None
    options: list[str] = []
    variables: dict[str, str] = {}
    for line in shown.stdout.decode(errors="replace").splitlines():
        name, _, value = line.partition("=")
        section, _, key = name.rpartition(".")
        if section not in SECTIONS or key in WITHOUT_EFFECT:
            continue
        text = " ".join(str(ast.literal_eval(value)).split())
        if key in VARIABLES:
            variables[VARIABLES[key]] = text
        elif key in OPTIONS:
            options += [part for one in text.split() for part in (OPTIONS[key], one)]
        else:
            return None
    return options, variables


def _is_there(environment: Path, python: str, installer_lock: Path) -> bool:
    """Install uv into the environment, unless it is there; return whether it is then."""
    program = environment / "bin" / "uv"
    if not program.exists():
        subprocess.run(
            [
                *(python, "-m", "pip", "install", "-qq", "--no-input"),
                *("--disable-pip-version-check", "--only-binary", ":all:", "--no-compile"),
                *("--require-hashes", "--no-deps", "-r", str(installer_lock)),
            ],
            # Without uv, pip installs the packages, and says what is wrong.
            stderr=subprocess.DEVNULL,
            check=False,
        )
    return program.exists()
