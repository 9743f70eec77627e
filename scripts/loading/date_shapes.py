"""Formats that a date may have, by the shape of its text: `99/99/9999` is days or months first.

Pure functions.
"""

from __future__ import annotations

import re

from loading import date_words

ISO = "%Y-%m-%d"
MONTHS = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
LANGUAGES = {
    "en": "English",
    "de": "German",
    "fr": "French",
    "es": "Spanish",
    "it": "Italian",
    "nl": "Dutch",
    "pt": "Portuguese",
    "pl": "Polish",
    "sv": "Swedish",
    "da": "Danish",
    "ja": "numbers",
}
# Dates by shape: 9 is a digit, mon a month's name. `-` stands for the separator that was found.
DATE_SHAPES: tuple[tuple[re.Pattern[str], tuple[tuple[str, ...], ...]], ...] = (
    (re.compile(r"9999([-/.])99?\1(?:99?)"), (("%Y-%m-%d",),)),
    (re.compile(r"99999999()"), (("%Y%m%d",),)),
    (re.compile(r"99?([-/.])99?\1(?:9999)"), (("%d-%m-%Y",), ("%m-%d-%Y",))),
    (re.compile(r"99?([-/.])99?\1(?:99)"), (("%d-%m-%y",), ("%m-%d-%y",), ("%y-%m-%d",))),
    (re.compile(r"99?([-/. ]?)mon\1(?:9999)"), (("%d-%b-%Y", "%d-%B-%Y"),)),
    (re.compile(r"99?([-/. ]?)mon\1(?:99)"), (("%d-%b-%y", "%d-%B-%y"),)),
    (
        re.compile(r"mon()( )99?(?:, ?| )9999"),
        (("%b %d, %Y", "%B %d, %Y", "%b %d %Y", "%B %d %Y"),),
    ),
)
TIME_SHAPE = re.compile(
    r"(?P<space>[ t]|, ?)99?:99(?P<seconds>:99)?(?P<fraction>[.]9{1,6})?(?P<half> ?[ap]m)?"
)
ZONE_SHAPE = re.compile(r" ?(?:z|utc|gmt|[+-]99(?::?99)?)$")


def shape_of(masked: str) -> str:
    """Return a masked text with an English month as `mon`."""
    return re.sub(f"({MONTHS})[a-z]*", "mon", masked)


def date_shapes(texts: date_words.Masked) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return, by shape, the dates' formats that are possible, each with its strptime formats."""
    found = {shape: formats_of_shape(shape) for shape in {shape_of(text) for text, _ in texts}}
    return {shape: candidates for shape, candidates in sorted(found.items()) if candidates}


def formats_of_shape(shape: str) -> dict[str, tuple[str, ...]]:
    """Return the formats a shape may be, by the format of the date; empty when it is no date.

    `99/99/9999 9:99` may be `%d/%m/%Y` or `%m/%d/%Y`, each followed by ` %H:%M`.
    """
    for pattern, candidates in DATE_SHAPES:
        match = pattern.match(shape)
        if not match:
            continue
        between = match[1] if pattern.groups else "-"
        dates = [tuple(f.replace("-", between) for f in fs) for fs in candidates]
        clock = clock_format(shape[match.end() :], is_iso=dates[0][0] == ISO)
        if clock is None:
            continue
        return {fs[0]: tuple(f + clock for f in fs) for fs in dates}
    return {}


def clock_format(shape: str, *, is_iso: bool) -> str | None:
    """Return the format of what follows the date; None when it is no time of day."""
    if is_iso:
        shape = ZONE_SHAPE.sub("", shape)
    if not shape:
        return ""
    match = TIME_SHAPE.fullmatch(shape)
    if not match:
        return None
    half = match["half"]
    parts = [
        match["space"].upper(),
        "%I:%M" if half else "%H:%M",
        ":%S" if match["seconds"] else "",
        ".%f" if match["fraction"] else "",
        (" %p" if half.startswith(" ") else "%p") if half else "",
    ]
    return "".join(parts)


def order_of(name: str) -> str:
    """Return the order of a format's fields: `dmy`, `mdy` or `ymd`."""
    fields = re.findall(r"%([YymdbB])", name)
    return "".join({"Y": "y", "b": "m", "B": "m"}.get(f, f) for f in fields)


def spoken_format(name: str) -> str:
    """Return a date format as people write it: DD/MM/YYYY."""
    if name == "iso":
        return spoken_format(ISO)
    if name in date_words.NUMBERS:
        return date_words.NUMBERS[name][1]
    if name[2:3] == ":":
        return f"{spoken_format(name[3:].replace('%m', '%B'))}, months in {LANGUAGES[name[:2]]}"
    words = {"%Y": "YYYY", "%y": "YY", "%m": "MM", "%d": "DD", "%b": "MON", "%B": "MON"}
    return re.sub(r"%[YymdbB]", lambda m: words[m[0]], name)
