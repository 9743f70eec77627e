"""Memory and bytes of a process and everything it starts, sampled from /proc while it runs."""

from __future__ import annotations

import os
import threading
import time
from bisect import bisect_left as bisect
from dataclasses import dataclass, field
from pathlib import Path

PROC = Path("/proc")
SECONDS_BETWEEN = 0.1
TICKS = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Sample:
    """Resident memory (bytes) and processor seconds so far of the tree, at a time (epoch)."""

    at: float
    resident: int
    processor_seconds: float


@dataclass
class TreeSampler:
    """Samples the tree of a process from a thread, from `start` to `stop`.

    Pages that two processes share are counted for both, so memory is an upper bound. Bytes are
    those asked of the system, whether they came from its cache or from the disk. A peak of less
    than a tenth of a second may be missed.
    """

    root: int
    samples: list[Sample] = field(default_factory=list)
    _read: dict[int, int] = field(default_factory=dict)
    _written: dict[int, int] = field(default_factory=dict)
    _ticks: dict[int, int] = field(default_factory=dict)
    _ended: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self) -> TreeSampler:
        """Begin."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def stop(self) -> None:
        """End, after a last sample."""
        self._ended.set()
        if self._thread:
            self._thread.join()

    @property
    def peak(self) -> int:
        """Highest resident memory of the tree."""
        return max((sample.resident for sample in self.samples), default=0)

    @property
    def read_bytes(self) -> int:
        """Bytes read by all processes of the tree."""
        return sum(self._read.values())

    @property
    def written_bytes(self) -> int:
        """Bytes written by all processes of the tree."""
        return sum(self._written.values())

    def peak_between(self, begin: float, end: float) -> int:
        """Highest resident memory between two times; the nearest sample where none lies there."""
        within = [one.resident for one in self.samples if begin <= one.at <= end]
        if within or not self.samples:
            return max(within, default=0)
        return min(self.samples, key=lambda one: abs(one.at - begin)).resident

    def processor_seconds_between(self, begin: float, end: float) -> float:
        """Processor seconds that the tree took between two times, to the nearest sample."""
        times = [one.at for one in self.samples]
        if not times:
            return 0.0
        first, last = (min(bisect(times, at), len(times) - 1) for at in (begin, end))
        return self.samples[last].processor_seconds - self.samples[first].processor_seconds

    def _run(self) -> None:
        while not self._ended.wait(SECONDS_BETWEEN):
            self._take()

    def _take(self) -> None:
        resident = 0
        for pid in tree_of(self.root):
            try:
                resident += int((PROC / f"{pid}/statm").read_text().split()[1]) * PAGE
                stat = (PROC / f"{pid}/stat").read_text().rsplit(") ", 1)[1].split()
                fields = dict(
                    line.split(": ") for line in (PROC / f"{pid}/io").read_text().splitlines()
                )
            except (OSError, ValueError, IndexError):
                continue  # it ended meanwhile
            self._read[pid] = int(fields["rchar"])
            self._written[pid] = int(fields["wchar"])
            self._ticks[pid] = int(stat[11]) + int(stat[12])
        seconds = sum(self._ticks.values()) / TICKS
        self.samples.append(Sample(time.time(), resident, seconds))


def tree_of(root: int) -> list[int]:
    """The process and its descendants that are alive."""
    found, open_ = [], [root]
    while open_:
        pid = open_.pop()
        found.append(pid)
        try:
            threads = list((PROC / f"{pid}/task").iterdir())
        except OSError:
            continue  # the process ended meanwhile
        for thread in threads:
            try:
                open_.extend(int(child) for child in (thread / "children").read_text().split())
            except OSError:
                continue  # the thread ended meanwhile
    return found
