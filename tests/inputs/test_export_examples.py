"""The ready examples for exports: each reads its export, and is found by its columns."""

from __future__ import annotations

import shutil
from decimal import Decimal

import duckdb
import pytest

from common.project_root import ROOT
from common.project_sql import ProjectSql
from common.settings import resolve
from loading.export_examples import EXAMPLES, SPOKEN
from loading.load_raw import load
from tried import NOW, try_load

pytestmark = pytest.mark.inputs

EXPORTS: dict[str, tuple[str, str]] = {
    "shopify": (
        "orders_export_1.csv",
        "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,"
        "Currency,Subtotal,Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,"
        "Created at,Lineitem quantity,Lineitem name,Lineitem price,Lineitem compare at price,"
        "Lineitem sku,Lineitem requires shipping,Lineitem taxable,Lineitem fulfillment status,"
        "Vendor,Id,Source,Lineitem discount\n"
        "#1,A@b.example,paid,2024-01-02 10:00:00 +0100,fulfilled,,yes,EUR,24,0,0,24,,0,,"
        "2024-01-02 10:00:00 +0100,2,Tea,10,,TEA,true,true,fulfilled,Haus,501,web,1\n"
        "#1,A@b.example,,,,,,,,,,,,,,2024-01-02 10:00:00 +0100,1,Jam,5,,,true,true,,Haus,,,0\n"
        "#2,c@b.example,voided,,,,no,EUR,9,0,0,9,,0,,2024-01-03 10:00:00 +0100,1,Tea,9,,TEA,"
        "true,true,,Haus,502,web,0\n",
    ),
    "woocommerce": (
        "orders-2024.csv",
        "Order Number,Order Status,Order Date,Customer Note,First Name (Billing),"
        "Last Name (Billing),Email (Billing),Payment Method Title,Order Total Amount,SKU,Item #,"
        "Item Name,Quantity (- Refund),Item Cost,Coupon Code,Discount Amount\n"
        "#1,Completed,2024-01-02 10:00,,A,B,a@b.example,Card,24,TEA,1,Tea,2,9.5,,\n"
        "#1,Completed,2024-01-02 10:00,,A,B,a@b.example,Card,24,,2,Jam,1,5,,\n"
        "#2,Cancelled,2024-01-03 10:00,,C,D,c@b.example,Card,9,TEA,1,Tea,1,9,,\n",
    ),
    "stripe": (
        "unified_payments.csv",
        "id,Created date (UTC),Amount,Amount Refunded,Currency,Captured,Converted Amount,"
        "Description,Fee,Status,Customer ID,Customer Email\n"
        "#1,2024-01-02 10:00:00,26.00,2.00,eur,true,26.00,,1,Paid,a@b.example,a@b.example\n"
        "#2,2024-01-03 10:00:00,9.00,0.00,eur,false,9.00,,0,Failed,,c@b.example\n",
    ),
    "square": (
        "items-2024-01-01-2024-02-01.csv",
        "Date,Time,Time Zone,Category,Item,Qty,Price Point Name,SKU,Modifiers Applied,Gross Sales,"
        "Discounts,Net Sales,Tax,Transaction ID,Payment ID,Device Name,Notes,Details,Event Type,"
        "Location,Dining Option,Customer ID,Customer Name,Customer Reference ID\n"
        "01/25/24,10:00:00,Eastern Time (US & Canada),Drinks,Tea,2.0,Regular,TEA,,$20.00,-$1.00,"
        "$19.00,$0.00,#1,p1,,,,Payment,Shop,,a@b.example,A,\n"
        "01/25/24,10:00:00,Eastern Time (US & Canada),Food,Jam,1.0,Regular,,,$5.00,$0.00,"
        "$5.00,$0.00,#1,p1,,,,Payment,Shop,,a@b.example,A,\n",
    ),
    "amazon": (
        "order_report.txt",
        "order-id\torder-item-id\tpurchase-date\tpayments-date\tbuyer-email\tbuyer-name\tsku\t"
        "product-name\tquantity-purchased\tcurrency\titem-price\titem-tax\tshipping-price\n"
        "#1\t11\t2024-01-02T10:00:00+00:00\t\ta@b.example\tA\tTEA\tTea\t2\tEUR\t19.00\t0\t0\n"
        "#1\t12\t2024-01-02T10:00:00+00:00\t\ta@b.example\tA\tJAM\tJam\t1\tEUR\t5.00\t0\t0\n",
    ),
    "etsy": (
        "EtsySoldOrderItems2024.csv",
        "Sale Date,Item Name,Buyer,Quantity,Price,Coupon Code,Coupon Details,Discount Amount,"
        "Shipping Discount,Order Shipping,Order Sales Tax,Item Total,Currency,Transaction ID,"
        "Listing ID,Date Paid,Date Shipped,Ship Name,Ship Country,Order ID,Variations,Order Type,"
        "Listings Type,Payment Type,SKU\n"
        "01/25/24,Tea,a@b.example,2,10.00,,,1.00,0,4.5,0,20.00,EUR,11,21,01/25/2024,,A,Germany,#1,"
        ",online,listing,online_cc,TEA\n"
        "01/25/24,Jam,a@b.example,1,5.00,,,0,0,4.5,0,5.00,EUR,12,22,01/25/2024,,A,Germany,#1,"
        ",online,listing,online_cc,\n",
    ),
    "klaviyo": (
        "ordered_product.csv",
        "Email,Timestamp,Metric,OrderId,ProductID,SKU,ProductName,Quantity,ItemPrice,Value\n"
        "a@b.example,2024-01-02 10:00:00+00:00,Ordered Product,#1,1,TEA,Tea,2,9.5,19\n"
        "a@b.example,2024-01-02 10:00:00+00:00,Ordered Product,#1,2,,Jam,1,5,5\n",
    ),
    "hubspot": (
        "hubspot-crm-exports-all-deals-2024.csv",
        "Record ID,Deal Name,Deal Stage,Close Date,Pipeline,Amount,Deal owner,Associated Company,"
        "Associated Contact,Associated Contact IDs\n"
        "#1,Tea,Closed Won (Sales Pipeline),2024-01-02 10:00,Sales,24,Eve,Inc,A,a@b.example;7\n"
        "#2,Jam,Closed Lost,2024-01-03 10:00,Sales,9,Eve,Inc,C,c@b.example\n",
    ),
    "ga4": (
        "purchases.csv",
        "event_name,event_timestamp,user_id,user_pseudo_id,transaction_id,item_id,quantity,"
        "item_revenue\n"
        "purchase,1704189600000000,,a@b.example,#1,TEA,2,19\n"
        "purchase,1704189600000000,,a@b.example,#1,JAM,1,5\n"
        "add_to_cart,1704189500000000,,c@b.example,,TEA,1,\n",
    ),
    "excel": (
        "orders.csv",
        "Order No,Customer No,Order Date,Item,Quantity,Unit Price\n"
        '#1,a@b.example,25.01.2024,Tea,2,"9,50"\n#1,a@b.example,25.01.2024,Jam,1,"5,00"\n',
    ),
}


def test_every_example_is_tried_and_documented():
    names = {path.name for path in EXAMPLES.iterdir()}
    assert names == EXPORTS.keys() == SPOKEN.keys()
    page = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    for name in names:
        assert f"templates/exports/{name}/columns.yml" in page


@pytest.mark.parametrize("name", EXPORTS)
def test_an_example_reads_its_export(tmp_path, name):
    file, content = EXPORTS[name]
    data = tmp_path / "data"
    data.mkdir()
    (data / file).write_text(content, encoding="utf-8")
    shutil.copy(EXAMPLES / name / "columns.yml", data)
    mapping = (data / "columns.yml").read_text(encoding="utf-8")
    (data / "columns.yml").write_text(mapping.replace('"*.xlsx"', '"*.csv"'), encoding="utf-8")
    load(resolve({"DATA": str(data), "SOURCE": "own_files", "WAREHOUSE": str(tmp_path / "w")}), NOW)
    with duckdb.connect(tmp_path / "w" / "build.duckdb", read_only=True) as connection:
        sql, _ = ProjectSql(connection, {"source": "own_files"}).model("stg_own_files__order_lines")
        rows = connection.execute(
            "select order_id, customer_id, sum(net_amount), count(*) filter (where "
            "unreadable_column is not null or ordered_at is null or year(ordered_at) <> 2024) "
            f"from ({sql}) group by all"
        ).fetchall()
    assert rows == [("#1", "a@b.example", Decimal(24), 0)]


@pytest.mark.parametrize("name", EXPORTS)
def test_an_export_is_recognised_by_its_columns(tmp_path, name):
    _, content = EXPORTS[name]
    file = "download.tsv" if name == "amazon" else "download.csv"
    message = str(try_load(tmp_path, {file: content}).problem)
    assert f"{file} looks like an export of {SPOKEN[name]}" in message
    assert f"cp docs/templates/exports/{name}/columns.yml" in message


def test_an_export_under_the_name_of_the_table_is_recognised(tmp_path):
    message = str(try_load(tmp_path, {"order_lines.csv": EXPORTS["shopify"][1]}).problem)
    assert "no column" in message and "looks like an export of Shopify" in message


def test_an_export_is_recognised_beside_files_that_the_engine_cannot_read(tmp_path):
    damaged = b"PAR1 and no more"
    files = {"a.parquet": damaged, "order_lines.parquet": damaged}
    message = str(try_load(tmp_path, files | {"z.csv": EXPORTS["shopify"][1]}).problem)
    assert message.startswith("order_lines.parquet: is damaged or is not Parquet")
    assert "z.csv looks like an export of Shopify" in message


def test_other_files_lead_to_the_mapping_and_to_tables_of_customers(tmp_path):
    files = {"rfm.csv": "CustomerID,Recency,Frequency,Monetary\n1,2,3,4\n"}
    message = str(try_load(tmp_path, files).problem)
    assert "expected order_lines.csv" in message
    assert "columns.yml" in message and "SOURCE=own_table" in message


def test_nothing_is_said_of_examples_where_the_folder_has_a_mapping(tmp_path):
    files = {"orders.csv": EXPORTS["shopify"][1], "columns.yml": "_file: orders.csv\n"}
    message = str(try_load(tmp_path, files).problem)
    assert "looks like" not in message
