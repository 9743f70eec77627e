"""Dates that are no digits with separators: named months, numbers, and what is no day at all.

Pure functions over texts whose digits are masked by 9, with how many rows have each.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

# Words that stand in times and name no month.
WORDS_OF_TIMES = {"t", "z", "utc", "gmt", "am", "pm"}
WORD = re.compile(r"[^\W\d_]+")
ONLY_DIGITS = re.compile(r"[^0-9:m]+")
# A day, a month's name (m) and a year in some order; then a time of day.
NAMED_SHAPE = re.compile(
    r"(?P<date>99? m 9999|m 99? 9999|9999 m 99?|99? m 99|9999 99? 99?)"
    r"(?P<clock> 99?:99(?P<seconds>:99)?)?"
)
COARSE_SHAPES = (
    (re.compile(r"9999[-/. ]?[wk]w?[-/. ]?99?|[wk]w? ?99?[-/. ,]+9999"), "a week without a day"),
    (re.compile(r"9999[-/. ]?q9|q9[-/. ]*9999"), "a quarter without a day"),
    (re.compile(r"9999[-/. ]99?|99?[-/. ]9999|999999"), "a month without a day"),
    (re.compile(r"[^\W\d_]{3,}[-/. ,]*(de |del )?(99)?99"), "a month without a day"),
    (re.compile(r"9999[-/. ,]*[^\W\d_]{3,}"), "a month without a day"),
    (re.compile(r"9999"), "a year without a day"),
    (re.compile(r"9999-?w99-?9"), "a day of an ISO week: expected it as YYYY-MM-DD"),
    (re.compile(r"99?:99(:99)?( ?[ap]m)?"), "a time without a date"),
)
# Numbers that are times, by their digits before the decimal sign.
NUMBERS = {
    "excel": ("[2-7][0-9]{4}", "a serial date of Excel"),
    "unix_s": ("[1-9][0-9]{8,9}", "Unix time in seconds"),
    "unix_ms": ("[1-9][0-9]{11,12}", "Unix time in milliseconds"),
    "unix_us": ("[1-9][0-9]{14,15}", "Unix time in microseconds"),
    "unix_ns": ("[1-9][0-9]{17,18}", "Unix time in nanoseconds"),
}

Masked = Sequence[tuple[str, int]]


def masked(text: str) -> str:
    """Return a text in lower case with its digits masked: `28. märz 2024` is `99. märz 9999`."""
    return re.sub("[0-9]", "9", text.lower().strip())


def has_words(texts: Masked) -> bool:
    """Say whether a text has a word that stands in no time of day."""
    return any(set(WORD.findall(text)) - WORDS_OF_TIMES for text, _ in texts)


def named_formats(texts: Masked, names: Mapping[str, Sequence[str]]) -> tuple[int, list[str]]:
    """Return the rows read by formats of named months, and these, such as `de:%d %m %Y`.

    The language is the one that reads most rows; where several do, the first of `names`.

    Args:
        texts: Masked texts, each with its rows.
        names: Patterns of the twelve months by language.
    """
    best: tuple[int, str, dict[str, None]] = (0, "", {})
    for language, patterns in names.items():
        months = re.compile(f"^(?:{'|'.join(patterns) or '(?!)'})$")
        formats: dict[str, None] = {}
        row_count = 0
        for text, rows in texts:
            if found := _named_format(text, months):
                formats[f"{language}:{found}"] = None
                row_count += rows
        if row_count > best[0]:
            best = (row_count, language, formats)
    return best[0], sorted(best[2])


def _named_format(text: str, months: re.Pattern[str]) -> str | None:
    """Return the strptime format of a text whose month is a number; None when it is no date."""
    words = set(WORD.findall(text))
    if words & {"am", "pm", "a", "p"}:
        # Halves of a day are read in English only, by strptime.
        return None
    numbered = WORD.sub(lambda word: " m " if months.match(word[0]) else " ", text)
    shape = ONLY_DIGITS.sub(" ", numbered).strip()
    match = NAMED_SHAPE.fullmatch(shape)
    if not match:
        return None
    date = match["date"]
    if "m" not in date and "年" not in text and "년" not in text:
        return None
    orders = {"m 9": "%m %d %Y", "999": "%Y %m %d"}
    usual = "%d %m %Y" if date.endswith("9999") else "%d %m %y"
    clock = (" %H:%M:%S" if match["seconds"] else " %H:%M") if match["clock"] else ""
    return orders.get(date[:3], usual) + clock


def looks_like(text: str) -> str:
    """Say what a text looks like that is read as no date."""
    plain = text.strip()
    for digits, words in NUMBERS.values():
        if re.fullmatch(f"{digits}([.,][0-9]+)?", plain):
            return words
    shape = masked(plain)
    for pattern, words in COARSE_SHAPES:
        if pattern.fullmatch(shape):
            return words
    if re.fullmatch(r"[-+]?[0-9]+([.,][0-9]+)?", plain):
        return "a number"
    return "text" if any(c.isalpha() for c in plain) else "no date"


def coarse(texts: Masked) -> str | None:
    """Return what most texts are where that is less than a day, such as a month; None if not."""
    total = sum(rows for _, rows in texts)
    found: dict[str, int] = {}
    for text, rows in texts:
        if (words := looks_like(text)).endswith("without a day"):
            found[words] = found.get(words, 0) + rows
    return next((words for words, rows in found.items() if rows * 2 > total), None)
