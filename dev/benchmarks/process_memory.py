"""Memory and age of this process, for programs that are measured as processes of their own."""

from __future__ import annotations

import os
import resource
import sys
import time
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_bytes() -> int:
    """Peak of resident memory of this process.

    From /proc where there is one: what `getrusage` says includes the parent before `exec`.
    """
    return _status("VmHWM") or _usage()


def resident_bytes() -> int:
    """Resident memory now; the peak where the system does not say."""
    return _status("VmRSS") or _usage()


def seconds_since_start() -> float:
    """Wall seconds since the process began, imports included; to a hundredth of a second."""
    try:
        fields = Path("/proc/self/stat").read_text().rsplit(") ", 1)[1].split()
        started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started
    except (OSError, AttributeError):
        return time.process_time()


def _usage() -> int:
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _status(name: str) -> int:
    if not STATUS.exists():
        return 0
    for line in STATUS.read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0
