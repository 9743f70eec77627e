"""What one of several processes that run tests has built, for the others to copy."""

from __future__ import annotations

import fcntl
import json
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

# Exit code, all that was printed, and the warehouse.
Finished = tuple[int, str, Path]


class MadeChain:
    """A chain of builds that one process made, in a folder that all processes can read.

    `own` is the folder that this process works in.
    """

    def __init__(self, folder: Path, own: Path) -> None:
        self._folder = folder
        self._own = own
        self._record = folder / "builds.json"
        self._builds: dict[str, list[object]] = {}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Wait until no other process makes or copies the chain."""
        self._folder.mkdir(parents=True, exist_ok=True)
        with (self._folder / "lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def is_there(self) -> bool:
        """Say whether a process has made it."""
        return self._record.exists()

    def keep(self, name: str, finished: Finished, folders: Iterable[str]) -> None:
        """Copy a build that this process made, with all folders that it worked in."""
        for folder in folders:
            kept = self._folder / "files" / folder
            if kept.exists():
                shutil.rmtree(kept)
            shutil.copytree(self._own / folder, kept, symlinks=True)
        code, output, warehouse = finished
        self._builds[name] = [code, output, str(warehouse.relative_to(self._own))]

    def finish(self) -> None:
        """Let other processes copy the chain."""
        record = {"own": str(self._own), "builds": self._builds}
        self._record.write_text(json.dumps(record), encoding="utf-8")

    def copied(self) -> dict[str, Finished]:
        """Copy the builds into the folder of this process; paths that they printed lead there."""
        record = json.loads(self._record.read_text(encoding="utf-8"))
        shutil.copytree(self._folder / "files", self._own, symlinks=True, dirs_exist_ok=True)
        return {
            name: (code, output.replace(record["own"], str(self._own)), self._own / path)
            for name, (code, output, path) in record["builds"].items()
        }
