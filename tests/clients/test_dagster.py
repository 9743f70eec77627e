"""The assets of examples/dagster, made by Dagster from the fixture shop.

Run by `make test-dagster`, which installs Dagster.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from shops import AS_OF, ROOT, SHOP, clean_environment

pytestmark = pytest.mark.dagster
FOLDER = ROOT / "examples" / "dagster"
BUILT = ("raw", "staging", "core", "features", "segmentation", "marts", "published_file")


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The environment of a user: settings of the build, and an instance in a folder of its own."""
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text((FOLDER / "dagster.yaml").read_text())
    settings = clean_environment(
        source="own_files", data=SHOP, warehouse=tmp_path / "warehouse", as_of=AS_OF
    ) | {"DAGSTER_HOME": str(home)}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return settings


@pytest.fixture
def example():
    """The module of the example, read as Dagster reads it."""
    spec = importlib.util.spec_from_file_location("definitions", FOLDER / "definitions.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_definitions_are_valid(environment) -> None:
    ended = subprocess.run(
        [
            str(Path(sys.executable).parent / "dagster"),
            *("definitions", "validate", "-f", str(FOLDER / "definitions.py")),
        ],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "Validation successful" in ended.stdout + ended.stderr


def test_layers_follow_each_other(example) -> None:
    graph = example.definitions.resolve_asset_graph()
    for before, after in pairwise(BUILT):
        (parent,) = graph.get(example.dg.AssetKey(after)).parent_keys
        assert parent.path == [before]
    for made in ("report_page", "exports"):
        (parent,) = graph.get(example.dg.AssetKey(made)).parent_keys
        assert parent.path == ["published_file"]


def test_everything_is_made_from_the_files(example, environment, tmp_path: Path) -> None:
    job = example.definitions.resolve_job_def("everything")
    chosen = {"exports": {"config": {"options": ["", "--segment 1 --layout braze"]}}}
    with example.dg.DagsterInstance.get() as instance:
        ended = job.execute_in_process(instance=instance, run_config={"ops": chosen})
    assert ended.success
    made = {
        event.asset_key.path[0]: event.materialization.metadata
        for event in ended.get_asset_materialization_events()
    }
    assert set(made) == {*BUILT, "report_page", "exports"}
    assert made["raw"]["rows"].value > 1000
    for layer in BUILT[1:-1]:
        assert made[layer]["models"].value > 2, layer
    assert made["marts"]["tests"].value > 10
    assert made["published_file"]["run_number"].value == 1
    (check,) = ended.get_asset_check_evaluations()
    assert check.check_name == "nothing_to_look_at"
    warehouse = tmp_path / "warehouse"
    assert (warehouse / "report.html").stat().st_size > 100_000
    exported = {path.name for path in (warehouse / "exports").iterdir()}
    assert exported == {"all_run_1.csv", "segment_1_run_1_braze"}


def test_data_that_is_refused_fails_the_run_and_is_not_tried_again(
    example, environment, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "order_lines.csv").write_text("order_id,customer_id\n1,a\n")
    monkeypatch.setenv("DATA", str(tmp_path / "data"))
    with example.dg.DagsterInstance.get() as instance:
        ended = example.dg.materialize(
            [example.build, example.report_page], instance=instance, raise_on_error=False
        )
    assert not ended.success
    (failed,) = [event for event in ended.all_events if event.is_step_failure]
    message = json.dumps(failed.event_specific_data.error.to_string())
    assert "ordered_at" in message
    assert failed.event_specific_data.user_failure_data.metadata["exit_code"].value == 4
    assert not (tmp_path / "warehouse" / "report.html").exists()
