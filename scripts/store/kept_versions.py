"""Published files that are kept, one folder per run number, each with its checksum beside it.

The published file is a link to one of them, or a copy where the disk knows no links. A version
appears whole under its name or not at all.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from common.query_rows import one_row
from common.warehouse_paths import Warehouse
from store import temporary
from store.atomic_path import atomic_path, sync
from store.warehouse import set_aside_wal, wal_of

HASH_CHUNK_BYTES = 1 << 20
# Numbers that are given out once, and the table of schema history where each stands.
NUMBERS = {"run_number": "runs", "fit_number": "fits", "segment_id": "segments"}
HIGHEST_NUMBERS = "highest_numbers"
RUN_NUMBER = re.compile(r"[1-9][0-9]{0,17}")
CHECKSUM_LINE = re.compile(r"([0-9a-f]{64})  marts\.duckdb\n")


@dataclass(frozen=True)
class Version:
    """A kept published file."""

    run_number: int
    folder: Path

    @property
    def file(self) -> Path:
        """The kept file."""
        return self.folder / "marts.duckdb"

    @property
    def checksum_file(self) -> Path:
        """Its checksum, as `sha256sum --check` reads it."""
        return checksum_file_of(self.file)


def version_of(warehouse: Warehouse, run_number: int) -> Version:
    """Return the version of a run, kept or not."""
    return Version(run_number, warehouse.versions / str(run_number))


def kept_versions(warehouse: Warehouse) -> list[Version]:
    """Return the kept versions, oldest first."""
    if not warehouse.versions.is_dir():
        return []
    # A folder of any other name, such as 01 or a copy of 1, is not one that a publish made.
    names = (path.name for path in warehouse.versions.iterdir())
    numbers = sorted(int(name) for name in names if RUN_NUMBER.fullmatch(name))
    return [version_of(warehouse, number) for number in numbers]


def sha256_of(path: Path) -> str:
    """Return the hash of a file's content, read in pieces."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def checksum_file_of(path: Path) -> Path:
    """Return the file that holds the checksum of a version."""
    return path.with_name(path.name + ".sha256")


def write_checksums(path: Path, *checksums: str) -> None:
    """Write the checksum of a file beside it, in one step; of two, either counts."""
    target = checksum_file_of(path)
    with atomic_path(target) as new:
        new.write_text("".join(f"{c}  {path.name}\n" for c in checksums), encoding="ascii")


def written_checksums(version: Version) -> set[str]:
    """Return the checksums that were written for a version: none, one, or while it changes two."""
    try:
        text = version.checksum_file.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return set()
    return set(CHECKSUM_LINE.findall(text))


def damage(version: Version) -> str | None:
    """Say what is wrong with a version, None when nothing is."""
    if not version.file.is_file():
        return "the file is missing"
    written = written_checksums(version)
    if not written:
        return f"{version.checksum_file.name} is missing or holds no checksum"
    if sha256_of(version.file) not in written:
        return "the file is not the one that was published: its checksum differs"
    if wal_of(version.file).exists():
        return f"a program opened it for writing and left {wal_of(version.file).name}"
    return None


def replace_file(version: Version, new_file: Path) -> None:
    """Put another file in place of a version's; killed at any moment, the version is whole.

    Meanwhile the checksums of both files count.
    """
    after = sha256_of(new_file)
    write_checksums(version.file, sha256_of(version.file), after)
    os.replace(new_file, version.file)
    sync(version.folder)
    write_checksums(version.file, after)


@contextmanager
def working_folder(warehouse: Warehouse) -> Iterator[Path]:
    """Make a folder to write new files in, on the disk they go to; it is gone afterwards.

    The caller holds the warehouse's lock.
    """
    temporary.remove_left(warehouse.path)
    folder = warehouse.path / f".publishing-{os.getpid()}"
    try:
        folder.mkdir()
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def make_read_only(path: Path) -> None:
    """Let those read a file who may read new files under the user's umask, and no one write it.

    A kept version of another user has the rights that this user gave it.
    """
    if os.geteuid() in (0, path.stat().st_uid):
        path.chmod(0o444 & ~umask())


def umask() -> int:
    """Return the user's umask, which can only be read by setting it."""
    found = os.umask(0o077)
    os.umask(found)
    return found


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name; a copy where the disk knows no links."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)
        sync(target)


def stage_version(file: Path, folder: Path) -> Path:
    """Make in `folder` the folder of a version, of a file and its checksum."""
    staged = folder / "version"
    staged.mkdir()
    link_or_copy(file, staged / "marts.duckdb")
    write_checksums(staged / "marts.duckdb", sha256_of(file))
    sync(staged)
    return staged


def put_in_place(warehouse: Warehouse, new_file: Path, run_number: int, keep: int) -> None:
    """Rename a new file onto the published one and keep it as a version; `keep` versions stay.

    Publishing is the one rename onto the published file. When the process is killed between it
    and the next one, the version is missing and `keep_published` makes it good.
    """
    staged = stage_version(new_file, new_file.parent)
    version = version_of(warehouse, run_number)
    warehouse.versions.mkdir(exist_ok=True)
    set_aside_wal(warehouse)
    replaced = new_file.parent / "replaced"
    if version.folder.exists():
        version.folder.rename(replaced)
    try:
        os.replace(new_file, warehouse.marts_db)
    except OSError:
        if replaced.exists():
            replaced.rename(version.folder)
        raise
    staged.rename(version.folder)
    for folder in (warehouse.versions, warehouse.path):
        sync(folder)
    remove_old_versions(warehouse, run_number, keep)


def keep_published(warehouse: Warehouse, run_number: int | None) -> None:
    """Keep the published file as a version where a killed publish did not come to it."""
    if run_number is None or version_of(warehouse, run_number).folder.exists():
        return
    with working_folder(warehouse) as folder:
        staged = stage_version(warehouse.marts_db, folder)
        warehouse.versions.mkdir(exist_ok=True)
        staged.rename(version_of(warehouse, run_number).folder)
        sync(warehouse.versions)


def publish_version(warehouse: Warehouse, version: Version) -> None:
    """Put a kept version in place of the published file, by one rename."""
    with working_folder(warehouse) as folder:
        link = folder / warehouse.marts_db.name
        link_or_copy(version.file, link)
        make_read_only(link)
        set_aside_wal(warehouse)
        os.replace(link, warehouse.marts_db)
        sync(warehouse.path)


def remove_old_versions(warehouse: Warehouse, current: int, keep: int) -> None:
    """Keep the newest versions and the current one."""
    for version in kept_versions(warehouse)[:-keep]:
        if version.run_number != current:
            shutil.rmtree(version.folder, ignore_errors=True)


def highest_numbers(path: Path) -> tuple[int, ...]:
    """Return the highest run number, fit number and segment id that a published file knows.

    Raises:
        duckdb.Error: the file cannot be read.
    """
    highest = dict.fromkeys(NUMBERS, 0)
    with duckdb.connect(path, read_only=True) as connection:
        there = connection.execute(
            "select table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'history'"
        ).fetchall()
        for column, table in NUMBERS.items():
            for name in (table, HIGHEST_NUMBERS):
                if (name, column) in there:
                    (number,) = one_row(connection, f"select max({column}) from history.{name}")
                    highest[column] = max(highest[column], number or 0)
    return tuple(highest.values())
