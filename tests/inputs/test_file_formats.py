"""Own files in every shape that is read: encodings, delimiters, kinds, mappings."""

from __future__ import annotations

import gzip
import io
import json
from datetime import date, datetime
from decimal import Decimal

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from checking.check import DEFAULT_SOURCE
from common.settings import resolve
from loading.load_raw import load
from shops import ROOT, SHOP, clean_environment
from tried import (
    EXPECTED,
    GOOD,
    HEADER,
    NAMED,
    NAMED_EXPECTED,
    NOW,
    ROWS,
    day,
    staged,
    try_files,
    write,
)

pytestmark = [pytest.mark.inputs, pytest.mark.short]


@pytest.mark.parametrize(
    "content",
    [
        NAMED.encode("utf-8"),
        NAMED.encode("utf-8-sig"),
        NAMED.encode("utf-16"),
        NAMED.encode("utf-16-le"),
        b"\xfe\xff" + NAMED.encode("utf-16-be"),
        NAMED.encode("utf-32"),
        NAMED.encode("cp1252"),
    ],
    ids=["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"],
)
def test_encodings(tmp_path, content):
    assert staged(tmp_path, {"order_lines.csv": content}) == NAMED_EXPECTED


def test_latin_1_is_read_as_windows_1252_and_said(tmp_path):
    text = HEADER + "o1,Zoë,2024-01-02,9.50\n"
    tried = try_files(tmp_path, {"order_lines.csv": text.encode("latin-1")})
    assert tried.query("select customer_id from raw.order_lines") == [("Zoë",)]
    assert "Windows-1252" in tried.shown


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends(tmp_path, delimiter, line_end):
    content = GOOD.replace(",", delimiter).replace("\n", line_end)
    assert staged(tmp_path, {"order_lines.csv": content}) == EXPECTED


@pytest.mark.parametrize("name", ["order_lines.tsv", "order_lines.txt", "ORDER_LINES.CSV"])
def test_endings_of_text(tmp_path, name):
    assert staged(tmp_path, {name: GOOD.replace(",", "\t")}) == EXPECTED


def test_amounts_in_quotes_hold_the_delimiter(tmp_path):
    content = GOOD.replace("9.50", '"9,50"').replace(",1\n", ',"1,00"\n')
    assert staged(tmp_path, {"order_lines.csv": content}) == EXPECTED


@pytest.mark.parametrize("start", ["\n\n", "sep=;\r\n", "  \n"])
def test_lines_before_the_header(tmp_path, start):
    content = start + GOOD.replace(",", ";")
    tried = try_files(tmp_path, {"order_lines.csv": content})
    assert tried.accepted() == 2
    assert tried.query("select order_id, _row_number from raw.order_lines") == [
        ("o1", 1),
        ("o2", 2),
    ]


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252", "utf-16"])
def test_packed_text(tmp_path, encoding):
    files = {"order_lines.csv.gz": gzip.compress(NAMED.encode(encoding))}
    assert staged(tmp_path, files) == NAMED_EXPECTED


@pytest.mark.parametrize("name", ["order_lines.jsonl", "order_lines.ndjson.gz"])
def test_json_lines(tmp_path, name):
    rows = [
        {"Order ID": "o1", "customer_id": "c1", "ordered_at": "2024-01-02", "net_amount": 9.50},
        {
            "net_amount": "1",
            "customer_id": "c2",
            "ordered_at": "2024-03-04",
            "Order ID": "o2",
            "x": [1],
        },
    ]
    content = "\n".join(map(json.dumps, rows)).encode()
    content = gzip.compress(content) if name.endswith(".gz") else content
    assert staged(tmp_path, {name: content}) == EXPECTED


def test_spellings_of_columns(tmp_path):
    content = "Order ID,CUSTOMERID,ordered-at,Net Amount\n" + ROWS
    assert staged(tmp_path, {"order_lines.csv": content}) == EXPECTED


def test_a_column_without_a_name_is_left_out(tmp_path):
    header, first, second = GOOD.splitlines()
    content = f",{header}\n0,{first}\n1,{second}\n"
    assert staged(tmp_path, {"order_lines.csv": content}) == EXPECTED


def test_several_files_are_one_table(tmp_path):
    header, first, _ = GOOD.splitlines()
    tried = try_files(
        tmp_path,
        {
            "order_lines_1.csv": f"{header}\n{first}\n",
            "order_lines_2.csv": "net_amount;channel;Order ID;customer_id;ordered_at\n"
            "1;web;o2;c2;2024-03-04\n",
            "order_lines_3.jsonl": '{"order_id": "o3", "customer_id": "c3", '
            '"ordered_at": "2024-05-06", "net_amount": 7}',
        },
    )
    assert tried.query(
        "select order_id, channel, _file, _row_number from raw.order_lines order by 1"
    ) == [
        ("o1", None, "order_lines_1.csv", 1),
        ("o2", "web", "order_lines_2.csv", 1),
        ("o3", None, "order_lines_3.jsonl", 1),
    ]
    assert tried.query("select file_name, row_count from raw.load_ledger order by 1") == [
        (f"order_lines_{n}", 1) for n in ("1.csv", "2.csv", "3.jsonl")
    ]
    assert tried.accepted() == 3


def parquet(**columns: list) -> bytes:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def test_partitions_give_columns(tmp_path):
    one = {"order_id": ["o1"], "customer_id": [17850.0], "net_amount": [9.5]}
    two = {"order_id": ["o2", "o3"], "customer_id": [12.0, None], "net_amount": [1.0, 2.0]}
    tried = try_files(
        tmp_path,
        {
            "order_lines/channel=web/year=2024/a.parquet": parquet(
                **one, ordered_at=[datetime(2024, 1, 2)]
            ),
            "order_lines/channel=it's/year=2024/a.parquet": parquet(
                **two, ordered_at=[datetime(2024, 3, 4)] * 2
            ),
            "order_lines/_SUCCESS": b"",
            "order_lines/_temporary/part.parquet": b"half a file",
        },
    )
    rows = tried.query(
        "select order_id, customer_id, channel, year, _row_number from raw.order_lines order by 1"
    )
    assert rows == [
        ("o1", "17850", "web", "2024", 1),
        ("o2", "12", "it's", "2024", 1),
        ("o3", None, "it's", "2024", 2),
    ]
    assert tried.accepted() == 2
    assert tried.reasons() == {"missing_customer_id": 1}


def test_parquet_files_of_different_types_are_one_table(tmp_path):
    tried = try_files(
        tmp_path,
        {
            "order_lines_1.parquet": parquet(
                order_id=[1], customer_id=[7], ordered_at=[date(2024, 1, 2)], net_amount=[9.5]
            ),
            "order_lines_2.parquet": parquet(
                order_id=["o2"], customer_id=[8.0], ordered_at=["2024-03-04"], net_amount=["1"]
            ),
        },
    )
    assert tried.query("select order_id, customer_id from raw.order_lines order by 1") == [
        ("1", "7"),
        ("o2", "8"),
    ]
    assert tried.accepted() == 2


# --- columns.yml


def test_columns_are_mapped(tmp_path):
    tried = try_files(
        tmp_path,
        {
            "sales-2024.csv": "Invoice;Client;Day;Pieces;Unit Price;Kind\n"
            "o1;c1;31.01.2024;2;4,75;sale\no2;c2;04.03.2024;1;1,00;return\no3;c2;04.03.2024;x;1;sale\n",
            "people.csv": "No,Age\nc1,30\n",
            "columns.yml": "# mine\n_file: sales*.csv\norder_id: Invoice\ncustomer_id: client\n"
            'ordered_at: Day\nquantity: Pieces\nnet_amount: Pieces * "Unit Price"\n'
            "is_return: Kind = 'return'\nchannel: \"'shop'\"\n"
            "customers:\n  _file: people.csv\n  customer_id: No\n  age_band: Age\n",
        },
    )
    assert tried.problem is None, tried.problem
    assert tried.query(
        "select order_id, customer_id, net_amount, is_return, channel from raw.order_lines"
    ) == [
        ("o1", "c1", 9.5, False, "shop"),
        ("o2", "c2", 1.0, True, "shop"),
        ("o3", "c2", None, False, "shop"),
    ]
    assert tried.reasons() == {"unreadable_quantity": 1}
    assert tried.query("select customer_id, age_band from raw.customers") == [("c1", "30")]
    for printed in ('Pieces * "Unit Price"', "DD.MM.YYYY", "sales-2024.csv"):
        assert printed in tried.shown


def test_a_mapping_may_use_the_column_it_replaces(tmp_path):
    files = {
        "order_lines.csv": HEADER.replace("\n", ",fee\n") + "o1,c1,2024-01-02,9.5,0.5\n",
        "columns.yml": "net_amount: round(coalesce(net_amount, 0) - fee, 2)\n",
    }
    assert staged(tmp_path, files) == [("o1", "c1", day("2024-01-02"), Decimal(9))]


def test_a_changed_mapping_is_followed(tmp_path):
    content = HEADER.replace("\n", ",gross\n") + "o1,c1,2024-01-02,9.5,11\n"
    data = write(tmp_path / "data", {"order_lines.csv": content})
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(tmp_path / "w")}
    amounts = []
    for mapping in ("net_amount: gross\n", "net_amount: gross * 2\n", None):
        if mapping:
            (data / "columns.yml").write_text(mapping)
        else:
            (data / "columns.yml").unlink()
        load(resolve(given), NOW)
        with duckdb.connect(tmp_path / "w" / "build.duckdb") as connection:
            rows = connection.execute("select cast(net_amount as double) from raw.order_lines")
            amounts += rows.fetchone()
    assert amounts == [11, 22, 9.5]


# --- make check


def test_check_counts_as_the_build_does(tmp_path, shop):
    files = {path.name: path.read_bytes() for path in SHOP.glob("*.csv")}
    tried = try_files(tmp_path, files)
    published = shop.query("select source_table, outcome, reason, row_count from data_quality")
    assert tried.outcomes == {tuple(row[:3]): row[3] for row in published}


def test_make_check_says_that_nothing_was_built(tmp_path):
    import subprocess

    data = write(tmp_path / "data", {"order_lines.csv": GOOD})
    finished = subprocess.run(
        ["make", "check", f"DATA={data}", f"WAREHOUSE={tmp_path / 'warehouse'}"],
        cwd=ROOT,
        env=clean_environment(),
        capture_output=True,
        text=True,
    )
    assert finished.returncode == 0, finished.stderr
    assert DEFAULT_SOURCE in finished.stdout
    assert "2 order lines of 2 customers" in finished.stdout
    assert not (tmp_path / "warehouse").exists()
