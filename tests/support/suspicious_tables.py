"""Tables with something that make check suspects, one for each kind."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable
from datetime import datetime, timedelta

Row = dict[str, object]
Rows = list[Row]


def sold() -> Rows:
    """Return two lines of each of 32 orders of 8 customers, an order every eleven days."""
    rows = []
    for number in range(32):
        at = datetime(2024, 1, 28, 8, 1) + timedelta(days=11 * number, minutes=7 * number)
        for line, product in enumerate(("tea", "jam", "mug")[number % 2 :][:2]):
            quantity = (number + line) % 3 + 1
            rows.append(
                {
                    "order_id": 1001 + number,
                    "customer_id": 12345 + number * 3 % 8,
                    "ordered_at": at,
                    "product_id": product,
                    "quantity": quantity,
                    "net_amount": quantity * len(product) * 1.5 + line,
                }
            )
    return rows


def changed(rows: Rows, change: Callable[[int, Row], Row]) -> Rows:
    """Return rows, each with what `change` says of it by its number."""
    return [row | change(number, row) for number, row in enumerate(rows)]


def text(rows: Rows) -> str:
    """Return rows as CSV."""
    written = io.StringIO()
    writer = csv.DictWriter(written, list(dict.fromkeys(name for row in rows for name in row)))
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue()


def people(*ids: object, **columns: Callable[[int], object]) -> str:
    """Return a file of customers."""
    return text(
        [
            {"customer_id": name} | {column: make(n) for column, make in columns.items()}
            for n, name in enumerate(ids)
        ]
    )


def by_customer(make: Callable[[int, Row], object]) -> dict[str, str]:
    """Return files whose customer ids are made from the number and the row of a line."""
    return {"order_lines.csv": text(changed(sold(), lambda n, row: {"customer_id": make(n, row)}))}


def by_row(**columns: Callable[[int, Row], object]) -> dict[str, str]:
    """Return files whose rows have other values in some columns."""
    return {
        "order_lines.csv": text(
            changed(sold(), lambda n, row: {name: make(n, row) for name, make in columns.items()})
        )
    }


def utc(row: Row) -> str:
    return row["ordered_at"].strftime("%Y-%m-%dT%H:%M:%S")


def stray(year: int) -> dict[str, str]:
    """Return files in which the date of one order has another year."""
    at = datetime(year, 5, 1)
    return by_row(ordered_at=lambda n, row: at if row["order_id"] == 1010 else row["ordered_at"])


ALL_IDS = [12345 + n for n in range(8)]

SUSPECTED: dict[str, tuple[str, int, dict[str, str], str]] = {
    "a guest with the id 0": (
        "placeholder_customer",
        1,
        by_customer(lambda n, row: 0 if n % 4 else row["customer_id"]),
        "'0' has 48 lines, 75.0% of all",
    ),
    "a row of sums": (
        "row_of_sums",
        1,
        {"customers.csv": people(*range(12), "Grand Total:", spend=lambda n: n * n)},
        "'Grand Total:' counts as a customer",
    ),
    "a guest by name": (
        "placeholder_customer",
        1,
        by_customer(lambda n, row: "Guest" if n < 2 else row["customer_id"]),
        "'Guest'",
    ),
    "a till with an id like any": (
        "placeholder_customer",
        1,
        by_customer(lambda n, row: 12345 if n % 5 else row["customer_id"]),
        "'12345'",
    ),
    "case": (
        "customer_ids_alike_but_for_case",
        8,
        by_customer(lambda n, row: f"{'kK'[n % 2]}{row['customer_id']}"),
        "K12345 and k12345",
    ),
    "decimals in the table of customers": (
        "customer_ids_alike_but_for_decimals",
        8,
        by_customer(lambda n, row: f"K{row['customer_id']}")
        | {"customers.csv": people(*(f"K{i}.0" for i in ALL_IDS))},
        "K12345 and K12345.0",
    ),
    "decimals in one of two files": (
        "customer_ids_read_alike",
        4,
        {
            "order_lines_1.csv": text(sold()[:56]),
            "order_lines_2.csv": text(
                changed(sold()[56:], lambda n, row: {"customer_id": f"{row['customer_id']}.0"})
            ),
        },
        "IDS=as_written",
    ),
    "leading zeros": (
        "customer_ids_alike_but_for_zeros",
        8,
        by_customer(lambda n, row: f"{row['customer_id']:0{5 + 3 * (n % 2)}}"),
        "00012345 and 12345",
    ),
    "an invisible character": (
        "customer_ids_alike_but_for_blanks",
        8,
        by_customer(lambda n, row: f"c{chr(0x200B) * (n % 2)}{row['customer_id']}"),
        "c12345",
    ),
    "exponents": (
        "customer_ids_as_exponents",
        8,
        by_customer(lambda n, row: f"{row['customer_id'] / 10_000:.4f}E+11"),
        "1.2345E+11",
    ),
    "formulas": (
        "customer_ids_as_formulas",
        8,
        by_customer(lambda n, row: f'="{row["customer_id"]}"'),
        '="12345"',
    ),
    "customers of another shop": (
        "customers_without_orders",
        3,
        by_row() | {"customers.csv": people(*ALL_IDS, "X0", "X1", "X2")},
        "of 11 customers",
    ),
    "customers who are not described": (
        "orders_without_customer_row",
        6,
        by_row() | {"customers.csv": people(12345, 12346)},
        "of 8 customers",
    ),
    "a table of visits for customers": (
        "several_rows_per_customer",
        8,
        by_row() | {"customers.csv": people(*ALL_IDS, *ALL_IDS, visit=str)},
        "8 are rejected",
    ),
    "two exports that overlap": (
        "overlapping_files",
        16,
        {"order_lines_1.csv": text(sold()[:40]), "order_lines_2.csv": text(sold()[24:])},
        "in order_lines_1.csv and order_lines_2.csv",
    ),
    "a join with payments": (
        "repeated_lines",
        32,
        {"order_lines.csv": text([r for r in sold() for _ in range(1 + r["order_id"] % 2)])},
        "every line repeated: 16",
    ),
    "order ids that customers share": (
        "order_ids_of_several_customers",
        4,
        by_row(order_id=lambda n, row: row["order_id"] % 4),
        "'0' of 2",
    ),
    "order ids that restart": (
        "order_ids_on_several_days",
        8,
        by_row(order_id=lambda n, row: row["customer_id"]),
        "'12345' on 4",
    ),
    "line numbers": (
        "line_ids_restart_in_each_order",
        2,
        by_row(order_line_id=lambda n, row: n % 2 + 1),
        "'1' in 32",
    ),
    "a year too late": ("last_date_stands_alone", 1, stray(2025), "on '2025-05-01'"),
    "a year too early": ("first_date_stands_alone", 1, stray(1999), "on '1999-05-01'"),
    "credits": (
        "all_amounts_negative",
        64,
        by_row(net_amount=lambda n, row: -row["net_amount"]),
        "net_amount: -amount",
    ),
    "returns without a sign": (
        "returns_with_positive_amounts",
        8,
        by_row(is_return=lambda n, row: n % 8 == 0),
        "taken as negative",
    ),
    "two currencies in a column of another name": (
        "several_currencies",
        2,
        by_row(paid_in=lambda n, row: ("EUR", "JPY")[n % 3 > 1]),
        "column paid_in has 'EUR (43), JPY (21)'",
    ),
    "UTC": ("times_in_utc", 64, by_row(ordered_at=lambda n, row: utc(row) + "Z"), "Z'"),
    "summer time": (
        "times_with_several_offsets",
        64,
        by_row(ordered_at=lambda n, row: utc(row) + ("+01:00" if n < 30 else "+02:00")),
        "+02:00 (34), +01:00 (30)",
    ),
    "a column called price": (
        "unit_price_as_amount",
        43,
        by_row() | {"columns.yml": "net_amount: Item Price\n"},
        "from item price",
    ),
    "amounts that do not grow with the quantity": (
        "unit_price_as_amount",
        43,
        by_row(net_amount=lambda n, row: len(row["product_id"]) * 1.5),
        "pieces for",
    ),
    "returns in a column that is not used": (
        "returns_not_used",
        8,
        by_row(refunded=lambda n, row: "yes" if n % 8 == 0 else ""),
        "column refunded",
    ),
    "a constant": (
        "constant_attributes",
        1,
        by_row() | {"customers.csv": people(*ALL_IDS, country=lambda n: "DE", age=lambda n: n)},
        "country",
    ),
    "numbers with commas and with points": (
        "attributes_with_two_decimal_signs",
        4,
        by_row()
        | {
            "customers_de.csv": people(*ALL_IDS[:4], income=lambda n: f"{n + 1}.250,75"),
            "customers_en.csv": people(*ALL_IDS[4:], income=lambda n: f"{n + 1},250.75"),
        },
        "income: some numbers",
    ),
    "a code for a missing number": (
        "hidden_missing_codes",
        2,
        by_row() | {"customers.csv": people(*ALL_IDS, age=lambda n: 9999 if n < 2 else 30 + n)},
        "age = 9999",
    ),
    "orders in place of customers": (
        "rows_that_look_like_orders",
        1,
        {"customers.csv": people(*range(40), buyer=lambda n: f"b{n % 12}", paid=lambda n: n * n)},
        "'buyer' has 12 different values in 40 rows",
    ),
}
SUSPECTED["a column called price"][2]["order_lines.csv"] = text(sold()).replace(
    "net_amount", "Item Price", 1
)
