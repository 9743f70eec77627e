"""What an export is asked for: SEGMENT, AUDIENCE, LAYOUT, FIELDS, OUT, HOLDOUT and others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from common.console import WRONG_USE, Problem
from common.paths import out_problem, read_file_setting, resolve_target
from common.setting_values import read_segment, read_word
from handover.layouts import layouts

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
# Nor since when a customer is in an audience of one's own.
AUDIENCE_COLUMNS = DEFAULT_COLUMNS[:4]
# What customer_segments does not have: read from the ledger of exports.
LEDGER_COLUMNS = ("membership_status", "member_since_date", "previous_segment_id")


@dataclass(frozen=True)
class Request:
    """What is to be exported; None where it follows from the rest.

    Attributes:
        segment_id: The segment; None for all of them, and for a status.
        status: The status of customers in no segment.
        format: csv or parquet.
        columns: The columns of the file, where it has no layout.
        out: The file, or the folder of a layout.
        holdout: What is done about customers held out of campaigns.
        is_forced: Whether what is there may be replaced.
        layout: The layout of the files of a tool.
        contacts: The file with the customers' addresses.
        has_changes_only: Whether customers who stayed are left out.
        audience: The audience of one's own.
    """

    segment_id: int | None
    status: str | None
    format: str
    columns: tuple[str, ...]
    out: Path | None
    holdout: str
    is_forced: bool
    layout: str | None = None
    contacts: Path | None = None
    has_changes_only: bool = False
    audience: str | None = None

    @property
    def list_name(self) -> str | None:
        """What a tool calls the audience; None for the name of each customer's segment."""
        return self.audience or self.status

    @property
    def is_by_segment(self) -> bool:
        """Whether a customer who changed segments has entered."""
        return self.list_name is None

    @property
    def file_name(self) -> str:
        """What the name of a file begins with."""
        whom = "all" if self.segment_id is None else f"segment_{self.segment_id}"
        return f"audience_{self.audience}" if self.audience else self.status or whom


def read_request(given: Mapping[str, str]) -> Request:
    """Read and check what the environment says of an export.

    Raises:
        Problem: with exit code 2 and one line that names the variable.
    """

    def text(name: str) -> str:
        return given.get(name, "").strip()

    status = text("SEGMENT") if text("SEGMENT") in STATUSES else None
    others = f", or {', '.join(STATUSES[:-1])} or {STATUSES[-1]}"
    segment_id = None if status else read_segment(text("SEGMENT"), "all of them", others)
    audience = text("AUDIENCE") or None
    if audience and text("SEGMENT"):
        raise Problem(
            f"AUDIENCE={audience} and SEGMENT={text('SEGMENT')}: expected one of them", WRONG_USE
        )
    holdout = read_word("HOLDOUT", text("HOLDOUT") or "exclude", HOLDOUTS)
    out = resolve_target(text("OUT"), out_problem(text("OUT"))) if text("OUT") else None
    layout = read_word("LAYOUT", text("LAYOUT"), tuple(layouts())) if text("LAYOUT") else None
    columns = tuple(name.strip() for name in text("FIELDS").split(",") if name.strip())
    if text("FIELDS") and not columns:
        raise Problem(f"FIELDS={text('FIELDS')}: expected names of columns", WRONG_USE)
    repeated = sorted({name for name in columns if columns.count(name) > 1})
    if repeated:
        raise Problem(f"FIELDS: {', '.join(repeated)} is named more than once", WRONG_USE)
    if layout:
        _check_layout(text("LAYOUT"), text("FIELDS"), holdout)
    elif text("CONTACTS"):
        raise Problem(
            f"CONTACTS={text('CONTACTS')}: addresses are written with LAYOUT only", WRONG_USE
        )
    held_out = ("is_holdout",) if holdout == "include" else ()
    return Request(
        segment_id=segment_id,
        status=status,
        format=_format(text("FORMAT"), out, is_folder=layout is not None),
        columns=columns or (*_usual_columns(status, audience), *held_out),
        out=out,
        holdout=holdout,
        is_forced=text("FORCE") == "1",
        layout=layout,
        contacts=read_file_setting(text("CONTACTS"), _contacts_problem(text("CONTACTS"))),
        has_changes_only=read_word("CHANGES", text("CHANGES") or "0", ("0", "1")) == "1",
        audience=audience,
    )


def _usual_columns(status: str | None, audience: str | None) -> tuple[str, ...]:
    """Return the columns of an export whose FIELDS are not given."""
    if audience:
        return AUDIENCE_COLUMNS
    return STATUS_COLUMNS.get(status or "", DEFAULT_COLUMNS)


def _check_layout(layout: str, fields: str, holdout: str) -> None:
    """Refuse what would change the columns or the customers of a tool's files."""
    if fields:
        raise Problem(
            f"LAYOUT={layout} and FIELDS={fields}: a layout has its columns; expected one of them",
            WRONG_USE,
        )
    if holdout != "exclude":
        raise Problem(
            f"LAYOUT={layout} and HOLDOUT={holdout}: files of a campaign tool leave out customers "
            "who are held out; leave out HOLDOUT, or LAYOUT",
            WRONG_USE,
        )


def _contacts_problem(text: str) -> Callable[[str], Problem]:
    """Return what makes the problem of CONTACTS from a reason."""
    return lambda reason: Problem(
        f"CONTACTS={text}: {reason}; expected a CSV or Parquet file with customer_id and email",
        WRONG_USE,
    )


def _format(given: str, out: Path | None, *, is_folder: bool) -> str:
    """Return the format: as asked for, and never another one than the ending of OUT says."""
    if is_folder:
        if out and out.suffix.lower().removeprefix(".") in FORMATS:
            raise Problem(
                f"OUT={out}: a layout has several files; expected the name of a folder", WRONG_USE
            )
        return read_word("FORMAT", given or "csv", FORMATS)
    ending = out.suffix.lower().removeprefix(".") if out else ""
    if out and ending not in FORMATS:
        raise Problem(f"OUT={out}: expected a file whose name ends in .csv or .parquet", WRONG_USE)
    chosen = read_word("FORMAT", given or ending or "csv", FORMATS)
    if out and chosen != ending:
        raise Problem(f"OUT={out}: expected a name ending in .{chosen}, as FORMAT says", WRONG_USE)
    return chosen
