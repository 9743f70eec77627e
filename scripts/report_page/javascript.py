"""The JavaScript of Vega, Vega-Lite and Vega-Embed, from the installed package: nothing is fetched.

The bundle has Vega's expression interpreter, so charts are drawn without `eval`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import altair
import vl_convert

ASSETS = Path(__file__).parent / "assets"
LICENCE = (
    "/*! Vega, Vega-Lite and Vega-Embed: Copyright University of Washington Interactive Data Lab "
    "and contributors, BSD-3-Clause; D3: Copyright Mike Bostock, ISC */\n"
)


@cache
def library() -> str:
    """Return the bundle, as text that can stand in a script element; made once in a process."""
    version = ".".join(altair.SCHEMA_VERSION.split(".")[:2])
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)
    return in_script(LICENCE + bundle)


def page_script() -> str:
    """Return the script of the page itself."""
    return in_script((ASSETS / "page.js").read_text(encoding="utf-8"))


def versions() -> str:
    """Return the versions that draw the charts."""
    return (
        f"Altair {altair.__version__}, Vega-Lite {altair.SCHEMA_VERSION.removeprefix('v')}, "
        f"Vega {vl_convert.get_vega_version()}"
    )


def in_script(code: str) -> str:
    """Return code that cannot end its script element.

    Raises:
        ValueError: it has a text that would end or change the element.
    """
    for sign in ("</script", "<!--", "<script"):
        if sign in code.lower():
            raise ValueError(f"the script has {sign!r}, which cannot stand in an HTML page")
    return code
