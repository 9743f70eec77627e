"""What each source brings: the raw tables, where their files are and what they must hold."""

from __future__ import annotations

from pathlib import Path

import yaml

from common.console import WRONG_USE, Problem
from common.json_types import JsonObject
from common.project_root import ROOT, STAGING
from common.settings import Settings
from common.shipped_sources import SOURCES
from common.source_contract import RawTable, Source


def source_of(settings: Settings) -> Source:
    """Return the source that the settings name.

    Raises:
        Problem: there are staging models for it, but nothing says how to load it.
    """
    return SOURCES.get(settings.source) or source_of_folder(ROOT / STAGING / settings.source)


def source_of_folder(folder: Path) -> Source:
    """Return a source as the `_<source>__sources.yml` among its staging models describes it.

    Each table is a raw table; `config: meta:` may hold `is_required` (true if not stated),
    `columns`, `required` and `aliases` of a table, and `orders_table`, `customer_column` and
    `time_column` of the source.

    Raises:
        Problem: there is no such file, or it does not say what it should (exit code 2).
    """
    path = folder / f"_{folder.name}__sources.yml"
    name = (
        f"SOURCE={folder.name}: {path.relative_to(ROOT) if folder.is_relative_to(ROOT) else path}"
    )
    try:
        parsed = yaml.safe_load(path.read_text(encoding="utf-8"))
        (described,) = (s for s in parsed["sources"] if s["name"] == folder.name)
        tables = tuple(_raw_table(table) for table in described["tables"])
    except FileNotFoundError:
        raise Problem(f"{name} is not there: expected one that names the raw tables") from None
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as error:
        raise Problem(
            f"{name} cannot be used ({type(error).__name__}: {' '.join(str(error).split())}): "
            f"expected one source {folder.name} with a list of tables, as in docs/templates/source",
            WRONG_USE,
        ) from None
    meta = _meta(described)
    return Source(
        name=folder.name,
        tables=tables,
        orders_table=meta.get("orders_table"),
        customer_column=meta.get("customer_column") if meta.get("orders_table") else None,
        time_column=meta.get("time_column"),
    )


def _raw_table(described: JsonObject) -> RawTable:
    meta = _meta(described)
    return RawTable(
        described["name"],
        columns=tuple(meta.get("columns", ())),
        required=tuple(meta.get("required", ())),
        is_required=bool(meta.get("is_required", True)),
        aliases=tuple((other, column) for other, column in meta.get("aliases", {}).items()),
    )


def _meta(described: JsonObject) -> JsonObject:
    return (described.get("config") or {}).get("meta") or {}
