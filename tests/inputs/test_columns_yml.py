"""What `columns.yml` may say beyond the names of columns, and how its expressions are read."""

from __future__ import annotations

import io
from datetime import datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from loading.column_mapping import quoting_hint
from loading.mapping_file import Entry
from tried import HEADER, Tried, try_files, try_load

pytestmark = pytest.mark.inputs

WIDE = HEADER.replace("\n", ",status,note\n")


def amounts(tried: Tried) -> list[tuple]:
    assert tried.problem is None, tried.problem
    return tried.query(
        "select order_id, cast(net_amount as decimal(18, 4)) from raw.order_lines order by 1"
    )


def adds_up(tried: Tried, table: str = "order_lines") -> None:
    """Rows loaded are accepted, rejected, duplicates or left out."""
    rows = sum(n for (t, outcome, _), n in tried.outcomes.items() if t == table != outcome)
    noted = sum(
        n for (t, outcome, _), n in tried.outcomes.items() if (t, outcome) == (table, "noted")
    )
    assert rows - noted == tried.loaded[table]


# --- numbers are computed as they stand


@pytest.mark.parametrize(
    ("price", "expected"),
    [
        ("0.005678", "1.7034"),
        ("0,005678", "1.7034"),
        ("$0.005678", "1.7034"),
        ("0.000001", "0.0003"),
        ("1e-5", "0.0030"),
        ("0.00001675", "0.0050"),
    ],
)
def test_a_product_is_rounded_once(tmp_path, price, expected):
    files = {
        "order_lines.csv": "order_id,customer_id,ordered_at,pieces,price\n"
        f'o,c,2024-01-02,300,"{price}"\n',
        "columns.yml": "net_amount: pieces * price\n",
    }
    assert amounts(try_load(tmp_path, files)) == [("o", Decimal(expected))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("-amount", "-7.0000"),
        ("- Amount", "-7.0000"),
        ("gross - net", "-3.0000"),
        ("gross-net", "2.0000"),
        ('"gross-net"', "2.0000"),
        ("item-price", "5.0000"),
        ("net / gross", "4.0000"),
    ],
)
def test_an_operator_is_no_spelling_of_a_name(tmp_path, text, expected):
    files = {
        "order_lines.csv": "order_id,customer_id,ordered_at,amount,gross,net,gross-net,Item Price,"
        "net_gross\no,c,2024-01-02,7,1,4,2,5,9\n",
        "columns.yml": f"net_amount: '{text}'\n",
    }
    assert amounts(try_files(tmp_path, files)) == [("o", Decimal(expected))]


def test_a_sum_of_small_parts_is_rounded_once(tmp_path):
    files = {
        "order_lines.csv": "order_id,customer_id,ordered_at,a,b\no,c,2024-01-02,0.00004,0.00004\n",
        "columns.yml": "net_amount: cast(a as double) + b\n",
    }
    assert amounts(try_load(tmp_path, files)) == [("o", Decimal("0.0001"))]


# --- times are times


@pytest.mark.parametrize(
    ("cell", "line", "expected"),
    [
        ("1706428860", "to_timestamp(day)", "2024-01-28 08:01:00"),
        ("1706428860", "to_timestamp(cast(day as bigint))", "2024-01-28 08:01:00"),
        ("1706428860500", "epoch_ms(day)", "2024-01-28 08:01:00.500"),
        ("28.01.2024 23:30", "date_trunc('day', day)", "2024-01-28"),
        ("28.01.2024 23:30", "day + interval 2 hours", "2024-01-29 01:30"),
        ("28.01.2024 23:30", "day - interval '30 minutes'", "2024-01-28 23:00"),
        ("28.01.2024 23:30", "cast(day as date)", "2024-01-28"),
        ("2024-07-28T23:30:00Z", "timezone('Europe/Berlin', day)", "2024-07-29 01:30"),
        ("2024-01-28", "make_date(year(day), month(day), 1)", "2024-01-01"),
        ("28/01/24", "strptime(day, '%d/%m/%y')", "2024-01-28"),
        ("28.01.2024", "case when day < date '2024-02-01' then day end", "2024-01-28"),
        ("28.01.2024", "case when day > '2024-01-15' then day end", "2024-01-28"),
    ],
)
def test_expressions_over_times(tmp_path, cell, line, expected):
    files = {
        "order_lines.csv": f"order_id,customer_id,day,net_amount\no,c,{cell},1\n",
        "columns.yml": f'ordered_at: "{line}"\n',
    }
    tried = try_files(tmp_path, files)
    assert tried.problem is None, tried.problem
    assert tried.accepted() == 1
    ((found,),) = tried.query("select ordered_at from raw.order_lines")
    if isinstance(found, str):
        found = datetime.strptime(found, "%d.%m.%Y")
    assert datetime.fromisoformat(str(found)) == datetime.fromisoformat(expected)


def test_typed_columns_reach_expressions(tmp_path):
    file = io.BytesIO()
    table = pa.table(
        {
            "order_id": [1, 2],
            "customer": [17850.0, 12.0],
            "paid": pa.array([datetime(2024, 1, 28, 23, 30)] * 2, pa.timestamp("us", "UTC")),
            "net_amount": [1.5, 2.5],
            "refunded": [True, False],
        }
    )
    pq.write_table(table, file)
    mapping = (
        "customer_id: lower(customer)\n"
        "ordered_at: timezone('Europe/Berlin', paid)\n"
        "is_return: case when refunded then true else false end\n"
        "channel: left(paid, 10)\n"
    )
    tried = try_load(tmp_path, {"order_lines.parquet": file.getvalue(), "columns.yml": mapping})
    assert tried.problem is None, tried.problem
    assert tried.query(
        "select customer_id, ordered_at, is_return, channel from raw.order_lines"
    ) == [
        ("17850", datetime(2024, 1, 29, 0, 30), True, "2024-01-28"),
        ("12", datetime(2024, 1, 29, 0, 30), False, "2024-01-28"),
    ]


# --- names that need quotes


def test_a_dot_is_part_of_a_name(tmp_path):
    files = {
        "order_lines.csv": "order_id,customer_id,ordered_at,item.total\no,c,2024-01-02,4.5\n",
        "columns.yml": "net_amount: item.total * 2\n",
    }
    assert amounts(try_load(tmp_path, files)) == [("o", Decimal(9))]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Unit Price * 2", """net_amount: '"Unit Price" * 2'"""),
        ("unit-price * Unit Price", """net_amount: '"unit-price" * "Unit Price"'"""),
        ("if(Unit Price = 'x', 1, 2)", """net_amount: 'if("Unit Price" = ''x'', 1, 2)'"""),
        ("from * price", """net_amount: '"from" * price'"""),
        ('"Unit Price" * 2', ""),
        ("price * 2", ""),
    ],
)
def test_a_refused_expression_is_shown_with_quotes(text, expected):
    names = ["Unit Price", "unit-price", "price", "from"]
    with duckdb.connect() as connection:
        hint = quoting_hint(connection, Entry("net_amount", text, 1), names)
    assert hint.endswith(expected) and bool(hint) == bool(expected)


# --- _where, _missing, _only


def test_rows_that_are_not_to_be_used_are_counted_as_left_out(tmp_path):
    rows = (
        "o1,c1,2024-01-02,9,paid,\no2,,soon,free,cancelled,\n"
        "o3,c2,2024-01-03,5,,\no4,,2024-01-03,5,Paid,\n"
    )
    files = {"order_lines.csv": WIDE + rows, "columns.yml": "_where: lower(status) = 'paid'\n"}
    tried = try_files(tmp_path, files)
    assert tried.problem is None, tried.problem
    assert tried.outcomes["order_lines", "left_out", "not_selected"] == 2
    assert tried.accepted() == 1
    assert tried.reasons() == {"missing_customer_id": 1}
    adds_up(tried)
    assert "left out by _where" in tried.shown


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("_where: status\n", ("line 1", "is no condition")),
        ("_where: state = 'paid'\n", ("names a column state", "did you mean status?")),
        ("_where: [a]\n", ("_where: expected such as", "status <> 'cancelled'")),
        ("_wher: a = 1\n", ("_wher (did you mean _where?)",)),
        ("_only: [note]\n", ("order_lines has the columns of its contract only",)),
        (
            "_missing: {cusomer_id: [0]}\n",
            ("'cusomer_id' is no column (did you mean customer_id?)",),
        ),
        ("_missing: [[0]]\n", ("_missing: expected such as",)),
        ("customers:\n  _only: [agee]\n", ("line 2", "'agee' is no column (did you mean age?)")),
    ],
)
def test_lines_that_cannot_be(tmp_path, mapping, says):
    files = {
        "order_lines.csv": WIDE + "o1,c1,2024-01-02,9,paid,\n",
        "customers.csv": "customer_id,age\nc1,30\n",
        "columns.yml": mapping,
    }
    message = str(try_load(tmp_path, files).problem)
    for part in says:
        assert part in message


def test_texts_that_stand_for_no_value(tmp_path):
    files = {
        "order_lines.csv": WIDE
        + "o1,0,2024-01-02,9,paid,-999\no2,Guest,2024-01-02,0,paid,7\n"
        + "o3,c3,2024-01-02,0,paid,-999.0\n",
        "customers.csv": "customer_id,age,city\nc3,-999,n.a.\nc4,41,Ulm\n",
        "columns.yml": "order_lines:\n  quantity: note\n"
        "  _missing: {customer_id: [0, guest], note: [-999]}\n"
        "customers:\n  _missing: [-999, N.A.]\n",
    }
    tried = try_files(tmp_path, files)
    assert tried.problem is None, tried.problem
    assert tried.query("select customer_id, net_amount, quantity from raw.order_lines") == [
        (None, "9", None),
        (None, "0", "7"),
        ("c3", "0", None),
    ]
    assert tried.reasons() == {"missing_customer_id": 2}
    assert tried.query("select age, city from raw.customers") == [(None, None), ("41", "Ulm")]


def test_values_of_files_and_of_expressions_are_counted_as_missing(tmp_path):
    files = {
        "order_lines.csv": WIDE
        + "o1,c1,2024-01-02,9,paid,1\no2,Guest,2024-01-02,0,paid,2\no3,c3,2024-01-02,4,paid,0\n",
        "columns.yml": "quantity: note * 2\n_missing: {customer_id: [guest], quantity: [0, 4]}\n",
    }
    tried = try_load(tmp_path, files)
    assert tried.problem is None, tried.problem
    assert "3 cells taken for missing by _missing" in " ".join(tried.shown.split())
    assert tried.query("select count(customer_id), count(quantity) from raw.order_lines") == [
        (2, 1)
    ]


def test_a_column_of_two_words_that_is_not_there_is_no_expression_with_a_name(tmp_path):
    files = {
        "sales.csv": "Sales of 2024\n\nSale ID,Who,Day,Total\no1,c1,2024-01-02,9\n",
        "columns.yml": "order_lines:\n  _file: sales.csv\n  order_id: Sale ID\n  ordered_at: Day\n",
    }
    message = str(try_load(tmp_path, files).problem)
    assert "order_id: 'Sale ID' is no column; " in message
    assert "write _skip: 2" in message
    files["columns.yml"] += "  _skip: 2\n  customer_id: Whose Name\n"
    message = str(try_load(tmp_path / "next", files).problem)
    assert (
        "customer_id: 'Whose Name' is no column; the columns there are: Day, Sale ID, Total, Who"
        in message
    )


@pytest.mark.parametrize("pseudonymise", ["0", "1"])
def test_customers_taken_for_missing_are_so_with_pseudonyms_too(
    tmp_path, monkeypatch, pseudonymise
):
    monkeypatch.setenv("PSEUDONYM_KEY", "k" * 32)
    files = {
        "order_lines.csv": HEADER
        + "o1,c1,2024-01-02,9\no2, Guest,2024-01-02,0\no3,0.0,2024-01-02,4\no4,c4,2024-01-02,4\n",
        "columns.yml": "_missing: {customer_id: [guest, 0]}\n",
    }
    tried = try_files(tmp_path, files, PSEUDONYMISE=pseudonymise)
    assert tried.problem is None, tried.problem
    assert "2 cells taken for missing by _missing" in " ".join(tried.shown.split())
    assert tried.reasons() == {"missing_customer_id": 2}
    assert tried.query("select count(distinct customer_id) from raw.order_lines") == [(2,)]
    if pseudonymise == "1":
        held = tried.query("select distinct customer_id from raw.order_lines_as_read order by 1")
        assert [len(customer) for (customer,) in held] in ([64, 64, 8], [64, 8, 64], [8, 64, 64])


def test_only_the_attributes_that_are_named(tmp_path):
    files = {
        "sales.csv": WIDE.replace("status,note", "Age,town")
        + "o1,c1,2024-01-02,9,30,Ulm\no2,c1,2024-01-03,9,30,Bonn\n",
        "columns.yml": "order_lines:\n  _file: sales.csv\n"
        "customers:\n  _file: sales.csv\n  _only: [age]\n",
    }
    tried = try_files(tmp_path, files)
    assert tried.problem is None, tried.problem
    assert tried.query("select * exclude (_file, _row_number) from raw.customers") == [
        ("c1", "30"),
        ("c1", "30"),
    ]
    assert tried.reasons("customers") == {"exact_duplicate": 1}
    adds_up(tried, "customers")


ORDERS_OF_PEOPLE = (
    "Order ID,Customer ID,Age,Town,Status,Date,Total\n"
    "1,a,30,Ulm,paid,2024-01-02,9\n1,a,30,Ulm,open,2024-01-02,8\n2,a,30,Ulm,paid,2024-01-05,7\n"
    "3,b,41,Bonn,paid,2024-01-03,6\n"
)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("", ["age", "town"]),
        ("  years: Age\n", ["years"]),
        ("  _only: [Town, Age]\n", ["town", "age"]),
    ],
)
def test_customers_in_the_file_of_orders_have_attributes_only(tmp_path, lines, expected):
    files = {
        "sales.csv": ORDERS_OF_PEOPLE,
        "columns.yml": "order_lines:\n  _file: sales.csv\n  ordered_at: Date\n  net_amount: Total\n"
        f"customers:\n  _file: sales.csv\n{lines}",
    }
    tried = try_files(tmp_path, files)
    assert tried.problem is None, tried.problem
    columns = tried.query(
        "select column_name from duckdb_columns() where schema_name = 'raw' "
        "and table_name = 'customers' order by column_name"
    )
    assert [name for (name,) in columns] == sorted(
        ["customer_id", "_file", "_row_number", *expected]
    )
    assert tried.reasons("customers") == {"exact_duplicate": 2}
    assert tried.accepted("customers") == 2
    assert ("_only in columns.yml names others" in tried.shown) == ("_only" not in lines)
