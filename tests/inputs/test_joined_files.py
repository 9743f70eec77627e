"""Orders and their items in files of their own: `_join` brings columns to rows by a key."""

from __future__ import annotations

import io

import duckdb
import pyarrow.parquet as pq
import pytest

from tried import Files, try_files, try_load

pytestmark = [pytest.mark.inputs, pytest.mark.short]

ITEMS = (
    "order_id,order_item_id,product_id,price,status\no1,1,tea,9,x\no1,2,jam,5,x\n"
    "o2,1,tea,8,x\no9,1,tea,1,x\n"
)
ORDERS = (
    "order_id,customer_id,status,bought\no1,k1,delivered,2024-01-02\n"
    "o2,k2,delivered,2024-01-03\no3,k3,canceled,2024-01-04\n"
)
PEOPLE = "id,unique_id,city\nk1,anna,Ulm\nk2,anna,Ulm\nk3,bert,Bonn\n"
MAPPING = (
    "order_lines:\n  _file: items.csv\n"
    "  _join: {orders.csv: order_id, people.csv: customer_id = id}\n"
    "  order_line_id: order_item_id\n  customer_id: unique_id\n  ordered_at: bought\n"
    "  net_amount: price\n"
)
FILES: Files = {
    "items.csv": ITEMS,
    "orders.csv": ORDERS,
    "people.csv": PEOPLE,
    "columns.yml": MAPPING + "customers:\n  _file: people.csv\n  customer_id: unique_id\n",
}
LINES = (
    "select order_id, order_line_id, customer_id, ordered_at, net_amount from raw.order_lines "
    "order by 1, 2"
)


def parquet(content: str) -> bytes:
    """Return the text of a CSV file as Parquet."""
    file = io.BytesIO()
    with duckdb.connect() as connection:
        header, *rows = (line.split(",") for line in content.splitlines())
        values = ", ".join(str(tuple(row)) for row in rows)
        relation = connection.from_query(
            f"select * from (values {values}) as rows({', '.join(header)})"
        )
        pq.write_table(relation.to_arrow_table(), file)
    return file.getvalue()


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_columns_of_other_files_come_by_their_keys(tmp_path, kind):
    files = {
        name.replace(".csv", f".{kind}"): content.replace(".csv", f".{kind}")
        if name == "columns.yml" or kind == "csv"
        else parquet(content)
        for name, content in FILES.items()
    }
    tried = try_files(tmp_path, files)
    assert tried.problem is None, tried.problem
    assert tried.query(LINES) == [
        ("o1", "1", "anna", "2024-01-02", "9"),
        ("o1", "2", "anna", "2024-01-02", "5"),
        ("o2", "1", "anna", "2024-01-03", "8"),
        ("o9", "1", None, None, "1"),
    ]
    assert tried.reasons() == {"missing_customer_id": 1}
    assert tried.outcomes["order_lines_joined", "accepted", "looked_up"] == 6
    assert tried.loaded == {"order_lines": 4, "order_lines_joined": 6, "customers": 3}
    assert f"1 row found none of the same order_id in orders.{kind}" in tried.shown


def test_columns_of_one_name_are_told_apart_by_the_file(tmp_path):
    where = "  _where: \"\\\"orders.status\\\" = 'delivered' and status = 'x'\"\n"
    tried = try_load(tmp_path, FILES | {"columns.yml": MAPPING + where})
    assert tried.problem is None, tried.problem
    assert tried.query("select row_count from raw.load_left_out") == [(1,)]


def test_a_customer_who_comes_by_a_join_gets_a_pseudonym(tmp_path, monkeypatch):
    monkeypatch.setenv("PSEUDONYM_KEY", "k" * 32)
    tried = try_load(tmp_path, FILES | {"columns.yml": MAPPING}, PSEUDONYMISE="1")
    assert tried.problem is None, tried.problem
    rows = tried.query("select distinct customer_id from raw.order_lines order by 1")
    assert [len(customer or "") for (customer,) in rows] == [64, 0]
    tables = tried.query("select table_name from duckdb_tables() where schema_name = 'raw'")
    assert not [name for (name,) in tables if name.startswith("joining")]
    assert tried.query("select count(*) from raw.order_lines_as_read where unique_id = 'anna'") == [
        (0,)
    ]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        (
            {"orders.csv": ORDERS + "o1,k1,canceled,2024-02-01\n"},
            ("line 3", "orders.csv has order_id 'o1' in 2 rows", "expected each once"),
        ),
        ({"columns.yml": MAPPING.replace("= id", "= idd")}, ("'idd' is no column", "mean id?")),
        ({"columns.yml": MAPPING.replace("{orders", "{sales")}, ("expected sales.csv",)),
        ({"columns.yml": "_join: orders.csv\n"}, ("_join: expected such as",)),
    ],
)
def test_joins_that_cannot_be(tmp_path, changes, says):
    message = str(try_load(tmp_path, FILES | changes).problem)
    for part in says:
        assert part in message
