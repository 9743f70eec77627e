"""The benchmark of scale: its shops, its measures, and dbt's statements run without dbt."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from xml.etree import ElementTree

import duckdb
import pytest

import benchmark
from benchmarks import scale, scale_build, scale_compare, scale_growth, scale_parts, scale_spark
from benchmarks.process_tree import Sample, TreeSampler
from benchmarks.scale_build import STAGES, BuildFigures, NodeFigures, StageFigures
from benchmarks.scale_chart import scale_chart
from benchmarks.scale_data import write_shop
from benchmarks.scale_increment import Growth, increment_targets
from benchmarks.scale_lines import CONFLICTING, REJECTED, REPEATED, RETURNED, Shop
from benchmarks.scale_plain import statements
from common.console import Problem
from common.project_root import ROOT
from common.warehouse_paths import Warehouse
from shops import SHOP, Built

pytestmark = [pytest.mark.many_builds, pytest.mark.short]

SMALL = Shop(30_000, seed=3)
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scale") / "shop"
    write_shop(SMALL, folder, threads=2)
    return folder


def query(sql: str) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(sql).fetchall()


def digest(files: Path | str) -> tuple:
    return query(f"select count(*), sum(cast(hash(t) as hugeint)) from '{files}' as t")[0]


def test_the_same_seed_gives_the_same_shop_in_any_number_of_files(data: Path, tmp_path: Path):
    write_shop(SMALL, tmp_path / "parts", threads=1, file_count=3)
    assert digest(tmp_path / "parts" / "order_lines_*.parquet") == digest(
        data / "order_lines.parquet"
    )
    for name in ("customers", "products", "interactions"):
        assert digest(tmp_path / "parts" / f"{name}.parquet") == digest(data / f"{name}.parquet")
    write_shop(replace(SMALL, seed=4), tmp_path / "other", threads=1)
    assert digest(tmp_path / "other" / "order_lines.parquet") != digest(
        data / "order_lines.parquet"
    )


def test_a_later_file_holds_later_orders(tmp_path: Path):
    write_shop(SMALL, tmp_path, threads=1, file_count=2)
    halves = [
        query(
            "select min(order_id), max(order_id), max(ordered_at) from "
            f"'{tmp_path}/order_lines_00{number}.parquet' where ordered_at < '2100-01-01'"
        )[0]
        for number in (1, 2)
    ]
    assert halves[0][1] < halves[1][0]
    assert halves[0][2] < halves[1][2]


def test_each_file_ends_with_a_whole_week(tmp_path: Path):
    write_shop(SMALL, tmp_path, threads=1, file_count=20)
    days = query(
        "select min(ordered_at)::date, max(ordered_at)::date from "
        f"read_parquet('{tmp_path}/order_lines_*.parquet', filename = true) "
        "where ordered_at < '2100-01-01' group by filename order by filename"
    )
    assert len(days) == 20
    for (_, last), (first, _) in pairwise(days):
        assert last.isoweekday() == 7
        # The order in which a week begins may be the last of the Sunday before.
        assert (first - last).days in (0, 1)


def test_lines_are_as_many_as_asked_and_as_flawed_as_said(data: Path):
    total, returned, without_customer, future, absurd, repeated = query(
        "select count(*), count(*) filter (is_return), count(*) filter (customer_id is null), "
        "count(*) filter (ordered_at > '2100-01-01'), count(*) filter (net_amount > 1e10), "
        "count(*) - count(distinct order_line_id) "
        f"from '{data}/order_lines.parquet'"
    )[0]
    assert total == pytest.approx(SMALL.line_count, rel=0.02)
    assert returned / total == pytest.approx(RETURNED, rel=0.2)
    for one in (without_customer, future, absurd):
        # A quarter of two in a thousand of 30,000 is 15: three standard errors are 12.
        assert one / total == pytest.approx(REJECTED / 4, abs=0.0004)
    assert repeated / total == pytest.approx(REPEATED + CONFLICTING, abs=0.001)


def test_customers_and_products_are_skewed(data: Path):
    top_customers, top_products = query(
        f"with lines as (from '{data}/order_lines.parquet'), "
        "by_customer as (select count(*) as n from lines where customer_id is not null "
        "group by customer_id), "
        "by_product as (select count(*) as n from lines group by product_id) "
        "select (select sum(n) filter (n > (select quantile_cont(n, 0.9) from by_customer)) "
        "/ sum(n) from by_customer), "
        "(select sum(n) filter (n > (select quantile_cont(n, 0.9) from by_product)) / sum(n) "
        "from by_product)"
    )[0]
    assert top_customers > 0.25
    assert top_products > 0.2


def test_ids_are_distinct(data: Path):
    for name in ("customer", "product"):
        total, distinct = query(
            f"select count(*), count(distinct {name}_id) from '{data}/{name}s.parquet'"
        )[0]
        assert total == distinct > 0


def test_the_memory_of_a_child_is_seen():
    # Written to, or the system would not give the pages.
    code = f"import time; held = b'x' * {200 * MEGABYTE}; time.sleep(3)"
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    process = subprocess.Popen([sys.executable, "-c", parent])
    sampler = TreeSampler(process.pid).start()
    process.wait()
    sampler.stop()
    assert sampler.peak > 200 * MEGABYTE
    assert sampler.samples[-1].processor_seconds >= 0


def test_a_span_between_samples_takes_the_nearest():
    sampler = TreeSampler(1, samples=[Sample(1.0, 10, 0.5), Sample(2.0, 30, 1.5)])
    assert sampler.peak_between(0.9, 1.1) == 10
    assert sampler.peak_between(1.2, 1.3) == 10
    assert sampler.peak_between(0.5, 9.0) == 30
    assert sampler.processor_seconds_between(0.0, 9.0) == 1.0


def test_every_model_has_a_stage():
    models = [path.stem for path in (ROOT / "dbt_project" / "models").rglob("*.sql")]
    models += [path.stem for path in (ROOT / "dbt_project" / "models").rglob("*.py")]
    for name in models:
        assert scale_build.stage_of("model", name) in STAGES
    learned = {path.stem for path in (ROOT / "dbt_project" / "models").rglob("*.py")}
    assert learned == set(scale_build.STAGE_OF_MODEL)


def figures(seconds: float, peak: int) -> BuildFigures:
    stages = [StageFigures(name, seconds / len(STAGES), seconds, peak) for name in STAGES]
    nodes = [NodeFigures("order_lines", "core", 1.0, 1.0, peak)]
    return BuildFigures(0, seconds, 2 * seconds, peak, 10, 20, stages, nodes, [])


def measured(lines: int, seconds: float, peak: int) -> scale_parts.Measured:
    return scale_parts.Measured(lines, 1000, figures(seconds, peak))


def test_what_dbt_ran_in_a_build_has_a_stage(shop: Built):
    sampler = TreeSampler(0)
    sampler.samples.append(Sample(0.0, 1, 0.0))
    nodes = scale_build.nodes_of(shop.warehouse, sampler, 0.0)
    assert {node.stage for node in nodes} <= set(STAGES)
    assert "orders" in {node.name for node in nodes}


def test_spark_pays_where_what_it_gains_makes_up_for_its_start():
    sizes = [2_000_000, 22_000_000]
    one = scale_spark.line_through(sizes, [30.0, 130.0], [0.0, 0.0])
    assert (one.fixed, one.per_million) == pytest.approx((20.0, 5.0))
    spark = scale_spark.line_through(sizes, [320.0, 520.0], [10.0, 50.0])
    assert (spark.fixed, spark.per_million, spark.alone) == pytest.approx((300.0, 10.0, 2.0))
    assert spark.per_million_on(4) == pytest.approx(4.0)
    assert scale_spark.pays_from(one, spark, 1) is None
    assert scale_spark.pays_from(one, spark, 2) is None
    start = scale_spark.pays_from(one, spark, 4)
    assert start == pytest.approx(280_000_000)
    assert one.seconds(start) == pytest.approx(spark.seconds(start, machines=4))
    # Where one machine has more to do alone than another one takes for all, none ever pays.
    assert scale_spark.pays_from(scale_spark.Line(20.0, 1.5), spark, 1_000) is None


def test_growth_is_judged_at_the_full_sizes_only():
    small = [measured(10**4, 10, 10**8), measured(10**5, 200, 10**9)]
    assert scale_growth.exponent(*small) == pytest.approx(1.301, abs=0.001)
    assert [one.is_met for one in scale_growth.growth_targets(small)] == [None] * 4
    full = [measured(10**7, 30, 4 * 10**9), measured(10**8, 290, 9 * 10**9)]
    assert [one.is_met for one in scale_growth.growth_targets(full)] == [True, False, True, False]


def test_an_increment_is_judged_by_its_share_and_its_marts():
    growth = Growth(10**7, 5 * 10**5, figures(30, 1), figures(100, 1), 19, [])
    targets = increment_targets(growth, load_to_core=0.15, whole=0.4, is_full=True)
    assert [one.is_met for one in targets] == [False, True, True]
    assert [one.found for one in targets] == ["30%", "30%", "the same"]
    other = replace(growth, differing=["segment_yield"])
    targets = increment_targets(other, load_to_core=0.15, whole=0.4, is_full=False)
    assert [one.is_met for one in targets] == [None, None, False]
    assert targets[-1].found == "other: segment_yield"


def test_the_chart_goes_on_from_what_was_measured_before(tmp_path: Path):
    options = Namespace(out=tmp_path, page=None)
    chart = scale.chart_so_far(None)
    assert chart == scale.chart_so_far(tmp_path)
    chart["seconds"]["make build"] = [[1e6, 20.0]]
    scale.write_chart(chart, options)
    assert scale.chart_so_far(tmp_path) == chart
    assert "make build" in (tmp_path / "scale.svg").read_text()


def test_the_chart_is_a_picture_with_a_mark_for_each_size():
    series = {"make build": [(1e6, 20.0), (1e7, 60.0)], "note<book": [(1e6, 90.0)]}
    root = ElementTree.fromstring(scale_chart(series, {"make build": [(1e6, 0.8)]}))
    circles = root.findall("{http://www.w3.org/2000/svg}circle")
    assert len(circles) == 2 + 3 + 1  # names, times, memory


@pytest.mark.parametrize(
    "options",
    [
        ["--sizes", "5"],
        ["--sizes", "200000", "100000"],
        ["--compare", "999999999999"],
        ["--page", "nowhere.md"],
        ["--folder", "nowhere"],
        ["--memory", "lots"],
    ],
)
def test_wrong_options_are_refused(options: list[str]):
    with pytest.raises(Problem) as caught:
        benchmark.main(["scale", *options])
    assert caught.value.exit_code == 2


def test_the_plain_script_makes_the_tables_that_dbt_makes(shop: Built, tmp_path: Path):
    script = [name for name, _ in statements(shop.warehouse)]
    assert "features_by_slot_set" in script
    assert "customer_features" not in script  # it reads the fit
    assert script.index("order_lines") < script.index("orders")
    # As a process of its own, as the benchmark runs it.
    found = scale_compare.plain(SHOP, shop.warehouse.path, tmp_path / "plain", memory="1GB")
    assert found.seconds > 0 and found.peak > 0
    agreement = scale_compare.same_tables(shop.warehouse.path, tmp_path / "plain")
    assert agreement.differences == []
    file = Warehouse(tmp_path / "plain").build_db
    with duckdb.connect(file) as connection:
        connection.execute("update core.products set brand = 'other'")
    differs = scale_compare.same_tables(shop.warehouse.path, tmp_path / "plain")
    assert differs.differences == ["core.products"]
