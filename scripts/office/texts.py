"""Texts that can stand in an Office file."""

from __future__ import annotations

import re
import textwrap

# What XML 1.0 cannot hold, and the marks by which Office programs write it.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def writable(text: str) -> str:
    """Return a text without characters that XML cannot hold."""
    return UNWRITABLE.sub("", text)


def shorten(text: str, most: int) -> str:
    """Return a text of at most so many characters, cut between words."""
    return textwrap.shorten(writable(text), most, placeholder=" \N{HORIZONTAL ELLIPSIS}")
