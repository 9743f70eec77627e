"""Orders whose fields stand on their first row only are filled forward, and nothing else is."""

from __future__ import annotations

import duckdb
import pytest

from common.warehouse_paths import Warehouse
from loading.load_raw import load
from store.privacy import KEY_NAME, guard_of, write_forgotten
from tried import NOW, settings_of, try_files

pytestmark = pytest.mark.inputs

HEADER = "order_id,customer_id,ordered_at,product_id,net_amount\n"
ORDERS = (
    "1,a,2024-01-02,tea,1\n1,,,jam,2\n1,,,pot,4\n2,b,2024-01-03,tea,8\n"
    "3,,2024-01-04,tea,16\n3,,,jam,32\n"
)
SPENT = (
    "select customer_id, sum(cast(net_amount as integer)) from raw.order_lines "
    "group by customer_id order by customer_id"
)


@pytest.mark.parametrize("names", [["order_lines.csv"], ["order_lines_1.csv", "order_lines_2.csv"]])
def test_fields_of_the_first_row_are_those_of_the_order(tmp_path, names):
    files = {name: HEADER + ORDERS.replace("a,", f"a{n},") for n, name in enumerate(names)}
    tried = try_files(tmp_path, files)
    assert tried.problem is None, tried.problem
    customers = [(f"a{n}", 7) for n in range(len(names))]
    assert tried.query(SPENT) == [*customers, ("b", 8 * len(names)), (None, 48 * len(names))]
    assert tried.reasons() == {"missing_customer_id": 2 * len(names)}
    assert "on the first row of an order only" in tried.shown
    assert tried.loaded == {"order_lines": 6 * len(names)}


def test_ids_that_are_blank_beside_a_product_are_filled_too(tmp_path):
    files = {
        "order_lines.csv": HEADER
        + "1,a,2024-01-02,tea,1\n,,,jam,2\n2,b,2024-01-03,tea,4\n,,,pot,8\n,,,,15\nTotal,,,,15\n"
    }
    tried = try_files(tmp_path, files)
    assert tried.query(SPENT) == [("a", 3), ("b", 12), (None, 30)]
    assert tried.reasons() == {
        "missing_customer_id": 1,
        "missing_order_id": 1,
    } or tried.reasons() == {"missing_customer_id": 2}


@pytest.mark.parametrize(
    "rows",
    [
        # Some later rows have a customer: it is missing in the others.
        "1,a,2024-01-02,tea,1\n1,,2024-01-02,jam,2\n2,b,2024-01-03,tea,4\n2,b,2024-01-03,jam,4\n",
        # The same number elsewhere in the file is another order.
        "1,a,2024-01-02,tea,1\n2,b,2024-01-02,tea,1\n1,,2024-01-03,jam,2\n",
    ],
)
def test_what_is_missing_stays_missing(tmp_path, rows):
    tried = try_files(tmp_path, {"order_lines.csv": HEADER + rows})
    assert tried.reasons() == {"missing_customer_id": 1}
    assert "filled forward" not in tried.shown


def test_conditions_read_filled_fields_and_amounts_are_not_filled(tmp_path):
    files = {
        "orders.csv": "Name,Email,Status,Created,Item,Price,Shipping\n"
        "#1,a@b.example,paid,2024-01-02,tea,1,5\n#1,,,,jam,2,\n"
        "#2,c@b.example,voided,2024-01-02,tea,4,5\n#2,,,,jam,8,\n",
        "columns.yml": "_file: orders.csv\norder_id: Name\ncustomer_id: Email\n"
        "ordered_at: Created\nproduct_id: Item\n"
        "net_amount: Price + coalesce(Shipping, 0)\n_where: Status = 'paid'\n",
    }
    tried = try_files(tmp_path, files)
    assert tried.problem is None, tried.problem
    assert tried.query(SPENT) == [("a@b.example", 8)]
    assert tried.outcomes["order_lines", "left_out", "not_selected"] == 2
    assert tried.query("select count(*) from raw.order_lines_as_read where email is null") == [(2,)]


# A forgotten customer's order stands between others', one of which has a blank line of its own.
WITH_FORGOTTEN = (
    "1,a,2024-01-02,tea,1\n1,,,jam,2\n2,gone,2024-01-03,secret,4\n2,,,secret,8\n{},,,secret,16\n"
    "3,b,2024-01-04,tea,32\n3,,,jam,64\n4,,2024-01-05,tea,128\n"
)
EXPORT = "_file: orders.csv\norder_id: Name\ncustomer_id: Email\nordered_at: Created\n"


@pytest.mark.parametrize("order", ["2", ""])
@pytest.mark.parametrize(
    "rest", [WITH_FORGOTTEN.partition("3,b")[0], WITH_FORGOTTEN], ids=["last", "between"]
)
@pytest.mark.parametrize("pseudonymise", ["0", "1"])
@pytest.mark.parametrize("is_mapped", [False, True])
def test_lines_filled_from_a_forgotten_customer_are_left_out(
    tmp_path, monkeypatch, order, rest, pseudonymise, is_mapped
):
    monkeypatch.setenv(KEY_NAME, "k" * 32)
    lines = rest.format(order)
    files = {"order_lines.csv": HEADER + lines}
    if is_mapped:
        mapping = EXPORT + "product_id: Item\nnet_amount: Price\n"
        files = {
            "orders.csv": "Name,Email,Created,Item,Price\n" + lines,
            "columns.yml": f"order_lines:\n  {mapping.strip().replace(chr(10), chr(10) + '  ')}\n"
            "customers:\n  _file: orders.csv\n  customer_id: Email\n",
        }
    chosen = settings_of(tmp_path, files, PSEUDONYMISE=pseudonymise)
    warehouse = Warehouse(chosen.warehouse)
    warehouse.create()
    guard = guard_of(warehouse, "customer_id", asked=chosen.pseudonymise)
    write_forgotten(warehouse, guard.stored_id("gone"), NOW.date())
    load(chosen, NOW)
    with duckdb.connect(warehouse.build_db, read_only=True) as connection:
        tables = connection.execute(
            "select table_name from duckdb_tables() where schema_name = 'raw'"
        ).fetchall()
        held = [r for (t,) in tables for r in connection.execute(f"from raw.{t}").fetchall()]
        spent = connection.execute(
            "select sum(cast(net_amount as integer)) from raw.order_lines group by customer_id"
        ).fetchall()
        withheld = connection.execute(
            "select row_count from raw.load_withheld where source_table = 'order_lines'"
        ).fetchall()
    assert "secret" not in repr(held)
    assert sorted(spent) == ([(3,), (96,), (128,)] if "3,b" in lines else [(3,)])
    assert withheld == [(3,)]


def test_files_that_come_later_are_looked_at_too(tmp_path, capsys):
    whole = "1,a,2024-01-02,tea,1\n1,a,2024-01-02,jam,2\n"
    chosen = settings_of(tmp_path, {"order_lines_1.csv": HEADER + whole})
    for number, lines, spent in [
        (1, None, [("a", 3)]),
        (2, whole.replace("a", "b"), [("a", 3), ("b", 3)]),
        (3, "3,c,2024-01-02,tea,4\n3,,,jam,8\n", [("a", 3), ("b", 3), ("c", 12)]),
        (4, "4,d,2024-01-02,tea,16\n4,,,jam,32\n", [("a", 3), ("b", 3), ("c", 12), ("d", 48)]),
    ]:
        if lines:
            (tmp_path / "data" / f"order_lines_{number}.csv").write_text(HEADER + lines)
        load(chosen, NOW)
        with duckdb.connect(Warehouse(chosen.warehouse).build_db, read_only=True) as connection:
            assert connection.execute(SPENT).fetchall() == spent
        files = [f"order_lines_{n}.csv" for n in range(3, number + 1)]
        said = capsys.readouterr().out
        assert [name for name in files if name in said] == files
