"""What all charts have in common: colours, fonts and sizes."""

from __future__ import annotations

from typing import Any

INK, MUTED, MARK, CARD = "var(--ink)", "var(--muted)", "var(--mark)", "var(--card)"


def configuration() -> dict[str, Any]:
    """Return what all charts have in common, for the page to give to each."""
    font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
    quiet = {"domain": False, "ticks": False, "labelColor": MUTED, "titleColor": MUTED}
    return {
        "background": None,
        "font": font,
        "aria": False,
        "view": {"stroke": None},
        "axis": {
            **quiet,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "titlePadding": 8,
            "labelPadding": 6,
            "gridColor": "var(--grid)",
        },
        "header": {"labelColor": MUTED, "titleColor": MUTED},
        "legend": {"labelColor": MUTED, "titleColor": MUTED, "labelFontSize": 12},
        "text": {"color": INK, "fontSize": 12},
    }
