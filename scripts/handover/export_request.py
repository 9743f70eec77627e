"""What an export is asked for: SEGMENT, FORMAT, FIELDS, OUT, HOLDOUT and FORCE."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from common.console import WRONG_USE, Problem
from common.paths import out_problem, resolve_target
from common.setting_values import read_segment, read_word

FORMATS = ("csv", "parquet")
HOLDOUTS = ("exclude", "include", "only")
# Customers in no segment, by their status.
STATUSES = ("lapsed", "insufficient_history", "never_ordered")
DEFAULT_COLUMNS = (
    "customer_id",
    "segment_id",
    "segment_name",
    "membership_status",
    "member_since_date",
)
# Nothing says since when a customer has a status; the date of the last order does for the lapsed.
STATUS_COLUMNS = {
    "lapsed": (*DEFAULT_COLUMNS[:4], "value_tier", "former_spend", "last_order_date"),
    "insufficient_history": ("customer_id", "membership_status", "last_order_date"),
    "never_ordered": ("customer_id", "membership_status"),
}
# What customer_segments does not have: read from the ledger of exports.
LEDGER_COLUMNS = ("membership_status", "member_since_date", "previous_segment_id")


@dataclass(frozen=True)
class Request:
    """What is to be exported; None where it follows from the rest."""

    segment_id: int | None
    status: str | None
    format: str
    columns: tuple[str, ...]
    out: Path | None
    holdout: str
    is_forced: bool


def read_request(given: Mapping[str, str]) -> Request:
    """Read and check SEGMENT, FORMAT, FIELDS, OUT, HOLDOUT and FORCE.

    Raises:
        Problem: with exit code 2 and one line that names the variable.
    """

    def text(name: str) -> str:
        return given.get(name, "").strip()

    status = text("SEGMENT") if text("SEGMENT") in STATUSES else None
    others = f", or {', '.join(STATUSES[:-1])} or {STATUSES[-1]}"
    segment_id = None if status else read_segment(text("SEGMENT"), "all of them", others)
    holdout = read_word("HOLDOUT", text("HOLDOUT") or "exclude", HOLDOUTS)
    out = resolve_target(text("OUT"), out_problem(text("OUT"))) if text("OUT") else None
    columns = tuple(name.strip() for name in text("FIELDS").split(",") if name.strip())
    if text("FIELDS") and not columns:
        raise Problem(f"FIELDS={text('FIELDS')}: expected names of columns", WRONG_USE)
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise Problem(f"FIELDS: {', '.join(repeated)} is named more than once", WRONG_USE)
    held_out = ("is_holdout",) if holdout == "include" else ()
    return Request(
        segment_id=segment_id,
        status=status,
        format=_format(text("FORMAT"), out),
        columns=columns or (*STATUS_COLUMNS.get(status or "", DEFAULT_COLUMNS), *held_out),
        out=out,
        holdout=holdout,
        is_forced=text("FORCE") == "1",
    )


def _format(given: str, out: Path | None) -> str:
    """Return the format: as asked for, and never another one than the ending of OUT says."""
    ending = out.suffix.lower().removeprefix(".") if out else ""
    if out and ending not in FORMATS:
        raise Problem(f"OUT={out}: expected a file whose name ends in .csv or .parquet", WRONG_USE)
    chosen = read_word("FORMAT", given or ending or "csv", FORMATS)
    if out and chosen != ending:
        raise Problem(f"OUT={out}: expected a name ending in .{chosen}, as FORMAT says", WRONG_USE)
    return chosen
