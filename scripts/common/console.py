"""What people see on the terminal: lines, a live line, one-line problems and exit codes."""

from __future__ import annotations

import json
import sys
import unicodedata
from datetime import UTC, datetime
from typing import Protocol, TextIO

FAILED = 1
WRONG_USE = 2
HELD_BACK = 3
DATA_REFUSED = 4
BUSY = 5

EXIT_CODES = """exit codes:
  0  published
  1  failed; what was published before is untouched
  2  wrong use: an invalid setting
  3  published with the stored fit, because the refit was held back
  4  data refused
  5  another build is running in this warehouse
"""


class Problem(Exception):
    """A foreseeable problem: its message is shown on its own, without a traceback."""

    def __init__(self, message: str, exit_code: int = FAILED) -> None:
        super().__init__(message)
        self.exit_code = exit_code


class JsonLines:
    """Whether a program reads what is printed: then lines are JSON, and those for people go."""

    is_on = False


def plain(text: str) -> str:
    """Return a text on one line, with every character that could steer a terminal spelled out.

    These are control characters (line ends included), invisible ones such as those that turn the
    direction of writing, unassigned ones, and bytes of a file name that are no text. Blanks of any
    width stay.
    """
    if text.isprintable():
        return text
    return "".join(c if is_harmless(c) else repr(c)[1:-1] for c in text)


def is_harmless(character: str) -> bool:
    """Say whether a character is shown as itself: printable, or a blank of any width."""
    return character.isprintable() or unicodedata.category(character) == "Zs"


def plain_lines(text: str) -> str:
    """Return lines of text, each as `plain` has it; a tab is a blank, so that columns stay."""
    return "\n".join(plain(line.replace("\t", " ")) for line in text.split("\n"))


def _write(target: TextIO, text: str) -> None:
    """Write to a stream what a terminal does not obey and the stream's encoding can hold."""
    encoding = getattr(target, "encoding", None) or "utf-8"
    target.write(plain_lines(text).encode(encoding, "backslashreplace").decode(encoding))
    target.flush()


def say(line: str = "", stream: TextIO | None = None) -> None:
    """Write one line for people, to standard output unless another stream is given.

    Every line on the way to a screen passes here, and what is in it cannot steer the terminal.
    """
    if stream is None and JsonLines.is_on:
        return
    _write(sys.stdout if stream is None else stream, line + "\n")


class Writable(Protocol):
    """What takes text."""

    def write(self, text: str, /) -> object:
        """Take a text."""


class _Screen:
    """Standard output as a terminal: data that is shown there cannot steer it."""

    def write(self, text: str, /) -> None:
        _write(sys.stdout, text)


def data_output() -> Writable:
    """Return where a command writes data: plain on a screen, as it is into a file or a pipe."""
    return _Screen() if sys.stdout.isatty() else sys.stdout


def record(stream: TextIO | None = None, **fields: object) -> None:
    """Write one JSON line, where a program reads what is printed; nothing otherwise."""
    if not JsonLines.is_on:
        return
    at = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    shown = {name: plain_lines(v) if isinstance(v, str) else v for name, v in fields.items()}
    say(json_text({"at": at, **shown}), stream or sys.stdout)


def json_text(value: object) -> str:
    """Return a value as one line of JSON in ASCII, in which no character steers a terminal."""
    return json.dumps(value).replace("\x7f", "\\u007f")


def warn(line: str, level: str = "warning") -> None:
    """Write one line to standard error."""
    if not JsonLines.is_on:
        say(line, sys.stderr)
    elif line.strip():
        record(sys.stderr, level=level, message=line.strip())


class LiveLine:
    """A line that is overwritten in place; silent when standard error is not a terminal."""

    def __init__(self, width: int = 78) -> None:
        self._width = width
        self._is_shown = False
        self._is_terminal = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Replace the line by `text`, cut to the width of the line."""
        if not self._is_terminal:
            return
        sys.stderr.write("\r" + plain(text)[: self._width].ljust(self._width))
        sys.stderr.flush()
        self._is_shown = True

    def clear(self) -> None:
        """Take the line away."""
        if self._is_shown:
            sys.stderr.write("\r" + " " * self._width + "\r")
            sys.stderr.flush()
            self._is_shown = False


def count(number: int, noun: str, plural: str | None = None) -> str:
    """Return a number with its noun, such as `1 row` or `1,469,307 rows`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def size(byte_count: int) -> str:
    """Return a number of bytes in the largest unit that keeps it at 1 or above."""
    amount = float(byte_count)
    for unit in ("B", "kB", "MB"):
        if amount < 1000:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1000
    return f"{amount:.1f} GB"
