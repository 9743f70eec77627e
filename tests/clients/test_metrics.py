"""The metrics of examples/metrics, asked of MetricFlow and compared with SQL on the published file.

Run by `make test-metrics`, which installs MetricFlow.
"""

from __future__ import annotations

import csv
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from shops import ROOT

pytestmark = pytest.mark.metrics
PROJECT = ROOT / "examples" / "metrics"
PROGRAMS = Path(sys.executable).parent
CUSTOMERS = "customers,segmented_customers,spend,orders,spend_per_customer"
# Metrics, what they are grouped by, and the same in SQL, groups first.
QUESTIONS = {
    "segments": (
        CUSTOMERS,
        "customer__segment_id",
        "select segment_id, count(*), count(*) filter (where status = 'segmented'), "
        "sum(spend) filter (where status = 'segmented'), "
        "sum(order_count) filter (where status = 'segmented'), "
        "sum(spend) filter (where status = 'segmented') "
        "/ nullif(count(*) filter (where status = 'segmented'), 0) "
        "from customer_segments group by 1",
    ),
    "tiers and stages": (
        "customers,spend",
        "customer__value_tier,customer__lifecycle_stage",
        "select value_tier, lifecycle_stage, count(*), "
        "sum(spend) filter (where status = 'segmented') from customer_segments group by all",
    ),
    "expectations": (
        "future_spend,customers_with_expectation,future_spend_per_customer",
        "customer__segment_id",
        "select segment_id, sum(expected_spend), count(expected_spend), avg(expected_spend) "
        "from customer_segments join customer_lifecycle using (customer_id) group by 1",
    ),
    "periods": (
        "period_spend,period_orders,active_customers,known_customers,known_active_customers,"
        "active_share,lapsed_customers,churn",
        "metric_time__day,customer_period__value_tier",
        "select period_start_date, value_tier, sum(spend), sum(order_count), "
        "count(*) filter (where order_count > 0), count(*) filter (where is_snapshot), "
        "count(*) filter (where is_snapshot and order_count > 0), "
        "count(*) filter (where is_snapshot and order_count > 0) "
        "/ nullif(count(*) filter (where is_snapshot), 0), "
        "count(*) filter (where lifecycle_stage = 'lapsed'), "
        "count(*) filter (where lifecycle_stage = 'lapsed') "
        "/ nullif(count(*) filter (where is_snapshot), 0) "
        "from customer_periods group by all",
    ),
    "months": (
        "period_spend",
        "metric_time__month",
        "select date_trunc('month', period_start_date), sum(spend) from customer_periods "
        "group by 1",
    ),
    "movement": (
        "followed_customers,moved_customers,moved_share",
        "move__to_date__day",
        "select to_date, sum(customer_count), "
        "coalesce(sum(customer_count) filter (where from_group <> to_group), 0), "
        "coalesce(sum(customer_count) filter (where from_group <> to_group), 0) "
        "/ sum(customer_count) from segment_movement where basis = 'snapshots' group by 1",
    ),
}


class MetricFlow:
    """A copy of the project, parsed, over the published file."""

    def __init__(self, folder: Path, marts: Path) -> None:
        self.folder = folder
        shutil.copytree(PROJECT, folder, ignore=shutil.ignore_patterns("target", "logs"))
        self._environment = os.environ | {"MARTS": str(marts), "DBT_PROFILES_DIR": str(folder)}
        self.run("dbt", "parse", "--no-use-colors").check_returncode()

    def run(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Run dbt or mf in the project."""
        return subprocess.run(
            [str(PROGRAMS / program), *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )

    def query(self, metrics: str, group_by: str) -> list[dict[str, str]]:
        """Return the rows of metrics in groups, as texts by the names of the columns."""
        file = self.folder / "answer.csv"
        ended = self.run(
            "mf", "query", "--metrics", metrics, "--group-by", group_by, "--csv", str(file)
        )
        assert ended.returncode == 0, ended.stdout + ended.stderr
        with file.open(encoding="utf-8", newline="") as written:
            return list(csv.DictReader(written))


@pytest.fixture(scope="module")
def metricflow(shop, tmp_path_factory):
    """MetricFlow over the fixture shop."""
    return MetricFlow(tmp_path_factory.mktemp("metrics") / "a project", shop.marts)


def texts(value):
    """Return a value of a group as MetricFlow writes it."""
    text = "" if value is None else str(value)
    return f"{text} 00:00:00" if len(text) == 10 and text[4] == "-" else text


def test_every_metric_is_asked_and_described():
    files = sorted((PROJECT / "models").glob("_*.yml"))
    metrics = [m for file in files for m in yaml.safe_load(file.read_text()).get("metrics", [])]
    asked = {name for names, _, _ in QUESTIONS.values() for name in names.split(",")}
    assert {metric["name"] for metric in metrics} == asked
    assert all(metric["description"] and metric["label"] for metric in metrics)


@pytest.mark.parametrize("name", QUESTIONS)
def test_metrics_are_those_of_the_marts(shop, metricflow, name):
    metrics, group_by, sql = QUESTIONS[name]
    names, groups = metrics.split(","), group_by.split(",")
    expected = {
        tuple(map(texts, row[: len(groups)])): row[len(groups) :] for row in shop.query(sql)
    }
    asked = metricflow.query(metrics, group_by)
    found = {tuple(row[group] for group in groups): row for row in asked}
    assert found.keys() == expected.keys()
    for group, values in expected.items():
        for metric, value in zip(names, values, strict=True):
            text = found[group][metric]
            if value is None:
                assert text == "", (group, metric)
            else:
                assert float(text) == pytest.approx(float(value), rel=1e-9), (group, metric)


def test_every_metric_and_dimension_can_be_asked(metricflow):
    ended = metricflow.run("mf", "validate-configs")
    assert ended.returncode == 0, ended.stdout
    assert ended.stdout.count("ERRORS: 0") >= 4
    assert "ERROR:" not in ended.stdout


def test_nothing_is_written_to_the_published_file(shop, metricflow):
    before = shop.marts.read_bytes()
    ended = metricflow.run("dbt", "run", "--no-use-colors")
    assert ended.returncode != 0
    assert "read-only" in ended.stdout
    assert shop.marts.read_bytes() == before
