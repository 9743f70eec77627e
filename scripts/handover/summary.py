"""A short, readable summary of the published file."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Sequence
from pathlib import Path

import duckdb

from common.console import Problem, plain, say
from common.currencies import mark
from common.query_rows import NamedRow, named_rows, one_row
from common.quoting import identifier
from common.settings import resolve_warehouse
from handover.attribute_uses import attribute_uses
from store.published_file import open_published
from store.warehouse import remove_leftovers

MAX_WIDTH = 100
MIN_WIDTH = 60
# Value tiers from the highest, and what stands in a cell that is merged into one to its left.
TIERS = ("top", "high", "medium", "low", "none")
MERGED = "<"
# What segment_yield says of growth, in as few letters as the table has room for.
GROWTH = {
    "grows": "grows",
    "shrinks": "shrinks",
    "no clear change": "unclear",
    "too few customers": "too few",
}


def summary(path: Path, width: int | None = None) -> str:
    """Return the summary of a published file, no wider than `width` characters.

    Raises:
        Problem: the file is not there or cannot be read.
    """
    if width is None:
        width = shutil.get_terminal_size((MAX_WIDTH, 24)).columns
    width = max(MIN_WIDTH, min(width, MAX_WIDTH))
    with open_published(path, "cannot be summed up") as connection:
        parts = [
            _run(connection, width),
            _customers(connection, width),
            _segments(connection, width),
            _grid(connection, width),
            _baselines(connection, width),
            _data(connection),
            _empty_marts(connection, width),
            _how_to_query(path),
        ]
    return "\n\n".join(part for part in parts if part)


def headline(path: Path, width: int = MAX_WIDTH) -> str:
    """Return the part of the summary that README.md shows: run, segments and finding."""
    with duckdb.connect(path, read_only=True) as connection:
        parts = [
            _run(connection, width).splitlines()[0],
            _segments(connection, width),
            _grid(connection, width),
            _baselines(connection, width),
        ]
    return "\n\n".join(part for part in parts if part)


def _run(connection: duckdb.DuckDBPyConnection, width: int) -> str:
    rows = named_rows(connection, "select * from segmentation_runs where is_current")
    if not rows:
        raise Problem("the published file has no current run: build again")
    current = rows[0]
    lines = [
        f"Run {current['run_number']} of {current['source']}, as of {current['as_of_date']}: "
        f"{current['k']} segments, structure {current['verdict']}"
    ]
    if current.get("verdict_reason"):
        lines.extend(_wrapped(f"{current['verdict_reason']}", width))
    if current.get("weighting") == "structure":
        lines.extend(_wrapped("the weights of features were found in the data", width))
    if current.get("is_held_back"):
        lines.extend(_wrapped(_held_back(current), width))
    elif current.get("drifted_features"):
        lines.extend(_wrapped(f"Drifted: {current['drifted_features']}", width))
    for what in ("indistinguishable_segments", "skipped_snapshots"):
        if current.get(what):
            lines.extend(_wrapped(f"{what.replace('_', ' ').capitalize()}: {current[what]}", width))
    if current.get("has_order_gap"):
        sentence = (
            f"{current['last_gap_days']} days without an order before {current['last_order_date']}"
        )
        lines.extend(_wrapped(f"Check the last dates: {sentence}", width))
    if current.get("warnings"):
        lines.extend(_wrapped(f"Worth a second look: {current['warnings']}", width))
    dropped = current.get("dropped_features")
    if dropped:
        names = ", ".join(dropped) if isinstance(dropped, list) else str(dropped)
        lines.extend(_wrapped(f"Left out: {names}", width))
    return "\n".join(lines)


def _held_back(current: NamedRow) -> str:
    return (
        f"Refit held back ({current['refit_reason']}): it would move "
        f"{current['moved_share']:.0%} of the customers. The stored fit stays active; "
        "REFIT=always publishes the new one"
    )


def _customers(connection: duckdb.DuckDBPyConnection, width: int) -> str:
    rows = named_rows(
        connection,
        "select status, count(*) as customers from customer_segments group by status "
        "order by customers desc, status",
    )
    total = sum(row["customers"] for row in rows)
    parts = ", ".join(f"{row['customers']:,} {row['status'].replace('_', ' ')}" for row in rows)
    stages = named_rows(
        connection,
        "select lifecycle_stage as stage, count(*) as customers from customer_segments "
        "where lifecycle_stage is not null group by stage order by customers desc, stage",
    )
    lines = _wrapped(f"Customers: {total:,} ({parts})", width, "")
    if stages:
        told = ", ".join(f"{row['customers']:,} {row['stage'].replace('_', ' ')}" for row in stages)
        lines += _wrapped(f"By their own rhythm: {told}", width, "")
    for sentence in attribute_uses(connection):
        lines += _wrapped(sentence, width, "")
    return "\n".join(lines)


def _segments(connection: duckdb.DuckDBPyConnection, width: int) -> str:
    rows = named_rows(
        connection,
        "select *, (select max(horizon_days) from segment_yield) as horizon_days "
        "from segment_summary order by segment_id",
    )
    currency = _currency_mark(connection)
    futures = _amounts([row["future_spend_per_customer"] for row in rows], currency)
    units = [row.get("value_unit") or "" for row in rows]
    is_money = all(unit.split(" ")[0] == "currency" for unit in units)
    values = _amounts([row.get("value_per_customer") for row in rows], currency * is_money)
    cells = [
        (
            str(row["segment_id"]),
            row["segment_name"] or "",
            row["strategy"],
            f"{row['customer_count']:,}",
            _percent(row["customer_share"]),
            _percent(row["spend_share"]),
            future,
            value,
            GROWTH.get(row["growth_direction"], ""),
        )
        for row, future, value in zip(rows, futures, values, strict=True)
    ]
    horizon = next((row["horizon_days"] for row in rows), None)
    before = ("id", "segment", "strategy", "customers", "share", "of spend")
    label = next((row["value_label"] for row in rows if row.get("value_label")), "value")
    head = (*before, f"in {horizon} days", label, "growth")
    # Without orders nothing is spent, and short data holds nothing later.
    sentence = [at for at in range(len(head)) if at < 2 or any(cell[at] for cell in cells)]
    return table_text(
        [head[at] for at in sentence],
        [[cell[at] for at in sentence] for cell in cells],
        width,
        left=[sentence.index(at) for at in (1, 2, 8) if at in sentence],
        wrapped=1,
    )


def _grid(connection: duckdb.DuckDBPyConnection, width: int) -> str:
    """Return customers and shares of spend of segments by value tier."""
    rows = named_rows(
        connection,
        "select segment_id, tiers, customer_count, spend_share from segment_grid "
        "order by segment_id, tiers",
    )
    present = {tier for row in rows for tier in row["tiers"].split(", ")}
    head = [tier for tier in TIERS if tier in present]
    cells: dict[int, dict[str, str]] = {}
    for row in rows:
        first, *others = row["tiers"].split(", ")
        of_segment = cells.setdefault(row["segment_id"], {})
        of_segment[first] = f"{row['customer_count']:,} ({_percent(row['spend_share']) or '0'})"
        of_segment |= dict.fromkeys(others, MERGED)
    if not cells:
        return ""
    lines = _wrapped("Customers (share of spend) by segment and value tier", width)
    lines.append(
        table_text(
            ("id", *head),
            [
                (str(segment), *(of_segment.get(tier, "") for tier in head))
                for segment, of_segment in cells.items()
            ],
            width,
        )
    )
    if any(MERGED in of_segment.values() for of_segment in cells.values()):
        lines += _wrapped(f"{MERGED} too few customers, counted with the tier to the left", width)
    return "\n".join(lines)


def _baselines(connection: duckdb.DuckDBPyConnection, width: int) -> str:
    # The run that is repeated may be older than the measure; the mart is of this build.
    rows = named_rows(
        connection,
        "select coalesce(max(finding), "
        "(select baseline_finding from segmentation_runs where is_current)) as spend_sentence, "
        "max(composition_finding) as composition_sentence "
        "from segment_baselines where basis = 'backtest' and method = 'segments'",
    )
    sentences = (rows[0]["composition_sentence"], rows[0]["spend_sentence"])
    return "\n".join(line for text in sentences if text for line in _wrapped(text, width))


def _data(connection: duckdb.DuckDBPyConnection) -> str:
    rows = named_rows(
        connection,
        "select source_table, "
        "coalesce(sum(row_count) filter (where outcome = 'accepted'), 0) as accepted, "
        "coalesce(sum(row_count) filter (where outcome = 'rejected'), 0) as rejected, "
        "coalesce(sum(row_count) filter (where outcome = 'duplicate'), 0) as duplicate, "
        "coalesce(sum(row_count) filter (where outcome = 'left_out'), 0) as left_out "
        "from data_quality group by source_table order by accepted desc, source_table",
    )
    outcomes = {"accepted": "accepted", "rejected": "rejected", "duplicate": "duplicate"}
    if any(row["left_out"] for row in rows):
        outcomes["left_out"] = "left out"
    cells = [
        (row["source_table"], *(f"{int(row[name]):,}" for name in outcomes))
        for row in rows
        if any(row[name] for name in outcomes)
    ]
    return table_text(("raw rows of", *outcomes.values()), cells, MAX_WIDTH, left=(0,))


def _empty_marts(connection: duckdb.DuckDBPyConnection, width: int) -> str:
    """Name the marts without rows, where the source has no orders for them."""
    (orders,) = one_row(
        connection, "select order_line_count from segmentation_runs where is_current"
    )
    tables = connection.execute(
        "select table_name from duckdb_tables() where schema_name = 'main' "
        "and database_name = current_database() order by table_name"
    ).fetchall()
    empty = [
        name
        for (name,) in tables
        if connection.execute(f"select count(*) from {identifier(name)}").fetchone() == (0,)
    ]
    if orders or not empty:
        return ""
    sentence = f"No orders in this source, so these marts are empty: {', '.join(empty)}"
    return "\n".join(_wrapped(sentence, width, ""))


def _how_to_query(path: Path) -> str:
    query = "from segment_summary"
    return "\n".join(
        [
            f"Published: {path}",
            f'  duckdb -readonly {_shell(path)} "{query}"',
            f"  .venv/bin/python -c \"import duckdb; duckdb.connect('{_python(path)}', "
            f"read_only=True).sql('{query}').show()\"",
        ]
    )


def _shell(path: Path) -> str:
    text = str(path)
    is_plain = all(c.isalnum() or c in "/._-" for c in text)
    return text if is_plain else "'" + text.replace("'", "'\\''") + "'"


def _python(path: Path) -> str:
    return str(path).replace("\\", "\\\\").replace("'", "\\'").replace('"', '\\"')


def _percent(share: float | None) -> str:
    return "" if share is None else f"{float(share) * 100:.1f}%"


def _amounts(values: Sequence[float | None], currency: str) -> list[str]:
    """Return amounts, without decimals where one of them has three digits before the point."""
    digits = 0 if any(abs(value) >= 100 for value in values if value is not None) else 2
    return ["" if value is None else f"{currency}{value:,.{digits}f}" for value in values]


def _currency_mark(connection: duckdb.DuckDBPyConnection) -> str:
    """Return what stands before amounts, by the run; files of earlier versions have no currency."""
    rows = named_rows(connection, "select * from segmentation_runs where is_current")
    return mark(rows[0].get("currency")) if rows else ""


def _wrapped(text: str, width: int, indent: str = "  ") -> list[str]:
    return textwrap.wrap(text, width, initial_indent=indent, subsequent_indent="  ")


def table_text(
    head: Sequence[str],
    rows: Sequence[Sequence[str]],
    width: int,
    *,
    left: Sequence[int] = (),
    wrapped: int | None = None,
) -> str:
    """Return a plain text table; numbers to the right, columns in `left` to the left.

    The column `wrapped` is broken over several lines where the table is wider than `width`. Cells
    are shown as `plain` has them, so that none begins a new line.
    """
    head, rows = [plain(text) for text in head], [[plain(text) for text in row] for row in rows]
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    if wrapped is not None:
        others = sum(w for i, w in enumerate(widths) if i != wrapped) + 2 * len(head)
        widths[wrapped] = max(12, min(widths[wrapped], width - others))
    lines = []
    for row in (head, *rows):
        pieces = [textwrap.wrap(c, w) if i == wrapped else [c] for i, (c, w) in _cells(row, widths)]
        for level in range(max(len(p) for p in pieces) or 1):
            texts = [p[level] if level < len(p) else "" for p in pieces]
            aligned = [
                t.ljust(w) if i in left else t.rjust(w)
                for i, (t, w) in enumerate(zip(texts, widths, strict=True))
            ]
            lines.append("  " + "  ".join(aligned).rstrip())
    return "\n".join(lines)


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[tuple[int, tuple[str, int]]]:
    return list(enumerate(zip(row, widths, strict=True)))


def main() -> int:
    """Show the summary of the published file of the warehouse."""
    warehouse = resolve_warehouse()
    remove_leftovers(warehouse)
    say(summary(warehouse.marts_db))
    return 0
