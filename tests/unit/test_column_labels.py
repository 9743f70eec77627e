"""What columns of files are called, from how their headers spell them."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from common.settings import resolve
from common.warehouse_paths import Warehouse
from loading.column_labels import label_of
from loading.load_raw import load

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "label"),
    [
        ("Spending Score (1-100)", "spending score (1-100)"),
        ("annual income(k$)", "annual income (k$)"),
        ("AvgOrderValue[EUR]", "average order value [EUR]"),
        ("NumWebVisitsMonth", "number of web visits month"),
        ("no_of_children", "number of children"),
        ("# of orders", "number of orders"),
        ("number", "number"),
        ("MntWines", "spend on wines"),
        ("MntTotal", "mnt total"),
        ("Total CLV", "total CLV"),
        ("TotalCLVToday", "total CLV today"),
        ("HOMEOWNER_DESC", "homeowner desc"),
        ("order.count", "order count"),
        ("Price 1.5", "price 1.5"),
        ("GrößeInZentimetern", "größe in zentimetern"),
        ("顧客", "顧客"),
        ("(k$)", "(k$)"),
        ("NumberOf{name}Orders", "number of name orders"),
        ("Income ({k})", "income (k)"),
        ("_", "column"),
    ],
)
def test_a_column_is_called_as_people_would_say_it(header: str, label: str) -> None:
    assert label_of(header) == label


def test_labels_are_of_columns_that_files_add_and_of_the_first_spelling(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "order_lines.csv").write_text(
        "Order ID,customer_id,ordered_at,net_amount\no1,a,2024-01-02,5\n"
    )
    customers = folder / "customers"
    customers.mkdir()
    (customers / "1.csv").write_text("CustomerID,KidHome\na,1\n")
    (customers / "2.csv").write_text("Customer_Id,KIDHOME,Web Visits\nb,1,2\n")
    chosen = resolve(
        {"SOURCE": "own_files", "DATA": str(folder), "WAREHOUSE": str(tmp_path / "warehouse")}
    )
    for _ in range(2):
        # A load that keeps its tables knows what their columns are called.
        load(chosen, NOW)
        with duckdb.connect(str(Warehouse(chosen.warehouse).build_db)) as connection:
            rows = connection.execute("select * from raw.column_labels order by all").fetchall()
        assert rows == [
            ("customers", "kidhome", "kid home"),
            ("customers", "web visits", "web visits"),
        ]
