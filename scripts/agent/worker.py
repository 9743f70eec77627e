"""Answer one question of an agent, in a separate process with limited memory and time.

An agent may ask any SQL. A query that takes too long is ended by ending this process; one that asks
for too much memory ends here, as DuckDB's own limit does not count all that its functions take.

Reads a question as JSON from standard input: tool, arguments, marts (the published file) and spill
(a folder for what memory does not hold). Writes JSON: `answer`, or `problem` in words.
"""

from __future__ import annotations

import contextlib
import json
import resource
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb

from agent.answers import TOOLS
from common.console import Problem
from common.data_errors import first_line
from handover.query import open_published

# Of DuckDB; and of this process, with its programs and what DuckDB does not count.
MEMORY = "512MB"
ADDRESS_SPACE = 2 * 2**30
PROCESSOR_SECONDS = 60
SETTINGS = {"memory_limit": MEMORY, "max_temp_directory_size": "1GB", "threads": "2"}
TOO_LARGE = f"the query takes more memory than it may ({MEMORY}): ask for less"


def limit() -> None:
    """Limit memory and processor time of this process, where the system can; no core is left."""
    limits = {
        resource.RLIMIT_AS: ADDRESS_SPACE,
        resource.RLIMIT_CPU: PROCESSOR_SECONDS,
        resource.RLIMIT_CORE: 0,
    }
    for kind, most in limits.items():
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(kind, (most, most))


def answer(question: dict[str, Any]) -> dict[str, Any]:
    """Return the answer to a question, or the problem in words."""
    try:
        with open_published(
            Path(question["marts"]), Path(question["spill"]), SETTINGS
        ) as connection:
            return {"answer": TOOLS[question["tool"]](connection, **question["arguments"])}
    except Problem as problem:
        found = str(problem)
    except MemoryError:
        found = TOO_LARGE
    except duckdb.Error as error:
        found = f"the published file does not answer: {first_line(error)}"
    return {"problem": TOO_LARGE if "out of memory" in found.lower() else found}


if __name__ == "__main__":
    limit()
    json.dump(answer(json.load(sys.stdin)), sys.stdout)
