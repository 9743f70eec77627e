"""A process of its own: raw to features by the compiled SQL of dbt, run without dbt.

The same load, the same statements in the same order on the same engine with the same settings:
what is left between this and a build is what dbt's layers cost. The statements are those that the
last build of the given warehouse compiled, so the two cannot drift apart; the script is written
beside the result, to be read and run by hand. Usage: scale_plain.py BUILT_WAREHOUSE WAREHOUSE
(with SOURCE, DATA and the rest in the environment, as for a build)
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import duckdb

from benchmarks.process_memory import peak_bytes, seconds_since_start
from common.json_types import JsonObject
from common.quoting import identifier, literal
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from dbt_runs.dbt_results import read_json
from loading.load_raw import load
from store.build_database import limit_resources
from store.warehouse import exclusive

LAYERS = ("staging", "core", "features")
# What Python makes of them before the features; it is taken over like a seed.
LEARNED = ("core", "learned_product_groups")
SCRIPT = "raw_to_features.sql"


def statements(built: Warehouse) -> list[tuple[str, str]]:
    """Name and statement of every model of the layers, each after what it reads."""
    nodes = read_json(built.dbt_target / "manifest.json")["nodes"]
    reads = {key: set(node["depends_on"].get("nodes", ())) for key, node in nodes.items()}
    models = {
        key: node
        for key, node in nodes.items()
        if node["resource_type"] == "model"
        and node["fqn"][1] in LAYERS
        and node["name"] != LEARNED[1]
    }
    nodes = {key: node for key, node in nodes.items() if node["name"] != LEARNED[1]}
    # A model that reads what was learned, itself or by another, belongs after the features.
    while True:
        after = {
            key
            for key in models
            if any(
                nodes[parent]["resource_type"] == "model" and parent not in models
                for parent in reads[key] & nodes.keys()
            )
        }
        if not after:
            break
        models = {key: node for key, node in models.items() if key not in after}
    order = TopologicalSorter({key: reads[key] & models.keys() for key in models}).static_order()
    return [(models[key]["name"], _statement(built, models[key])) for key in order]


def _statement(built: Warehouse, node: JsonObject) -> str:
    """A statement that creates what dbt's does."""
    compiled = built.dbt_target / "compiled" / "segmentation" / node["original_file_path"]
    path = identifier(node["schema"], node.get("alias") or node["name"])
    kind = node["config"]["materialized"]
    kind = "table" if kind == "incremental" else kind
    return f"create or replace {kind} {path} as\n{compiled.read_text(encoding='utf-8').strip()};"


def run(settings: Settings, built: Warehouse) -> None:
    """Load into an empty warehouse and run the statements there."""
    warehouse = settings.place
    with exclusive(warehouse):
        load(settings)
    with duckdb.connect(warehouse.build_db) as connection:
        limit_resources(connection, settings)
        # As in dbt's profile: order is stated where it matters.
        connection.execute("set preserve_insertion_order = false")
        connection.execute("set TimeZone = 'UTC'")
        for schema in (*LAYERS, "seeds"):
            connection.execute(f"create schema if not exists {identifier(schema)}")
        connection.execute(f"attach {literal(built.build_db)} as built (read_only)")
        seeds = connection.execute(
            "select schema_name, table_name from duckdb_tables() "
            "where database_name = 'built' and schema_name = 'seeds'"
        ).fetchall()
        for place in (*seeds, LEARNED):
            connection.execute(
                f"create table {identifier(*place)} as from {identifier('built', *place)}"
            )
        connection.execute("detach built")
        script = statements(built)
        text = "\n\n".join(f"-- {name}\n{statement}" for name, statement in script)
        (warehouse.path / SCRIPT).write_text(text + "\n", encoding="utf-8")
        for _, statement in script:
            connection.execute(statement)


def main() -> None:
    """Run it and print what it took."""
    built, target = Warehouse(Path(sys.argv[1])), Path(sys.argv[2])
    run(replace(resolve(), warehouse=target), built)
    result = {"seconds": seconds_since_start(), "peak": peak_bytes()}
    sys.stdout.write(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
