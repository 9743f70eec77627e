"""The benchmark of quality: its worlds, its oracle, and one tiny world through the measures."""

import functools
from dataclasses import replace

import duckdb
import numpy as np
import pyarrow as pa
import pytest
from scipy.special import logsumexp

import benchmark
from benchmarks import (
    frontier,
    identity,
    lifecycle,
    planted,
    planted_targets,
    real,
    world_files,
    world_oracle,
    world_shape,
    worlds,
)
from benchmarks.baselines import rfm_cells
from benchmarks.pipeline import Learned, segments_at, source_of
from benchmarks.report import Part, Target, markdown_table, write_page
from models_py import fit_steps
from models_py.config import FitSettings
from models_py.ladder import scaling_of

SMALL = 400
FAST = FitSettings(
    threads=1,
    start_count=3,
    k_max=4,
    half_sample_count=2,
    reference_count=1,
    reference_sample_size=300,
)


@pytest.fixture(scope="module")
def other():
    return worlds.make_world(5, "medium", "other", 0, customers=SMALL)


@pytest.mark.many_builds
@pytest.mark.short
def test_the_same_seed_gives_the_same_world(other):
    world, orders = other
    again, same = worlds.make_world(5, "medium", "other", 0, customers=SMALL)
    assert again.separation == world.separation
    assert np.array_equal(same.day, orders.day) and np.array_equal(same.amount, orders.amount)
    unlike, _ = worlds.make_world(6, "medium", "other", 0, customers=SMALL)
    assert unlike.separation != world.separation


@pytest.mark.many_builds
@pytest.mark.short
@pytest.mark.parametrize("kind", ["easy", "medium", "hard"])
@pytest.mark.parametrize("theme", world_shape.THEMES)
def test_the_oracle_index_lies_in_the_band_of_its_kind(kind, theme):
    world, orders = worlds.make_world(5, kind, theme, 1, customers=SMALL)
    low, high = world_shape.SEPARATIONS[kind]
    assert low <= world.oracle_index <= high
    assert world_oracle.oracle_index(world, orders) == world.oracle_index
    assert world_shape.MIN_SEGMENTS <= world.segment_count <= world_shape.MAX_SEGMENTS
    assert world.shares.min() >= world_shape.SMALLEST_SHARE and world.shares.sum() == pytest.approx(
        1
    )


@pytest.mark.many_builds
@pytest.mark.short
def test_the_oracle_is_as_often_right_as_it_is_sure():
    world, orders = worlds.make_world(5, "medium", "spend", 0, customers=1500)
    weights = world_oracle.oracle_log_weights(world, orders)
    chances = np.exp(weights - logsumexp(weights, axis=1, keepdims=True))
    sure = chances.max(axis=1).mean()
    right = (chances.argmax(axis=1) == orders.labels).mean()
    # 1,500 customers of whom one in twenty is misjudged: a standard error of 0.006.
    assert right == pytest.approx(sure, abs=0.02)


def test_worlds_of_theme_other_differ_in_nothing_that_is_spend(other):
    world, _ = other
    for name in world_shape.SPEND_PARTS:
        assert np.ptp(world.centres[:, world.layout.parts[name]], axis=0).max() == 0
        assert name not in world.differing
    spend, _ = worlds.make_world(5, "medium", "spend", 0, customers=SMALL)
    assert np.ptp(spend.centres[:, spend.layout.parts["orders"]]) > 0


def test_a_world_without_structure_has_a_centre_for_each_customer():
    world, orders = worlds.make_world(5, "none", "spend", 0, customers=SMALL)
    assert world.segment_count == 1 and world.centres.shape[0] == SMALL
    assert not orders.labels.any() and np.isnan(world.oracle_index)
    correlations = np.corrcoef(world.centres[:, world.centres.std(axis=0) > 1e-9].T)
    assert np.abs(correlations[np.triu_indices_from(correlations, 1)]).max() > 0.3


def test_files_hold_returns_duplicates_and_bulk_buyers(other, tmp_path):
    world, orders = other
    truth = world_files.write_world(world, orders, tmp_path)
    file = str(tmp_path / "order_lines.parquet")
    lines, distinct, returns, unlike = (
        duckdb.connect()
        .execute(
            "select count(*), count(distinct order_line_id), count(*) filter (where is_return), "
            "count(*) filter (where is_return <> (net_amount < 0)) from read_parquet(?)",
            [file],
        )
        .fetchall()[0]
    )
    assert lines - distinct == round(world_shape.REPEATED_SHARE * distinct)
    assert 0.5 < returns / lines / world_shape.RETURN_SHARE < 1.5
    assert unlike == 0
    assert sorted(set(truth.values())) == list(range(world.segment_count))
    assert len(truth) == SMALL


def tiny_matrix() -> tuple[pa.Table, pa.Table, np.ndarray]:
    """Three groups far apart in two features, and definitions for them."""
    rng = np.random.default_rng(3)
    planted_labels = np.repeat([0, 1, 2], 60)
    centres = np.array([[0.0, 0.0], [8.0, 0.0], [0.0, 8.0]])
    values = centres[planted_labels] + rng.standard_normal((180, 2))
    matrix = pa.table(
        {
            "customer_id": [f"c{number:03d}" for number in range(180)],
            "days_since_last_order": values[:, 0],
            "orders_per_28_days": values[:, 1],
            "spend_per_28_days": values[:, 0] + values[:, 1],
        }
    )
    names = ["days_since_last_order", "orders_per_28_days", "spend_per_28_days"]
    definitions = pa.table(
        {
            "feature": names,
            "position": [1, 2, 3],
            "family": ["value", "value", "preference"],
            "transform": ["identity"] * 3,
            "weight": [1.0, 1.0, 0.5],
            "missing_value": ["median"] * 3,
            "is_clustered": [True] * 3,
        }
    )
    return matrix, definitions, planted_labels


@functools.cache
def learned_tiny() -> tuple[Learned, np.ndarray]:
    matrix, definitions, labels = tiny_matrix()
    scan = fit_steps.k_scan_step(source_of(matrix), definitions, FAST)
    scaling = scaling_of(scan)
    found = segments_at(matrix, scaling, scan, 3, FAST)
    return Learned(matrix, definitions, scaling, scan, found), labels


def test_one_tiny_world_through_the_measures(other):
    learned, labels = learned_tiny()
    world = replace(other[0], shares=np.full(3, 1 / 3))
    truth = dict(zip(learned.customer_ids, labels.tolist(), strict=True))
    result = planted.measured(world, learned, truth, truth, 1.0)
    assert result.planted_k == 3
    assert result.index == pytest.approx(1.0) and result.oracle_index == 1.0
    assert result.index_at_planted_k == pytest.approx(1.0)
    assert result.notebook_index == pytest.approx(1.0) and result.rfm_index < 0.5
    found = {target.name: target for target in planted_targets.targets([result])}
    assert found["index at least the oracle's minus 0.03, medium worlds"].is_met
    assert result.name in planted.tables([result])


def test_worlds_that_were_not_run_are_not_judged():
    assert all(target.is_met is None for target in planted_targets.targets([]))


def test_family_variance_is_the_mean_share_between_the_segments():
    learned, labels = learned_tiny()
    names, families, values = real.standardised_features(learned)
    spend = np.where(labels == 0, 1.0, 0.0)
    shop = real.Shop("a shop", None, learned, spend, 0.9, names, families, values)
    quality = real.quality_of(shop, labels, stability=1.0)
    assert quality.prediction == pytest.approx(1.0) and quality.smallest_share == 1 / 3
    expected = np.mean([real.explained_share(values[:, at], labels) for at in (0, 1)])
    assert quality.family_variance["value"] == pytest.approx(expected)
    assert quality.misses() == []
    assert real.explained_share(np.array([0.0, 0.0, 2.0, 4.0]), np.array([0, 0, 1, 1])) == (
        # Means 0 and 3 about 1.5: 9 of 11 squares lie between the groups.
        pytest.approx(9 / 11)
    )


def test_family_weights_are_replaced_and_ratios_within_a_family_stay():
    _, definitions, _ = tiny_matrix()
    changed = frontier.with_weights(definitions, {"preference": 2.0, "value": 3.0})
    assert frontier.family_weights(changed) == {"value": 3.0, "preference": 2.0}
    assert changed.column("weight").to_pylist() == [3.0, 3.0, 2.0]


def test_online_retail_becomes_own_files(tmp_path):
    source = tmp_path / "retail.parquet"
    duckdb.connect().sql(
        "select * from (values "
        "('536365', '85123A', 'A', 6, timestamp '2010-12-01 08:26:00', 2.55, 17850, 'UK'),"
        "('C536379', 'D', 'Discount', -1, timestamp '2010-12-01 09:41:00', 27.5, 14527, 'UK'),"
        "('536414', '22139', null, 56, timestamp '2010-12-01 11:52:00', 0.0, null, 'UK')) "
        "t(InvoiceNo, StockCode, Description, Quantity, InvoiceDate, UnitPrice, CustomerID, "
        "Country)"
    ).write_parquet(str(source))
    real.write_online_retail(source, tmp_path / "files")
    with duckdb.connect() as connection:
        lines = connection.execute(
            "select customer_id, net_amount, is_return "
            f"from '{tmp_path}/files/order_lines.parquet' order by order_id"
        ).fetchall()
    assert [(c, float(a), r) for c, a, r in lines] == [
        ("17850", 15.3, False),
        (None, 0.0, False),
        ("14527", -27.5, True),
    ]
    assert not (tmp_path / "files" / "products.parquet").exists()


def test_changed_share_counts_customers_of_both_weeks():
    before, after = {"a": 1, "b": 2, "gone": 1}, {"a": 1, "b": 3, "new": 2}
    assert identity.changed_share(before, after) == 0.5
    table = identity.features_at(identity.moving_population(1, identity.A_CLOUD, 50), 52)
    assert rfm_cells(table).max() < 125


def test_a_page_gets_its_tables_between_the_markers(tmp_path):
    page = tmp_path / "quality.md"
    page.write_text(
        "# Page\n<!-- begin x targets -->\n<!-- end x targets -->\ntext\n"
        "<!-- begin x -->\nold\n<!-- end x -->\nend\n"
    )
    part = Part("x", "X", [Target("a", "1", "2", False)], markdown_table(["h"], [["new"]]), {})
    write_page(page, [part])
    write_page(page, [part])
    text = page.read_text()
    assert "old" not in text and text.count("| new |") == 1 and text.count("missed") == 1
    assert text.startswith("# Page\n") and text.endswith("end\n")
    part.save(tmp_path / "out")
    assert (tmp_path / "out" / "x.json").exists() and (tmp_path / "out" / "x.md").exists()


def test_wrong_options_are_refused(capsys):
    from common.program import run

    assert run(lambda: benchmark.main(["quality", "--worlds", "0"])) == 2
    assert "--worlds 0: expected at least 1" in capsys.readouterr().err


def estimates_of(probability, expected, has_ordered, spend) -> lifecycle.Estimates:
    return lifecycle.Estimates(
        stage=np.array(["active"] * len(spend)),
        probability=np.array(probability, dtype=float),
        expected=np.array(expected, dtype=float),
        has_ordered=np.array(has_ordered, dtype=bool),
        spend=np.array(spend, dtype=float),
    )


def test_the_area_under_the_curve_counts_pairs_in_order_and_half_of_ties():
    # Of four pairs of a buyer and another, 0.9 beats 0.1 and 0.5, and 0.5 beats 0.1 and ties.
    scores, positive = np.array([0.9, 0.5, 0.5, 0.1]), np.array([True, True, False, False])
    assert lifecycle.area_under_curve(scores, positive) == 3.5 / 4
    assert np.isnan(lifecycle.area_under_curve(scores, np.ones(4, dtype=bool)))


def test_gini_is_one_for_the_right_order_and_none_where_all_are_alike():
    spend = np.array([0.0, 1.0, 2.0, 5.0])
    assert lifecycle.gini(spend, spend) == 1
    assert lifecycle.gini(spend, np.ones(4)) == 0
    # Captured by spend: 5, 7, 8, 8 of 8; by two halves: 3.5, 7, 7.5, 8; by chance: 2, 4, 6, 8.
    assert lifecycle.gini(spend, np.array([0, 0, 1, 1])) == pytest.approx(6 / 8)
    assert lifecycle.gini(spend, -spend) < 0


def test_deciles_of_estimates_compare_what_was_predicted_with_what_was_found():
    numbers = np.arange(20)
    estimates = estimates_of(numbers / 20, numbers, numbers >= 10, 2 * numbers)
    found = lifecycle.measure("a shop", None, estimates)
    assert found.deciles[0] == lifecycle.Decile(2, 0.025, 0.0, 0.5, 1.0)
    assert found.deciles[9] == lifecycle.Decile(2, 0.925, 1.0, 18.5, 37.0)
    assert found.distance == pytest.approx(0.25)
    assert found.auc == 1
    assert found.captured == pytest.approx(2 * (16 + 17 + 18 + 19) / (2 * 190))
    assert [target.is_met for target in lifecycle.targets([found])] == [False]
    assert "| 10 | 2 | 92.5% | 100.0% | 18.50 | 37.00 |" in lifecycle.table([found])
