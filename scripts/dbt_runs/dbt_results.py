"""What dbt says while it runs and in its results: stages, seconds, failures."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from common.console import DATA_REFUSED, WRONG_USE, LiveLine, Problem, count, say
from common.json_types import JsonObject

STAGES = ("seeds", "staging", "core", "features", "segmentation", "marts", "tests")
# Of dbt_project/selectors.yml: everything but the tests that guard code only.
BUILD_SELECTOR = "build"
BUILD = ("build", "--selector", BUILD_SELECTOR)
GOOD_STATUSES = frozenset({"success", "pass", "warn", "no-op"})
LEARNING_ERROR = "models_py.errors.LearningError: "
SETTING_ERROR = "Wrong setting: "
NO_ORDER_TEST = "assert_some_order_was_accepted"
# Ends the id of a test that is written in a model's properties, but not its name.
GENERIC_TEST_HASH = re.compile(r"\.[0-9a-f]{10}$")
LINES_OF_A_MESSAGE = 6
FAILURES_SHOWN = 20


@dataclass
class Stage:
    """Progress of one stage: nodes expected, nodes done by kind, seconds they took."""

    expected: int = 0
    done: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    warnings: int = 0


def read_json(path: Path) -> JsonObject:
    """Read one of dbt's result files.

    Raises:
        Problem: it is not there or not whole.
    """
    try:
        found: JsonObject = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Problem(f"dbt left no readable {path.name} in {path.parent}: build again") from error
    return found


def stages_of_nodes(manifest: JsonObject) -> dict[str, str]:
    """Return the stage of each node that `dbt build` runs, by unique id.

    A model's stage is its folder; a test's is the last stage among what it tests.
    """
    stages: dict[str, str] = {}
    tests: dict[str, list[str]] = {}
    for unique_id, node in manifest["nodes"].items():
        if node["resource_type"] == "seed":
            stages[unique_id] = "seeds"
        elif node["resource_type"] == "model":
            folder = node["fqn"][1]
            stages[unique_id] = folder if folder in STAGES else "marts"
        elif node["resource_type"] == "test":
            tests[unique_id] = node["depends_on"]["nodes"]
    for unique_id, node in manifest.get("unit_tests", {}).items():
        tests[unique_id] = node["depends_on"]["nodes"]
    for unique_id, parents in tests.items():
        places = [STAGES.index(stages[parent]) for parent in parents if parent in stages]
        stages[unique_id] = STAGES[max(places)] if places else "tests"
    return stages


class Progress:
    """Follows dbt's events and shows one line for each stage that is done."""

    def __init__(self, manifest: Path, live: LiveLine) -> None:
        self._manifest = manifest
        self._live = live
        self._stage_of: dict[str, str] = {}
        self._stages: dict[str, Stage] = {}
        self._errors: list[str] = []
        self._node_errors: list[str] = []

    def take(self, event: JsonObject) -> None:
        """Take one event into account."""
        name, data = event["info"].get("name", ""), event.get("data", {})
        node = data.get("node_info") or {}
        if event["info"].get("level") == "error":
            errors = self._node_errors if node else self._errors
            errors.append(str(event["info"].get("msg", "")))
        if name == "LogStartLine":
            self._start(node)
        elif name.startswith("Log") and name.endswith("Result"):
            self._finish(node, float(data.get("execution_time") or 0))

    def finish(self) -> None:
        """Show the stages that some node never reported on."""
        for name, stage in self._stages.items():
            if 0 < stage.done.total() < stage.expected:
                say(_stage_line(name, stage))

    def error_lines(self) -> list[str]:
        """Return the lines of all errors that dbt spoke of, for where its results are not whole."""
        return [line for text in (*self._errors, *self._node_errors) for line in text.splitlines()]

    def failures(self, run_results: Path) -> list[str]:
        """Return lines that name what failed and why."""
        if not run_results.exists():
            return [line for text in self._errors for line in _telling_lines(text)]
        results = read_json(run_results)["results"]
        failed = [r for r in results if r["status"] not in (*GOOD_STATUSES, "skipped")]
        lines: list[str] = []
        for result in failed[:FAILURES_SHOWN]:
            kind, _, name = result["unique_id"].split(".", 2)
            name = GENERIC_TEST_HASH.sub("", name)
            lines.append(f"{kind.replace('_', ' ')} {name}: {result['status']}")
            lines.extend(f"  {line}" for line in _telling_lines(result["message"] or ""))
        if len(failed) > FAILURES_SHOWN:
            lines.append(f"and {len(failed) - FAILURES_SHOWN} more")
        skipped = sum(r["status"] == "skipped" for r in results)
        if skipped:
            lines.append(f"{count(skipped, 'node')} after them skipped")
        return lines or [line for text in self._errors for line in _telling_lines(text)]

    def refusal(self, run_results: Path) -> tuple[str, int] | None:
        """Return the message about unusable input or an unusable seed, with the exit code."""
        results = read_json(run_results)["results"] if run_results.exists() else []
        for result in results:
            _, found, text = (result["message"] or "").rpartition(LEARNING_ERROR)
            if found:
                first_line = text.strip().splitlines()[0]
                return first_line, WRONG_USE if first_line.startswith("K=") else DATA_REFUSED
            _, found, text = (result["message"] or "").rpartition(SETTING_ERROR)
            if found:
                return text.strip().splitlines()[0], WRONG_USE
            if result["status"] == "fail" and NO_ORDER_TEST in result["unique_id"]:
                return "no order line was accepted, so there is nothing to segment", DATA_REFUSED
        return None

    def _start(self, node: JsonObject) -> None:
        if not self._stage_of:
            self._stage_of = stages_of_nodes(read_json(self._manifest))
            for stage in self._stage_of.values():
                self._stages.setdefault(stage, Stage()).expected += 1
        done = sum(stage.done.total() for stage in self._stages.values())
        self._live.show(f"  {done + 1} of {len(self._stage_of)}  {node.get('node_name', '')}")

    def _finish(self, node: JsonObject, seconds: float) -> None:
        name = self._stage_of.get(node.get("unique_id", ""))
        if name is None:
            return
        stage = self._stages[name]
        kind = "test" if node.get("resource_type") in ("test", "unit_test") else "model"
        stage.done["seed" if name == "seeds" and kind == "model" else kind] += 1
        stage.seconds += seconds
        stage.warnings += node.get("node_status") == "warn"
        if stage.done.total() == stage.expected:
            self._live.clear()
            say(_stage_line(name, stage))


def _stage_line(name: str, stage: Stage) -> str:
    parts = [
        count(stage.done[kind], kind) for kind in ("seed", "model", "test") if stage.done[kind]
    ]
    if stage.warnings:
        parts.append(count(stage.warnings, "warning"))
    return f"  {name:<22} {', '.join(parts):>26} {stage.seconds:>6.1f} s"


def _telling_lines(text: str) -> list[str]:
    """Return the lines of a message that matter: all, or of a long one its start and its end.

    The end of a Python traceback says what happened.
    """
    lines = [line.rstrip() for line in text.splitlines() if line.strip()]
    if len(lines) <= LINES_OF_A_MESSAGE:
        return lines
    return [lines[0], "  ...", *lines[2 - LINES_OF_A_MESSAGE :]]


def check_success(target: Path) -> None:
    """Check that the last dbt command was a whole build in which everything succeeded.

    Raises:
        Problem: it was not.
    """
    results = read_json(target / "run_results.json")
    manifest = read_json(target / "manifest.json")
    if results["metadata"]["invocation_id"] != manifest["metadata"]["invocation_id"]:
        raise Problem(f"the dbt results in {target} are not those of one command: build again")
    arguments = results["args"]
    is_partial = any(arguments.get(name) for name in ("select", "exclude"))
    is_partial |= arguments.get("selector") not in (None, "", BUILD_SELECTOR)
    is_partial |= bool(arguments.get("resource_types"))
    is_partial |= set(arguments.get("exclude_resource_types") or ()) - {"unit_test"} != set()
    if arguments.get("which") != "build" or is_partial:
        raise Problem("the last dbt command was not a whole `dbt build`: nothing is published")
    failed = [r["unique_id"] for r in results["results"] if r["status"] not in GOOD_STATUSES]
    if failed:
        raise Problem(f"{count(len(failed), 'dbt node')} failed, first {failed[0]}: not published")
