"""Templates, and what keeps texts of data from being anything but text."""

from __future__ import annotations

import base64
import hashlib
import json
from decimal import Decimal
from pathlib import Path

import jinja2
from markupsafe import Markup

TEMPLATES = Path(__file__).parent / "templates"


def environment() -> jinja2.Environment:
    """Return the templates: every value is escaped, a value that is missing is an error."""
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def json_in_html(value: object) -> Markup:
    """Return JSON that can stand in a script element: no `<`, `>` or `&` in it."""
    text = json.dumps(value, ensure_ascii=False, sort_keys=True, allow_nan=False, default=_plain)
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)


def _plain(value: object) -> float:
    """Return decimals as numbers; anything else is a mistake."""
    if isinstance(value, Decimal):
        return float(value)
    raise TypeError(f"a chart cannot hold {value!r}")


def content_hash(text: str) -> str:
    """Return the hash of an element's text as a content security policy names it."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def policy(scripts: list[str], styles: list[str]) -> str:
    """Return the content security policy: these scripts and styles, and nothing from anywhere."""
    return "; ".join(
        [
            "default-src 'none'",
            f"script-src {' '.join(content_hash(text) for text in scripts)}",
            f"style-src {' '.join(content_hash(text) for text in styles)}",
            "base-uri 'none'",
            "form-action 'none'",
        ]
    )
