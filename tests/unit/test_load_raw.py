"""Loading: raw tables, the ledger, repeated loads, and data that is refused."""

from __future__ import annotations

import hashlib
import os
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from common.console import WRONG_USE
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from loading.load_raw import load
from loading.loaded import Loaded
from loads import HEADER, NOW, ROW, query, refused
from store.build_database import relation_kind


def test_rows_come_as_text_with_file_and_row_number(
    order_settings: Settings, two_orders: Path
) -> None:
    loaded = load(replace(order_settings, k=2), NOW)
    assert loaded == Loaded(2, 2, datetime(2024, 1, 2).date(), datetime(2024, 3, 4).date())
    rows = query(
        order_settings,
        "select order_id, net_amount, channel, _file, _row_number from raw.order_lines",
    )
    assert rows == [
        ("o1", "9.50", None, "order_lines.csv", 1),
        ("o2", "1", None, "order_lines.csv", 2),
    ]


def test_optional_files_that_are_not_there_give_empty_tables(order_settings: Settings) -> None:
    load(order_settings, NOW)
    for name in ("customers", "products", "interactions"):
        assert query(order_settings, f"select count(*) from raw.{name}") == [(0,)]
    assert (
        query(order_settings, "select brand, is_private_label, _row_number from raw.products") == []
    )


def test_header_only_is_fine_for_optional_tables_only(
    order_settings: Settings, two_orders: Path
) -> None:
    (two_orders / "customers.csv").write_text("customer_id,age\n")
    load(order_settings, NOW)
    assert query(order_settings, "select customer_id, age from raw.customers") == []
    (two_orders / "order_lines.csv").write_text(HEADER)
    assert "has no rows" in refused(order_settings)


def test_the_ledger_says_what_was_loaded(order_settings: Settings, two_orders: Path) -> None:
    load(order_settings, NOW)
    size = (two_orders / "order_lines.csv").stat().st_size
    rows = query(
        order_settings,
        "select source_table, file_name, file_bytes, length(file_sha256), row_count, loaded_at "
        "from raw.load_ledger",
    )
    assert rows == [("order_lines", "order_lines.csv", size, 64, 2, datetime(2026, 1, 1, 12, 0, 0))]
    assert query(order_settings, "select source, loaded_at from raw.load_settings") == [
        ("own_files", datetime(2026, 1, 1, 12))
    ]


def test_loading_twice_changes_nothing(order_settings: Settings, two_orders: Path) -> None:
    (two_orders / "products.csv").write_text("product_id,brand\np1,Acme\n")
    load(order_settings, NOW)
    everything = [
        "from raw.load_ledger",
        "from raw.load_settings",
        "from raw.order_lines",
        "select table_oid from duckdb_tables() where table_name in ('order_lines', 'products')",
    ]
    before = [query(order_settings, sql) for sql in everything]
    load(order_settings, NOW + timedelta(days=3))
    assert [query(order_settings, sql) for sql in everything] == before


def test_a_changed_file_replaces_its_table_and_gets_a_new_time(
    order_settings: Settings, two_orders: Path
) -> None:
    load(order_settings, NOW)
    (two_orders / "order_lines.csv").write_text(HEADER + ROW)
    load(order_settings, NOW + timedelta(days=1))
    assert query(order_settings, "select count(*) from raw.order_lines") == [(1,)]
    assert query(order_settings, "select loaded_at from raw.load_ledger") == [
        (datetime(2026, 1, 2, 12),)
    ]


def test_a_change_that_leaves_size_and_time_as_they_were_is_found(
    order_settings: Settings, two_orders: Path
) -> None:
    file = two_orders / "order_lines.csv"
    load(order_settings, NOW)
    before = file.stat()
    file.write_text(file.read_text().replace("9.50", "8.50"))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    load(order_settings, NOW)
    assert query(order_settings, "select net_amount from raw.order_lines order by all") == [
        ("1",),
        ("8.50",),
    ]


def test_each_of_many_files_has_its_own_hash_in_the_ledger(
    order_settings: Settings, two_orders: Path
) -> None:
    written = {"order_lines.csv": (two_orders / "order_lines.csv").read_bytes()}
    for number in range(40):
        name = f"order_lines_{number:02}.csv"
        written[name] = (HEADER + f"o{number},c,2024-01-02,1\n" * (number + 3)).encode()
        (two_orders / name).write_bytes(written[name])
    load(order_settings, NOW)
    found = query(order_settings, "select file_name, file_bytes, file_sha256 from raw.load_ledger")
    assert sorted(found) == sorted(
        (name, len(text), hashlib.sha256(text).hexdigest()) for name, text in written.items()
    )


def test_a_removed_file_leaves_an_empty_table(order_settings: Settings, two_orders: Path) -> None:
    (two_orders / "customers.csv").write_text("customer_id,age\nc1,30\n")
    load(order_settings, NOW)
    (two_orders / "customers.csv").unlink()
    load(order_settings, NOW)
    assert query(order_settings, "from raw.customers") == []
    assert query(order_settings, "select source_table from raw.load_ledger") == [("order_lines",)]


def test_csv_and_parquet_can_take_each_others_place(
    order_settings: Settings, two_orders: Path
) -> None:
    load(order_settings, NOW)
    parquet = two_orders / "order_lines.parquet"
    duckdb.connect().execute(
        "copy (select 7 as order_id, 'c9' as CUSTOMER_ID, timestamp '2024-05-06' as ordered_at, "
        "cast(2.5 as decimal(9, 2)) as net_amount) to $path (format parquet)",
        {"path": str(parquet)},
    )
    assert "has both order_lines.csv and order_lines.parquet" in refused(order_settings)
    (two_orders / "order_lines.csv").unlink()
    load(order_settings, NOW)
    assert query(
        order_settings,
        "select order_id, customer_id, quantity, _file, _row_number from raw.order_lines",
    ) == [(7, "c9", None, "order_lines.parquet", 1)]
    parquet.unlink()
    (two_orders / "order_lines.csv").write_text(HEADER + ROW)
    load(order_settings, NOW)
    assert query(order_settings, "select order_id from raw.order_lines") == [("o1",)]


def test_data_may_move_to_another_folder(order_settings: Settings, two_orders: Path) -> None:
    (two_orders / "order_lines.csv").unlink()
    duckdb.connect().execute(
        "copy (select 'o1' as order_id, 'c1' as customer_id, timestamp '2024-05-06' as ordered_at, "
        "1 as net_amount) to $path (format parquet)",
        {"path": str(two_orders / "order_lines.parquet")},
    )
    load(order_settings, NOW)
    moved = two_orders.rename(two_orders.with_name("moved"))
    load(replace(order_settings, data=moved), NOW)
    assert query(order_settings, "select order_id from raw.order_lines") == [("o1",)]


def test_row_numbers_follow_the_file_with_several_threads(
    order_settings: Settings, two_orders: Path
) -> None:
    rows = (f'o{n},c{n % 977},2024-01-02,"{n}"\n' for n in range(1, 300_001))
    (two_orders / "order_lines.csv").write_text(HEADER + "".join(rows))
    load(order_settings, NOW)
    wrong = "count(*) filter (where cast(net_amount as bigint) <> _row_number)"
    assert query(order_settings, f"select count(*), {wrong} from raw.order_lines") == [(300_000, 0)]


def test_a_header_may_have_a_byte_order_mark_and_any_case(
    order_settings: Settings, two_orders: Path
) -> None:
    text = "\ufeffOrder_ID, CUSTOMER_ID,Ordered_At,net_amount,Note\r\no1,c1,2024-01-02,1,\r\n"
    (two_orders / "order_lines.csv").write_bytes(text.encode())
    load(order_settings, NOW)
    assert query(order_settings, "select order_id, customer_id, note from raw.order_lines") == [
        ("o1", "c1", None)
    ]


def test_what_looks_like_another_type_stays_text(
    order_settings: Settings, two_orders: Path
) -> None:
    (two_orders / "customers.csv").write_text(
        'customer_id,born\n007,03/04/19\n#1,"a ""b"", c\nd"\n'
    )
    load(order_settings, NOW)
    assert query(order_settings, "select customer_id, born from raw.customers") == [
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
    order_settings: Settings, two_orders: Path, content: bytes, parts: list[str]
) -> None:
    (two_orders / "order_lines.csv").write_bytes(content)
    message = refused(order_settings)
    assert message.startswith("order_lines")
    for part in parts:
        assert part in message


def test_what_is_refused_leaves_the_last_load_as_it_was(
    order_settings: Settings, two_orders: Path
) -> None:
    load(order_settings, NOW)
    (two_orders / "order_lines.csv").write_text(HEADER + ROW)
    (two_orders / "products.csv").write_text("product_id\np1,p2\n")
    refused(order_settings)
    assert query(order_settings, "select count(*) from raw.order_lines") == [(2,)]


@pytest.mark.parametrize("damage", ["cut", "changed", "other"])
def test_damaged_parquet_is_refused(
    order_settings: Settings, two_orders: Path, damage: str
) -> None:
    path = two_orders / "products.parquet"
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
    assert "damaged or is not Parquet" in refused(order_settings)


def test_a_missing_file_names_what_is_there(order_settings: Settings, two_orders: Path) -> None:
    (two_orders / "order_lines.csv").rename(two_orders / "orderlines.csv")
    message = refused(order_settings)
    assert "expected order_lines.csv or order_lines.parquet" in message
    assert "did you mean orderlines.csv?" in message


def test_a_warehouse_loaded_from_one_source_refuses_another(order_settings: Settings) -> None:
    load(order_settings, NOW)
    other = resolve({"WAREHOUSE": str(order_settings.warehouse)})
    assert "was loaded from own_files" in refused(other, WRONG_USE)


def test_a_damaged_build_database_is_made_anew(
    order_settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    load(order_settings, NOW)
    build_db = Warehouse(order_settings.warehouse).build_db
    build_db.write_bytes(b"not a database" * 1000)
    load(order_settings, NOW)
    assert "rebuilt: it cannot be read" in capsys.readouterr().err
    assert query(order_settings, "select count(*) from raw.order_lines") == [(2,)]


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
def test_a_file_that_may_not_be_read_is_refused(order_settings: Settings, two_orders: Path) -> None:
    (two_orders / "order_lines.csv").chmod(0)
    assert "cannot be read" in refused(order_settings)
