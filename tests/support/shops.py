"""Helpers of the tests: running the build as a user would, and shops to build from."""

from __future__ import annotations

import csv
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from threading import Lock

import duckdb
import numpy as np
import pyarrow as pa

from common.settings_table import OTHER_MAKE_VARIABLES, SETTINGS
from common.warehouse_paths import Warehouse

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
SHOP = FIXTURES / "shop"
# In the build database: accepted order lines with their ids as texts.
ACCEPTED_LINES = (
    "(select lines.*, accepted.line_number from core.order_lines as accepted "
    "inner join core.int_order_lines_validated as lines "
    "using (file_key, source_row_number)) as accepted_lines"
)
BUILDS_AT_ONCE = 2
# Many times what the slowest build takes: only a build that hangs meets it.
SECONDS_TO_BUILD = 900


@dataclass(frozen=True)
class Built:
    """What a run of scripts/build.py left: exit code, all it printed, and where it worked."""

    code: int
    output: str
    warehouse: Warehouse

    @property
    def marts(self) -> Path:
        """The published file."""
        return self.warehouse.marts_db

    def checked(self, code: int = 0) -> Built:
        """Return this build; another exit code than this one shows what it printed."""
        assert self.code == code, f"the build ended with exit code {self.code}:\n{self.output}"
        return self

    def query(self, sql: str, *parameters: object) -> list[tuple]:
        """Return the rows of a query on the published file."""
        return rows(self.marts, sql, *parameters)

    def one(self, sql: str, *parameters: object) -> tuple:
        """Return the only row of a query on the published file."""
        (row,) = self.query(sql, *parameters)
        return row

    def current_run(self, *columns: str) -> tuple:
        """Return these columns of the run that the published file is of."""
        return self.one(f"select {', '.join(columns)} from segmentation_runs where is_current")

    def query_build(self, sql: str, *parameters: object) -> list[tuple]:
        """Return the rows of a query on the build database, for what is not published."""
        return rows(self.warehouse.build_db, sql, *parameters)


def rows(path: Path, sql: str, *parameters: object) -> list[tuple]:
    """Return the rows of a query on a database file, opened read-only."""
    with duckdb.connect(path, read_only=True) as connection:
        return connection.execute(sql, list(parameters)).fetchall()


def printed(code: str) -> list[str]:
    """Run code in a new process of one thread and a fixed hash seed; returns the printed lines."""
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()


def clean_environment(**settings: object) -> dict[str, str]:
    """Return this environment with these settings of the build, no other ones, and no terminal."""
    dropped = {s.name for s in SETTINGS} | {*OTHER_MAKE_VARIABLES, "MAKEFLAGS", "MFLAGS"}
    dropped |= {"COLUMNS", "LINES"}
    kept = {name: value for name, value in os.environ.items() if name not in dropped}
    return kept | {name.upper(): str(value) for name, value in settings.items()}


def build(
    data: Path,
    warehouse: Path,
    *,
    root: Path = ROOT,
    prefix: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    seconds: int = SECONDS_TO_BUILD,
    **settings: object,
) -> Built:
    """Run scripts/build.py of the project in `root` on own files, as `make build` does."""
    given = {"source": "own_files", "data": data, "warehouse": warehouse, **settings}
    finished = subprocess.run(
        [*prefix, sys.executable, str(root / "scripts" / "build.py")],
        cwd=root,
        env=clean_environment(**given) | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
        check=False,
    )
    return Built(finished.returncode, finished.stdout, Warehouse(warehouse))


class Builds:
    """Builds that several tests look at: each is made once, two at a time, in the background.

    A test module names those it needs in `BUILDS`, a table of name and function; the function
    takes this object, for the folder to work in and for builds that it starts from. `make test` has
    five minutes, so it makes few: those of tests marked `many_builds` are in the list `CHAINS`, of
    such tables, in each of which the later builds may continue from the earlier ones.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(BUILDS_AT_ONCE)
        self._chains: list[Mapping[str, Callable[[Builds], Built]]] = []
        self._futures: dict[str, Future[Built]] = {}
        self._lock = Lock()
        self._is_closed = False

    def offer(self, makes: Mapping[str, Callable[[Builds], Built]]) -> None:
        """Offer builds that are made one after the other, for none of them to wait in a place.

        Raises:
            ValueError: a name is that of another build already.
        """
        if makes in self._chains:
            return
        for chain in self._chains:
            if same := makes.keys() & chain.keys():
                raise ValueError(f"builds of two chains are named alike: {sorted(same)}")
        self._chains.append(makes)

    def start_all(self) -> None:
        """Have all builds that are offered made, each as soon as its turn comes."""
        for chain in self._chains:
            self._start(chain)

    def _start(self, chain: Mapping[str, Callable[[Builds], Built]]) -> None:
        with self._lock:
            if not chain.keys() <= self._futures.keys():
                self._futures |= {name: Future() for name in chain}
                self._pool.submit(self._make, chain)

    def _make(self, chain: Mapping[str, Callable[[Builds], Built]]) -> None:
        for name, make in chain.items():
            future = self._futures[name]
            if self._is_closed:
                future.cancel()
                continue
            try:
                future.set_result(make(self))
            except Exception as error:
                future.set_exception(error)

    def __getitem__(self, name: str) -> Built:
        """Return a build, waiting until it is done."""
        for chain in self._chains:
            if name in chain:
                self._start(chain)
                return self._futures[name].result()
        raise LookupError(
            f"build {name!r} is not offered: is it in BUILDS of the module, or in CHAINS, "
            "and the test marked many_builds?"
        )

    def folder(self, name: str) -> Path:
        """Return the folder of this name below that of all builds."""
        folder = self._folder / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def close(self) -> None:
        """Start no more builds and wait for those that run."""
        self._is_closed = True
        self._pool.shutdown(cancel_futures=True)


def build_shop(builds: Builds) -> Built:
    """Build the fixture shop with two threads."""
    return build(SHOP, builds.folder("shop") / "warehouse", threads=2).checked()


def copy_warehouse(built: Built, target: Path) -> Path:
    """Copy a warehouse, so that a further build leaves the first one alone."""
    shutil.copytree(built.warehouse.path, target)
    return target


def copy_project(root: Path) -> Path:
    """Copy what a build is made by, so that a test can edit it; returns its folder."""
    for name in ("dbt_project", "scripts", "dev", "models_py"):
        ignored = shutil.ignore_patterns("target", "logs", "__pycache__")
        shutil.copytree(ROOT / name, root / name, ignore=ignored)
    shutil.copy2(ROOT / "requirements.lock", root)
    return root


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that stands in a file once."""
    text = path.read_text(encoding="utf-8")
    found = text.count(old)
    assert found == 1, f"{found} places to edit in {path.name}, expected 1: {old}"
    path.write_text(text.replace(old, new), encoding="utf-8")


def read_csv(path: Path) -> list[dict[str, str]]:
    """Return the rows of a CSV file as texts by column."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def shuffle_csv(source: Path, target: Path, seed: int) -> None:
    """Write every CSV file of a folder anew, rows and columns in another order."""
    rng = random.Random(seed)
    target.mkdir(parents=True, exist_ok=True)
    for path in sorted(source.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            header, *records = csv.reader(file)
        order = rng.sample(range(len(header)), len(header))
        rng.shuffle(records)
        with (target / path.name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, quoting=csv.QUOTE_MINIMAL)
            writer.writerows([record[i] for i in order] for record in [header, *records])


def spend_by_customer(path: Path, customers: Sequence[str]) -> dict[str, Decimal]:
    """Add up the amounts of customers whose order lines have no edges, in plain Python."""
    totals = dict.fromkeys(customers, Decimal(0))
    for record in read_csv(path):
        if record["customer_id"] in totals:
            totals[record["customer_id"]] += Decimal(record["net_amount"])
    return totals


# --- the stationary shop

FIRST_DAY = date(2024, 1, 1)
# Whole weeks at every as-of date, so that each window has its share of weekends.
STATIONARY_DAYS = 301
# Enough lines for several threads: DuckDB hands out rows by the 122,880.
STATIONARY_CUSTOMERS = 1_200


@dataclass(frozen=True)
class Type:
    """A type of customer, whose behaviour is the same on every day.

    Orders a day are few enough to be rare and enough that nobody is unseen for long: the slowest
    type misses the first 189 days, the shortest history compared, with probability 4e-6.
    """

    orders_per_day: float
    lines_per_order: int
    median_amount: float
    discount_share: float
    channel: str
    categories: tuple[int, ...]
    coupons_per_day: float


TYPES = (
    Type(0.40, 5, 4.0, 0.05, "store", (0, 1, 2), 0.00),
    Type(0.20, 4, 20.0, 0.00, "web", (3, 4), 0.00),
    Type(0.10, 2, 9.0, 0.40, "app", (5, 6), 0.05),
    Type(0.0635, 2, 300.0, 0.00, "phone", (7, 8), 0.00),
)
CATEGORY_COUNT = 9
PRODUCTS_PER_CATEGORY = 5
CAMPAIGNS_PER_DAY = 0.02


def stationary_shop(folder: Path, *, is_shuffled: bool = False) -> Path:
    """Write a shop in which nothing changes but the day, as Parquet; returns its folder.

    Orders of a customer fall on each day independently, with a chance that does not depend on
    the day. Shuffled, the same rows and columns come in another order.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    tables = {
        "order_lines": _order_lines(rng),
        "interactions": _interactions(rng),
        "products": _products(),
        "customers": _customers(rng),
    }
    shuffler = np.random.default_rng(8)
    for name, table in tables.items():
        if is_shuffled:
            columns = [table.column_names[i] for i in shuffler.permutation(table.num_columns)]
            table = table.select(columns).take(shuffler.permutation(table.num_rows))
        _write_parquet(table, folder / f"{name}.parquet")
    return folder


def _order_lines(rng: np.random.Generator) -> pa.Table:
    kind = np.arange(STATIONARY_CUSTOMERS) % len(TYPES)
    chance = np.array([t.orders_per_day for t in TYPES])[kind]
    is_order = rng.random((STATIONARY_CUSTOMERS, STATIONARY_DAYS)) < chance[:, None]
    customer, day = np.nonzero(is_order)
    seconds = day * 86_400 + rng.integers(8 * 3_600, 23 * 3_600, len(day))
    most = np.array([2 * t.lines_per_order - 1 for t in TYPES])[kind[customer]]
    repeats = rng.integers(1, most + 1)
    order = np.repeat(np.arange(len(day)), repeats)
    line_customer = customer[order]
    line_kind = kind[line_customer]
    shelf = np.array([[t.categories[i % len(t.categories)] for i in range(6)] for t in TYPES])
    category = shelf[line_kind, rng.integers(0, 6, len(order))]
    product = category * PRODUCTS_PER_CATEGORY + rng.integers(0, PRODUCTS_PER_CATEGORY, len(order))
    median = np.array([t.median_amount for t in TYPES])[line_kind]
    cents = np.maximum(1, np.rint(100 * median * np.exp(0.4 * rng.standard_normal(len(order)))))
    discount = np.array([t.discount_share for t in TYPES])[line_kind]
    channels = np.array([t.channel for t in TYPES])
    # One order in ten comes by another channel than the usual one.
    strays = np.where(rng.random(len(day)) < 0.1, "kiosk", channels[kind[customer]])
    return pa.table(
        {
            "order_line_id": [f"l{i}" for i in range(len(order))],
            "order_id": [f"o{i}" for i in order],
            "customer_id": _customer_ids(line_customer),
            "product_id": [f"p{i}" for i in product],
            "quantity": rng.integers(1, 4, len(order)),
            "net_amount": cents.astype(np.int64),
            "discount_amount": np.rint(cents * discount).astype(np.int64),
            "channel": strays[order],
            "ordered_at": _times(seconds[order]),
        }
    )


def _interactions(rng: np.random.Generator) -> pa.Table:
    kind = np.arange(STATIONARY_CUSTOMERS) % len(TYPES)
    shape = (STATIONARY_CUSTOMERS, STATIONARY_DAYS)
    coupon_chance = np.array([t.coupons_per_day for t in TYPES])[kind]
    coupon_customer, coupon_day = np.nonzero(rng.random(shape) < coupon_chance[:, None])
    sent_customer, sent_day = np.nonzero(rng.random(shape) < CAMPAIGNS_PER_DAY)
    # Answers come on the same day, so that none is cut off by an as-of date.
    is_answered = rng.random(len(sent_day)) < 0.3
    customers = [coupon_customer, sent_customer, sent_customer[is_answered]]
    days = [coupon_day, sent_day, sent_day[is_answered]]
    names = ["coupon_redeemed", "campaign_sent", "campaign_response"]
    counts = [len(day) for day in days]
    campaigns = np.array([f"k{day}" for day in sent_day])
    return pa.table(
        {
            "customer_id": _customer_ids(np.concatenate(customers)),
            "interaction_type": np.repeat(names, counts),
            "campaign_id": [None] * counts[0] + [*campaigns, *campaigns[is_answered]],
            "occurred_at": _times(np.concatenate(days) * 86_400 + 36_000),
        }
    )


def _products() -> pa.Table:
    count = CATEGORY_COUNT * PRODUCTS_PER_CATEGORY
    return pa.table(
        {
            "product_id": [f"p{i}" for i in range(count)],
            "category": [f"Category {i // PRODUCTS_PER_CATEGORY}" for i in range(count)],
            "is_private_label": [i % PRODUCTS_PER_CATEGORY == 0 for i in range(count)],
        }
    )


def _customers(rng: np.random.Generator) -> pa.Table:
    bands = np.array(["18-34", "35-54", "55+"])
    return pa.table(
        {
            "customer_id": _customer_ids(np.arange(STATIONARY_CUSTOMERS)),
            "age_band": bands[rng.integers(0, len(bands), STATIONARY_CUSTOMERS)],
        }
    )


def _customer_ids(numbers: np.ndarray) -> list[str]:
    return [f"s{i:05}" for i in numbers]


def _times(seconds: np.ndarray) -> pa.Array:
    start = np.datetime64(FIRST_DAY.isoformat(), "s")
    return pa.array(start + seconds.astype("timedelta64[s]"))


def _write_parquet(table: pa.Table, path: Path) -> None:
    """Write a table as Parquet; amounts, counted in cents, become decimals."""
    cells = [
        f"cast({name} * 0.01 as decimal(18, 2)) as {name}" if name.endswith("_amount") else name
        for name in table.column_names
    ]
    with duckdb.connect() as connection:
        connection.register("records", table)
        connection.execute("set preserve_insertion_order = true")
        connection.execute(
            f"copy (select {', '.join(cells)} from records) to '{path}' (format parquet)"
        )


def day(number: int) -> date:
    """Return a day of the stationary shop, counted from 0."""
    return FIRST_DAY + timedelta(days=number)
