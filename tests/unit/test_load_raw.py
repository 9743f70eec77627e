"""Loading: raw tables, the ledger, repeated loads, and data that is refused."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from common.console import DATA_REFUSED, WRONG_USE, Problem
from common.project_sql import ProjectSql
from common.quoting import literal
from common.settings import Settings, resolve
from common.shipped_sources import OWN_FILES
from common.text_columns import Stated
from common.warehouse_paths import Warehouse
from loading.load_raw import load
from loading.loaded import LedgerRow, Loaded
from loading.reading import Reading
from loading.table_files import read_files
from store.build_database import relation_kind
from store.history_schema import HISTORY_TABLES
from store.plain_names import plain_names
from store.privacy import Guard

HEADER = "order_id,customer_id,ordered_at,net_amount\n"
ROW = "o1,c1,2024-01-02,9.50\n"
NOW = datetime(2026, 1, 1, 12, 0, 0, 999, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / 'it\'s "my" [data]; drop'
    folder.mkdir()
    (folder / "order_lines.csv").write_text(HEADER + ROW + "o2,c2,2024-03-04,1\n")
    return folder


@pytest.fixture
def chosen(tmp_path: Path, data: Path) -> Settings:
    return resolve(
        {
            "SOURCE": "own_files",
            "DATA": str(data),
            "WAREHOUSE": str(tmp_path / "ware house"),
            "THREADS": "4",
            "MEMORY": "1GB",
        }
    )


def query(chosen: Settings, sql: str) -> list[tuple]:
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        return connection.execute(sql).fetchall()


def refused(chosen: Settings, code: int = DATA_REFUSED) -> str:
    with pytest.raises(Problem) as caught:
        load(chosen, NOW)
    assert caught.value.exit_code == code
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_rows_come_as_text_with_file_and_row_number(chosen: Settings, data: Path) -> None:
    loaded = load(replace(chosen, k=2), NOW)
    assert loaded == Loaded(2, 2, datetime(2024, 1, 2).date(), datetime(2024, 3, 4).date())
    rows = query(
        chosen,
        "select order_id, net_amount, channel, _file, _row_number from raw.order_lines",
    )
    assert rows == [
        ("o1", "9.50", None, "order_lines.csv", 1),
        ("o2", "1", None, "order_lines.csv", 2),
    ]


def test_optional_files_that_are_not_there_give_empty_tables(chosen: Settings) -> None:
    load(chosen, NOW)
    for name in ("customers", "products", "interactions"):
        assert query(chosen, f"select count(*) from raw.{name}") == [(0,)]
    assert query(chosen, "select brand, is_private_label, _row_number from raw.products") == []


def test_header_only_is_fine_for_optional_tables_only(chosen: Settings, data: Path) -> None:
    (data / "customers.csv").write_text("customer_id,age\n")
    load(chosen, NOW)
    assert query(chosen, "select customer_id, age from raw.customers") == []
    (data / "order_lines.csv").write_text(HEADER)
    assert "has no rows" in refused(chosen)


def test_the_ledger_says_what_was_loaded(chosen: Settings, data: Path) -> None:
    load(chosen, NOW)
    size = (data / "order_lines.csv").stat().st_size
    rows = query(
        chosen,
        "select source_table, file_name, file_bytes, length(file_sha256), row_count, loaded_at "
        "from raw.load_ledger",
    )
    assert rows == [("order_lines", "order_lines.csv", size, 64, 2, datetime(2026, 1, 1, 12, 0, 0))]
    assert query(chosen, "select source, loaded_at from raw.load_settings") == [
        ("own_files", datetime(2026, 1, 1, 12))
    ]


def test_loading_twice_changes_nothing(chosen: Settings, data: Path) -> None:
    (data / "products.csv").write_text("product_id,brand\np1,Acme\n")
    load(chosen, NOW)
    everything = [
        "from raw.load_ledger",
        "from raw.load_settings",
        "from raw.order_lines",
        "select table_oid from duckdb_tables() where table_name in ('order_lines', 'products')",
    ]
    before = [query(chosen, sql) for sql in everything]
    load(chosen, NOW + timedelta(days=3))
    assert [query(chosen, sql) for sql in everything] == before


def test_a_changed_file_replaces_its_table_and_gets_a_new_time(
    chosen: Settings, data: Path
) -> None:
    load(chosen, NOW)
    (data / "order_lines.csv").write_text(HEADER + ROW)
    load(chosen, NOW + timedelta(days=1))
    assert query(chosen, "select count(*) from raw.order_lines") == [(1,)]
    assert query(chosen, "select loaded_at from raw.load_ledger") == [(datetime(2026, 1, 2, 12),)]


def test_a_change_that_leaves_size_and_time_as_they_were_is_found(
    chosen: Settings, data: Path
) -> None:
    file = data / "order_lines.csv"
    load(chosen, NOW)
    before = file.stat()
    file.write_text(file.read_text().replace("9.50", "8.50"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    load(chosen, NOW)
    assert query(chosen, "select net_amount from raw.order_lines order by all") == [
        ("1",),
        ("8.50",),
    ]


def test_each_of_many_files_has_its_own_hash_in_the_ledger(chosen: Settings, data: Path) -> None:
    written = {"order_lines.csv": (data / "order_lines.csv").read_bytes()}
    for number in range(40):
        name = f"order_lines_{number:02}.csv"
        written[name] = (HEADER + f"o{number},c,2024-01-02,1\n" * (number + 3)).encode()
        (data / name).write_bytes(written[name])
    load(chosen, NOW)
    found = query(chosen, "select file_name, file_bytes, file_sha256 from raw.load_ledger")
    assert sorted(found) == sorted(
        (name, len(text), hashlib.sha256(text).hexdigest()) for name, text in written.items()
    )


def test_a_removed_file_leaves_an_empty_table(chosen: Settings, data: Path) -> None:
    (data / "customers.csv").write_text("customer_id,age\nc1,30\n")
    load(chosen, NOW)
    (data / "customers.csv").unlink()
    load(chosen, NOW)
    assert query(chosen, "from raw.customers") == []
    assert query(chosen, "select source_table from raw.load_ledger") == [("order_lines",)]


def test_csv_and_parquet_can_take_each_others_place(chosen: Settings, data: Path) -> None:
    load(chosen, NOW)
    parquet = data / "order_lines.parquet"
    duckdb.connect().execute(
        "copy (select 7 as order_id, 'c9' as CUSTOMER_ID, timestamp '2024-05-06' as ordered_at, "
        "cast(2.5 as decimal(9, 2)) as net_amount) to $path (format parquet)",
        {"path": str(parquet)},
    )
    assert "has both order_lines.csv and order_lines.parquet" in refused(chosen)
    (data / "order_lines.csv").unlink()
    load(chosen, NOW)
    assert query(
        chosen, "select order_id, customer_id, quantity, _file, _row_number from raw.order_lines"
    ) == [(7, "c9", None, "order_lines.parquet", 1)]
    parquet.unlink()
    (data / "order_lines.csv").write_text(HEADER + ROW)
    load(chosen, NOW)
    assert query(chosen, "select order_id from raw.order_lines") == [("o1",)]


def test_data_may_move_to_another_folder(chosen: Settings, data: Path) -> None:
    (data / "order_lines.csv").unlink()
    duckdb.connect().execute(
        "copy (select 'o1' as order_id, 'c1' as customer_id, timestamp '2024-05-06' as ordered_at, "
        "1 as net_amount) to $path (format parquet)",
        {"path": str(data / "order_lines.parquet")},
    )
    load(chosen, NOW)
    moved = data.rename(data.with_name("moved"))
    load(replace(chosen, data=moved), NOW)
    assert query(chosen, "select order_id from raw.order_lines") == [("o1",)]


def test_row_numbers_follow_the_file_with_several_threads(chosen: Settings, data: Path) -> None:
    rows = (f'o{n},c{n % 977},2024-01-02,"{n}"\n' for n in range(1, 300_001))
    (data / "order_lines.csv").write_text(HEADER + "".join(rows))
    load(chosen, NOW)
    wrong = "count(*) filter (where cast(net_amount as bigint) <> _row_number)"
    assert query(chosen, f"select count(*), {wrong} from raw.order_lines") == [(300_000, 0)]


def test_a_header_may_have_a_byte_order_mark_and_any_case(chosen: Settings, data: Path) -> None:
    text = "\ufeffOrder_ID, CUSTOMER_ID,Ordered_At,net_amount,Note\r\no1,c1,2024-01-02,1,\r\n"
    (data / "order_lines.csv").write_bytes(text.encode())
    load(chosen, NOW)
    assert query(chosen, "select order_id, customer_id, note from raw.order_lines") == [
        ("o1", "c1", None)
    ]


def test_what_looks_like_another_type_stays_text(chosen: Settings, data: Path) -> None:
    (data / "customers.csv").write_text('customer_id,born\n007,03/04/19\n#1,"a ""b"", c\nd"\n')
    load(chosen, NOW)
    assert query(chosen, "select customer_id, born from raw.customers") == [
        ("007", "03/04/19"),
        ("#1", 'a "b", c\nd'),
    ]


@pytest.mark.parametrize(
    ("content", "parts"),
    [
        (b"order_id;customer_id;ordered_at;net_amount\n", ["has no rows"]),
        (HEADER.encode() + b"1,2,3,4\n1,2\n", ["row 2 (line 3)", "2 columns", "expected 4"]),
        (HEADER.encode() + b'1,2,3,"4\n5"\n1,2,3,4,5\n', ["row 2 (line 4)", "5 columns"]),
        (HEADER.encode() + b'1,2,3,"4\n1,2,3,4\n', ["row 1", "never closed"]),
    ],
)
def test_lines_that_are_refused_are_counted_as_the_file_has_them(
    chosen: Settings, data: Path, content: bytes, parts: list[str]
) -> None:
    (data / "order_lines.csv").write_bytes(content)
    message = refused(chosen)
    assert message.startswith("order_lines")
    for part in parts:
        assert part in message


def test_what_is_refused_leaves_the_last_load_as_it_was(chosen: Settings, data: Path) -> None:
    load(chosen, NOW)
    (data / "order_lines.csv").write_text(HEADER + ROW)
    (data / "products.csv").write_text("product_id\np1,p2\n")
    refused(chosen)
    assert query(chosen, "select count(*) from raw.order_lines") == [(2,)]


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_damaged_parquet_is_refused(chosen: Settings, data: Path, damage: str) -> None:
    path = data / "products.parquet"
    duckdb.connect().execute(
        "copy (select cast(hash(range) as varchar) as product_id from range(20000)) "
        "to $path (format parquet)",
        {"path": str(path)},
    )
    content = bytearray(path.read_bytes())
    if damage == "cut":
        del content[1000:]
    elif damage == "changed":
        for position in range(2000, 2400):
            content[position] ^= 0x5A
    else:
        content = bytearray(b"product_id\np1\n")
    path.write_bytes(content)
    assert "damaged or is not Parquet" in refused(chosen)


def test_a_missing_file_names_what_is_there(chosen: Settings, data: Path) -> None:
    (data / "order_lines.csv").rename(data / "orderlines.csv")
    message = refused(chosen)
    assert "expected order_lines.csv or order_lines.parquet" in message
    assert "did you mean orderlines.csv?" in message


def test_a_warehouse_loaded_from_one_source_refuses_another(chosen: Settings) -> None:
    load(chosen, NOW)
    other = resolve({"WAREHOUSE": str(chosen.warehouse)})
    assert "was loaded from own_files" in refused(other, WRONG_USE)


def test_a_damaged_build_database_is_made_anew(
    chosen: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    load(chosen, NOW)
    build_db = Warehouse(chosen.warehouse).build_db
    build_db.write_bytes(b"not a database" * 1000)
    load(chosen, NOW)
    assert "rebuilt: it cannot be read" in capsys.readouterr().err
    assert query(chosen, "select count(*) from raw.order_lines") == [(2,)]


def publish_history(chosen: Settings, *statements: str) -> None:
    path = Warehouse(chosen.warehouse).marts_db
    path.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(path) as connection:
        connection.execute("create schema history")
        for statement in statements:
            connection.execute(statement)
    path.chmod(0o444)


def test_history_is_empty_when_nothing_is_published(chosen: Settings) -> None:
    load(chosen, NOW)
    for name, columns in HISTORY_TABLES.items():
        if columns:
            assert query(chosen, f"select count(*) from history.{name}") == [(0,)]


def test_history_is_copied_by_name(chosen: Settings) -> None:
    publish_history(
        chosen,
        "create table history.load_ledger as select 'gone' as dropped_column, "
        "'a.csv' as file_name, 'order_lines' as source_table",
    )
    load(chosen, NOW)
    assert query(
        chosen, "select source_table, file_name, file_bytes, loaded_at from history.load_ledger"
    ) == [("order_lines", "a.csv", None, None)]


def test_published_history_remembers_when_a_file_was_first_seen(chosen: Settings) -> None:
    load(chosen, NOW)
    ledger = query(chosen, "select * from raw.load_ledger")
    marks = ", ".join("?" for _ in ledger[0])
    publish_history(chosen, "create table history.load_ledger as from (select 1) limit 0")
    path = Warehouse(chosen.warehouse).marts_db
    path.chmod(0o644)
    columns = ", ".join(f"{name} {kind}" for name, kind in HISTORY_TABLES["load_ledger"])
    with duckdb.connect(path) as connection:
        connection.execute(f"create or replace table history.load_ledger ({columns})")
        connection.execute(f"insert into history.load_ledger values ({marks})", ledger[0])
    Warehouse(chosen.warehouse).build_db.unlink()
    load(chosen, NOW + timedelta(days=30))
    assert query(chosen, "select * from raw.load_ledger") == ledger


def test_a_published_file_that_cannot_be_read_is_not_passed_over(chosen: Settings) -> None:
    chosen.warehouse.mkdir()
    Warehouse(chosen.warehouse).marts_db.write_bytes(b"no database")
    assert "cannot be read" in refused(chosen, 1)


def test_complete_journey_is_loaded_as_views_over_its_files(tmp_path: Path) -> None:
    chosen = resolve({"WAREHOUSE": str(tmp_path / "warehouse")})
    loaded = load(chosen, NOW)
    assert loaded.customer_count is None
    assert load(replace(chosen, k=3), NOW).customer_count == 2_469
    counted = dict(query(chosen, "select source_table, row_count from raw.load_ledger"))
    assert counted == {
        "transactions": 1_469_307,
        "products": 92_331,
        "demographics": 801,
        "campaigns": 6_589,
        "campaign_descriptions": 27,
        "coupons": 116_204,
        "coupon_redemptions": 2_102,
    }
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        assert relation_kind(connection, "raw", "transactions") == "view"
    assert query(
        chosen, "select min(_row_number), max(_row_number), min(_file) from raw.transactions"
    ) == [(1, 1_469_307, "transactions.parquet")]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_refused(chosen: Settings, data: Path) -> None:
    (data / "order_lines.csv").chmod(0)
    assert "cannot be read" in refused(chosen)


def test_a_replay_leaves_out_a_file_that_came_later(chosen: Settings, data: Path) -> None:
    then = datetime(2025, 1, 1)
    old, new = data / "order_lines_1.csv", data / "order_lines_2.csv"
    (data / "order_lines.csv").rename(old)
    new.write_text(HEADER + "o3,c3,2024-03-05,1\n")
    table = OWN_FILES.tables[0]
    row = LedgerRow(table.name, old.name, old.stat().st_size, "", 2, then)
    known = {(table.name, old.name, row.file_sha256): row}
    with duckdb.connect() as connection, plain_names() as names:
        project = ProjectSql(connection)
        for is_replay, expected in ((True, [old.name]), (False, [old.name, new.name])):
            reading = Reading(
                data,
                data,
                known,
                then,
                Guard("customer_id"),
                project,
                Stated(),
                {},
                names,
                is_replay,
            )
            files = read_files(connection, reading, table)
            assert [file.name for file in files] == expected


def test_a_clock_that_was_ahead_at_one_load_is_not_believed_later(
    chosen: Settings, data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (data / "order_lines.csv").write_text(HEADER + ROW + "o2,c2,2050-03-04,1\n")
    assert load(replace(chosen, k=3), NOW.replace(year=2099)).last_date == date(2050, 3, 4)
    warehouse = Warehouse(chosen.warehouse)
    publish_ledger(warehouse)
    for _ in range(2):
        capsys.readouterr()
        assert load(replace(chosen, k=3), NOW).last_date == date(2024, 1, 2)
        assert "the ledger has files loaded at 2099" in capsys.readouterr().err
        assert query(chosen, "select distinct year(loaded_at) from raw.load_ledger") == [(2026,)]
        assert query(chosen, "select year(loaded_at) from raw.load_settings") == [(2026,)]


def test_a_clock_that_was_behind_at_one_load_does_not_outdo_what_was_published(
    chosen: Settings, data: Path
) -> None:
    load(chosen, NOW)
    publish_ledger(Warehouse(chosen.warehouse))
    load(chosen, NOW.replace(year=2024, month=2))
    assert load(replace(chosen, k=3), NOW).last_date == date(2024, 3, 4)


def publish_ledger(warehouse: Warehouse) -> None:
    """Write a published file with the ledger of the last load."""
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute(f"attach {literal(warehouse.build_db)} as build (read_only)")
        connection.execute("create schema history")
        connection.execute("create table history.load_ledger as from build.raw.load_ledger")
        connection.execute(
            "create table segmentation_runs as select 1 as run_number, true as is_current, "
            "'own_files' as source, date '2050-01-31' as as_of_date"
        )
