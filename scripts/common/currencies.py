"""How amounts of money are marked: the one place, for the SQL and for the page."""

from __future__ import annotations

# Signs that are read as one currency; of the others people read the letters.
MARKS = {
    "EUR": "\N{EURO SIGN}",
    "GBP": "\N{POUND SIGN}",
    "INR": "\N{INDIAN RUPEE SIGN}",
    "USD": "$",
}


def mark(currency: str | None) -> str:
    """Return what stands before an amount, such as `$` or `CHF `; nothing without a currency."""
    if not currency:
        return ""
    return MARKS.get(currency, f"{currency} ")
