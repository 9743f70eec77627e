"""Names of files as DuckDB's readers need them: to them `*`, `?` and `[` are patterns.

A path that has one of these anywhere is read through a link with a plain name: no way of writing a
pattern reaches such a file once DuckDB may only touch some folders. What does not read, such as
ATTACH and COPY TO, takes a path as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.console import Problem
from common.data_errors import refusal
from store.temporary import place_of_user, session

PATTERN_CHARACTERS = "*?["
SEPARATOR = "\\"


class PlainNames:
    """Gives files whose path DuckDB would take for a pattern another path to read them by."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._links: dict[Path, Path] = {}

    def of(self, path: Path) -> Path:
        """Return a path that leads to this file and no other: its own, or that of a link.

        Raises:
            Problem: it has a backslash, which DuckDB takes for the end of a folder's name.
        """
        place = path.absolute()
        if SEPARATOR in str(place.resolve()) or SEPARATOR in str(place):
            raise refusal(path.name, f"has a backslash in its path {place}: rename it")
        if not is_pattern(place):
            return path
        if place not in self._links:
            link = self.folder / str(len(self._links))
            link.symlink_to(place)
            self._links[place] = link
        return self._links[place]


def is_pattern(path: Path) -> bool:
    """Say whether DuckDB takes a path for a pattern."""
    return any(character in str(path) for character in PATTERN_CHARACTERS)


@contextmanager
def plain_names() -> Iterator[PlainNames]:
    """Make a folder for links; it goes when they are read.

    It is not in the warehouse, whose own path may be one that needs links.
    """
    with session(place_of_user(), "names") as folder:
        place = folder.resolve()
        if is_pattern(place) or SEPARATOR in str(folder):
            raise Problem(
                f"TMPDIR={place.parents[1]}: expected a folder without * ? [ or a backslash"
            )
        yield PlainNames(place)
