"""A replay of an earlier date: what was known then, beside the warehouse and not into it."""

import re
import shutil
from dataclasses import replace
from datetime import UTC, date, datetime
from hashlib import sha256

import duckdb
import pytest

from building.build import build, with_replay
from common.console import Problem
from common.settings import resolve
from common.warehouse_paths import Warehouse
from export_ordered import digests
from loading.load_raw import load
from moving_shop import DAYS, LINE, MORE_DAYS, as_of, write_csv
from store.history_schema import HISTORY_TABLES
from store.replay import replay_of
from store.warehouse import exclusive

CHAINS = [LINE]
REPLAYS = {"replay of the first": "first", "replay of the held back": "held back"}
each_replay = pytest.mark.parametrize(("replay", "original"), REPLAYS.items())


@pytest.mark.many_builds
@each_replay
def test_a_replay_gives_what_was_published_then(builds, replay, original):
    expected, found = digests(builds[original].marts), digests(builds[replay].marts)
    different = sorted(mart for mart in expected if found.get(mart) != expected[mart])
    assert not different
    assert found.keys() == expected.keys()
    assert builds[replay].code == builds[original].code


@pytest.mark.many_builds
@each_replay
def test_a_replay_says_what_it_does_and_where(builds, replay, original):
    built = builds[replay]
    (run,) = builds[original].current_run("run_number")
    (shown,) = [line for line in built.output.splitlines() if line.startswith("Replaying ")]
    assert str(built.warehouse.path) in shown
    assert f"on the history of run {run} " in shown
    assert "stays as it is" in shown
    assert str(built.marts) in built.output.partition("Published: ")[2]


@pytest.mark.many_builds
def test_replays_have_a_folder_each(builds):
    folder = builds["replay of the held back"].warehouse.path.parent
    assert folder.name == "replays"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [str(as_of(DAYS)), str(as_of(MORE_DAYS))]


@pytest.mark.many_builds
def test_the_published_file_and_its_versions_are_untouched(builds):
    before = builds["overridden"].warehouse
    after = Warehouse(builds["replay of the held back"].warehouse.path.parents[1])
    assert after.marts_db.read_bytes() == before.marts_db.read_bytes()
    versions = [
        {path.relative_to(w.versions): path.read_bytes() for path in w.versions.rglob("*.*")}
        for w in (before, after)
    ]
    assert versions[0] == versions[1]
    assert sum(path.name == "marts.duckdb" for path in versions[0]) == 5


@pytest.mark.many_builds
@each_replay
def test_a_replay_knows_no_later_history(builds, replay, original):
    # The files of a replay may be known by another hash, and by the time they were seen.
    for table in HISTORY_TABLES.keys() - {"load_ledger"}:
        columns = "* exclude (loaded_at)" if table == "runs" else "*"
        query = f"select {columns} from history.{table} order by all"
        assert builds[replay].query(query) == builds[original].query(query), table
    assert builds["overridden"].query("select count(*) from history.fits") == [(3,)]


@pytest.mark.many_builds
@each_replay
def test_a_file_that_only_grew_is_read_up_to_where_it_ended_then(builds, replay, original):
    count = "select count(*) from raw.order_lines"
    then, now = builds[original], builds["overridden"]
    assert builds[replay].query_build(count) == then.query_build(count)
    assert then.query_build(count) < now.query_build(count)


@pytest.mark.many_builds
def test_a_file_that_changed_otherwise_is_told(builds):
    shown = "products.csv has changed since and is read as it is now"
    assert shown in builds["replay of the held back"].output
    assert "has changed since" not in builds["replay of the first"].output


# --- what a replay starts from, without a build

HEADER = ("order_id", "customer_id", "ordered_at", "net_amount")
LOADED = (datetime(2025, 1, 11, 6, tzinfo=UTC), datetime(2025, 2, 11, 6, tzinfo=UTC))
RUNS = ((1, date(2025, 1, 11)), (2, date(2025, 2, 11)))


def lines(days: int) -> list[list[str]]:
    return [[f"o{d}", f"c{d % 3}", f"2025-01-{d:02} 10:00:00", "5.00"] for d in range(1, days)]


def settings_in(folder):
    """Settings of own files and a warehouse below this folder."""
    given = {"SOURCE": "own_files", "DATA": "data", "WAREHOUSE": "warehouse"}
    return resolve(given | {name: str(folder / given[name]) for name in ("DATA", "WAREHOUSE")})


@pytest.fixture(scope="module")
def two_runs(tmp_path_factory):
    """The folder of a warehouse of two runs, of which the second saw a longer file.

    The published file is a stub of what replays look at.
    """
    folder = tmp_path_factory.mktemp("two_runs")
    data = folder / "data"
    for number, loaded_at in enumerate(LOADED):
        write_csv(data / "order_lines.csv", HEADER, lines(11 + 10 * number))
        chosen = settings_in(folder)
        load(chosen, now=loaded_at)
    warehouse = Warehouse(chosen.warehouse)
    with duckdb.connect(warehouse.build_db) as connection:
        connection.execute(f"attach '{warehouse.marts_db}' as published")
        connection.execute("create schema published.history")
        connection.execute(
            "create table published.history.runs as select * from (values "
            f"(1, 1, date '{RUNS[0][1]}', timestamp '2025-01-11 06:00:00'), "
            f"(2, 2, date '{RUNS[1][1]}', timestamp '2025-02-11 06:00:00')) "
            "as t(run_number, fit_number, as_of_date, loaded_at)"
        )
        connection.execute(
            "create table published.main.segmentation_runs as "
            "select *, run_number = 2 as is_current, 'own_files' as source "
            "from published.history.runs"
        )
        connection.execute(
            "create table published.history.assignments as select * from (values "
            "('a', 1, 1, null), ('b', 1, 1, 1), ('b', 2, 2, null), ('c', 1, 2, null)) "
            "as t(customer_id, segment_id, first_run_number, last_run_number)"
        )
        connection.execute(
            "create table published.history.fits as select unnest([1, 2]) as fit_number"
        )
        connection.execute(
            "create table published.history.load_ledger as select * from raw.load_ledger"
        )
        # The ledger of the first run, as its own published file had it.
        connection.execute(
            "insert into published.history.load_ledger values (?, ?, ?, ?, ?, ?)", first_row(data)
        )
    return folder


@pytest.fixture
def grown(two_runs, tmp_path):
    """Settings of a copy of the warehouse of two runs."""
    shutil.copytree(two_runs, tmp_path, dirs_exist_ok=True)
    return settings_in(tmp_path)


def first_row(data):
    """Return what the ledger said of the file at the first run: a header and ten rows."""
    rows = (data / "order_lines.csv").read_bytes().splitlines(keepends=True)
    then = b"".join(rows[:11])
    loaded_at = LOADED[0].replace(tzinfo=None)
    name = "order_lines"
    return [name, f"{name}.csv", len(then), sha256(then).hexdigest(), 10, loaded_at]


def replayed(chosen, day: str):
    """Load what a replay of this day starts from; returns a query function on its database."""
    with exclusive(Warehouse(chosen.warehouse)):
        settings, replay = with_replay(replace(chosen, as_of=date.fromisoformat(day)))
        load(settings, now=datetime(2025, 3, 1, tzinfo=UTC), replay=replay)
    database = Warehouse(settings.warehouse).build_db

    def query(sql: str) -> list[tuple]:
        with duckdb.connect(database, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    return query


@pytest.mark.parametrize("day", ["2025-02-11", "2025-02-12", "2026-01-01"])
def test_the_current_date_and_later_ones_are_no_replays(grown, day):
    assert replay_of(replace(grown, as_of=date.fromisoformat(day)), RUNS[1][1]) is None


def test_without_a_date_or_without_a_published_run_there_is_no_replay(grown):
    assert replay_of(grown, RUNS[1][1]) is None
    assert replay_of(replace(grown, as_of=date(2025, 1, 11)), None) is None


@pytest.mark.parametrize(
    ("day", "run"), [("2025-01-11", 1), ("2025-02-10", 1), ("2025-01-10", None)]
)
def test_a_replay_starts_from_the_last_run_at_or_before_its_date(grown, day, run):
    settings, replay = replay_of(replace(grown, as_of=date.fromisoformat(day)), RUNS[1][1])
    assert replay.run_number == run
    assert replay.origin == Warehouse(grown.warehouse)
    assert settings.warehouse == grown.warehouse / "replays" / day
    assert settings == replace(grown, as_of=settings.as_of, warehouse=settings.warehouse)


def test_a_replay_forgets_what_came_later(grown):
    query = replayed(grown, "2025-02-01")
    assert query("select run_number from history.runs") == [(1,)]
    assert query("select fit_number from history.fits") == [(1,)]
    assert query("from history.assignments order by all") == [("a", 1, 1, None), ("b", 1, 1, None)]
    assert query("select row_count, loaded_at from history.load_ledger") == [
        (10, datetime(2025, 1, 11, 6))
    ]
    assert query("select count(*) from raw.order_lines") == [(10,)]
    # Rows dated after the load of then are in the future, as they were then.
    assert query("select loaded_at from raw.load_settings") == [(datetime(2025, 1, 11, 6),)]


def test_a_date_before_the_first_run_is_replayed_without_history(grown, capsys):
    query = replayed(grown, "2025-01-08")
    for table in ("runs", "fits", "assignments", "load_ledger"):
        assert query(f"select count(*) from history.{table}") == [(0,)]
    # Nothing is known of the files then, so all of their rows count up to the date.
    assert query("select count(*) from raw.order_lines") == [(20,)]
    assert "without history" in capsys.readouterr().out


def test_a_file_that_lost_rows_is_read_as_it_is_now_and_told(grown, capsys):
    write_csv(grown.data / "order_lines.csv", HEADER, lines(21)[1:])
    query = replayed(grown, "2025-01-11")
    assert query("select count(*) from raw.order_lines") == [(19,)]
    assert re.search(r"order_lines\.csv has changed since", capsys.readouterr().err)


def test_a_file_that_was_not_there_then_is_left_out(grown, capsys):
    write_csv(grown.data / "customers.csv", ("customer_id", "age"), [["c1", "30"]])
    query = replayed(grown, "2025-01-11")
    assert query("select count(*) from raw.customers") == [(0,)]
    assert "not there then" in capsys.readouterr().out


@pytest.mark.parametrize("day", ["2024-12-31", "2020-01-01"])
def test_a_replay_that_is_refused_leaves_no_rows(grown, day):
    with pytest.raises(Problem, match="the first order is of"):
        build(replace(grown, as_of=date.fromisoformat(day)))
    assert not (grown.warehouse / "replays").exists()


def test_a_published_file_without_history_cannot_be_replayed(grown):
    marts = Warehouse(grown.warehouse).marts_db
    with duckdb.connect(marts) as connection:
        connection.execute("drop schema history cascade")
    with pytest.raises(Problem, match="no history to replay"):
        replay_of(replace(grown, as_of=date(2025, 1, 11)), RUNS[1][1])


def test_the_warehouse_is_only_read_by_the_load_of_a_replay(grown):
    warehouse = Warehouse(grown.warehouse)
    before = [path.read_bytes() for path in (warehouse.marts_db, warehouse.build_db)]
    replayed(grown, "2025-01-11")
    assert [path.read_bytes() for path in (warehouse.marts_db, warehouse.build_db)] == before
