"""Helpers of the tests: running the build as a user would, and shops to build from."""

from __future__ import annotations

import csv
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Lock, local

import duckdb

from common.settings_table import OTHER_MAKE_VARIABLES, SETTINGS
from common.warehouse_paths import Warehouse
from shared_builds import MadeChain

ROOT = Path(__file__).resolve().parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
SHOP = FIXTURES / "shop"
AS_OF = date(2025, 2, 5)
# Two of its customers have ids that are hard to quote.
ANA, ZOE = """Ana "Nana" O'Neil; x""", "Zoë Müller 名"
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

    Where several processes run tests, each chain is made by one of them; the others copy it, so
    that none disturbs what another is reading.
    """

    def __init__(self, folder: Path, shared: Path | None = None) -> None:
        """Work in a folder; `shared` is a folder for what all processes of a run make."""
        self._folder = folder
        self._shared = shared
        self._used = local()
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
        if self._shared is None:
            self._make_here(chain, None)
            return
        made = MadeChain(self._shared / next(iter(chain)), self._folder)
        with made.locked():
            if made.is_there():
                self._copy(chain, made)
            elif self._make_here(chain, made):
                made.finish()

    def _copy(self, chain: Iterable[str], made: MadeChain) -> None:
        try:
            for name, (code, output, path) in made.copied().items():
                self._futures[name].set_result(Built(code, output, Warehouse(path)))
        except Exception as error:
            for name in chain:
                self._futures[name].set_exception(error)

    def _make_here(
        self, chain: Mapping[str, Callable[[Builds], Built]], made: MadeChain | None
    ) -> bool:
        """Make the builds; returns whether all of them were made."""
        for name, make in chain.items():
            future = self._futures[name]
            if self._is_closed:
                future.cancel()
                continue
            self._used.folders = set()
            try:
                built = make(self)
                if made:
                    # Before any test can look at it, and change it.
                    finished = (built.code, built.output, built.warehouse.path)
                    made.keep(name, finished, self._used.folders)
                future.set_result(built)
            except Exception as error:
                future.set_exception(error)
        return not any(self._futures[n].cancelled() or self._futures[n].exception() for n in chain)

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
        if hasattr(self._used, "folders"):
            self._used.folders.add(name)
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
