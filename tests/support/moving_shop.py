"""A shop that grows from build to build, and the chains of builds that several tests look at.

Four types of customers keep to their ways, but for ten who take up those of another type and five
who come late. The file of order lines only grows, as that of a shop does. Each build continues
from an earlier one:

    first ─ later ─┬─ fewer ─ held back ─ overridden ─ replay of the first ─ replay of the held back
                   ├─ drifted
                   └─ never
"""

from __future__ import annotations

import csv
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from common.warehouse_paths import Warehouse
from shops import Builds, Built, build, copy_project, copy_warehouse, edit

FIRST_DAY = date(2025, 1, 6)
# Days in the files at the first run, at the ones after it, and at the last.
DAYS = 273
MORE_DAYS = DAYS + 28
MOST_DAYS = MORE_DAYS + 7


@dataclass(frozen=True)
class Type:
    """A type of customer: how many there are, and what they do."""

    count: int
    orders_per_day: float
    lines_per_order: int
    median_amount: float
    discount_share: float
    channel: str
    categories: tuple[str, ...]


# Coins and deals are near each other, so that three segments put them together.
TYPES = {
    "grocer": Type(80, 0.40, 2, 4.0, 0.0, "store", ("Bread", "Milk", "Fruit")),
    "maker": Type(70, 0.10, 3, 60.0, 0.0, "web", ("Wood", "Tools", "Paint")),
    "coin": Type(50, 0.05, 1, 12.0, 0.4, "app", ("Stamps", "Coins")),
    "deal": Type(40, 0.10, 2, 14.0, 0.3, "app", ("Coins", "Cards")),
}
# From the day after the first run on they buy as grocers do, and more often.
MOVERS = [f"coin{i:02}" for i in range(10)]
MOVERS_ORDERS_PER_DAY = 3.0
# Known for too short a time at the first run, for long enough at the second. They buy more often
# than other grocers, so that their weeks tell as much as the months of those.
LATE = [f"grocer{i:02}" for i in range(5)]
LATE_FROM = DAYS - 25
LATE_ORDERS_PER_DAY = 2.0
# In the drifted shop everything costs twice as much, and these are in no file any more.
PRICE_FACTOR = 2
LOST = ("deal00", "deal01", "deal02")
# Numbers of segments: that of the types, one fewer, and so many that types are cut to pieces.
K, FEWER, MANY = 4, 3, 9


def customers() -> dict[str, str]:
    """Return the type of each customer by id."""
    return {f"{name}{i:02}": name for name, kind in TYPES.items() for i in range(kind.count)}


def order_lines() -> list[list[str]]:
    """Return all order lines in the order of their days, as texts of a CSV file."""
    lines = [line for customer, name in customers().items() for line in _lines(customer, name)]
    # By time, so that a later file begins with an earlier one.
    return sorted(lines, key=lambda line: (line[4], line[0], line[5]))


def _lines(customer: str, name: str) -> Iterator[list[str]]:
    rng = random.Random(f"moving {customer}")
    for day in range(LATE_FROM if customer in LATE else 0, MOST_DAYS):
        kind = TYPES[name]
        rate = kind.orders_per_day
        if customer in LATE:
            rate = LATE_ORDERS_PER_DAY
        if customer in MOVERS and day >= DAYS:
            kind, rate = TYPES["grocer"], MOVERS_ORDERS_PER_DAY
        for number in range(int(rate) + (rng.random() < rate % 1)):
            at = datetime.combine(FIRST_DAY, datetime.min.time()) + timedelta(
                days=day, hours=rng.randint(8, 20)
            )
            for line in range(kind.lines_per_order):
                amount = kind.median_amount * rng.lognormvariate(0, 0.4)
                yield [
                    f"{customer}-{day}-{number}",
                    customer,
                    rng.choice(kind.categories),
                    kind.channel,
                    str(at),
                    str(line),
                    f"{amount:.2f}",
                    f"{amount * kind.discount_share:.2f}",
                ]


HEADER = (
    "order_id",
    "customer_id",
    "product_id",
    "channel",
    "ordered_at",
    "order_line_id",
    "net_amount",
    "discount_amount",
)


def write_shop(
    folder: Path, days: int, *, price_factor: int = 1, without: Sequence[str] = ()
) -> Path:
    """Write the shop as it is after some days; returns its folder."""
    end = str(FIRST_DAY + timedelta(days=days))
    lines = []
    for line in order_lines():
        if line[4] < end and line[1] not in without:
            *texts, number, amount, discount = line
            money = [f"{price_factor * float(text):.2f}" for text in (amount, discount)]
            lines.append([*texts, f"{texts[0]}-{number}", *money])
    categories = {category for kind in TYPES.values() for category in kind.categories}
    write_csv(folder / "order_lines.csv", HEADER, lines)
    write_csv(
        folder / "products.csv", ("product_id", "category"), [[c, c] for c in sorted(categories)]
    )
    return folder


def write_csv(path: Path, header: Sequence[str], records: Sequence[Sequence[str]]) -> None:
    """Write a CSV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *records])


def as_of(days: int) -> date:
    """Return the as-of date of the shop after some days."""
    return FIRST_DAY + timedelta(days=days)


# --- the chains


def build_first(builds: Builds) -> Built:
    """Build the shop for the first time."""
    folder = builds.folder("first")
    return build(write_shop(folder / "data", DAYS), folder / "warehouse", k=K).checked()


def go_on(
    builds: Builds, before: str, name: str, data: Path, *, root: Path | None = None, **settings
) -> Built:
    """Build into a copy of the warehouse that an earlier build left."""
    warehouse = copy_warehouse(builds[before], builds.folder(name) / "warehouse")
    given = settings | ({"root": root} if root else {})
    return build(data, warehouse, **given)


def build_later(builds: Builds) -> Built:
    """Build with 28 more days and the same settings."""
    data = write_shop(builds.folder("later") / "data", MORE_DAYS)
    return go_on(builds, "first", "later", data, k=K).checked()


def build_fewer(builds: Builds) -> Built:
    """Build with one segment fewer."""
    return go_on(builds, "later", "fewer", builds.folder("later") / "data", k=FEWER).checked()


def build_held_back(builds: Builds) -> Built:
    """Ask for so many segments that too many customers would move."""
    data = builds.folder("later") / "data"
    return go_on(builds, "fewer", "held back", data, k=MANY).checked(3)


def build_overridden(builds: Builds) -> Built:
    """Ask for it once more, a week later, and insist."""
    data = write_shop(builds.folder("overridden") / "data", MOST_DAYS)
    return go_on(builds, "held back", "overridden", data, k=MANY, refit="always").checked()


def build_drifted(builds: Builds) -> Built:
    """Double the prices, lose three customers, and give segment 2 a name of its own."""
    folder = builds.folder("drifted")
    data = write_shop(folder / "data", MORE_DAYS, price_factor=PRICE_FACTOR, without=LOST)
    root = copy_project(folder / "project")
    names = root / "dbt_project" / "seeds" / "segment_name_overrides.csv"
    names.write_text(
        names.read_text(encoding="utf-8") + 'own_files,2,"Regulars, and glad of it"\n',
        encoding="utf-8",
    )
    return go_on(builds, "later", "drifted", data, root=root, k=K).checked()


def build_never(builds: Builds) -> Built:
    """Double the prices, want fewer segments, change two definitions, and never refit."""
    folder = builds.folder("never")
    root = copy_project(folder / "project")
    definitions = root / "dbt_project" / "seeds" / "feature_definitions.csv"
    lines = definitions.read_text(encoding="utf-8").splitlines(keepends=True)
    (removed,) = [line for line in lines if ",discount_rate," in line]
    edit(definitions, removed, "")
    (spend,) = [line for line in lines if ",spend_per_28_days," in line]
    edit(definitions, spend, spend.replace(",log1p,", ",sqrt,"))
    data = builds.folder("drifted") / "data"
    return go_on(builds, "later", "never", data, root=root, k=FEWER, refit="never").checked()


def build_kept(builds: Builds) -> Built:
    """Double the prices, change no setting, and never refit."""
    data = builds.folder("drifted") / "data"
    return go_on(builds, "later", "kept", data, k=K, refit="never").checked()


def build_replay_of_first(builds: Builds) -> Built:
    """Replay the date of the first run from the warehouse of the last."""
    data = builds.folder("overridden") / "data"
    replayed = go_on(builds, "overridden", "replays", data, k=K, as_of=as_of(DAYS))
    return of_replay(replayed.checked(), DAYS)


def build_replay_of_held_back(builds: Builds) -> Built:
    """Replay the date of the run that held a refit back; the products have changed places."""
    folder = builds.folder("replays")
    data = write_shop(folder / "data", MOST_DAYS)
    path = data / "products.csv"
    header, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join([header, *reversed(lines)]), encoding="utf-8")
    replayed = build(data, folder / "warehouse", k=MANY, as_of=as_of(MORE_DAYS))
    return of_replay(replayed.checked(3), MORE_DAYS)


def of_replay(built: Built, days: int) -> Built:
    """Return a build with the folder that its replay worked in."""
    folder = built.warehouse.path / "replays" / str(as_of(days))
    return Built(built.code, built.output, Warehouse(folder))


LINE = {
    "first": build_first,
    "later": build_later,
    "fewer": build_fewer,
    "held back": build_held_back,
    "overridden": build_overridden,
    "replay of the first": build_replay_of_first,
    "replay of the held back": build_replay_of_held_back,
}
# To be started after the line: the first of them waits for `later`, while the line goes on.
BRANCHES = {"drifted": build_drifted, "never": build_never, "kept": build_kept}
