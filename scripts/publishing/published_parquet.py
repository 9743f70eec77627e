"""What Spark made, published as Parquet: a folder for each run, and a link to the current one.

The link changes in one step. Files of the run before stay until another run is published, so a
reader who has them open reads on, and a rollback can lead back to them.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from common.warehouse_paths import Warehouse

CURRENT = "current"


def publish_parquet(
    warehouse: Warehouse, folders: Mapping[tuple[str, str], Path], run_number: int
) -> Path:
    """Publish folders of Parquet files under (schema, table); returns the folder of the run."""
    parquet = warehouse.parquet
    unfinished = parquet / f".{run_number}.unfinished"
    remove(unfinished)
    for (schema, name), source in folders.items():
        target = unfinished / schema / name
        target.mkdir(parents=True)
        for file in sorted(source.glob("*.parquet")):
            link_or_copy(file, target / file.name)
    before = current_run(parquet)
    folder = parquet / str(run_number)
    # A run that is repeated: its readers go on with the files that they opened.
    if folder.exists():
        replaced = parquet / f".{run_number}.replaced"
        remove(replaced)
        folder.rename(replaced)
    unfinished.rename(folder)
    lead_to(parquet, folder)
    for other in parquet.iterdir():
        if other.name not in (CURRENT, folder.name, before):
            remove(other)
    return folder


def follow(warehouse: Warehouse, run_number: int) -> str | None:
    """Point the link to the run that was restored; returns a message about it, if any.

    Where that run has no Parquet any more, or never had, there is no current one.
    """
    parquet = warehouse.parquet
    before = current_run(parquet)
    if before in (None, str(run_number)):
        return None
    folder = parquet / str(run_number)
    if folder.is_dir():
        lead_to(parquet, folder)
        return f"{parquet.name}/{CURRENT} leads to run {run_number}"
    (parquet / CURRENT).unlink()
    return f"{parquet.name}/{CURRENT} is removed: run {run_number} is not kept as Parquet"


def current_run(parquet: Path) -> str | None:
    """Return the name of the folder that the link leads to."""
    link = parquet / CURRENT
    return link.readlink().name if link.is_symlink() else None


def lead_to(parquet: Path, folder: Path) -> None:
    """Have the link lead to a folder, in one step."""
    link = parquet / f".{CURRENT}"
    link.unlink(missing_ok=True)
    link.symlink_to(folder.name)
    os.replace(link, parquet / CURRENT)


def link_or_copy(source: Path, target: Path) -> None:
    """Give a file a second name, or a copy where the disk knows no links.

    Spark never writes into a file that is there.
    """
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def remove(path: Path) -> None:
    """Remove a folder or a file, if it is there."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
