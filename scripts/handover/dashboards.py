"""Write superset.zip: the dashboards of examples/superset over the published file."""

from __future__ import annotations

import json
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from common.console import Problem, say
from common.project_root import ROOT
from common.project_sql import LOADER
from common.query_rows import one_row
from common.settings import resolve_warehouse
from common.warehouse_paths import Warehouse
from store.atomic_path import atomic_path
from store.published_file import open_published

FILES = ROOT / "examples" / "superset"
# Superset opens what the address says: without this it opens the file for writing.
READ_ONLY = "access_mode=read_only"
IDS = ("uuid", "dataset_uuid", "database_uuid", "datasetUuid")
# The same files give the same archive, whenever it is written.
WRITTEN_AT = (2026, 1, 1, 0, 0, 0)
# Superset wants these to be unique, and has room for 250 characters.
NAMES = {"database_name", "table_name"}
LONGEST_PLACE = 200


def address_of(marts: Path) -> str:
    """Return the address by which Superset opens a published file, read-only."""
    return f"duckdb:///{marts}?{READ_ONLY}"


def bundle_files(marts: Path, source: str) -> Iterator[tuple[str, str]]:
    """Yield path and text of each file of the bundle of a published file.

    Ids belong to the address, so that the dashboards of two warehouses do not replace each other.
    """
    address = address_of(marts)
    for path in sorted(FILES.rglob("*.yaml")):
        content = _with_ids(yaml.load(path.read_text(encoding="utf-8"), LOADER), address)
        if "sqlalchemy_uri" in content:
            content["sqlalchemy_uri"] = address
        for key in NAMES & content.keys():
            content[key] += f" of {str(marts.parent)[-LONGEST_PLACE:]}"
        if "dashboard_title" in content:
            content["dashboard_title"] += f" ({source})"
            content["position"]["HEADER_ID"]["meta"]["text"] = content["dashboard_title"]
        # JSON is YAML, and knows no line that is too long.
        text = json.dumps(content, ensure_ascii=False, indent=1)
        yield f"customer_segments/{path.relative_to(FILES)}", text


def _with_ids(content: Any, address: str) -> Any:
    """Return the content of a file with the ids of an address in place of those of the project."""
    if isinstance(content, list):
        return [_with_ids(one, address) for one in content]
    if not isinstance(content, dict):
        return content
    return {
        key: str(uuid.uuid5(uuid.UUID(value), address)) if key in IDS else _with_ids(value, address)
        for key, value in content.items()
    }


def write_bundle(warehouse: Warehouse) -> Path:
    """Write the archive into the warehouse; returns its path.

    Raises:
        Problem: nothing is published, or the archive cannot be written.
    """
    with open_published(warehouse.marts_db) as connection:
        (source,) = one_row(connection, "select source from segmentation_runs where is_current")
    path = warehouse.superset_bundle
    try:
        with atomic_path(path) as new, zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, text in bundle_files(warehouse.marts_db, source):
                archive.writestr(zipfile.ZipInfo(name, WRITTEN_AT), text)
    except OSError as error:
        raise Problem(f"{path} cannot be written: {error.strerror}") from error
    return path


def main() -> int:
    """Write the archive and say what to do with it."""
    path = write_bundle(resolve_warehouse())
    say(f"Dashboards: {path}")
    say("Import it in Superset: Dashboards, Import dashboards (docs/connect.md)")
    return 0
