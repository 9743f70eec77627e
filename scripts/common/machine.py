"""What this machine has, and how much of its memory a build and its engine may use."""

from __future__ import annotations

import os
from pathlib import Path

MIN_MEMORY = 256 * 10**6
# On a machine of 24 GB, 100 million lines take 5% longer with 4 GB than with 7 (docs/scale.md):
# what DuckDB holds beyond what it needs is a cache, and the machine has other uses for it. Spark's
# heap is more than a cache.
USUAL_MEMORY_SHARE = {"duckdb": 1 / 6, "spark": 0.3}
USUAL_MEMORY = 4 * 10**9
MEMORY_SHARE = 0.7  # at most
# What dbt, the learning step and the build itself need beside the engine: their code (450 MB
# together), samples of bounded size, and 30 bytes a customer: 1.04 GB were seen with a million
# customers at seven dates. Of little memory it is half.
PYTHON_MEMORY = 1_100 * 10**6
MEMORY_UNITS = {
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}


def usual_memory(machine: int, target: str) -> int:
    """Return the bytes that a build may use of a machine's, where MEMORY is not given."""
    most = int(machine * MEMORY_SHARE)
    usual = int(machine * USUAL_MEMORY_SHARE[target])
    return max(usual, min(USUAL_MEMORY, most), MIN_MEMORY)


def memory_bytes(memory: str) -> int:
    """Return MEMORY in bytes."""
    number = memory.rstrip("BGMTi")
    return int(float(number) * MEMORY_UNITS[memory.removeprefix(number).upper()])


def engine_memory(memory: str) -> str:
    """Return what DuckDB may use of MEMORY: what Python leaves to it."""
    total = memory_bytes(memory)
    return f"{int(total - min(PYTHON_MEMORY, total / 2)) // 10**6}MB"


def processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine_memory() -> int:
    """Return the bytes of memory this process may use: the machine's, or its container's."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
    except OSError:
        return total
    return min(total, int(limit)) if limit.isdigit() else total
