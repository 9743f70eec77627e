"""The build as assets of Dagster: raw rows, the layers, the published file, page and exports.

    export DAGSTER_HOME=$PWD/examples/dagster
    export SOURCE=own_files DATA=/srv/data WAREHOUSE=/srv/warehouse
    .venv/bin/dagster asset materialize --select '*' -f examples/dagster/definitions.py

A build loads, runs dbt and publishes as one: what fails half-way leaves what was published as it
was. So one program makes the assets up to the published file, whose settings are those of `make
build`, from the environment; page and exports are made from what is published.
"""

# Without annotations of __future__: Dagster reads those of its functions.
import json
import os
import shlex
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import duckdb
from pydantic import Field

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = (sys.executable, str(ROOT / "scripts" / "segmentation.py"))
LAYERS = ("staging", "core", "features", "segmentation", "marts")
PUBLISHED = "published_file"
# Exit codes of a build: see docs/operation.md.
DONE, HELD_BACK, BUSY = 0, 3, 5


def warehouse() -> Path:
    """Return the folder of the warehouse, as `make build` finds it."""
    source = os.environ.get("SOURCE") or "complete_journey"
    usual = ROOT / "warehouse" / ("" if source == "complete_journey" else source)
    return Path(os.environ.get("WAREHOUSE") or usual)


def segmentation(context: dg.AssetExecutionContext, *arguments: str) -> list[dict[str, object]]:
    """Run a command of the project; returns the lines of JSON that it printed.

    Raises:
        Failure: it failed. What is in use may be tried again, what is wrong may not.
    """
    ended = subprocess.run(
        [*PROGRAM, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    lines = [line for line in (ended.stdout + ended.stderr).splitlines() if line.strip()]
    for line in lines:
        context.log.info(line)
    if ended.returncode == HELD_BACK:
        context.log.warning("published with the stored fit: a refit was held back")
    elif ended.returncode != DONE:
        raise dg.Failure(
            f"segmentation {arguments[0]} failed: {ended.stderr.strip() or lines[-1:]}",
            metadata={"exit_code": ended.returncode},
            allow_retries=ended.returncode == BUSY,
        )
    return [json.loads(line) for line in ended.stdout.splitlines() if line.startswith("{")]


def layers_of_run() -> dict[str, dict[str, float]]:
    """Return models, tests and seconds of each layer, as dbt's results of the last build say."""
    target = warehouse() / "dbt" / "target"
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    found: dict[str, Counter[str]] = {layer: Counter() for layer in LAYERS}
    for result in results:
        node = manifest["nodes"].get(result["unique_id"], {})
        attached = manifest["nodes"].get(node.get("attached_node") or "", node)
        # The first part is the project, which is called as one of the layers.
        layer = next((part for part in attached.get("fqn", [])[1:] if part in LAYERS), "")
        if layer:
            kind = "models" if node["resource_type"] == "model" else "tests"
            found[layer][kind] += 1
            found[layer]["seconds"] += result["execution_time"]
    return {layer: dict(counted) for layer, counted in found.items()}


@dg.multi_asset(
    specs=[
        dg.AssetSpec("raw", group_name="build", description="Every row of the files as it came."),
        *(
            dg.AssetSpec(
                layer, deps=[before], group_name="build", description=f"Models of {layer}."
            )
            for before, layer in zip(("raw", *LAYERS), LAYERS, strict=False)
        ),
        dg.AssetSpec(
            PUBLISHED,
            deps=["marts"],
            group_name="build",
            description="marts.duckdb, which tools read.",
        ),
    ],
    can_subset=False,
)
def build(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult]:
    """Load, run dbt and publish; nothing is published where one of them fails."""
    events = segmentation(context, "build", "--log", "json", "--wait")
    stages = {str(line.get("stage")): line for line in events}
    yield dg.MaterializeResult("raw", metadata={"rows": stages["load"]["rows"]})
    for layer, counted in layers_of_run().items():
        yield dg.MaterializeResult(layer, metadata=counted)
    published = {key: stages["publish"][key] for key in ("run_number", "bytes")}
    yield dg.MaterializeResult(PUBLISHED, metadata=published)


@dg.asset_check(asset=PUBLISHED, description="What the current run warns of.")
def nothing_to_look_at() -> dg.AssetCheckResult:
    """Read the view segment_warnings; each row is a warning and none fails the run."""
    with duckdb.connect(warehouse() / "marts.duckdb", read_only=True) as connection:
        rows = connection.execute("select warning from segment_warnings").fetchall()
    return dg.AssetCheckResult(
        passed=not rows,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={f"warning {number}": text for number, (text,) in enumerate(rows, start=1)},
    )


@dg.asset(deps=[PUBLISHED], group_name="handed_over")
def report_page(context: dg.AssetExecutionContext) -> dg.MaterializeResult:
    """The page people look at."""
    segmentation(context, "report")
    return dg.MaterializeResult(metadata={"path": str(warehouse() / "report.html")})


class Exports(dg.Config):
    """What is exported: the options of each export, in a line.

    The default is all segments; `--segment 3 --layout klaviyo` is another.
    """

    options: list[str] = Field(default_factory=lambda: [""])


@dg.asset(deps=[PUBLISHED], group_name="handed_over")
def exports(context: dg.AssetExecutionContext, config: Exports) -> dg.MaterializeResult:
    """Files for campaign tools."""
    for options in config.options:
        segmentation(context, "export", "--force", *shlex.split(options))
    return dg.MaterializeResult(metadata={"exports": len(config.options)})


everything = dg.define_asset_job("everything", selection="*")
definitions = dg.Definitions(
    assets=[build, report_page, exports],
    asset_checks=[nothing_to_look_at],
    jobs=[everything],
    schedules=[dg.ScheduleDefinition(name="weekly", job=everything, cron_schedule="0 4 * * 1")],
)
