"""What was exported, and the lines that say it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from common.console import count, size
from handover.export_request import Request
from handover.layouts import Layout, layouts
from store.export_ledger import Counts, LastExport

# Why a customer is not in the files of a tool.
LEFT_OUT = {
    "opted_out": "left out, as they opted out of messages",
    "no_address": "left out, as they have no address that the tool can use",
    "same_address": "left out, as they share an address with another customer",
}


@dataclass(frozen=True)
class Exported:
    """What was exported.

    Attributes:
        path: The file, or the folder of a layout's files.
        counts: Customers by what became of them.
        left_out: Customers who are left out, by the reason.
        files: The rows of each of a layout's files.
        base: The export that this one is compared with.
        run_number: Run that was exported.
        as_of_date: Its date.
    """

    path: Path
    counts: Counts
    left_out: dict[str, int]
    files: dict[str, int]
    base: LastExport | None
    run_number: int
    as_of_date: object

    @property
    def held_out_count(self) -> int:
        """Customers who are held out of campaigns and left out."""
        return self.left_out.get("held_out", 0)


def describe(request: Request, exported: Exported) -> Iterable[str]:
    """Yield the lines that say what was exported."""
    whom = "All segments" if request.segment_id is None else f"Segment {request.segment_id}"
    if request.status:
        whom = f"Customers with status {request.status}"
    if request.audience:
        whom = f"Audience {request.audience}"
    counts = exported.counts
    yield (
        f"{whom} of run {exported.run_number}, as of {exported.as_of_date}: "
        f"{count(counts.entered + counts.stayed, 'customer')}"
    )
    if request.holdout == "exclude":
        too = "" if request.layout else " (HOLDOUT=include writes them too)"
        held_out = count(exported.held_out_count, "customer")
        yield f"  {held_out} held out of campaigns and left out{too}"
    elif request.holdout == "include":
        yield "  with customers held out of campaigns: do not address those with is_holdout"
    else:
        yield "  only customers held out of campaigns: do not address them"
    for standing, what in LEFT_OUT.items():
        if exported.left_out.get(standing):
            yield f"  {count(exported.left_out[standing], 'customer')} {what}"
    if exported.left_out.get("no_address") and not request.contacts and not counts.rows:
        yield "  no one has an address: CONTACTS names a file with customer_id and email"
    if exported.base is None:
        yield "  the first export of this audience: everybody counts as entered"
    else:
        yield (
            f"  since the export of run {exported.base.run_number}, as of "
            f"{exported.base.as_of_date}: {counts.entered:,} entered, {counts.stayed:,} stayed, "
            f"{counts.left:,} left"
        )
    if request.layout:
        yield from _describe_files(layouts()[request.layout], exported)
        return
    row_count = counts.rows - counts.stayed * request.has_changes_only
    yield (f"  {exported.path}  {count(row_count, 'row')}, {size(exported.path.stat().st_size)}")


def _describe_files(layout: Layout, exported: Exported) -> Iterable[str]:
    """Yield a line for each file of a layout, and what the tool will not do with them."""
    for name, row_count in exported.files.items():
        file = exported.path / name
        yield f"  {file}  {count(row_count, 'row')}, {size(file.stat().st_size)}"
    removed = sum(rows for name, rows in exported.files.items() if name.startswith("remove"))
    if removed < exported.counts.left:
        yield (
            f"  {count(exported.counts.left - removed, 'customer')} left and cannot be removed by "
            "address: they have none, or share it with a customer who is still in"
        )
    if exported.counts.entered + exported.counts.stayed < layout.least_rows:
        yield f"  {layout.name} uses lists of at least {layout.least_rows} people"
