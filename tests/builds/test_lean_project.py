"""A dbt project run leanly: its manifest is the one that dbt writes, whatever was kept before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from dbt.contracts.graph.manifest import Manifest

from lean.kept_manifest import FILE, PARTS, LaterGraph
from shops import ROOT

FILES = {
    "dbt_project.yml": "name: small\nprofile: small\nmodels: {+materialized: table}\n",
    "profiles.yml": "small: {target: a, outputs: {a: {type: duckdb, path: small.duckdb}}}\n",
    "models/a.sql": "select 1 as n",
    "models/b.sql": "select n, {{ node_count() }} as nodes from {{ ref('a') }}",
    "models/models.yml": "models: [{name: a, description: One., columns: [{name: n}]}]\n",
    "macros/node_count.sql": "{% macro node_count() %}{{ graph.nodes | length }}{% endmacro %}",
}
# Metadata that name the run.
OF_THE_RUN = ("generated_at", "invocation_id", "invocation_started_at", "run_started_at")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project of dbt, not yet parsed."""
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    return tmp_path


def run(project: Path, *arguments: str, program: str = "dbt_runs/lean_dbt.py") -> dict[str, Any]:
    """Run dbt and return the manifest that it leaves."""
    subprocess.run(
        [sys.executable, ROOT / "scripts" / program, "--no-version-check", *arguments],
        cwd=project,
        env={
            **{name: value for name, value in os.environ.items() if not name.startswith("DBT_")},
            "SEGMENTATION_DBT_TARGET": str(project / "target"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
            "DBT_PROFILES_DIR": str(project),
        },
        check=True,
        capture_output=True,
    )
    return json.loads((project / "target" / "manifest.json").read_text())


def without_run(manifest: dict[str, Any]) -> dict[str, Any]:
    """Return a manifest without what names its run."""
    metadata = {k: v for k, v in manifest["metadata"].items() if k not in OF_THE_RUN}
    return {**manifest, "metadata": metadata}


@pytest.mark.many_builds
@pytest.mark.short
def test_what_is_kept_gives_the_manifest_that_dbt_writes(project: Path) -> None:
    parsed = run(project, "parse")
    assert not (project / "target" / FILE).exists()
    stored = run(project, "parse")
    assert (project / "target" / FILE).exists()
    kept = run(project, "parse")
    assert without_run(stored) == without_run(parsed)
    assert json.dumps(without_run(kept)) == json.dumps(without_run(stored))
    assert len({m["metadata"]["invocation_id"] for m in (parsed, stored, kept)}) == 3

    built = run(project, "build")
    results = json.loads((project / "target" / "run_results.json").read_text())
    assert [result["status"] for result in results["results"]] == ["success", "success"]
    assert results["metadata"]["invocation_id"] == built["metadata"]["invocation_id"]
    assert without_run(built) == without_run(stored)
    compiled = (project / "target/compiled/small/models/b.sql").read_text()
    assert compiled.startswith("select n, 2 as nodes from")
    assert "compiled_code" in run(project, "compile")["nodes"]["model.small.a"]

    (project / "models/a.sql").write_text("select 2 as n")
    changed = run(project, "parse")
    assert changed["nodes"]["model.small.a"]["raw_code"] == "select 2 as n"
    again = [without_run(run(project, "parse")) for _ in range(2)]
    assert again == [without_run(changed)] * 2


@pytest.mark.many_builds
@pytest.mark.short
def test_a_kept_file_that_is_not_whole_is_made_once_more(project: Path) -> None:
    expected = run(project, "parse")
    for content in (b"", b"nothing"):
        (project / "target" / FILE).write_bytes(content)
        assert without_run(run(project, "parse")) == without_run(expected)
        assert (project / "target" / FILE).stat().st_size > len(content)


def test_dbt_has_the_parts_that_are_replaced() -> None:
    missing = [name for owner, names in PARTS for name in names if not hasattr(owner, name)]
    assert not missing, "scripts/lean/kept_manifest.py does nothing with this release of dbt"


def test_the_graph_is_made_once_and_when_it_is_read() -> None:
    made: list[int] = []
    graph = LaterGraph(lambda: made.append(1) or {"nodes": {"a": 1}})
    assert not made
    assert (graph["nodes"], graph.get("x"), list(graph), len(graph)) == (
        {"a": 1},
        None,
        ["nodes"],
        1,
    )
    assert made == [1]
    built = Manifest()
    built.build_flat_graph()
    assert set(built.flat_graph) >= {"nodes", "sources", "exposures"}
