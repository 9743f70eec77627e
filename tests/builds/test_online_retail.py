"""Online Retail: its widespread exports in small, made here, through a whole build."""

from __future__ import annotations

import random
import shutil
from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from customer_tables import write_table
from export_ordered import digests
from shops import ACCEPTED_LINES, Builds, Built, build, copy_warehouse

CUSTOMERS = 40
FIRST_DAY = datetime(2009, 12, 1, 8, 26)
SHEET_ENDS = datetime(2010, 12, 10)
SHEET_STARTS = datetime(2010, 12, 1)
# An order that is taken back twelve minutes later, and one of which a part is.
WHOLE = ("581483", 16446, "23843", 80995, "2.08", datetime(2010, 12, 9, 9, 15))
PART = ("581000", 16446, "22423", 10, "12.75", datetime(2010, 12, 6, 10, 0))


def line(invoice, customer, code, quantity, price, at, description="A THING") -> dict[str, object]:
    return {
        "Invoice": invoice,
        "StockCode": code,
        "Description": description,
        "Quantity": quantity,
        "InvoiceDate": at,
        "Price": price,
        "Customer ID": "" if customer is None else f"{customer}.0",
        "Country": "EIRE" if customer == 17000 else "United Kingdom",
    }


def retail_lines() -> list[dict[str, object]]:
    """Return a year and nine days of a shop: each customer orders at its own pace."""
    rng = random.Random(6)
    lines = []
    for number in range(CUSTOMERS):
        customer = 17000 + number
        at = FIRST_DAY + timedelta(minutes=number)
        while at < SHEET_ENDS - timedelta(days=1):
            invoice = str(490000 + len(lines))
            for code in rng.sample(["85123A", "71053", "22423", "84406b"], 2):
                price = f"{rng.randint(100, 900) / 100:.2f}"
                lines.append(line(invoice, customer, code, rng.randint(1, 12), price, at))
            lines.append(line(invoice, customer, "POST", 1, "4.50", at, "POSTAGE"))
            at += timedelta(days=rng.randint(4, 20) * (1 + number % 4), minutes=rng.randint(0, 400))
    invoice, customer, code, quantity, price, at = WHOLE
    lines.append(line(invoice, customer, code, quantity, price, at))
    back = at + timedelta(minutes=12)
    lines.append(line("C581484", customer, code, -quantity, price, back))
    invoice, customer, code, quantity, price, at = PART
    lines.append(line(invoice, customer, code, quantity, price, at))
    lines.append(line("C581001", customer, code, -3, price, at + timedelta(days=1)))
    lines.append(line("C581002", customer, "D", -1, "5.00", at + timedelta(days=1), "Discount"))
    # One line twice, lines of nobody, and codes of nothing that is sold.
    lines.append(line(invoice, customer, code, quantity, price, at))
    lines += [
        line("581100", None, code, 1, "1.00", at, "\xa350 VOUCHER") for code in ("22423",) * 3
    ]
    lines.append(line("581101", 17001, "gift_0001_20", 1, "20.00", at))
    lines.append(line("581102", 17002, "BANK CHARGES", 1, "15.00", at))
    return sorted(lines, key=lambda record: record["InvoiceDate"])


def sheets(lines: list[dict[str, object]]) -> list[list[dict[str, object]]]:
    """Return the two sheets: nine days of December stand in both."""
    return [
        [record for record in lines if record["InvoiceDate"] < SHEET_ENDS],
        [record for record in lines if record["InvoiceDate"] >= SHEET_STARTS],
    ]


def written(at: datetime) -> str:
    """Return a time as the widespread CSV has it."""
    return f"{at.month}/{at.day}/{at.year} {at.hour}:{at.minute:02}"


def build_sheets(builds: Builds) -> Built:
    """Build both sheets, each a Latin-1 file of its own name."""
    folder = builds.folder("online retail")
    for name, records in zip(("2009-2010", "2010-2011"), sheets(retail_lines()), strict=True):
        rows = [record | {"InvoiceDate": written(record["InvoiceDate"])} for record in records]
        write_table(folder / "data" / f"Year {name}.csv", rows, encoding="latin-1")
    return build(folder / "data", folder / "warehouse", source="online_retail")


def build_again(builds: Builds) -> Built:
    """Build the same files once more, in a copy of the warehouse."""
    folder = builds.folder("same files")
    data = shutil.copytree(
        builds["online retail"].checked().warehouse.path.parent / "data", folder / "data"
    )
    return build(
        data, copy_warehouse(builds["online retail"], folder / "warehouse"), source="online_retail"
    )


def build_more(builds: Builds) -> Built:
    """Build files of which one has a line more."""
    folder = builds.folder("another line")
    before = builds["same files"].checked().warehouse
    data = shutil.copytree(before.path.parent / "data", folder / "data")
    (file,) = data.glob("* 2010-2011.csv")
    header, first, *others = file.read_text(encoding="latin-1").splitlines(keepends=True)
    file.write_text("".join([header, first, *others, first]), encoding="latin-1")
    return build(
        data, copy_warehouse(builds["same files"], folder / "warehouse"), source="online_retail"
    )


pytestmark = pytest.mark.many_builds

CHAINS = [{"online retail": build_sheets, "same files": build_again, "another line": build_more}]


def test_rows_of_both_sheets_are_accounted_for(builds):
    built = builds["online retail"].checked()
    lines = retail_lines()
    first, second = sheets(lines)
    twice = [r for r in lines if r["InvoiceDate"] >= SHEET_STARTS]
    nobody = [r for r in twice if not r["Customer ID"]]
    counted = dict(
        built.query("select reason, row_count from data_quality where outcome <> 'noted'")
    )
    duplicates = len(twice) - len(nobody) + 1
    assert counted == {
        "accepted": len(lines) - len(nobody) - 1 - 2,
        "cancelled": 2,
        "exact_duplicate": duplicates,
        "missing_customer_id": 2 * len(nobody),
    }
    assert sum(counted.values()) == len(first) + len(second)


def test_a_cancelled_order_leaves_no_trace(builds):
    built = builds["online retail"].checked()
    spend, order_count = built.one(
        "select spend, order_count from customer_segments where customer_id = '16446'"
    )
    # Ten pieces less three, less a discount.
    assert (spend, order_count) == (Decimal("12.75") * 7 - 5, 1)
    assert built.query_build(
        f"select order_id, product_id, net_amount from {ACCEPTED_LINES} "
        "where customer_id = '16446' order by order_id"
    ) == [
        ("581000", "22423", Decimal("127.5")),
        ("C581001", "22423", Decimal("-38.25")),
        ("C581002", "D", Decimal("-5")),
    ]
    returned = "select sum(return_amount) from features.orders where customer_id = '16446'"
    assert built.query_build(returned) == [(Decimal("43.25"),)]


def test_what_is_no_product_is_spend_and_no_preference(builds):
    built = builds["online retail"].checked()
    assert built.query_build("select product_id from core.products order by product_id") == [
        ("22423",),
        ("23843",),
        ("71053",),
        ("84406B",),
        ("85123A",),
    ]
    ((postage, others),) = built.query_build(
        "select sum(net_amount) filter (where product_id = 'POST'), "
        f"sum(net_amount) filter (where product_id <> 'POST') from {ACCEPTED_LINES}"
    )
    assert postage > 20
    assert built.query_build("select sum(spend) from features.orders") == [(postage + others,)]
    assert built.query(
        "select count(*) from feature_catalog where is_used and family = 'preference'"
    ) == [(0,)]


def test_months_stand_first_and_countries_are_attributes(builds):
    built = builds["online retail"].checked()
    # The order of the 9th was cancelled: the last one is of the 8th.
    assert [str(d) for d in built.current_run("first_order_date", "as_of_date")] == [
        "2009-12-01",
        "2010-12-09",
    ]
    (first,) = built.query_build("select cast(min(ordered_at) as varchar) from core.order_lines")[0]
    assert first == "2009-12-01 08:26:00"
    assert built.one("select value from customer_attributes where customer_id = '17000'") == (
        "EIRE",
    )
    assert "Windows-1252" in built.output


def test_unchanged_files_are_built_on(builds):
    """An old line may be taken back by a new one: all is read again once a file changes."""
    first, again, more = (
        builds[name].checked() for name in ("online retail", "same files", "another line")
    )
    row_count = sum(map(len, sheets(retail_lines())))
    assert "is kept" not in first.output
    assert f"what the last build made of {row_count:,} rows in 2 files is kept" in again.output
    assert digests(again.marts) == digests(first.marts)
    assert "is kept" not in more.output
    assert digests(more.marts) != digests(first.marts)
