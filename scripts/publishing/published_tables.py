"""The tables to publish, with the descriptions of the dbt project."""

from __future__ import annotations

from dataclasses import dataclass

from common.json_types import JsonObject
from publishing.marts_schema import WITHOUT_CONTRACT
from store.history_rows import rows_sql

MARTS_FOLDER = "marts"
HISTORY = "history"


@dataclass(frozen=True)
class PublishedTable:
    """A table to publish: where its rows are in the build database, where it goes, what it means.

    rows: the query for its rows where these are in no one table, else None.
    """

    source_schema: str
    source_name: str
    rows: str | None
    schema: str
    name: str
    description: str
    column_descriptions: dict[str, str]
    primary_key: tuple[str, ...]


def tables_to_publish(manifest: JsonObject) -> list[PublishedTable]:
    """Return the marts and the history tables of a dbt manifest, by name."""
    models = {
        node["name"]: node
        for node in manifest["nodes"].values()
        if node["resource_type"] == "model"
    }
    marts = [node for node in models.values() if MARTS_FOLDER in node["fqn"][1:-1]]
    tables = [_table(with_features(mart, manifest), mart, "main") for mart in marts]
    for source in manifest["sources"].values():
        if source["source_name"] == HISTORY:
            tables.append(_history_table(source, models))
    return sorted(tables, key=lambda t: (t.schema != "main", t.name))


def with_features(mart: JsonObject, manifest: JsonObject) -> JsonObject:
    """Return a mart whose columns are described by doc blocks of their names, too.

    Only `customer_features` needs them: its columns follow the definitions, not a contract.
    """
    if mart["name"] not in WITHOUT_CONTRACT:
        return mart
    blocks = {
        block["name"]: {"name": block["name"], "description": block["block_contents"]}
        for block in manifest["docs"].values()
    }
    return {**mart, "columns": blocks | mart["columns"]}


def _history_table(source: JsonObject, models: dict[str, JsonObject]) -> PublishedTable:
    """Return a table of the state: of the model that has it whole, or put together."""
    described_by = _meta(source).get("described_by")
    shared = models[described_by]["columns"] if described_by else {}
    columns = {
        name: column if column.get("description") else shared.get(name, column)
        for name, column in source["columns"].items()
    }
    described = {**source, "columns": columns}
    return _table(described, models.get(f"{HISTORY}_{source['name']}"), HISTORY)


def _table(described: JsonObject, model: JsonObject | None, schema: str) -> PublishedTable:
    name = described["name"]
    key = _meta(described).get("primary_key") or ()
    columns = described.get("columns", {}).values()
    return PublishedTable(
        source_schema=model["schema"] if model else schema,
        source_name=(model.get("alias") or model["name"]) if model else name,
        rows=None if model else rows_sql(name),
        schema=schema,
        name=name,
        description=_one_line(described.get("description", "")),
        column_descriptions={c["name"]: _one_line(c.get("description", "")) for c in columns},
        primary_key=(key,) if isinstance(key, str) else tuple(key),
    )


def _one_line(text: str) -> str:
    """Return a description without the line breaks of the file it stands in."""
    return " ".join(text.split())


def _meta(node: JsonObject) -> JsonObject:
    return {**node.get("meta", {}), **node["config"].get("meta", {})}
