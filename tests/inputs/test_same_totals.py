"""Any table comes to the same totals, whatever it is written as.

Tables are made by chance from fixed seeds and written in each kind of file, in an encoding, a
format of dates and of numbers that the seed picks.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import random
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.project_sql import ProjectSql
from tried import try_load
from workbooks import xlsx, zipped

pytestmark = [pytest.mark.inputs, pytest.mark.short]

NAMES = ("order_id", "customer_id", "product_id", "ordered_at", "quantity", "net_amount")
ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp1252")
DATES = ("%Y-%m-%d", "%d.%m.%Y", "%m/%d/%Y", "%d/%m/%Y", "%Y%m%d", "%d-%b-%Y", "%B %d, %Y")
# What cp1252 has too, and each sign that means something to a kind of file.
TEXTS = (
    "tea",
    'jam, "best"',
    "Müsli; groß",
    "a\nb",
    "mug\tred",
    "{x}",
    "[1]",
    "5 €",
    "O'Neil",
    "|",
)
TOTALS = (
    "select count(*), count(distinct order_id), count(distinct customer_id), sum(net_amount), "
    "sum(quantity), min(ordered_at), max(ordered_at), "
    "list_sort(list(distinct regexp_replace(product_id, '\\s+', ' ', 'g'))) from ({})"
)

Row = tuple[str, str, str, datetime, int, Decimal]


def table_of(rng: random.Random) -> list[Row]:
    """Return rows by chance; the first day says which number is the month."""
    rows = []
    for number in range(rng.randint(20, 60)):
        day = datetime(2023, 12, 31) + timedelta(days=rng.randrange(300) if number else 0)
        amount = Decimal(rng.randint(-5_000, 2_000_000)) / 100
        customer = f"c{rng.randrange(9)} Zoë"
        rows.append((f"o{number // 2}", customer, rng.choice(TEXTS), day, number % 5 + 1, amount))
    return rows


def delimited(delimiter: str) -> Callable[[list[Row], random.Random], bytes]:
    """Return what writes rows as text."""

    def write(rows: list[Row], rng: random.Random) -> bytes:
        file = io.StringIO()
        line_end = rng.choice(("\n", "\r\n"))
        writer = csv.writer(file, delimiter=delimiter, lineterminator=line_end)
        writer.writerow(NAMES)
        dates, has_comma = rng.choice(DATES), rng.random() < 0.5
        for *texts, day, quantity, amount in rows:
            number = f"{amount:.2f}".replace(".", "," if has_comma else ".")
            writer.writerow((*texts, day.strftime(dates), quantity, number))
        return file.getvalue().encode(rng.choice(ENCODINGS))

    return write


def objects(rows: list[Row], rng: random.Random) -> list[dict[str, object]]:
    """Return rows as objects of JSON, amounts as numbers or as texts."""
    dates, amount_of = rng.choice(DATES), rng.choice((float, str))
    return [
        dict(zip(NAMES, (*texts, day.strftime(dates), quantity, amount_of(amount)), strict=True))
        for *texts, day, quantity, amount in rows
    ]


def json_lines(rows: list[Row], rng: random.Random) -> bytes:
    lines = (json.dumps(row, ensure_ascii=False) for row in objects(rows, rng))
    return "\n".join(lines).encode(rng.choice(ENCODINGS))


def json_array(rows: list[Row], rng: random.Random) -> bytes:
    indent = rng.choice((None, 2))
    text = json.dumps(objects(rows, rng), ensure_ascii=False, indent=indent)
    return text.encode(rng.choice(ENCODINGS))


def json_of_orders(rows: list[Row], rng: random.Random) -> bytes:
    """Write orders with their lines in an array, and the customer as an object."""
    orders: dict[tuple, dict] = {}
    for row in objects(rows, rng):
        key = (row["order_id"], row["customer_id"], row["ordered_at"])
        order = {"id": key[0], "customer": {"id": key[1]}, "at": key[2], "lines": []}
        line = {"sku": row["product_id"], "n": row["quantity"], "paid": row["net_amount"]}
        orders.setdefault(key, order)["lines"].append(line)
    return json.dumps({"page": 1, "orders": list(orders.values())}).encode()


def parquet(rows: list[Row], rng: random.Random) -> bytes:
    file = io.BytesIO()
    columns = {name: [row[n] for row in rows] for n, name in enumerate(NAMES)}
    pq.write_table(pa.table(columns), file)
    return file.getvalue()


def workbook(rows: list[Row], rng: random.Random) -> bytes:
    dates = rng.choice((None, *DATES))
    cells = [
        [*texts, day.strftime(dates) if dates else day, quantity, float(amount)]
        for *texts, day, quantity, amount in rows
    ]
    return xlsx({"Orders": [NAMES, *cells]}, is_1904=rng.random() < 0.5)


WRITERS = {
    "csv": delimited(","),
    "tsv": delimited("\t"),
    "txt": delimited(";"),
    "jsonl": json_lines,
    "json": json_array,
    "nested.json": json_of_orders,
    "parquet": parquet,
    "xlsx": workbook,
}
MAPPING = (
    "_lines: lines\norder_id: id\ncustomer_id: customer.id\nordered_at: at\n"
    "product_id: lines.sku\nquantity: lines.n\nnet_amount: lines.paid\n"
)


def totals(folder: Path, files: dict[str, bytes | str]) -> tuple:
    """Return the totals of the staged order lines of some files."""
    tried = try_load(folder, files)
    assert tried.problem is None, tried.problem
    with duckdb.connect(tried.build_db, read_only=True) as connection:
        sql, _ = ProjectSql(connection, {"source": "own_files"}).model("stg_own_files__order_lines")
        return connection.execute(TOTALS.format(sql)).fetchone()


@pytest.mark.parametrize("seed", range(3))
def test_a_table_has_the_same_totals_in_every_kind_of_file(tmp_path, seed):
    rng = random.Random(seed)
    rows = table_of(rng)
    orders, customers, products, days, quantities, amounts = zip(*rows, strict=True)
    expected = (
        *(len(rows), len(set(orders)), len(set(customers)), sum(amounts), sum(quantities)),
        *(min(days), max(days), sorted({" ".join(text.split()) for text in products})),
    )
    for kind, write in WRITERS.items():
        content, ending = write(rows, rng), kind
        packed = rng.choice(("", "", "gz", "zip"))
        if packed == "gz" and kind not in ("parquet", "xlsx"):
            content, ending = gzip.compress(content), f"{kind}.gz"
        elif packed == "zip":
            content, ending = zipped({f"x.{kind}": content}), "zip"
        files = {f"order_lines.{ending}": content}
        if kind == "nested.json":
            files["columns.yml"] = MAPPING
        assert totals(tmp_path / kind, files) == expected, (seed, kind, ending)
