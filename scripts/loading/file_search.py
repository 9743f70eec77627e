"""Finding the files of a raw table: one file, several, or a folder of partitions."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from common.data_errors import listed, refusal
from common.settings_table import nearest
from common.source_contract import RawTable
from loading.text_format import LONE_BYTES
from store.plain_names import PlainNames

KINDS = {
    ".csv": "csv",
    ".tsv": "csv",
    ".tab": "csv",
    ".txt": "csv",
    ".psv": "csv",
    ".jsonl": "json",
    ".ndjson": "json",
    ".json": "json",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".xlsx": "workbook",
    ".xlsm": "workbook",
    ".xlsb": "workbook",
    ".xls": "workbook",
    ".ods": "workbook",
    ".zip": "zip",
}
COMPRESSED = ".gz"
ARCHIVE = ".zip"
# Nobody has more files of one table; a wrong folder, such as a whole disk, has.
MOST_FILES = 10_000
PARTITION = re.compile(r"([^=/]+)=([^/]*)")


@dataclass(frozen=True)
class FoundFile:
    """A file of a raw table.

    Attributes:
        path: Where it is.
        name: Its path within the folder of the data, with slashes: unique among the files.
        kind: `csv` (any text with delimiters), `json`, `parquet`, `workbook`, or `zip` (an archive
            of one of the others).
        partitions: Columns that its folders give, from names such as `year=2024`.
        is_linked: Whether `path` is a link, as DuckDB would take the file's own for a pattern.
    """

    path: Path
    name: str
    kind: str
    partitions: dict[str, str] = field(default_factory=dict)
    is_linked: bool = False

    def readable(self, names: PlainNames) -> FoundFile:
        """Return the file with a path that DuckDB does not take for a pattern."""
        path = names.of(self.path)
        return self if path == self.path else replace(self, path=path, is_linked=True)


def find_files(place: Path, table: RawTable, pattern: str | None = None) -> list[FoundFile]:
    """Find the files of a table, in the order of their names.

    Args:
        place: The folder of the data, or a file, which is then the table's only one.
        table: Its files are `<name>.csv`, `<name>*.csv` and all below a folder `<name>`, with
            any of the endings in `KINDS`, gzipped or not.
        pattern: Names the files instead, such as `sales/*.csv`.

    Raises:
        Problem: the same file stands there twice, in two formats, or outside of the folder; or
            a required table has none.
    """
    if place.is_file():
        return [_found(place, place.parent, _kind_of_file(place))]
    names = list(_by_pattern(place, pattern) if pattern else _by_name(place, table))
    if not names and not pattern and table.has_any_name:
        # A text file beside the data is mostly a note on it.
        names = [p for p in place.iterdir() if p.is_file() and not p.name.endswith(".txt")]
    found = [
        _found(path, place, kind)
        for path in sorted(names)
        if (kind := kind_of(path.name)) and not is_passing(path.relative_to(place))
    ]
    if len(found) > MOST_FILES:
        raise refusal(place, f"has more than {MOST_FILES:,} files of {table.name}")
    if table.is_one_file and len(found) > 1:
        raise refusal(
            place,
            f"has {listed([file.name for file in found])}: expected one file; give the one that "
            "is meant as DATA",
        )
    _check_once(found, place, table)
    if not found and (pattern or table.is_required):
        raise _missing(place, table, pattern)
    return found


def files_of_any_name(place: Path) -> list[FoundFile]:
    """Return the files in a folder that are of a kind that is read, whatever their names."""
    if not place.is_dir():
        return []
    return [
        _found(path, place, kind)
        for path in sorted(place.iterdir())
        if path.is_file() and not path.is_symlink() and not is_passing(path.relative_to(place))
        if (kind := kind_of(path.name))
    ]


def is_passing(path: Path) -> bool:
    """Say whether a program keeps the file for itself: `_temporary/x`, `.~lock.x`, `~$x`."""
    return any(part.startswith((".", "_", "~")) for part in path.parts)


def kind_of(name: str) -> str | None:
    """Return the kind of a file by its ending; None when it is not one that is read."""
    lower = name.lower()
    return KINDS.get(Path(lower.removesuffix(COMPRESSED)).suffix)


def stem_of(name: str) -> str:
    """Return a file's name without its endings."""
    lower = name.lower()
    packed = next((end for end in (COMPRESSED, ARCHIVE) if lower.endswith(end)), "")
    plain = name[: len(name) - len(packed)]
    return plain[: -len(Path(plain).suffix)] if Path(plain).suffix.lower() in KINDS else plain


def _kind_of_file(path: Path) -> str:
    kind = kind_of(path.name)
    if kind is None:
        raise refusal(path, f"is of an unsupported kind: expected {_endings()}, or one of them.gz")
    return kind


def _endings() -> str:
    return ", ".join(KINDS)


def _by_name(folder: Path, table: RawTable) -> Iterator[Path]:
    name = re.compile(rf"{re.escape(table.name)}(?![a-z])", re.IGNORECASE)
    for path in folder.iterdir():
        if path.is_dir() and path.name.lower() == table.name:
            yield from (inner for inner in path.rglob("*") if inner.is_file())
        elif path.is_file() and name.match(path.name):
            yield path


def _by_pattern(folder: Path, pattern: str) -> Iterator[Path]:
    parts = Path(pattern).parts
    if not pattern or Path(pattern).is_absolute() or ".." in parts or "~" in pattern:
        raise refusal(folder, f"the files {pattern} are outside of the folder: expected inside it")
    # What stands there under this very name is meant, whatever the name means as a pattern.
    if (folder / pattern).is_file():
        return iter([folder / pattern])
    try:
        return iter([path for path in folder.glob(pattern) if path.is_file()])
    except (ValueError, NotImplementedError, OSError) as error:
        raise refusal(
            folder, f"the files {pattern} cannot be looked for ({error}): expected such as *.csv"
        ) from error


def _found(path: Path, folder: Path, kind: str) -> FoundFile:
    """Describe a file; one that a link takes out of the folder is refused."""
    name = path.relative_to(folder).as_posix()
    if LONE_BYTES.search(str(path)):
        raise refusal(name, "has a name with bytes that are not UTF-8: rename it")
    if not path.resolve().is_relative_to(folder.resolve()):
        raise refusal(
            name, f"is a link to {path.resolve()}, outside of the folder: expected the file itself"
        )
    partitions = {m[1]: m[2] for part in Path(name).parts[:-1] if (m := PARTITION.fullmatch(part))}
    return FoundFile(path, name, kind, partitions)


def _check_once(found: list[FoundFile], folder: Path, table: RawTable) -> None:
    """Refuse one file in two formats, and Parquet beside text."""
    by_stem: dict[str, str] = {}
    for file in found:
        stem = stem_of(file.name).lower()
        if stem in by_stem:
            raise refusal(folder, f"has both {by_stem[stem]} and {file.name}: expected one of them")
        by_stem[stem] = file.name
    tops = {file.name.partition("/")[0] if "/" in file.name else "" for file in found}
    if len(tops) > 1 and table.name in {top.lower() for top in tops}:
        loose = next(file.name for file in found if "/" not in file.name)
        raise refusal(folder, f"has both {loose} and a folder {table.name}: expected one of them")
    kinds = {file.kind: file.name for file in found}
    if "parquet" in kinds and len(kinds) > 1:
        raise refusal(
            folder, f"has both {' and '.join(sorted(kinds.values()))}: expected files of one kind"
        )


def _missing(folder: Path, table: RawTable, pattern: str | None) -> Exception:
    names = sorted(path.name for path in folder.iterdir())
    there = listed(names) or "no files"
    hint = nearest(f"{table.name}.csv", names)
    wanted = pattern or f"{table.name}.csv or {table.name}.parquet"
    return refusal(folder, f"expected {wanted}; there is {there}{hint}")
