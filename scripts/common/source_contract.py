"""What a source brings: its raw tables, and how their columns are read."""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from pathlib import Path

from common.console import FAILED, Problem
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
