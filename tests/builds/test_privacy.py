"""Pseudonyms: what is written, what is refused; and that files bring nobody forgotten back."""

import os
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.console import WRONG_USE, Problem
from common.settings import resolve
from common.warehouse_paths import Warehouse
from dbt_runs.run_dbt import environment
from loading.load_raw import load
from moving_shop import write_csv
from pseudonyms import KEY, pseudonym
from store.privacy import KEY_NAME, Guard, guard_of, stored_check
from store.warehouse import exclusive
from upkeep.forget import forget

OTHER_KEY = "another key of more than thirty-two bytes"
HEADER = ("order_id", "customer_id", "ordered_at", "net_amount")
ODD = """it's "odd", \u00e9"""
IDS = ("17", " 17 ", "18", ODD, "")
TODAY = date(2025, 3, 1)


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


# --- forgetting


@pytest.mark.parametrize("pseudonymise", ["0", "1"])
@pytest.mark.parametrize(
    "kind", ["csv", pytest.param("parquet", marks=[pytest.mark.many_builds, pytest.mark.short])]
)
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
