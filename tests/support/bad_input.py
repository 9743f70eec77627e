"""Bad input: what is refused with which words, and what is taken row by row."""

from __future__ import annotations

import gzip
import io
from dataclasses import dataclass, field

import duckdb

from tried import HEADER, ROWS, Files
from workbooks import empty_workbook

ALL = HEADER.replace("\n", ",order_line_id,quantity,is_return\n")


@dataclass(frozen=True)
class Refused:
    """Files that are refused as a whole, and what the message says."""

    files: Files
    says: tuple[str, ...]
    settings: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Taken:
    """Files of which rows are accepted, why the others are not, what is noted and shown."""

    files: Files
    accepted: int
    reasons: dict[str, int] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    table: str = "order_lines"
    noted: dict[str, int] = field(default_factory=dict)
    shows: str = ""


def lines(text: str, name: str = "order_lines.csv") -> Files:
    return {name: HEADER + text}


def mapped(text: str, header: str = "no,customer_id,ordered_at,price\n") -> Files:
    return {"order_lines.csv": header + ROWS, "columns.yml": text}


def dated(*dates: str) -> Files:
    return lines("".join(f"o{n},c{n},{text},1\n" for n, text in enumerate(dates)))


def priced(*amounts: str) -> Files:
    return lines("".join(f'o{n},c{n},2024-01-02,"{text}"\n' for n, text in enumerate(amounts)))


def parquet(query: str) -> bytes:
    with duckdb.connect() as connection:
        table = connection.sql(query).to_arrow_table()
    import pyarrow.parquet

    file = io.BytesIO()
    pyarrow.parquet.write_table(table, file)
    return file.getvalue()


GOOD = HEADER + ROWS
SHIFTED = HEADER + "o1,c1,2024-01-02,9.50\no2,Smith, John,2024-03-04,1\n"
DAMAGED_GZIP = gzip.compress(GOOD.encode())[:-12]
DAMAGED_PARQUET = parquet("select 'o' as order_id")[:100]

REFUSED: dict[str, Refused] = {
    # --- files
    "no file": Refused({}, ("expected order_lines.csv", "there is no files")),
    "another name": Refused({"lines.csv": GOOD}, ("expected order_lines.csv", "lines.csv")),
    "a workbook in disguise": Refused(
        {"order_lines.csv": empty_workbook()}, ("order_lines.csv", "name it .xlsx")
    ),
    "empty file": Refused({"order_lines.csv": b""}, ("order_lines.csv", "is empty")),
    "blank lines only": Refused({"order_lines.csv": b"\n \r\n\n"}, ("is empty",)),
    "header only": Refused(lines(""), ("order_lines.csv", "has no rows")),
    "header only of JSON": Refused({"order_lines.jsonl": b"\n"}, ("is empty",)),
    "CSV beside Parquet": Refused(
        {"order_lines.csv": GOOD, "order_lines_2.parquet": parquet("select 'o' as order_id")},
        ("has both order_lines.csv and order_lines_2.parquet",),
    ),
    "the same file packed and unpacked": Refused(
        {"order_lines.csv": GOOD, "order_lines.csv.gz": gzip.compress(GOOD.encode())},
        ("has both order_lines.csv and order_lines.csv.gz",),
    ),
    "a copy of the file": Refused(
        {"order_lines.csv": GOOD, "order_lines (1).csv": GOOD},
        ("is a copy of order_lines", "would count twice"),
    ),
    "packed and cut off": Refused({"order_lines.csv.gz": DAMAGED_GZIP}, ("is damaged",)),
    "Parquet cut off": Refused({"order_lines.parquet": DAMAGED_PARQUET}, ("is damaged",)),
    "CSV under the name of Parquet": Refused({"order_lines.parquet": GOOD}, ("not Parquet",)),
    # --- columns
    "a required column missing": Refused(
        {"order_lines.csv": "order_id,customer,ordered_at,net_amount\n" + ROWS},
        ("no column customer_id (did you mean customer?)", "order_id, customer, ordered_at"),
    ),
    "no header": Refused({"order_lines.csv": ROWS}, ("no column order_id", "o1, c1")),
    "two columns of one name": Refused(
        {"order_lines.csv": "Order ID,order-id,customer_id,ordered_at,net_amount\n"},
        ("more than one column order_id (Order ID, order-id)",),
    ),
    "a name that is taken": Refused(
        {"order_lines.csv": "_file," + HEADER}, ("column _file", "taken")
    ),
    # --- text
    "bytes that are no text": Refused(
        {"order_lines.csv": (HEADER + "o1,M\x81ller,2024-01-02,1\n").encode("latin-1")},
        ("order_lines.csv", "line 2", "0x81"),
    ),
    "UTF-8 with a foreign line": Refused(
        {
            "order_lines.csv": (HEADER + "o1,Müller,2024-01-02,1\no2,Żółć,2024-01-02,1\n").encode()
            + "o3,Möller,2024-01-02,1\n".encode("cp1252")
        },
        ("line 4", "0xf6", "save the file as UTF-8"),
    ),
    "a zero byte": Refused({"order_lines.csv": GOOD.replace("c2", "c\x002")}, ("line 3", "0x00")),
    "UTF-16 cut off": Refused(
        {"order_lines.csv": GOOD.encode("utf-16")[:-1]}, ("not whole UTF-16",)
    ),
    "a column shifted by a comma": Refused(
        {"order_lines.csv": SHIFTED},
        (
            "order_lines.csv",
            "row 2 (line 3)",
            "5 columns: expected 4",
            "net_amount has '2024-03-04'",
        ),
    ),
    "a row too short": Refused(
        lines("o1,c1,2024-01-02\n"), ("row 1 (line 2)", "3 columns", "Column net_amount")
    ),
    "a quote never closed": Refused(
        lines('o1,"c1,2024-01-02,1\no2,c2,2024-01-02,1\n'), ("row 1", "never closed")
    ),
    "text after a quote": Refused(
        lines('o1,"c1"x,2024-01-02,1\n'), ("row 1", "after a closing double quote")
    ),
    "JSON with a broken line": Refused(
        {"order_lines.jsonl": '{"order_id": "o1"}\n{"order_id": }\n'}, ("line 2", "JSON object")
    ),
    "JSON that names a thing twice": Refused(
        {
            "order_lines.jsonl": '{"order_id": "1", "order_id": "2", "customer_id": "c", '
            '"ordered_at": "2024-01-01", "net_amount": 1}\n'
        },
        ("line 1", "'order_id' twice"),
    ),
    # --- dates and numbers
    "two date formats": Refused(
        dated("2024-01-31", "2024-02-01", "31.01.2024"),
        ("ordered_at", "mixes date formats", "row 3 of order_lines.csv", "'31.01.2024'"),
    ),
    "day first and month first": Refused(
        dated("31/01/2024", "01/02/2024", "01/31/2024", "28/02/2024"),
        ("mixes date formats", "row 3", "DATE_FORMAT=DD/MM/YYYY", "DATE_FORMAT=MM/DD/YYYY"),
    ),
    "days or months": Refused(
        dated("01/02/2024", "03/04/2024"),
        ("ordered_at", "'01/02/2024'", "DATE_FORMAT=DD/MM/YYYY or DATE_FORMAT=MM/DD/YYYY"),
    ),
    "days, months or years": Refused(dated("01/02/03"), ("DATE_FORMAT=YY/MM/DD",)),
    "no dates at all": Refused(dated("soon", "later"), ("ordered_at", "2026-03-01 17:45:00")),
    "all in the future": Refused(dated("2101-01-01"), ("not in the future",)),
    "thousands or decimals": Refused(
        priced("1,234", "5"), ("net_amount", "'1,234' (row 1", "DECIMAL=point", "1234 or 1.234")
    ),
    "points and commas": Refused(
        priced("1,50", "2.50"), ("net_amount", "'2.50' (row 2", "'1,50' (row 1")
    ),
    "two currencies": Refused(
        priced("$5.10", "€7.10"), ("net_amount", "currencies $ (row 1", "€ (row 2")
    ),
    "nobody": Refused(lines(",,,\n"), ("no row has both a customer_id and a ordered_at",)),
    "no amount at all": Refused(priced("much", "more"), ("no order line was accepted",)),
    # --- columns.yml
    "a mapping that is no YAML": Refused(mapped('net_amount: "a" * b\n'), ("line 1", "not YAML")),
    "a mapping under another name": Refused(
        {"order_lines.csv": GOOD, "columns.yaml": "net_amount: price\n"}, ("name it columns.yml",)
    ),
    "a mapping of a list": Refused(mapped("- a\n"), ("columns.yml", "expected lines such as")),
    "a mapping that is a bomb": Refused(
        mapped("a: &a [x]\nb: &b [*a,*a]\nnet_amount: *b\n"),
        ("columns.yml, line 1", "expected the name"),
    ),
    "a mapping of a column that is not there": Refused(
        mapped("order_id: no\nnet_amount: prise\n"),
        ("columns.yml, line 2", "prise", "did you mean price?"),
    ),
    "a mapping to what no table has": Refused(
        mapped("net_amnt: price\n"), ("line 1", "net_amnt", "did you mean net_amount?")
    ),
    "a mapping that leaves a column out": Refused(
        mapped("order_id: no\n"), ("order_lines.csv", "no column net_amount")
    ),
    "a mapping said twice": Refused(
        mapped("order_id: no\nOrder ID: price\n"), ("line 2", "is already in line 1")
    ),
    "a mapping with a query": Refused(
        mapped("net_amount: (select 1)\n"), ("line 1", "has a query in it")
    ),
    "a mapping that reads a file": Refused(
        mapped("net_amount: read_text('/etc/hostname')\n"), ("line 1", "read_text")
    ),
    "a mapping that reads the environment": Refused(
        mapped("net_amount: getenv('HOME')\n"), ("line 1", "getenv")
    ),
    "a mapping that asks the clock": Refused(mapped("ordered_at: now()\n"), ("calls now",)),
    "a mapping of two statements": Refused(
        mapped("net_amount: 1; drop table raw.order_lines\n"), ("line 1", "net_amount")
    ),
    "a mapping with a table in it": Refused(
        mapped("net_amount: price from raw.load_ledger\n"), ("more than one expression",)
    ),
    "a mapping with a window": Refused(
        mapped("net_amount: sum(price) over ()\n"), ("line 1", "window")
    ),
    "a mapping with another schema": Refused(
        mapped("net_amount: pg_catalog.abs(1)\n"), ("line 1", "abs")
    ),
    "a mapping that cannot be run": Refused(
        mapped("customer_id: substr()\nnet_amount: price\norder_id: no\n"), ("line 1", "cannot be")
    ),
    "a mapping with a broken pattern": Refused(
        mapped("net_amount: price\norder_id: regexp_replace(no, '(', '')\n"),
        ("line 2", "cannot be"),
    ),
    "a mapping that is not text": Refused(
        mapped("net_amount: {a: b}\n"), ("line 1", "expected the name of a column")
    ),
    "files of a mapping outside": Refused(
        {**mapped("_file: ../outside/*.csv\n"), "../outside/order_lines.csv": GOOD},
        ("columns.yml, line 1", "outside of the folder"),
    ),
    "files of a mapping that are not there": Refused(
        mapped("_file: sales*.csv\n"), ("columns.yml, line 1", "sales*.csv")
    ),
}

TAKEN: dict[str, Taken] = {
    "ids with leading zeros": Taken(lines("007,0042,2024-01-02,1\n7,42,2024-01-02,1\n"), 2),
    "blank and NULL": Taken(
        lines(
            "o1,NULL,2024-01-02,1\no2, ,2024-01-02,1\nNaN,c3,2024-01-02,1\n"
            "o4,c4,n/a,1\no5,c5,2024-01-02,null\no6,c6,2024-01-02,1\n"
        ),
        1,
        {
            "missing_customer_id": 2,
            "missing_order_id": 1,
            "missing_ordered_at": 1,
            "missing_net_amount": 1,
        },
    ),
    "numbers too large": Taken(
        priced("1", "1e308", "1e300", "inf", "nan", "99999999999999.9999", "12345678901"),
        1,
        {"unreadable_net_amount": 3, "missing_net_amount": 1, "absurd_amount": 2},
    ),
    "amounts that are no numbers": Taken(
        priced("1.50", "free", "12k", "5%", "--1", "1.2.3", "٣"),
        1,
        {"unreadable_net_amount": 6},
        # The first row of each reason.
        shows="order_lines.csv, row 2: 'free'",
    ),
    "a stray decimal comma": Taken(
        priced("1,50", *["2.50"] * 200), 200, {"unreadable_net_amount": 1}
    ),
    "dates that are none": Taken(
        dated("2024-01-31", "2024-02-30", "yesterday", "2024-13-01", "45292"),
        1,
        {"unreadable_ordered_at": 4},
    ),
    "dates in the future and long ago": Taken(
        dated("2024-01-31", "2101-01-01", "1969-12-31", "0024-01-01"),
        1,
        {"in_the_future": 1, "before_1970": 2},
    ),
    "the same line twice": Taken(
        {
            "order_lines.csv": ALL
            + "o1,c1,2024-01-02,1,l1,1,\n" * 3
            + "o1,c1,2024-01-02,2,l1,1,\no2,c1,2024-01-02,1,l2,1,\n"
        },
        2,
        {"exact_duplicate": 2, "conflicting_order_line_id": 1},
    ),
    "returns nobody understands": Taken(
        {
            "order_lines.csv": ALL + "o1,c1,2024-01-02,1,l1,1,perhaps\no2,c1,2024-01-02,1,l2,x,no\n"
            "o3,c1,2024-01-02,1,l3,1,yes\n"
        },
        1,
        {"unreadable_is_return": 1, "unreadable_quantity": 1},
    ),
    "customers without orders": Taken(
        {"order_lines.csv": GOOD, "customers.csv": "customer_id,age\nc8,30\nc9,40\nc9,41\n,50\n"},
        2,
        {"conflicting_customer_id": 1, "missing_customer_id": 1},
        table="customers",
    ),
    "orders without customers": Taken(
        {"order_lines.csv": GOOD, "customers.csv": "customer_id\n"}, 2
    ),
    "products nobody knows": Taken(
        {
            "order_lines.csv": HEADER.replace("\n", ",product_id\n")
            + "o1,c1,2024-01-02,1,p1\no2,c1,2024-01-02,1,p9\n",
            "products.csv": "product_id,category\np1,food\n",
        },
        2,
        noted={"unknown_product": 1},
    ),
    "names that are code": Taken(
        lines(
            '"o1\'; drop table raw.order_lines; --","{{ var(\'source\') }}",2024-01-02,1\n'
            '"<script>alert(1)</script>","a ""b"" c;\nd",2024-01-02,1\n'
        ),
        2,
    ),
    "columns that are code": Taken(
        {
            "order_lines.csv": GOOD,
            "customers.csv": 'customer_id,"a""; drop schema raw; --",{{ 1/0 }},\'x\'\nc1,1,2,3\n',
        },
        1,
        table="customers",
    ),
    "dates stated to be days first": Taken(
        dated("01/02/2024", "03/04/2024"), 2, settings={"DATE_FORMAT": "DD/MM/YYYY"}
    ),
    "mixed dates with a word on it": Taken(
        dated("31/01/2024", "01/31/2024", "28/02/2024"),
        2,
        {"unreadable_ordered_at": 1},
        {"DATE_FORMAT": "DD/MM/YYYY"},
    ),
    "mixed decimals with a word on it": Taken(
        priced("1,50", "2.50"), 1, {"unreadable_net_amount": 1}, {"DECIMAL": "comma"}
    ),
}
