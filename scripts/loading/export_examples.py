"""Ready examples of `columns.yml` for exports of shops and tools, and which one a file is like.

They stand in `docs/templates/exports/<name>/columns.yml`: a file is like one when it has every
column that the example names.
"""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

import duckdb

from common.console import Problem
from common.project_root import ROOT
from common.source_contract import RawTable
from loading.column_mapping import map_columns
from loading.file_copies import Copies
from loading.file_inspection import inspect
from loading.file_search import FoundFile, files_of_any_name
from loading.mapping_file import FILE_NAME, FILES_KEY, read_mapping
from store.plain_names import PlainNames

EXAMPLES = ROOT / "docs" / "templates" / "exports"
SPOKEN = {
    "amazon": "Amazon",
    "etsy": "Etsy",
    "excel": "a plain sheet of orders",
    "ga4": "Google Analytics 4",
    "hubspot": "HubSpot",
    "klaviyo": "Klaviyo",
    "shopify": "Shopify",
    "square": "Square",
    "stripe": "Stripe",
    "woocommerce": "WooCommerce",
}
# Files that are looked at: a folder with more is no export.
MOST_FILES = 20
LARGEST_BYTES = 200_000_000


def example_of(
    connection: duckdb.DuckDBPyConnection, table: RawTable, header: Sequence[str]
) -> str | None:
    """Return the example whose columns are all in a header; None where there is none."""
    spellings = {name: name for name in header if name.strip()}
    for folder in sorted(path for path in EXAMPLES.iterdir() if path.is_dir()):
        mapping = read_mapping(folder, [table])[table.name]
        try:
            map_columns(connection, table, table.name, spellings, mapping)
        except Problem:
            continue
        return folder.name
    return None


GENERAL_HINT = (
    f"; name your files and columns in {FILE_NAME} in the folder (docs/bring_your_own_data.md), "
    "or, for a table with one row per customer, use SOURCE=own_table"
)


def example_hint(
    connection: duckdb.DuckDBPyConnection,
    place: Path,
    table: RawTable,
    names: PlainNames,
    copies: Copies,
) -> str:
    """Return which example to copy into a folder, for a message; empty where none is.

    What was refused may have aborted the transaction of the connection, and so may every file
    that is looked at: each statement here is a separate transaction.
    """
    with connection.cursor() as apart:
        for found in files_of_any_name(place)[:MOST_FILES]:
            header = header_of(apart, found.readable(names), copies)
            if header and (name := example_of(apart, table, header)):
                copied = (EXAMPLES / name / FILE_NAME).relative_to(ROOT)
                return (
                    f"; {found.name} looks like an export of {SPOKEN[name]}: copy the example for "
                    f"it (cp {copied} {shlex.quote(str(place))}) and let it name the file, "
                    f"{FILES_KEY}: {found.name}"
                )
    return ""


def header_of(
    connection: duckdb.DuckDBPyConnection, found: FoundFile, copies: Copies
) -> tuple[str, ...]:
    """Return the columns of a file; empty where it cannot be read."""
    try:
        if found.path.stat().st_size > LARGEST_BYTES:
            return ()
        return inspect(connection, found, RawTable("any"), copies).header
    except (OSError, Problem):
        return ()
