"""Write keys and relations of the marts for BI tools: docs/relations.json, and docs/connect.md.

    .venv/bin/python dev/relations.py

They are those that data tests hold: `primary_key` and `relationships` in dbt's manifest of the last
build. A test compares what is written with what the models say.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "scripts"))

from common.console import Problem, count, say
from common.program import run
from common.project_root import ROOT
from common.settings import resolve_warehouse
from dbt_runs.dbt_results import read_json

FILE = ROOT / "docs" / "relations.json"
PAGE = ROOT / "docs" / "connect.md"
BEGIN, END = "<!-- begin relations: dev/relations.py -->", "<!-- end relations -->"
REFERENCE = re.compile(r"ref\('(\w+)'\)")

Node = Mapping[str, Any]


def relations_of(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """Return the marts with their keys, and the relations between them, as JSON has them."""
    nodes = manifest["nodes"].values()
    marts = {
        node["name"]: node
        for node in nodes
        if node["resource_type"] == "model" and node["fqn"][1] == "marts"
    }
    keys = {name: list(node["config"]["meta"]["primary_key"]) for name, node in marts.items()}
    found = [
        {
            "from": {"mart": name, "column": column},
            "to": {"mart": other, "column": field},
            "cardinality": "one-to-one" if keys[name] == [column] else "many-to-one",
        }
        for name, column, other, field in (_ends(manifest, node) for node in nodes if _is_one(node))
        if name in marts and other in marts
    ]
    return {
        "schema": "main",
        "marts": {
            name: {"description": _one_line(marts[name]["description"]), "key": keys[name]}
            for name in sorted(marts)
        },
        "relations": sorted(found, key=lambda one: (one["to"]["mart"], *one["from"].values())),
    }


def _is_one(node: Node) -> bool:
    """Say whether a node is a test that a relation holds."""
    return (node.get("test_metadata") or {}).get("name") == "relationships"


def _ends(manifest: Mapping[str, Any], test: Node) -> tuple[str, str, str, str]:
    """Return model and column, and the model and column that they refer to."""
    arguments = test["test_metadata"]["kwargs"]
    referred = REFERENCE.fullmatch(arguments["to"].strip())
    if referred is None:
        raise Problem(f"{test['name']}: {arguments['to']} is no ref of a model")
    model = manifest["nodes"][test["attached_node"]]["name"]
    return model, arguments["column_name"], referred[1], arguments["field"]


def _one_line(text: str) -> str:
    return " ".join(text.split())


def written(relations: Mapping[str, Any]) -> str:
    """Return the text of the file."""
    return json.dumps(relations, indent=2, ensure_ascii=False) + "\n"


def table(relations: Mapping[str, Any]) -> str:
    """Return the relations as a table in Markdown, one row for each column that is referred to."""
    referring: dict[str, list[str]] = {}
    for one in relations["relations"]:
        target = f"`{one['to']['mart']}.{one['to']['column']}`"
        name = f"`{one['from']['mart']}`"
        if one["from"]["column"] != one["to"]["column"]:
            name += f" (`{one['from']['column']}`)"
        if one["cardinality"] == "one-to-one":
            name += " 1:1"
        referring.setdefault(target, []).append(name)
    lines = ["| one row of | for rows of |", "|---|---|"]
    lines += [f"| {target} | {', '.join(names)} |" for target, names in referring.items()]
    return "\n".join(lines)


def page_with(text: str, relations: Mapping[str, Any]) -> str:
    """Return the page with the table in its place."""
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{table(relations)}\n\n{END}{after}"


def main() -> int:
    """Write the file and the table from the manifest of the last build."""
    manifest = resolve_warehouse().dbt_target / "manifest.json"
    if not manifest.exists():
        raise Problem(f"{manifest} is not there: run make build")
    relations = relations_of(read_json(manifest))
    files = {path.stem for path in (ROOT / "dbt_project" / "models" / "marts").rglob("*.sql")}
    if unknown := sorted(files - set(relations["marts"])):
        raise Problem(f"{manifest} is older than {', '.join(unknown)}: run make build")
    FILE.write_text(written(relations), encoding="utf-8")
    PAGE.write_text(page_with(PAGE.read_text(encoding="utf-8"), relations), encoding="utf-8")
    say(f"{count(len(relations['relations']), 'relation')} of {len(relations['marts'])} marts")
    return 0


if __name__ == "__main__":
    sys.exit(run(main))
