"""A year of weekly builds: ids stay, drift is flagged when it is there, storage grows as a line.

Each week's order lines come as a file of their own. The shop has seasons and gains customers all
the time; in one week the files change their columns, later prices jump.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from random import Random

import duckdb
import pytest

from common.warehouse_paths import Warehouse
from export_ordered import digests
from moving_shop import write_csv
from shops import Built, build
from store.kept_versions import damage, kept_versions

pytestmark = pytest.mark.faults

FIRST_DAY = date(2024, 1, 1)
# A whole window is there at the first build, so that later ones see no more history than it.
DAYS_BEFORE = 371
OLD_CUSTOMERS, NEW_A_WEEK = 240, 2
# The old ones come in the first weeks: a year later each has a whole window, so that what they do
# on average stays as it is. Were half of them new, their spend in a year would rise week by week,
# which is drift in truth.
DAYS_OF_COMING = 7
SEASON = 0.15
PRICE_FACTOR = 3
# Of a year: the week of the other columns, of the jump, and the week that is replayed.
SCHEMA_WEEK, SHOCK_WEEK, REPLAYED_WEEK = 30 / 52, 36 / 52, 20 / 52
# Weeks after the jump in which it is flagged: so long it takes to show in windows of a year.
WEEKS_TO_FLAG = 12
# Below that, there is no time for prices to show.
WEEKS_OF_A_SHOCK = 40
KEEP = 100
HEADER = (
    "order_id",
    "customer_id",
    "product_id",
    "channel",
    "ordered_at",
    "net_amount",
    "discount_amount",
    "till",
)
# From the week of the other columns on: another order, one column fewer, two more. The one that
# goes is none that features are made of: without it the customers would have changed in truth.
LATER_HEADER = (
    "ordered_at",
    "discount_amount",
    "net_amount",
    "order_id",
    "store_clerk",
    "customer_id",
    "product_id",
    "channel",
    "quantity",
)


@dataclass(frozen=True)
class Type:
    """What customers of a type do."""

    orders_per_day: float
    median_amount: float
    discount_share: float
    channel: str
    categories: tuple[str, ...]


TYPES = (
    Type(0.30, 5.0, 0.0, "store", ("Bread", "Milk", "Fruit")),
    Type(0.12, 60.0, 0.0, "web", ("Wood", "Tools", "Paint")),
    Type(0.15, 15.0, 0.35, "app", ("Coins", "Cards")),
)


@dataclass
class Week:
    """What a weekly build came to."""

    number: int
    seconds: float
    byte_count: int
    moved: float
    relabelled: float
    drifted: str | None
    is_refit: bool
    code: int


def first_day_of(number: int) -> int:
    """Return the day a customer comes: the old ones at first, later so many new ones a week."""
    if number < OLD_CUSTOMERS:
        return number * DAYS_OF_COMING // OLD_CUSTOMERS
    return DAYS_BEFORE + 7 * ((number - OLD_CUSTOMERS) // NEW_A_WEEK)


def lines(first: int, last: int, shock_day: int, names: tuple[str, ...]) -> Iterator[list[str]]:
    """Yield the order lines of days, from the first one up to but not the last one."""
    customers = OLD_CUSTOMERS + NEW_A_WEEK * max(0, (last - DAYS_BEFORE) // 7)
    for day in range(first, last):
        season = 1 + SEASON * math.sin(2 * math.pi * day / 364)
        factor = PRICE_FACTOR if day >= shock_day else 1
        for number in range(customers):
            if day < first_day_of(number):
                continue
            rng = Random(f"{number} {day}")
            kind = TYPES[number % len(TYPES)]
            if rng.random() >= kind.orders_per_day * season:
                continue
            at = datetime.combine(FIRST_DAY, datetime.min.time())
            amount = kind.median_amount * factor * rng.lognormvariate(0, 0.4)
            values = {
                "order_id": f"o{number}-{day}",
                "customer_id": f"c{number:04}",
                "product_id": rng.choice(kind.categories),
                "channel": kind.channel,
                "ordered_at": str(at + timedelta(days=day, hours=rng.randint(8, 20))),
                "net_amount": f"{amount:.2f}",
                "discount_amount": f"{amount * kind.discount_share:.2f}",
                "store_clerk": f"clerk {rng.randint(1, 9)}",
                "quantity": "1",
                "till": f"till {rng.randint(1, 4)}",
            }
            yield [values[name] for name in names]


def write_week(data: Path, week: int, schema_week: int, shock_day: int) -> None:
    """Write the file of a week; that of week 0 has all that was before."""
    first = 0 if week == 0 else DAYS_BEFORE + 7 * (week - 1)
    names = HEADER if week < schema_week else LATER_HEADER
    write_csv(
        data / "order_lines" / f"week_{week:02}.csv",
        names,
        list(lines(first, DAYS_BEFORE + 7 * week, shock_day, names)),
    )


def as_of(week: int) -> date:
    """Return the as-of date of a week's build."""
    return FIRST_DAY + timedelta(days=DAYS_BEFORE + 7 * week)


def built_week(data: Path, warehouse: Path, week: int) -> tuple[Built, Week]:
    """Build a week."""
    started = time.monotonic()
    built = build(data, warehouse, threads=2, k=3, keep=KEEP, as_of=as_of(week))
    assert built.code in (0, 3), built.output
    assert "Traceback" not in built.output
    run, moved, relabelled, drifted, is_refit = built.current_run(
        "run_number", "moved_share", "relabelled_share", "drifted_features", "is_refit"
    )
    assert run == week + 1
    return built, Week(
        week,
        time.monotonic() - started,
        built.marts.stat().st_size,
        moved or 0.0,
        relabelled or 0.0,
        drifted,
        bool(is_refit),
        built.code,
    )


def test_a_year_of_weeks(
    tmp_path: Path, pytestconfig: pytest.Config, note: Callable[[str], None]
) -> None:
    count = pytestconfig.getoption("weeks")
    schema_week = round(SCHEMA_WEEK * count)
    shock_week = round(SHOCK_WEEK * count) if count >= WEEKS_OF_A_SHOCK else count + 1
    replayed_week = round(REPLAYED_WEEK * count)
    data, warehouse = tmp_path / "data", tmp_path / "warehouse"
    products = sorted({name for kind in TYPES for name in kind.categories})
    write_csv(data / "products.csv", ("product_id", "category"), [[p, p] for p in products])
    weeks: list[Week] = []
    for number in range(count + 1):
        write_week(data, number, schema_week, DAYS_BEFORE + 7 * (shock_week - 1))
        built, week = built_week(data, warehouse, number)
        weeks.append(week)
        print(week)  # noqa: T201
    seconds = sorted(week.seconds for week in weeks)
    figures = (
        f"{count} weekly builds: median {seconds[len(seconds) // 2]:.0f} s, at most "
        f"{seconds[-1]:.0f} s, the last {weeks[-1].seconds:.0f} s; published file "
        f"{weeks[0].byte_count / 1e6:.1f} to {weeks[-1].byte_count / 1e6:.1f} MB, most moved "
        f"{max(w.moved for w in weeks):.1%}, refits in weeks "
        f"{[w.number for w in weeks if w.is_refit]}, drift flagged in weeks "
        f"{[(w.number, w.drifted) for w in weeks if w.drifted]}, held back in weeks "
        f"{[w.number for w in weeks if w.code == 3]}"
    )
    print(figures)  # noqa: T201
    note(figures)
    other = replayed_otherwise(data, built.warehouse, weeks[replayed_week])
    print(f"replay of week {replayed_week}: other than then are {other}")  # noqa: T201
    check_ids(built)
    check_storage(weeks)
    check_versions(built.warehouse, weeks)
    assert not other
    check_drift(weeks, shock_week)


def replayed_otherwise(data: Path, warehouse: Warehouse, week: Week) -> list[str]:
    """Replay a week; returns the marts that are not as they were published then."""
    expected = digests(kept_versions(warehouse)[week.number].file)
    day = as_of(week.number)
    build(data, warehouse.path, threads=2, k=3, keep=KEEP, as_of=day).checked(week.code)
    found = digests(warehouse.path / "replays" / str(day) / "marts.duckdb")
    return sorted(mart for mart in expected if found.get(mart) != expected[mart])


def check_ids(built: Built) -> None:
    """Check that nobody is renumbered, and that an id means one segment from first to last."""
    # `relabelled_share` is what would have moved had segments not been matched: never fewer.
    shares = built.query("select run_number, moved_share, relabelled_share from segmentation_runs")
    assert not [run for run, moved, unmatched in shares if (moved or 0) > (unmatched or 0)]
    # Three types of customers stay three, prices or not: none is closed and none opened later.
    opened = built.query("select distinct segment_id from history.segments where fit_number > 1")
    first = built.query("select segment_id from history.segments where fit_number = 1")
    assert {row[0] for row in opened} <= {row[0] for row in first}
    assert built.query("select 1 from history.segments where lineage = 'retired'") == []
    assert (
        built.query(
            "select segment_id from history.segments group by segment_id, fit_number "
            "having count(*) > 1"
        )
        == []
    )
    # A run later, nobody who was segmented has gone.
    assert built.one("select count(*) from customer_segments where customer_id < 'c0240'") == (
        OLD_CUSTOMERS,
    )


def check_drift(weeks: list[Week], shock_week: int) -> None:
    """Check that drift is flagged after the jump, before too long, and never before."""
    flagged = [week.number for week in weeks if week.drifted]
    before = [number for number in flagged if number < shock_week]
    assert not before, [(w.number, w.drifted) for w in weeks if w.drifted]
    if shock_week < len(weeks):
        after = [w for w in weeks if w.drifted and w.number < shock_week + WEEKS_TO_FLAG]
        assert after, "the jump of prices was not flagged"
        assert "spend" in (after[0].drifted or "") or "order_value" in (after[0].drifted or "")


def check_storage(weeks: list[Week]) -> None:
    """Check that the published file grows no faster later than before."""
    sizes = [week.byte_count for week in weeks]
    middle = len(sizes) // 2
    early, late = sizes[middle] - sizes[0], sizes[-1] - sizes[middle]
    # Files grow by blocks; new tables take some at first.
    assert late <= 1.5 * max(early, 0) + 2_000_000, sizes


def check_versions(warehouse: Warehouse, weeks: list[Week]) -> None:
    """Check that each version that is kept opens, whole."""
    kept = kept_versions(warehouse)
    assert [version.run_number for version in kept] == [week.number + 1 for week in weeks]
    for version, week in zip(kept, weeks, strict=True):
        assert damage(version) is None
        with duckdb.connect(version.file, read_only=True) as connection:
            assert connection.execute(
                "select as_of_date from segmentation_runs where is_current"
            ).fetchall() == [(as_of(week.number),)]
