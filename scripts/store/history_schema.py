"""Tables of schema `history`: the state that a build takes over from the published file.

Each table is a list of (column, DuckDB type), from the one list of them, which is the YAML of dbt's
source `history`. At the start of a build they are copied by column name out of the published file,
empty when nothing was published; a column that the published file has by its former name is copied
from there (`marts_renames`), and one that it does not have yet is null.
Publishing writes them with what this run adds (`history_rows`).
"""

from __future__ import annotations

from pathlib import Path

import yaml

from common.json_types import JsonObject

SOURCE = Path("dbt_project/models/segmentation/history/_history__sources.yml")


def read_tables(path: Path) -> list[JsonObject]:
    """Return the tables of the one source that a file describes, as dbt's YAML has them."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    (source,) = yaml.load(path.read_text(encoding="utf-8"), Loader=loader)["sources"]
    tables: list[JsonObject] = source["tables"]
    return tables


TABLES = read_tables(Path(__file__).resolve().parents[2] / SOURCE)
HISTORY_TABLES = {
    table["name"]: [(column["name"], column["data_type"]) for column in table["columns"]]
    for table in TABLES
}
# The mart, by table, whose columns those of a table are, under the same names.
MART_OF = {
    table["name"]: table["config"]["meta"]["described_by"]
    for table in TABLES
    if "described_by" in table["config"]["meta"]
}
