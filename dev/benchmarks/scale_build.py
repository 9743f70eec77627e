"""One whole `make build` in a process tree of its own, with the time and memory of each stage."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.process_tree import TreeSampler
from common.console import HELD_BACK, Problem
from common.json_types import JsonObject
from common.project_root import ROOT
from common.settings_table import SETTINGS
from common.warehouse_paths import Warehouse
from dbt_runs.spark_settings import FOLDER as SPARK_FOLDER

STAGES = (
    "load",
    "dbt starts",
    "staging",
    "core",
    "features",
    "k scan",
    "fit",
    "assign",
    "segmentation",
    "marts",
    "tests",
    "publish",
)
# The learning steps by model; every other model of its folder is SQL around them.
STAGE_OF_MODEL = {
    "learned_product_groups": "core",
    "learned_k_scan": "k scan",
    "learned_drift": "fit",
    "learned_stored_assignments": "fit",
    "learned_segments": "fit",
    "customer_assignments": "assign",
    "learned_backtest_assignments": "assign",
    "learned_reasons": "assign",
    "learned_rules": "assign",
}
# Hooks and exposures belong to no layer; hooks take no time.
KINDS_OF_NO_LAYER = ("exposure", "operation")
LINES_SHOWN = 30
# What build.py says when a step begins.
BEGINS = {"Loading ": "load", "Running dbt": "dbt", "Publishing": "publish"}


@dataclass(frozen=True)
class StageFigures:
    """Wall and processor seconds of a stage, and the highest memory of the tree meanwhile."""

    name: str
    seconds: float
    processor_seconds: float
    peak: int


@dataclass(frozen=True)
class NodeFigures:
    """One dbt node: its name, stage, wall and processor seconds, and highest memory."""

    name: str
    stage: str
    seconds: float
    processor_seconds: float
    peak: int


@dataclass(frozen=True)
class BuildFigures:
    """A whole build: wall and processor seconds, bytes, and its stages and slowest nodes."""

    exit_code: int
    seconds: float
    processor_seconds: float
    peak: int
    read_bytes: int
    written_bytes: int
    stages: list[StageFigures]
    nodes: list[NodeFigures]
    said: list[str]

    def stage(self, name: str) -> StageFigures:
        """Figures of one stage."""
        return next(one for one in self.stages if one.name == name)

    def seconds_of(self, names: Sequence[str]) -> float:
        """Seconds of several stages together."""
        return sum(one.seconds for one in self.stages if one.name in names)

    def as_dict(self) -> JsonObject:
        """Figures for a JSON file."""
        return asdict(self) | {"nodes": [asdict(one) for one in self.nodes]}


def build(warehouse: Path, *, check: bool = True, **given: object) -> BuildFigures:
    """Run `make build` with these settings and none of the caller's.

    Raises Problem when it does not publish, unless `check` is off; a build that publishes with the
    stored fit, because a refit was held back, is a whole build too.
    """
    names = {setting.name for setting in SETTINGS} | {"FULL"}
    kept = {key: value for key, value in os.environ.items() if key not in names}
    kept.pop("MAKEFLAGS", None)
    wanted = {"WAREHOUSE": warehouse} | {key.upper(): value for key, value in given.items()}
    words = [f"{key}={value}" for key, value in wanted.items() if value is not None]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.time()
    process = subprocess.Popen(
        ["make", "-C", str(ROOT), "build", *words],
        env=kept | {"PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    sampler = TreeSampler(process.pid).start()
    said: list[str] = []
    begins: dict[str, float] = {}
    try:
        assert process.stdout is not None, "the build's output is piped"
        for line in process.stdout:
            said.append(line.rstrip())
            for start, name in BEGINS.items():
                if line.startswith(start):
                    begins.setdefault(name, time.time())
        code = process.wait()
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()
        sampler.stop()
    ended = time.time()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Make ends with a code of its own and tells that of the build.
    is_held_back = any(line.endswith(f"Error {HELD_BACK}") for line in said[-LINES_SHOWN:])
    if check and code != 0 and not is_held_back:
        raise Problem("the build failed:\n" + "\n".join(said[-LINES_SHOWN:]))
    place = warehouse / SPARK_FOLDER if given.get("target") == "spark" else warehouse
    nodes = nodes_of(Warehouse(place), sampler, started)
    return BuildFigures(
        exit_code=code,
        seconds=ended - started,
        processor_seconds=(after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime),
        peak=sampler.peak,
        read_bytes=sampler.read_bytes,
        written_bytes=sampler.written_bytes,
        stages=stages_of(nodes, begins, started, ended, sampler),
        nodes=nodes,
        said=said,
    )


def nodes_of(warehouse: Warehouse, sampler: TreeSampler, since: float) -> list[NodeFigures]:
    """The dbt nodes that ran, from dbt's results; none when dbt did not get that far."""
    path = warehouse.dbt_target / "run_results.json"
    if not path.exists() or path.stat().st_mtime < since:
        return []
    nodes = []
    for result in json.loads(path.read_text(encoding="utf-8"))["results"]:
        times = [one for one in result["timing"] if one.get("completed_at")]
        if not times:
            continue
        begin = min(instant(one["started_at"]) for one in times)
        end = max(instant(one["completed_at"]) for one in times)
        kind, _, name = result["unique_id"].split(".", 2)
        if kind in KINDS_OF_NO_LAYER:
            continue
        nodes.append(
            NodeFigures(
                name,
                stage_of(kind, name),
                end - begin,
                sampler.processor_seconds_between(begin, end),
                sampler.peak_between(begin, end),
            )
        )
    return nodes


def instant(text: str) -> float:
    """Seconds since the epoch of dbt's UTC time."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def stage_of(kind: str, name: str) -> str:
    """Stage of a dbt node; that of a model is its folder, found by its name's place."""
    if kind == "test":
        return "tests"
    if kind == "seed":
        return "features"
    return STAGE_OF_MODEL.get(name) or folder_of(name)


def folder_of(model: str) -> str:
    """Folder of a model under dbt_project/models: its layer."""
    found = next((ROOT / "dbt_project" / "models").rglob(f"{model}.*"), None)
    if found is None:
        raise ValueError(f"expected a file {model}.* under dbt_project/models, there is none")
    return found.relative_to(ROOT / "dbt_project" / "models").parts[0]


def stages_of(
    nodes: Sequence[NodeFigures],
    begins: dict[str, float],
    started: float,
    ended: float,
    sampler: TreeSampler,
) -> list[StageFigures]:
    """Seconds and peak of each stage; what no node accounts for is dbt's own time."""
    dbt_begins = begins.get("dbt", ended)
    publish_begins = begins.get("publish", ended)
    figures = {
        "load": _span("load", started, dbt_begins, sampler),
        "publish": _span("publish", publish_begins, ended, sampler),
    }
    for name in STAGES:
        own = [node for node in nodes if node.stage == name]
        if name not in figures:
            figures[name] = StageFigures(
                name,
                sum(node.seconds for node in own),
                sum(node.processor_seconds for node in own),
                max((node.peak for node in own), default=0),
            )
    whole = _span("dbt starts", dbt_begins, publish_begins, sampler)
    figures["dbt starts"] = StageFigures(
        whole.name,
        whole.seconds - sum(node.seconds for node in nodes),
        whole.processor_seconds - sum(node.processor_seconds for node in nodes),
        0,
    )
    return [figures[name] for name in STAGES]


def _span(name: str, begin: float, end: float, sampler: TreeSampler) -> StageFigures:
    return StageFigures(
        name,
        end - begin,
        sampler.processor_seconds_between(begin, end),
        sampler.peak_between(begin, end),
    )
