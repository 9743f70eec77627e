"""Whole builds under a clock that jumps: within a build, between builds, back and forward.

The clock is read once, by load, and goes into the ledger; whatever else reads it may only write it
into logs. A module that Python imports at its start lends every process of a build another clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from common.console import DATA_REFUSED
from faults import digests, shop_before_and_after
from shops import SHOP, Built, build

pytestmark = pytest.mark.faults

# Time by the clock of the machine, turned by so many days: within load always by the first number,
# elsewhere by the next of the others at each look, back and forward by years. The class datetime
# stays what it is, as compiled libraries know it; modules of the project look at another one.
CLOCK = """
import builtins, datetime as module, itertools, os, sys, time

DAYS = [float(text) for text in os.environ["DAYS_OFF"].split(",")]
NEXT = itertools.cycle(DAYS[1:] or DAYS)
SEEN = set()
PROJECT = {"common.console", "upkeep.forget", "loading.load_raw", "store.warehouse"}
REAL, REAL_TIME, REAL_IMPORT = module.datetime, time.time, builtins.__import__


def days_off(frame):
    name = frame.f_globals.get("__name__")
    days = DAYS[0] if name == "loading.load_raw" else next(NEXT)
    if (name, days) not in SEEN:
        SEEN.add((name, days))
        with open(os.environ["LOOKS"], "a") as looks:
            looks.write(f"{name} {days}\\n")
    return days


class Turned(REAL):
    __slots__ = ()

    @classmethod
    def now(cls, tz=None):
        return REAL.now(tz) + module.timedelta(days=days_off(sys._getframe(1)))


def imported(*arguments, **named):
    found = REAL_IMPORT(*arguments, **named)
    for name in PROJECT & sys.modules.keys():
        if getattr(sys.modules[name], "datetime", None) is REAL:
            sys.modules[name].datetime = Turned
    return found


builtins.__import__ = imported
time.time = lambda: REAL_TIME() + 86400 * days_off(sys._getframe(1))
"""
YEARS = 365
# Far enough for every row of the fixture shop, and for one dated in the next century.
NEXT_CENTURY = 80 * YEARS
# The row of the next century would make it the day of the segments.
AS_OF = "2025-02-05"
LATE_ROW = "o-late,c01,2090-06-01,50\n"


@dataclass(frozen=True)
class Clock:
    """A clock that is lent to builds.

    Attributes:
        folder: Where the module and the list of looks at the clock are.
    """

    folder: Path

    def build(self, data: Path, warehouse: Path, *days: float, **settings: object) -> Built:
        """Build while the clock is so many days off: in load the first, elsewhere the others."""
        self.looks.write_text("", encoding="ascii")
        return build(
            data,
            warehouse,
            environment={
                "PYTHONPATH": str(self.folder),
                "DAYS_OFF": ",".join(map(str, days)),
                "LOOKS": str(self.looks),
            },
            threads=2,
            k=3,
            **settings,
        )

    @property
    def looks(self) -> Path:
        """The modules that looked at the clock, and by how many days it was off."""
        return self.folder / "looks.txt"

    def seen(self) -> dict[str, set[float]]:
        """Return by how many days the clock was off, by the module that looked."""
        found: dict[str, set[float]] = {}
        for line in self.looks.read_text(encoding="ascii").splitlines():
            name, days = line.rsplit(" ", 1)
            found.setdefault(name, set()).add(float(days))
        return found


@pytest.fixture
def clock(tmp_path: Path) -> Clock:
    folder = tmp_path / "clock"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text(CLOCK, encoding="ascii")
    return Clock(folder)


def ledger(built: Built) -> list[tuple]:
    """Return when each file of a published run was loaded, in whole years from now."""
    return built.query(
        "select distinct file_name, datediff('year', now()::timestamp, loaded_at) "
        "from history.load_ledger order by all"
    )


def test_a_clock_that_jumps_within_a_build_changes_no_figure(tmp_path: Path, clock: Clock) -> None:
    steady = build(SHOP, tmp_path / "steady", threads=2, k=3).checked()
    off = (-10 * YEARS, 10 * YEARS, 0, 25 * YEARS, -1)
    jumping = clock.build(SHOP, tmp_path / "jumping", 0, *off).checked()
    assert digests(jumping.marts) == digests(steady.marts)
    seen = clock.seen()
    assert seen["loading.load_raw"] == {0}
    elsewhere = [days for name in seen.keys() - {"loading.load_raw"} for days in seen[name]]
    assert min(elsewhere) < 0 < max(elsewhere)
    # The next build of the same files, by a clock that jumps the other way, says the same.
    again = clock.build(SHOP, tmp_path / "jumping", 0, *reversed(off)).checked()
    assert digests(again.marts) == digests(steady.marts)


def test_a_clock_that_was_wrong_at_one_build_leaves_nothing_behind(
    tmp_path: Path, clock: Clock
) -> None:
    before, after = shop_before_and_after(tmp_path)
    late = "order_id,customer_id,ordered_at,net_amount\n" + LATE_ROW
    for data in (before, after):
        (data / "order_lines_late.csv").write_text(late, encoding="ascii")
    warehouse = tmp_path / "warehouse"
    first = clock.build(before, warehouse, 0, as_of=AS_OF).checked()
    rejected = "select sum(row_count) from data_quality where reason = 'in_the_future'"
    (late_count,) = first.one(rejected)

    # Far forward: the row is accepted, as the clock says that the day has come.
    forward = clock.build(after, warehouse, NEXT_CENTURY, as_of=AS_OF).checked()
    assert (forward.one(rejected)[0] or 0) < late_count

    # Right again: it is rejected, and the ledger holds no time that is still to come.
    right = clock.build(after, warehouse, 0, as_of=AS_OF).checked()
    assert right.one(rejected) == (late_count,)
    assert "one of them was wrong" in right.output
    assert {years for _, years in ledger(right)} == {0}
    fresh = clock.build(after, tmp_path / "fresh", 0, as_of=AS_OF).checked()
    figures = "select customer_id, status, spend, order_count from customer_segments order by 1"
    assert right.query(figures) == fresh.query(figures)
    kept = digests(right.marts)

    # Far back: every row is in the future, which is refused, and what was published stays.
    back = clock.build(after, warehouse, -40 * YEARS)
    assert back.code == DATA_REFUSED, back.output
    assert "Traceback" not in back.output
    assert digests(right.marts) == kept
    assert clock.build(after, warehouse, 0, as_of=AS_OF).checked().query(figures) == fresh.query(
        figures
    )
