"""Builds killed at random moments: what is published stays whole, the next build makes good.

A round begins with a warehouse that has a version, starts a build of newer data,
kills it and all it started, looks at what is left, and builds again. Moments are drawn over the
stages: over the seconds that loading and publishing took unharmed, over the nodes of dbt; those of
the learning and the renames wait for the stage to be seen.
"""

from __future__ import annotations

import random
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from common.warehouse_paths import Warehouse
from faults import (
    SETTINGS,
    Running,
    Start,
    check_made_good,
    digests,
    fresh_copy,
    prepared,
    started,
)
from shops import build
from store.warehouse import wal_of

pytestmark = [pytest.mark.faults, pytest.mark.short]

SEED = 20261123
# How many of 20 kills fall on each stage.
SHARES = {"load": 3, "dbt": 6, "learning": 4, "publish": 3, "rename": 4}
LEARNED_MODELS = (
    "learned_drift",
    "learned_k_scan",
    "learned_segments",
    "customer_assignments",
    "learned_reasons",
)
# Seconds after its start in which a Python model is killed, and after a version is staged.
SECONDS_OF_A_MODEL = 0.5
SECONDS_OF_RENAMES = 0.03
# In which dbt reads its project.
SECONDS_OF_A_START = 3.0
# Every so many rounds a killed writer's log lies beside the published file.
ROUNDS_TO_A_LOG = 3
OVER_BEFORE = "over before"
# What a build says of what it found; what it reads again, it says at every build.
TOLD = r"(?m)^  (everything is rebuilt: .*|.* is rebuilt: .*|.*\.wal, left by .*|.* put back)$"


@pytest.fixture(scope="module")
def start(tmp_path_factory: pytest.TempPathFactory) -> Start:
    return prepared(tmp_path_factory.mktemp("killed"))


def stages_of(count: int) -> list[str]:
    """Return the stage that each kill falls on, every stage among the first few."""
    cycle = [name for name, share in SHARES.items() for _ in range(share)]
    rng = random.Random(SEED)
    rng.shuffle(cycle)
    drawn = [*SHARES, *cycle * (count // len(cycle) + 1)]
    return drawn[:count]


def kill_in(stage: str, running: Running, rng: random.Random, start: Start) -> bool:
    """Kill a build in a stage; False when it was over before."""
    seconds = start.seconds
    if stage == "load":
        running.wait_until(lambda: "Loading" in running.output)
        return _kill_after(rng.uniform(0, seconds["load"]), running)
    if stage == "dbt":
        # By its nodes and not by the clock: another build runs faster or slower.
        node = rng.randrange(-start.dbt_nodes // 10, start.dbt_nodes) + 1
        begun = "Running with dbt" if node < 1 else f" {node} of {start.dbt_nodes} START"
        running.wait_until(lambda: running.dbt_logged(begun))
        return _kill_after(rng.uniform(0, SECONDS_OF_A_START if node < 1 else 0.05), running)
    if stage == "learning":
        begun = f"START python table model segmentation.{rng.choice(LEARNED_MODELS)}"
        running.wait_until(lambda: running.dbt_logged(begun))
        return _kill_after(rng.uniform(0, SECONDS_OF_A_MODEL), running)
    if stage == "publish":
        running.wait_until(lambda: "Publishing" in running.output)
        return _kill_after(rng.uniform(0, seconds["publish"]), running)
    staged = ".publishing-*/version/marts.duckdb"
    running.wait_until(lambda: any(running.warehouse.path.glob(staged)))
    return _kill_after(rng.uniform(0, SECONDS_OF_RENAMES), running)


def _kill_after(seconds: float, running: Running) -> bool:
    time.sleep(seconds)
    return running.kill()


@dataclass
class Stage:
    """What became of the builds that were killed in a stage.

    Attributes:
        tried: Builds killed in it, or over before they could be.
        survived: Those after which all was as it should be.
        old, new: Those after which the published file was the one from before, or the new one.
        shown: What the next build said of it, with how often.
    """

    tried: int = 0
    survived: int = 0
    old: int = 0
    new: int = 0
    shown: Counter[str] = field(default_factory=Counter)

    def line(self, name: str) -> str:
        """Return the stage as a line of a table."""
        shown = "; ".join(f"{count}x {text}" for text, count in self.shown.most_common())
        return (
            f"| {name} | {self.tried} | {self.survived} | {self.old} old, {self.new} new | "
            f"{shown or 'nothing'} |"
        )


def test_killed_anywhere(
    start: Start, pytestconfig: pytest.Config, note: Callable[[str], None]
) -> None:
    kills = pytestconfig.getoption("kills")
    rng = random.Random(SEED)
    stages: dict[str, Stage] = {}
    failures: list[str] = []
    for number, aimed_at in enumerate(stages_of(kills)):
        has_log = number % ROUNDS_TO_A_LOG == ROUNDS_TO_A_LOG - 1
        try:
            survive(start, aimed_at, rng, stages, has_log=has_log)
        except AssertionError as failure:
            # The others are tried all the same: what fails is told at the end.
            failures.append(f"kill {number + 1}, in {aimed_at}: {failure}")
        print(f"{number + 1} of {kills}: {aimed_at}, {len(failures)} failures")  # noqa: T201
    for name, stage in stages.items():
        note(stage.line(name))
        print(stage.line(name))  # noqa: T201
    assert not failures, "\n\n".join(failures)
    over_before = stages[OVER_BEFORE].tried if OVER_BEFORE in stages else 0
    assert over_before <= 1 + kills // 10, stages


def survive(
    start: Start, aimed_at: str, rng: random.Random, stages: dict[str, Stage], *, has_log: bool
) -> None:
    """Kill a build, look at what it leaves, and build again."""
    warehouse = Warehouse(fresh_copy(start.warehouse, start.folder / "round"))
    if has_log:
        wal_of(warehouse.marts_db).write_bytes(start.foreign_log)
    with started(start.data, warehouse.path, **SETTINGS) as running:
        was_killed = kill_in(aimed_at, running, rng, start)
        where = f"what was killed said:\n{running.output}"
    stage = stages.setdefault(aimed_at if was_killed else OVER_BEFORE, Stage())
    stage.tried += 1
    found = digests(warehouse.marts_db)
    assert found in (start.before, start.after), where
    stage.new += found == start.after
    stage.old += found == start.before
    built = build(start.data, warehouse.path, **SETTINGS)
    check_made_good(built, start, has_log, where)
    stage.survived += 1
    stage.shown.update(match for match in re.findall(TOLD, built.output) if match)
