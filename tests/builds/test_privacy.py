"""Pseudonyms and forgotten customers: what is written, what is refused, what stays out."""

import hashlib
import hmac
import os
import shutil
import stat
import subprocess
import sys
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.console import BUSY, FAILED, WRONG_USE, Problem
from common.project_root import ROOT
from common.settings import resolve
from common.warehouse_paths import Warehouse
from dbt_runs.run_dbt import environment
from loading.load_raw import load
from moving_shop import write_csv
from publishing import publish as publishing
from publishing.publish import publish
from shops import SHOP, Builds, Built, build, clean_environment
from store import kept_versions
from store.forgotten_totals import (
    Past,
    Pending,
    complete_forgetting,
    pending_of,
    write_pending,
)
from store.kept_versions import damage, version_of
from store.kept_versions import kept_versions as versions_of
from store.privacy import KEY_NAME, Guard, forgotten_file, forgotten_of, guard_of, stored_check
from store.warehouse import exclusive
from stub_builds import build as stub_build
from upkeep import forget as forgetting
from upkeep.forget import forget
from upkeep.list_versions import damaged

KEY = "a key of more than thirty-two bytes"
OTHER_KEY = "another key of more than thirty-two bytes"
HEADER = ("order_id", "customer_id", "ordered_at", "net_amount")
ODD = """it's "odd", \u00e9"""
IDS = ("17", " 17 ", "18", ODD, "")
TODAY = date(2025, 3, 1)


def pseudonym(customer, key=KEY):
    """HMAC-SHA-256 as the standard library has it."""
    return hmac.new(key.encode(), customer.encode(), hashlib.sha256).hexdigest()


def rows():
    return [
        [f"o{n}", customer, f"2025-01-{n:02} 10:00:00", "5.00"] for n, customer in enumerate(IDS, 1)
    ]


@pytest.fixture
def shop(tmp_path, monkeypatch):
    """Settings of a small shop in CSV files; the key is in the environment."""
    monkeypatch.setenv(KEY_NAME, KEY)
    write_csv(tmp_path / "data" / "order_lines.csv", HEADER, rows())
    return {"SOURCE": "own_files", "DATA": str(tmp_path / "data"), "WAREHOUSE": str(tmp_path / "w")}


def raw(chosen, table="order_lines"):
    """Customers of a raw table, in the order of its file."""
    with duckdb.connect(Warehouse(chosen.warehouse).build_db, read_only=True) as connection:
        query = f"select customer_id from raw.{table} order by _row_number"
        return [customer for (customer,) in connection.execute(query).fetchall()]


def as_parquet(shop):
    """Write the shop's lines as Parquet instead of CSV."""
    folder = Path(shop["DATA"])
    (folder / "order_lines.csv").unlink()
    columns = dict(zip(HEADER, zip(*rows(), strict=True), strict=True))
    pq.write_table(pa.table(columns), folder / "order_lines.parquet")


# --- pseudonyms


@pytest.mark.parametrize("key", [KEY, "k" * 64, "k" * 65, "schl\u00fcssel" * 9])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_pseudonyms_are_hmac_sha_256_of_the_trimmed_id(shop, monkeypatch, key, kind):
    monkeypatch.setenv(KEY_NAME, key)
    if kind == "parquet":
        as_parquet(shop)
    chosen = resolve(shop | {"PSEUDONYMISE": "1"})
    load(chosen)
    expected = [pseudonym(c.strip(), key) if c.strip() else None for c in IDS]
    assert raw(chosen) == expected


def test_without_pseudonyms_nothing_is_changed(shop, monkeypatch):
    monkeypatch.delenv(KEY_NAME)
    chosen = resolve(shop)
    load(chosen)
    assert [c or "" for c in raw(chosen)] == list(IDS)


def test_every_table_with_customers_has_the_same_pseudonyms(shop):
    folder = Path(shop["DATA"])
    write_csv(folder / "customers.csv", ("customer_id", "city"), [["17", "Rome"]])
    write_csv(
        folder / "interactions.csv",
        ("customer_id", "interaction_type", "occurred_at"),
        [["17", "visit", "2025-01-01 09:00:00"]],
    )
    chosen = resolve(shop | {"PSEUDONYMISE": "1"})
    load(chosen)
    assert raw(chosen, "customers") == raw(chosen, "interactions") == [pseudonym("17")]


@pytest.mark.parametrize(("key", "shown"), [("", "is missing"), ("k" * 31, "has 31 bytes")])
def test_a_missing_or_short_key_is_refused(shop, monkeypatch, key, shown):
    monkeypatch.setenv(KEY_NAME, key)
    with pytest.raises(Problem, match=shown) as caught:
        load(resolve(shop | {"PSEUDONYMISE": "1"}))
    assert caught.value.exit_code == WRONG_USE
    assert key not in str(caught.value) or not key
    assert not Warehouse(Path(shop["WAREHOUSE"])).build_db.exists()


def test_a_warehouse_stays_what_it_is(shop, monkeypatch):
    load(resolve(shop | {"PSEUDONYMISE": "1"}))
    with pytest.raises(Problem, match="have pseudonyms"):
        load(resolve(shop | {"PSEUDONYMISE": "0"}))
    chosen = resolve(shop)
    load(chosen)
    assert raw(chosen)[0] == pseudonym("17")
    monkeypatch.setenv(KEY_NAME, OTHER_KEY)
    with pytest.raises(Problem, match="not the key") as caught:
        load(chosen)
    assert OTHER_KEY not in str(caught.value)
    plain = resolve(shop | {"WAREHOUSE": shop["WAREHOUSE"] + "2"})
    load(plain)
    with pytest.raises(Problem, match="their own ids"):
        load(resolve(shop | {"WAREHOUSE": shop["WAREHOUSE"] + "2", "PSEUDONYMISE": "1"}))


def test_a_published_warehouse_knows_what_it_is_without_its_build_database(tmp_path):
    warehouse = Warehouse(tmp_path)
    assert stored_check(warehouse) is None
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute("create schema history")
        connection.execute("create table history.pseudonymisation (pseudonym_check varchar)")
    assert stored_check(warehouse) == ""
    check = Guard("customer_id", KEY.encode()).check
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute("insert into history.pseudonymisation values (?)", [check])
    given = {KEY_NAME: KEY}
    assert guard_of(warehouse, "customer_id", asked=None, environment=given).key == KEY.encode()
    with pytest.raises(Problem, match="have pseudonyms"):
        guard_of(warehouse, "customer_id", asked=False, environment=given)
    with pytest.raises(Problem, match="not the key"):
        guard_of(warehouse, "customer_id", asked=None, environment={KEY_NAME: OTHER_KEY})


def test_a_folder_named_by_a_customer_is_refused(shop):
    folder = Path(shop["DATA"])
    (folder / "order_lines.csv").unlink()
    lines = [[order, at, amount] for order, _, at, amount in rows()]
    name = folder / "order_lines" / "customer_id=17" / "part.csv"
    write_csv(name, ("order_id", "ordered_at", "net_amount"), lines)
    load(resolve(shop))
    with pytest.raises(Problem, match="named by a customer_id") as caught:
        load(resolve(shop | {"WAREHOUSE": shop["WAREHOUSE"] + "2", "PSEUDONYMISE": "1"}))
    assert "17" not in str(caught.value)


def test_columns_yml_may_say_which_column_names_the_customer(shop):
    folder = Path(shop["DATA"])
    lines = [[order, at, amount, customer] for order, customer, at, amount in rows()]
    write_csv(folder / "order_lines.csv", ("order_id", "ordered_at", "net_amount", "Kunde"), lines)
    (folder / "columns.yml").write_text("customer_id: Kunde\n", encoding="utf-8")
    chosen = resolve(shop | {"PSEUDONYMISE": "1"})
    load(chosen)
    expected = [pseudonym(c.strip()) if c.strip() else None for c in IDS]
    assert raw(chosen) == expected
    with duckdb.connect(Warehouse(chosen.warehouse).build_db, read_only=True) as connection:
        read = connection.execute("select kunde from raw.order_lines_as_read order by _row_number")
        assert [customer for (customer,) in read.fetchall()] == expected
    (folder / "columns.yml").write_text("customer_id: Kunde || order_id\n", encoding="utf-8")
    with pytest.raises(Problem, match="expected a column of the files"):
        load(chosen)


def test_a_table_of_customers_says_which_column_names_them(tmp_path, monkeypatch):
    monkeypatch.setenv(KEY_NAME, KEY)
    data = tmp_path / "people.csv"
    write_csv(data, ("Client No", "age"), [["a1", "30"], ["b2", "40"], ["c3", "50"]])
    given = {"SOURCE": "own_table", "DATA": str(data), "WAREHOUSE": str(tmp_path / "w")}
    given["PSEUDONYMISE"] = "1"
    with pytest.raises(Problem, match="ID is missing"):
        load(resolve(given))
    chosen = resolve(given | {"ID": "client_no"})
    load(chosen)
    with duckdb.connect(Warehouse(chosen.warehouse).build_db, read_only=True) as connection:
        found = connection.execute("select customer_id from raw.customers_identified").fetchall()
    assert found == [(pseudonym(customer),) for customer in ("a1", "b2", "c3")]


def test_dbt_does_not_know_the_key(tmp_path):
    chosen = resolve({"WAREHOUSE": str(tmp_path)})
    assert KEY_NAME not in environment(chosen, {KEY_NAME: KEY, "PATH": "/bin"})


def test_the_key_is_not_taken_from_the_command_line_of_make(monkeypatch):
    monkeypatch.setenv("MAKEFLAGS", f" -- {KEY_NAME}=secret")
    with pytest.raises(Problem, match="in the environment only") as caught:
        resolve(dict(os.environ))
    assert "secret" not in str(caught.value)


# --- a whole build

SECRET = "Person-{}-by-name"


def build_pseudonymised(builds: Builds) -> Built:
    """Build the fixture shop, whose customers have telling ids, with pseudonyms."""
    folder = builds.folder("pseudonymised")
    data = folder / "data"
    shutil.copytree(SHOP, data)
    for path in data.glob("*.csv"):
        with duckdb.connect() as connection:
            read = f"from read_csv('{path}', all_varchar = true, header = true)"
            columns = [name for name, *_ in connection.execute(f"describe {read}").fetchall()]
            if "customer_id" not in columns:
                continue
            connection.execute(f"create table t as {read}")
            connection.execute(
                "update t set customer_id = replace(?, '{}', trim(customer_id)) "
                "where trim(customer_id) <> ''",
                [SECRET],
            )
            connection.execute(f"copy t to '{path}' (header)")
    given = {KEY_NAME: KEY}
    return build(data, folder / "warehouse", threads=2, pseudonymise=1, environment=given).checked()


CHAINS = [{"pseudonymised": build_pseudonymised}]


@pytest.mark.many_builds
def test_neither_ids_nor_the_key_are_anywhere_in_a_warehouse(builds):
    built = builds["pseudonymised"]
    needles = ("person-", KEY.lower())
    held = []
    for path in built.warehouse.path.rglob("*"):
        if path.is_file() and path.suffix != ".duckdb":
            text = path.read_bytes().lower()
            held += [path.name for needle in needles if needle.encode() in text]
    for path in (built.marts, built.warehouse.build_db):
        with duckdb.connect(path, read_only=True) as connection:
            columns = connection.execute(
                "select schema_name, table_name, column_name from duckdb_columns() "
                "where database_name = current_database() and not internal"
            ).fetchall()
            assert len(columns) > 100
            for schema, table, column in columns:
                found = connection.execute(
                    f'select count(*) from "{schema}"."{table}" '
                    f'where regexp_matches(lower(cast("{column}" as varchar)), ?)',
                    ["|".join(needles)],
                ).fetchone()
                held += [f"{table}.{column}"] if found[0] else []
    assert not held
    assert not [needle for needle in needles if needle in built.output.lower()]


@pytest.mark.many_builds
def test_each_pseudonym_has_what_its_customer_has(builds, shop_built):
    query = "select customer_id, status, order_count, spend from customer_segments"
    found = {row[0]: row[1:] for row in builds["pseudonymised"].query(query)}
    expected = {
        pseudonym(SECRET.format(customer)): values for customer, *values in shop_built.query(query)
    }
    assert {customer: list(values) for customer, values in found.items()} == expected


@pytest.fixture(scope="session")
def shop_built(builds):
    """The fixture shop with its own ids."""
    return builds["shop"]


def test_published_are_marts_and_history_and_no_raw_rows(shop_built):
    tables = shop_built.query(
        "select distinct schema_name from duckdb_tables() "
        "where database_name = current_database() order by 1"
    )
    assert tables == [("history",), ("main",)]
    raw_columns = {"_file", "_row_number", "record_json", "source_file"}
    columns = shop_built.query(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where database_name = current_database()"
    )
    assert {"main", "history", "v1"} == {schema for schema, *_ in columns}
    assert not [column for *_, column in columns if column in raw_columns]
    lines = shop_built.query_build(
        "select order_line_id from core.int_order_lines_validated "
        "where order_line_id is not null limit 1"
    )[0][0]
    with duckdb.connect(shop_built.marts, read_only=True) as connection:
        for schema, table, column in columns:
            if table == "customer_explanations":
                continue
            found = connection.execute(
                f'select count(*) from "{schema}"."{table}" where cast("{column}" as varchar) = ?',
                [lines],
            ).fetchone()
            assert found == (0,), (table, column)


# --- forgetting


@pytest.fixture
def chosen(tmp_path, monkeypatch):
    """Two published versions, a replay and a ledger of exports, all of customers 0 to 19,999."""
    monkeypatch.setattr(publishing, "MACROS", tmp_path / "no macros")
    found = resolve({"WAREHOUSE": str(tmp_path / "it's w"), "THREADS": "2"})
    warehouse = Warehouse(found.warehouse)
    warehouse.create()
    customers = "'customer-' || range as customer_id, range as spend"
    for number in (1, 2):
        stub_build(found, run_number=number, customers=customers)
        publish(found)
    replay = Warehouse(warehouse.path / "replays" / "2024-01-01")
    shutil.copytree(warehouse.versions, replay.versions)
    shutil.copy2(warehouse.marts_db, replay.marts_db)
    with duckdb.connect(warehouse.exports_db) as connection:
        connection.execute(
            "create table members as select 'customer-' || range as customer_id from range(100)"
        )
    return found


def held(path, customer="customer-17"):
    """Rows of a customer in any text column of a file."""
    total = 0
    with duckdb.connect(path, read_only=True) as connection:
        for schema, table, column in connection.execute(
            "select schema_name, table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and data_type = 'VARCHAR' and not internal"
        ).fetchall():
            total += connection.execute(
                f'select count(*) from "{schema}"."{table}" where "{column}" = ?', [customer]
            ).fetchone()[0]
    return total


def databases(warehouse):
    return [path for path in warehouse.path.rglob("*.duckdb") if path.is_file()]


def forget_customer(chosen, customer="customer-17", *, is_forced=True, **more):
    warehouse = Warehouse(chosen.warehouse)
    with exclusive(warehouse):
        guard = guard_of(warehouse, "customer_id", asked=None, environment={})
        return forget(warehouse, guard, customer, TODAY, is_forced=is_forced, **more)


def test_a_forgotten_customer_is_in_no_file(chosen):
    warehouse = Warehouse(chosen.warehouse)
    files = databases(warehouse)
    assert len(files) == 8
    assert all(held(path) for path in files)
    assert forget_customer(chosen) == 7
    left = databases(warehouse)
    assert sorted(path.relative_to(warehouse.path).as_posix() for path in left) == [
        "exports.duckdb",
        "marts.duckdb",
        "versions/2/marts.duckdb",
    ], "what counts the customer is removed, and what a build creates again"
    assert not [path for path in left if held(path)]
    assert not [path for path in left if b"customer-17\0" in path.read_bytes()]
    assert all(held(path, "customer-18") for path in left)


def test_what_is_left_is_as_it_was(chosen):
    warehouse = Warehouse(chosen.warehouse)
    reading = "select * from customers where customer_id <> 'customer-17'"
    shown = (
        "select table_name, comment from duckdb_tables() union all "
        "select column_name, comment from duckdb_columns() where database_name = 'marts' "
        "order by all"
    )

    def seen():
        with duckdb.connect(warehouse.marts_db, read_only=True) as connection:
            return connection.execute(reading).fetchall(), connection.execute(shown).fetchall()

    before = seen()
    forget_customer(chosen)
    assert seen() == before
    assert damaged(warehouse) == (2, [])
    assert warehouse.marts_db.samefile(version_of(warehouse, 2).file)
    assert stat.S_IMODE(warehouse.marts_db.stat().st_mode) == 0o444
    with duckdb.connect() as connection:
        connection.execute(f"attach '{str(warehouse.marts_db).replace(chr(39), chr(39) * 2)}' as f")
        tags = connection.execute(
            "select tags from duckdb_databases() where database_name = 'f'"
        ).fetchone()[0]
    assert tags["storage_version"].startswith("v1.0.0")


def test_that_somebody_was_forgotten_is_written_down_without_the_id(chosen):
    warehouse = Warehouse(chosen.warehouse)
    warehouse.path.chmod(0o755)
    forget_customer(chosen)
    forget_customer(chosen, "customer-18")
    path = forgotten_file(warehouse)
    text = path.read_text(encoding="ascii")
    assert "customer-1" not in text
    assert [line.split(",")[0] for line in text.splitlines()] == [
        "forgotten_on",
        "2025-03-01",
        "2025-03-01",
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len({one.customer_hash for one in forgotten_of(warehouse)}) == 2


def test_forgetting_twice_changes_nothing_more(chosen):
    warehouse = Warehouse(chosen.warehouse)
    forget_customer(chosen)
    before = {path: path.read_bytes() for path in warehouse.path.rglob("*") if path.is_file()}
    assert forget_customer(chosen) == 0
    after = {path: path.read_bytes() for path in warehouse.path.rglob("*") if path.is_file()}
    before.pop(warehouse.lock_file)
    after.pop(warehouse.lock_file)
    assert after == before


def test_who_is_not_known_is_not_forgotten(chosen):
    with pytest.raises(Problem, match="no file of") as caught:
        forget_customer(chosen, "customer-99999999", is_forced=False)
    assert caught.value.exit_code == WRONG_USE
    assert not forgotten_file(Warehouse(chosen.warehouse)).exists()
    assert forget_customer(chosen, "customer-99999999") == 0
    assert pending_of(Warehouse(chosen.warehouse)) is None, "no total counts the customer"
    assert len(forgotten_of(Warehouse(chosen.warehouse))) == 1


def test_a_damaged_version_is_not_written_anew(chosen):
    warehouse = Warehouse(chosen.warehouse)
    for number in (1, 2):
        version = version_of(warehouse, number)
        version.checksum_file.write_text("0" * 64 + "  marts.duckdb\n")
        with pytest.raises(Problem, match="checksum differs"):
            forget_customer(chosen, is_forced=number == 2)
        assert held(warehouse.marts_db)
        assert version.file.exists()


@pytest.mark.parametrize("at", range(7))
def test_stopped_anywhere_it_goes_on_and_no_file_is_ever_damaged(chosen, at, monkeypatch):
    warehouse = Warehouse(chosen.warehouse)
    replace, done = os.replace, []

    def stops(*paths):
        if len(done) == at:
            raise OSError(28, "No space left on device")
        done.append(paths)
        replace(*paths)

    with monkeypatch.context() as patched:
        patched.setattr(kept_versions.os, "replace", stops)
        with pytest.raises(OSError, match="No space"):
            forget_customer(chosen)
    assert not [v for v in versions_of(warehouse) if damage(v)]
    assert not list(warehouse.path.rglob(".publishing-*"))
    forget_customer(chosen)
    assert not [path for path in databases(warehouse) if held(path)]
    assert damaged(warehouse) == (2, [])
    assert pending_of(warehouse).customer_count == 1


def test_what_gives_the_customer_back_is_removed_where_the_user_says_so(chosen):
    warehouse = Warehouse(chosen.warehouse)
    before = sorted(path for path in warehouse.path.rglob("*") if path.name != ".lock")
    with pytest.raises(Problem) as caught:
        forget_customer(chosen, is_forced=False)
    assert caught.value.exit_code == WRONG_USE
    for shown in ("the kept version of run 1,", "the replay 2024-01-01,", "FORCE=1"):
        assert shown in str(caught.value)
    assert sorted(path for path in warehouse.path.rglob("*") if path.name != ".lock") == before
    assert not forgotten_of(warehouse)


def test_a_version_that_does_not_hold_the_customer_stays(chosen):
    """Who came later is in no total of an earlier run."""
    warehouse = Warehouse(chosen.warehouse)
    customers = "'later-' || range as customer_id, range as spend"
    stub_build(chosen, run_number=3, customers=customers)
    publish(chosen)
    shutil.rmtree(warehouse.path / "replays")
    assert forget_customer(chosen, "later-17", is_forced=False) == 2
    assert [version.run_number for version in versions_of(warehouse)] == [1, 2, 3]
    assert pending_of(warehouse) == Pending(1, 0, (3,))


def test_numbers_that_only_a_removed_version_knows_stay_given_out(chosen):
    """Run 2 was rolled back from: it is removed, and its numbers come never again."""
    warehouse = Warehouse(chosen.warehouse)
    for number, path in ((1, version_of(warehouse, 1).file), (2, version_of(warehouse, 2).file)):
        path.chmod(0o644)
        with duckdb.connect(path) as connection:
            connection.execute(
                "create table history.highest_numbers as "
                f"select {number} * 10 as run_number, {number} as fit_number, 5 as segment_id"
            )
        kept_versions.write_checksums(path, kept_versions.sha256_of(path))
    kept_versions.publish_version(warehouse, version_of(warehouse, 1))
    forget_customer(chosen)
    assert [version.run_number for version in versions_of(warehouse)] == [1]
    assert kept_versions.highest_numbers(warehouse.marts_db) == (20, 2, 5)


def test_stray_files_among_replays_are_named_and_left(chosen):
    warehouse = Warehouse(chosen.warehouse)
    strays = [warehouse.path / "replays" / name for name in (".DS_Store", "notes.txt", "2024-1-1")]
    for path in strays[:2]:
        path.write_text("mine")
    strays[2].mkdir()
    forget_customer(chosen)
    assert not [path for path in databases(warehouse) if held(path)]
    assert set(strays) <= set(forgetting.left_to_the_user(warehouse))
    assert all(path.exists() for path in strays)


def test_a_replay_that_cannot_be_read_goes_too(chosen):
    replay = Warehouse(Warehouse(chosen.warehouse).path / "replays" / "2024-01-01")
    replay.marts_db.chmod(0o644)
    replay.marts_db.write_bytes(b"not a database")
    forget_customer(chosen)
    assert not replay.path.exists()


@pytest.mark.parametrize("content", [b"", b"not a database", b"\0" * 20_000])
def test_a_published_file_that_cannot_be_read_is_told_in_one_line(chosen, content):
    warehouse = Warehouse(chosen.warehouse)
    warehouse.marts_db.unlink()
    warehouse.marts_db.write_bytes(content)
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "forget.py")],
        env=clean_environment(warehouse=chosen.warehouse, customer="customer-17", force="1"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == FAILED
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"Error: the published file {warehouse.marts_db} cannot be read")


def test_without_the_published_file_no_version_is_removed(chosen):
    warehouse = Warehouse(chosen.warehouse)
    warehouse.marts_db.unlink()
    with pytest.raises(Problem, match="make rollback"):
        forget_customer(chosen)
    assert len(versions_of(warehouse)) == 2


def test_what_a_build_makes_again_goes_with_the_customer(chosen):
    """Pages show totals, and logs and results of dbt may show values."""
    warehouse = Warehouse(chosen.warehouse)
    paths = [
        warehouse.report(),
        warehouse.report(3),
        warehouse.docs,
        warehouse.dbt_logs / "dbt.log",
        warehouse.dbt_target / "run_results.json",
        warehouse.path / "spark" / "raw" / "part.parquet",
        warehouse.parquet / "2" / "part.parquet",
    ]
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("customer-17")
    forget_customer(chosen)
    assert not [path for path in paths if path.exists()]


# --- totals that counted a forgotten customer


def test_the_next_build_is_to_leave_out_what_counts_the_customer(chosen):
    warehouse = Warehouse(chosen.warehouse)
    forget_customer(chosen)
    assert pending_of(warehouse) == Pending(1, 0, (2,))
    forget_customer(chosen, "customer-18")
    assert pending_of(warehouse) == Pending(2, 0, (2,))
    warehouse.forgetting.write_text("{}")
    with pytest.raises(Problem, match="counts a customer who was forgotten"):
        pending_of(warehouse)


def test_earlier_runs_and_fits_are_published_without_figures(tmp_path):
    with duckdb.connect() as connection:
        connection.execute(
            "create table runs as select number as run_number, number as fit_number, "
            "'id ' || number as run_id, 'hash' as data_hash, 10 * number as customer_count, "
            "0.5::double as inertia, date '2024-01-01' as as_of_date, number = 3 as is_current "
            "from (select unnest([1, 2, 3])::bigint as number)"
        )
        connection.execute(
            "create table movement as select * from (values ('runs', 'run 2', 1), "
            "('runs', 'run 3', 2), ('snapshots', '2024-01-01', 3)) as t (basis, period, n)"
        )
        past = Past(run_number=3, fit_number=2)

        def seen(place, table):
            relation = past.relation_sql(connection, place, table)
            return connection.execute(f"select * from {relation} order by all").fetchall()

        day = date(2024, 1, 1)
        assert seen(("main", "segmentation_runs"), "runs") == [
            (1, 1, "id 1", None, None, None, day, False),
            (2, 2, "id 2", None, None, None, day, False),
            (3, 3, "id 3", "hash", 30, 0.5, day, True),
        ]
        assert [row[0] for row in seen(("history", "fit_centroids"), "runs")] == [2]
        assert [row[0] for row in seen(("history", "movement"), "runs")] == [3]
        assert [row[2] for row in seen(("main", "segment_movement"), "movement")] == [2, 3]
        assert len(seen(("main", "segment_summary"), "runs")) == 3


@pytest.mark.parametrize("fit_number", [4, 5])
def test_it_stays_pending_until_a_build_has_learned_again(chosen, fit_number):
    warehouse = Warehouse(chosen.warehouse)
    write_pending(warehouse, 1)
    path = warehouse.forgetting
    path.write_text(path.read_text().replace('"fit_number": 0', '"fit_number": 4'))
    warehouse.marts_db.unlink()
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute(
            f"create table segmentation_runs as select 2 as run_number, {fit_number} as fit_number,"
            " true as is_current"
        )
    complete_forgetting(warehouse, pending_of(warehouse), 2)
    is_done = fit_number == 5
    assert path.exists() != is_done
    assert version_of(warehouse, 1).folder.exists() != is_done
    assert version_of(warehouse, 2).folder.exists()


def test_a_build_and_forgetting_exclude_each_other(chosen):
    with exclusive(Warehouse(chosen.warehouse)):
        ended = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "forget.py")],
            env=clean_environment(warehouse=chosen.warehouse, customer="customer-17"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == BUSY
    assert len(ended.stderr.splitlines()) == 1


def test_what_was_exported_is_named_and_left(chosen, capsys):
    warehouse = Warehouse(chosen.warehouse)
    warehouse.exports.mkdir()
    (warehouse.exports / "all_run_2.csv").write_text("customer-17\n")
    assert [path.name for path in forgetting.left_to_the_user(warehouse)] == ["all_run_2.csv"]


@pytest.mark.parametrize("pseudonymise", ["0", "1"])
@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_files_do_not_bring_a_forgotten_customer_back(shop, kind, pseudonymise):
    if kind == "parquet":
        as_parquet(shop)
    chosen = resolve(shop | {"PSEUDONYMISE": pseudonymise})
    load(chosen)
    warehouse = Warehouse(chosen.warehouse)
    guard = guard_of(warehouse, "customer_id", asked=None)
    publish_rows(warehouse, guard)
    with exclusive(warehouse):
        forget(warehouse, guard, ODD, TODAY)
    loaded = load(chosen)
    assert loaded.row_count == len(IDS)
    kept = [c for c in IDS if c != ODD]
    assert [c or "" for c in raw(chosen)] == [
        c if pseudonymise == "0" or not c else pseudonym(c.strip()) for c in kept
    ]
    with duckdb.connect(warehouse.build_db, read_only=True) as connection:
        withheld = connection.execute("select * from raw.load_withheld").fetchall()
        numbers = connection.execute(
            "select _row_number from raw.order_lines order by 1"
        ).fetchall()
    assert withheld == [("order_lines", 1)]
    assert numbers == [(1,), (2,), (3,), (5,)]
    load(chosen)
    assert len(raw(chosen)) == len(kept)


def publish_rows(warehouse, guard):
    """Write a published file with the customers of the shop."""
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute("create schema history")
        connection.execute("create table history.pseudonymisation (pseudonym_check varchar)")
        if guard.check:
            connection.execute("insert into history.pseudonymisation values (?)", [guard.check])
        connection.execute(
            "create table segmentation_runs as select 1 as run_number, true as is_current, "
            "'own_files' as source, date '2025-01-31' as as_of_date"
        )
        connection.execute("create table customer_segments (customer_id varchar)")
        for customer in {c.strip() for c in IDS} - {""}:
            connection.execute(
                "insert into customer_segments values (?)", [guard.stored_id(customer)]
            )


def test_a_line_without_a_hash_keeps_nobody_out(chosen):
    warehouse = Warehouse(chosen.warehouse)
    forgotten_file(warehouse).write_text("forgotten_on,salt,customer_hash\n2025-01-01,,\n")
    assert forgotten_of(warehouse) == []
    forgotten_file(warehouse).write_text("forgotten_on,salt,customer_hash\n2025-01-01,zz,00\n")
    with pytest.raises(Problem, match="could come back"):
        forgotten_of(warehouse)
