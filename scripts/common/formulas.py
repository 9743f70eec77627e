"""Texts in a CSV file that a spreadsheet would take for formulas, and what keeps them texts."""

from __future__ import annotations

import unicodedata

# =, +, - and @, also full-width and small.
SIGNS = r"=+\-@＝＋－＠﹦﹢﹣﹫−"  # noqa: RUF001
# Also after blanks, control or invisible characters; and a tab or line end in the first place.
FORMULA = rf"^[\pZ\pC]*[{SIGNS}]|^[\t\r\n]"
GUARD = "'"


def is_formula(text: str) -> bool:
    """Say of a text what the SQL of FORMULA says of it."""
    if text[:1] in ("\t", "\r", "\n"):
        return True
    first = next((c for c in text if unicodedata.category(c)[0] not in "ZC"), "\\")
    return first in SIGNS.replace("\\", "")


def guarded(text: str) -> str:
    """Return a text as it is written to a CSV file: after a single quote where it is a formula."""
    return GUARD + text if is_formula(text) else text
