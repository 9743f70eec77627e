"""Make the environments of the clients that the published file is tried with, in .clients/.

    python dev/setup_clients.py duckdb-1.0 node

Each has packages of its own, locked with hashes; those that are there and whole are left as they
are. With no name, all are made but Superset's and Evidence's, which take minutes.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import WRONG_USE, Problem, say
from common.program import run
from common.project_root import ROOT

LOCKS = ROOT / "dev" / "clients" / "locks"
FOLDER = ROOT / ".clients"
DUCKDB_VERSIONS = ("1.0", "1.1", "1.2", "1.3", "1.4", "1.5", "2.0")
DUCKDBS = tuple(f"duckdb-{version}" for version in DUCKDB_VERSIONS)
SUPERSET = "superset"
NODE = "node"
EVIDENCE = "evidence"
# Where the package.json and the lock of a client of Node are.
NODE_FILES = ROOT / "dev" / "clients" / "node"
NPM = {NODE: NODE_FILES, EVIDENCE: ROOT / "examples" / "evidence"}
FAST = (*DUCKDBS, "sqlalchemy", NODE)
ALL = (*FAST, SUPERSET, EVIDENCE)
OLDEST_NODE = 18
# DuckDB 1.0 and Superset come ready built for these.
PYTHONS = ("python3.11", "python3.12")


def files_of(name: str) -> list[Path]:
    """Return the files that say what an environment holds."""
    if name in NPM:
        return [NPM[name] / "package.json", NPM[name] / "package-lock.json"]
    return [LOCKS / f"{name}.lock"]


def stamp_of(name: str) -> str:
    """Return the hash of what an environment is made of."""
    content = b"".join(path.read_bytes() for path in files_of(name))
    return hashlib.sha256(content).hexdigest()


def command(name: str) -> list[str]:
    """Return how programs of an environment are run."""
    if name in NPM:
        return [shutil.which("node") or "node"]
    return [str(FOLDER / name / "bin" / "python")]


def is_ready(name: str) -> bool:
    """Say whether an environment was made whole, from its lock, and still runs."""
    try:
        if (FOLDER / name / ".stamp").read_text() != stamp_of(name):
            return False
        tried = subprocess.run([*command(name), "--version"], capture_output=True, check=False)
    except OSError:
        return False
    return tried.returncode == 0


def python() -> str:
    """Return a Python that every client comes ready built for.

    Raises:
        Problem: there is none.
    """
    for name in (os.path.realpath(sys.executable), *PYTHONS):
        found = shutil.which(name)
        if found and version_of(found) in PYTHONS:
            return found
    raise Problem(
        f"the clients need {' or '.join(PYTHONS)} on the PATH, which DuckDB 1.0 comes ready "
        "built for, and there is neither",
        WRONG_USE,
    )


def version_of(python: str) -> str:
    """Return the name of a Python with its version, such as python3.11."""
    code = "import sys; print('python%d.%d' % sys.version_info[:2])"
    asked = subprocess.run([python, "-c", code], capture_output=True, text=True, check=False)
    return asked.stdout.strip()


def why_no_node() -> str | None:
    """Return why the client of Node cannot be had here, or None where it can."""
    advice = f"install Node {OLDEST_NODE} or later and npm (Debian: apt install nodejs npm)"
    missing = [name for name in ("node", "npm") if not shutil.which(name)]
    if missing:
        return f"{' and '.join(missing)} not found: {advice}"
    asked = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    found = asked.stdout.strip().lstrip("v")
    if not found.split(".")[0].isdigit() or int(found.split(".")[0]) < OLDEST_NODE:
        return f"Node {found or 'of no version'} found: {advice}"
    return None


def checked(arguments: Sequence[str], cwd: Path = ROOT) -> None:
    """Run a program; a failure shows the end of what it said.

    Raises:
        Problem: it failed.
    """
    done = subprocess.run(
        arguments, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode:
        ending = "\n  ".join(done.stdout.strip().splitlines()[-15:])
        raise Problem(f"{' '.join(arguments[:4])} ... failed:\n  {ending}")


def make(name: str) -> None:
    """Make an environment from nothing; the stamp comes last, so a half-made one is created again.

    Raises:
        Problem: it cannot be made.
    """
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    if name in NPM:
        reason = why_no_node()
        if reason:
            raise Problem(reason, WRONG_USE)
        folder.mkdir(parents=True)
        for path in files_of(name):
            shutil.copy(path, folder)
        # Not `npm ci`, which asks for every platform's package, also where only one is mirrored;
        # what is in the lock is checked by its hash all the same.
        install = ("npm", "install", "--no-save", "--ignore-scripts", "--no-audit", "--no-fund")
        checked(install, cwd=folder)
    else:
        checked([python(), "-m", "venv", str(folder)])
        pip_install = ("-m", "pip", "install", "--no-input", "--disable-pip-version-check")
        lock = str(*files_of(name))
        checked([*command(name), *pip_install, "--require-hashes", "--no-deps", "-r", lock])
    (folder / ".stamp").write_text(stamp_of(name))


def set_up(names: Sequence[str]) -> None:
    """Make the environments that are not ready.

    Raises:
        Problem: one cannot be made.
    """
    for name in names:
        if not is_ready(name):
            say(f"Setting up the client {name} in {FOLDER.relative_to(ROOT)}/")
            make(name)


def main() -> None:
    """Make the environments named, or those that take no minutes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ALL))
    names = parser.parse_args().names or FAST
    unknown = [name for name in names if name not in ALL]
    if unknown:
        raise Problem(f"{unknown[0]} is not a client: they are {', '.join(ALL)}", WRONG_USE)
    set_up(names)


if __name__ == "__main__":
    sys.exit(run(main))
