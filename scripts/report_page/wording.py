"""Numbers, shares and dates as people read them."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, SupportsFloat, TypeAlias

from common.currencies import mark

NONE = "\N{EN DASH}"
# Not from the locale: the page is the same wherever it is written.
MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]

# Units that say how a value is written and not what it is of.
UNSPOKEN = ("as in the file", "-1 to 1", "1 to 100")

Number: TypeAlias = SupportsFloat | None
"""A number of any kind, as DuckDB gives them; None where there is none."""


def number(value: Number) -> str:
    """Return a number with about three digits that count, such as 9.95, 143 or 12,345."""
    if value is None:
        return NONE
    amount = float(value)
    size = abs(amount)
    digits = 0 if size >= 100 or amount == int(amount) else 1 if size >= 10 else 2
    return f"{_without_minus_zero(amount, digits):,.{digits}f}"


def money(value: Number, currency: str | None) -> str:
    """Return an amount with the mark of its currency, such as $12,345; without one, a number."""
    return marked(number(value), currency)


def marked(amount: str, currency: str | None) -> str:
    """Return an amount that is written already with the mark of its currency, such as -$12."""
    if amount == NONE:
        return amount
    size = amount.removeprefix("-")
    return f"{amount[: len(amount) - len(size)]}{mark(currency)}{size}"


def whole(value: Number) -> str:
    """Return a whole number, such as 12,345."""
    return NONE if value is None else f"{_without_minus_zero(float(value), 0):,.0f}"


def decimal(value: Number) -> str:
    """Return a number to two places, for measures between -1 and 1."""
    return NONE if value is None else f"{_without_minus_zero(float(value), 2):.2f}"


def percent(share: Number) -> str:
    """Return a share as percent: 31.5%, and 0.25% where it is below one."""
    if share is None:
        return NONE
    amount = 100 * float(share)
    digits = 2 if 0 < abs(amount) < 1 else 1
    return f"{_without_minus_zero(amount, digits):,.{digits}f}%"


def spoken(value: Number, unit: str, currency: str | None = None) -> str:
    """Return a value of a unit as sentences of the marts have it (macro `spoken_number`).

    The unit itself is not said, but for a thousand.
    """
    if value is None:
        return NONE
    kind = unit.split(" ")[0]
    # Nine decimals come first, as in SQL.
    amount = Decimal(f"{float(value):.9f}")
    if kind == "share":
        return f"{_spoken_share(amount)}%"
    if kind == "year":
        return f"{_rounded(amount, 0)}"
    size = abs(amount)
    if kind == "currency":
        text = marked(_spoken_amount(size), currency)
    elif size >= 100 or size == int(size) or size >= Decimal("19.95"):
        text = f"{_rounded(size, 0):,}"
    elif size >= Decimal("0.95"):
        text = f"{_rounded(size, 1).normalize():f}"
    else:
        text = "almost 0" if size < Decimal("0.005") else f"{_rounded(size, 2)}"
    return f"{'-' if amount < 0 else ''}{text}{' thousand' if kind == 'thousand' else ''}"


def _spoken_share(share: Decimal) -> str:
    size = abs(share)
    if Decimal("0.0995") <= size < Decimal("0.995") or size in (0, 1):
        return f"{_rounded(100 * share, 0)}"
    if size >= Decimal("0.00995"):
        return f"{_rounded(100 * share, 1).normalize():f}"
    return f"{_rounded(100 * share, 2)}"


def _spoken_amount(size: Decimal) -> str:
    for step in (10_000, 1_000, 100, 10):
        if size >= 100 * step:
            return f"{step * _rounded(size / step, 0):,}"
    if size >= Decimal("9.995") or size == int(size):
        return f"{_rounded(size, 0):,}"
    return f"{_rounded(size, 2)}"


def _rounded(value: Decimal, places: int) -> Decimal:
    return value.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def change(ratio: Number) -> str:
    """Return a ratio as a change: 1.04 is +4.0%."""
    if ratio is None:
        return NONE
    amount = _without_minus_zero(100 * (float(ratio) - 1), 1)
    return f"{amount:+,.1f}%"


def signed(value: Number) -> str:
    """Return a number to one place with its sign, and 0.0 without."""
    if value is None:
        return NONE
    amount = _without_minus_zero(float(value), 1)
    return f"{amount:+.1f}" if amount else "0.0"


def signed_whole(value: Number) -> str:
    """Return a whole number with its sign, and 0 without."""
    if value is None:
        return NONE
    amount = _without_minus_zero(float(value), 0)
    return f"{amount:+,.0f}" if amount else "0"


def index(value: Number) -> str:
    """Return an index of which 100 is the average."""
    return whole(value)


def in_unit(value: Number, unit: str, currency: str | None = None) -> str:
    """Return a value with its unit; shares as percent, amounts with the mark of their currency."""
    if value is None:
        return NONE
    kind, _, of = unit.partition(" ")
    if kind == "share":
        return f"{percent(value)} {of}".rstrip()
    if kind == "currency":
        return f"{money(value, currency)} {of}".rstrip()
    if unit in UNSPOKEN:
        return number(value)
    return f"{number(value)} {unit}".rstrip()


def unit(name: str, currency: str | None) -> str:
    """Return a unit with the currency, where it is known: `USD per order`."""
    return f"{currency}{name.removeprefix('currency')}" if currency and is_money(name) else name


def is_money(unit: str | None) -> bool:
    """Say whether a unit is of money: `currency per order`."""
    return (unit or "").split(" ")[0] == "currency"


def day(value: object) -> str:
    """Return a date such as 1 January 2018."""
    return (
        NONE
        if not isinstance(value, date)
        else f"{value.day} {MONTHS[value.month - 1]} {value.year}"
    )


def last_day(as_of: object) -> str:
    """Return the last day that counts at an as-of date, which is the day after it."""
    return day(as_of - timedelta(days=1)) if isinstance(as_of, date) else NONE


def data_until(run: dict[str, Any]) -> str:
    """Return which day the data of a run goes up to: the last one that counts.

    Without orders the date of a run is the day on which its file was loaded.
    """
    if not run["order_line_count"]:
        return f"data as loaded on {day(run['as_of_date'])}"
    return f"data up to {last_day(run['as_of_date'])}"


def words(name: object) -> str:
    """Return a technical name as words: `campaign_sent` is campaign sent."""
    return NONE if name is None else str(name).replace("_", " ")


def text(value: object) -> str:
    """Return a text as it is, and a dash for none."""
    return NONE if value is None else str(value)


def listed(parts: list[str]) -> str:
    """Return `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} and {parts[-1]}"


def _without_minus_zero(amount: float, digits: int) -> float:
    return round(amount, digits) + 0.0
