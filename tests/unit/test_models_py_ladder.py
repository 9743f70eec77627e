"""The ladder: natural groups where there are any, else needs, else the weak cut all the same."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from models_py import api, columns, fit_steps, ladder, needs_search
from models_py.drift import SPREAD_SCHEMA, with_bins
from models_py.feature_passes import StreamedPasses
from models_py.needs import LINES, NO_PART, SPEND, NeedsModel, centres, segments, source_with_scores
from models_py.scaler import Scaler
from models_py.scaling import SCALING_SCHEMA
from models_py.weighting import WeightedScaling
from needs_tables import COLUMNS, definitions
from needs_world import PLAIN, SETTINGS, World, chosen, kinds_found, source_of


@pytest.fixture(scope="module")
def continuum() -> World:
    """They lean to anything between the ends of two needs."""
    return World(taste=0.8, has_kinds=False)


@pytest.fixture(scope="module")
def scan(continuum) -> pa.Table:
    return continuum.scan()


@pytest.fixture(scope="module")
def plain(continuum) -> pa.Table:
    return continuum.scan(PLAIN)


def test_natural_groups_are_the_segments():
    world = World(taste=0.8)
    found = world.scan()
    assert set(found.column("rung").to_pylist()) == {"joint"}
    best = chosen(found)
    assert (best["k"], best["verdict"]) == (5, "strong")
    scaling = fit_steps.scaling_step(source_of(world.customers), definitions(), SETTINGS)
    assert ladder.scaling_of(found).select(SCALING_SCHEMA.names).equals(scaling)
    assert [row["scaling"] is not None for row in found.to_pylist()] == [False, True]


@pytest.fixture(scope="module")
def behind_volume() -> World:
    """Kinds, whose shares also go with how much customers buy."""
    return World(taste=0.5, trend=0.6, spread=1.0, rate=100)


@pytest.fixture(scope="module")
def scan_behind_volume(behind_volume) -> pa.Table:
    return behind_volume.scan()


def test_groups_that_volume_hides_are_segments_by_what_they_buy(behind_volume, scan_behind_volume):
    found = scan_behind_volume
    rows = found.to_pylist()
    assert [(row["rung"], row["k"]) for row in rows] == [
        ("joint", 4),
        ("joint", 5),
        ("columns", 4),
        ("columns", 5),
    ]
    assert {row["verdict"] for row in rows if row["rung"] == "joint"} == {"weak"}
    best, scaling = chosen(found), ladder.scaling_of(found)
    assert (best["rung"], best["k"], best["verdict"]) == ("columns", 5, "strong")
    assert "not chosen: no structure" in [row["choice_reason"] for row in rows[:2]]
    used = {row["feature"] for row in scaling.to_pylist() if row["is_used"]}
    assert used == {column.feature for column in COLUMNS}
    assert ladder.rung_of(scaling) == "columns"
    assert kinds_found(behind_volume, found) > 0.9
    told = [one["name"] for one in json.loads(best["candidate_segments"])]
    assert len(set(told)) == 5


def test_a_refit_keeps_the_rung_and_weights_of_such_groups(behind_volume, scan_behind_volume):
    scaling = ladder.scaling_of(scan_behind_volume)
    again = behind_volume.scan(replace(SETTINGS, active_k=5, seed=7), scaling)
    best, kept = chosen(again), ladder.scaling_of(again)
    assert (best["rung"], best["k"]) == ("columns", 5)
    assert kept.column("weight").to_pylist() == scaling.column("weight").to_pylist()


@pytest.mark.many_builds
@pytest.mark.short
@pytest.mark.parametrize("seed", [5, 6])
@pytest.mark.parametrize("spread", [0, 1.0], ids=["chance", "volume"])
def test_chance_and_volume_alone_are_weak_and_it_is_said_that_needs_do_not_differ(seed, spread):
    best = chosen(World(seed, spread=spread).scan())
    assert (best["rung"], best["verdict"]) == ("joint", "weak")
    _, why = best["verdict_reason"].split("; no needs to segment by: ")
    assert why == "columns go together no more than by chance" or why.startswith(
        "a need that one half of the orders shows does not come back in the other"
    )


def test_needs_are_the_segments_where_there_are_no_natural_groups(scan):
    rows = scan.to_pylist()
    assert [(row["rung"], row["k"]) for row in rows] == [("joint", 4), ("joint", 5), ("needs", 5)]
    best = chosen(scan)
    assert (best["rung"], best["verdict"]) == ("needs", "constructive")
    assert best["verdict_reason"].startswith("dependable cuts through a continuum")
    assert best["choice_reason"] == "chosen: no natural groups, but 2 needs that can be depended on"
    assert {row["verdict"] for row in rows if row["rung"] == "joint"} == {"weak"}
    said = [row["choice_reason"] for row in rows[:2]]
    assert "not chosen: no structure" in said


@pytest.mark.many_builds
@pytest.mark.short
def test_needs_that_half_samples_agree_on_in_part_are_shown_and_called_weak(
    continuum, scan, monkeypatch
):
    """A bar decides the word, never which partition is shown."""
    monkeypatch.setattr(needs_search, "LEAST_AGREEMENT", 1.0)
    weak = chosen(continuum.scan())
    strong = chosen(scan)
    assert (weak["rung"], weak["k"], weak["verdict"]) == ("needs", 5, "weak")
    assert weak["verdict_reason"].startswith("half samples agree at 0.")
    assert "agree on in part" in weak["choice_reason"]
    assert weak["cluster_sizes"]
    assert weak["stability"] >= strong["stability"]
    monkeypatch.setattr(needs_search, "WEAK_AGREEMENT", 1.0)
    assert chosen(continuum.scan())["rung"] == "joint"


def test_the_scaling_of_the_segments_is_in_their_row(scan, plain):
    assert [row["scaling"] is not None for row in scan.to_pylist()] == [False, False, True]
    scaling = ladder.scaling_of(scan)
    assert scaling.schema.equals(SPREAD_SCHEMA)
    used = [row["feature"] for row in scaling.to_pylist() if row["is_used"]]
    assert used == ["need_1", "need_2"]
    assert "need_1" not in ladder.scaling_of(plain).column("feature").to_pylist()


def test_the_scaling_comes_to_have_bins(continuum, scan):
    scaling = ladder.scaling_of(scan)
    assert scaling.column("bin_edges").null_count == scaling.num_rows
    source = source_with_scores(source_of(continuum.customers), scaling)
    spread = with_bins(scaling, api.baseline_step(source, scaling, SETTINGS))
    assert spread.column("bin_edges").null_count == scaling.num_rows - 2
    binned = ladder.with_scaling(scan, spread)
    assert ladder.scaling_of(binned).equals(spread)
    assert binned.drop_columns(["scaling"]).equals(scan.drop_columns(["scaling"]))


def test_the_fit_has_the_segments_that_the_scan_measured(continuum, scan):
    best, scaling = chosen(scan), ladder.scaling_of(scan)
    model = NeedsModel.from_table(scaling)
    assert model is not None
    assert best["centroids"] == centres(2, model.threshold).tolist()
    source = source_with_scores(source_of(continuum.customers), scaling)
    fitted = fit_steps.fit_step(source, scaling, scan, None, 1, SETTINGS)
    assigned = fit_steps.assign_step(source, scaling, fitted, SETTINGS, source).read_all()
    scored = model.scores(continuum.given)
    labels = segments(scored, model.threshold)
    ids = assigned.column("segment_id").to_numpy()
    assert len(set(zip(labels, ids, strict=True))) == 5, "a segment is a cell of the cut"
    assert best["cluster_sizes"] == np.bincount(labels).tolist()
    assert best["smallest_segment_share"] == min(best["cluster_sizes"]) / 1000
    assert sum(fitted.column("inertia").to_pylist()) == pytest.approx(best["inertia"])
    silhouettes = assigned.column("silhouette").to_pylist()
    assert np.mean(silhouettes) == pytest.approx(best["silhouette"], abs=1e-9)
    assert assigned.column("need_2").to_numpy().tobytes() == scored[1].tobytes()
    assert assigned.column("need_3").null_count == 1000


def test_reasons_for_a_segment_by_needs_add_up_for_every_customer(continuum, scan):
    scaling = ladder.scaling_of(scan)
    source = source_with_scores(source_of(continuum.customers), scaling)
    fitted = fit_steps.fit_step(source, scaling, scan, None, 1, SETTINGS)
    assigned = fit_steps.assign_step(source, scaling, fitted, SETTINGS).read_all().to_pylist()
    names = ["need_1", "need_2"]
    ranges = pa.table({"feature": names, "minimum_value": [-4.0] * 2, "maximum_value": [4.0] * 2})
    found = fit_steps.reasons_step(source, scaling, fitted, ranges, SETTINGS).read_all()
    assert found.num_rows == len(assigned) == 1000
    for row, own in zip(found.to_pylist(), assigned, strict=True):
        margin = own["runner_up_squared_distance"] - own["squared_distance"]
        assert sorted(part["feature"] for part in row["contributions"]) == names
        parts = sum(part["contribution"] for part in row["contributions"])
        assert parts == pytest.approx(margin, abs=1e-9)


def test_a_refit_keeps_needs_and_ids(continuum, scan):
    scaling = ladder.scaling_of(scan)
    model = NeedsModel.from_table(scaling)
    turned = model.moved([1, 0], [-1.0, 1.0]).described(scaling_without_needs(scaling))
    source = source_with_scores(source_of(continuum.customers), turned)
    first = fit_steps.fit_step(source, turned, scan, None, 1, SETTINGS)
    ids = fit_steps.assign_step(source, turned, first, SETTINGS).read_all().column("segment_id")
    again = continuum.scan(replace(SETTINGS, active_k=5), turned)
    kept = NeedsModel.from_table(ladder.scaling_of(again))
    assert kept.loadings.tolist() == model.moved([1, 0], [-1.0, 1.0]).loadings.tolist()
    known = continuum.customers.append_column("previous_segment_id", ids)
    members = source_with_scores(source_of(known), turned)
    second = fit_steps.fit_step(members, ladder.scaling_of(again), again, first, 6, SETTINGS)
    assert second.column("segment_id").to_pylist() == [1, 2, 3, 4, 5]
    assert set(second.column("lineage").to_pylist()) == {"kept"}
    assert set(second.column("moved_share").to_pylist()) == {0}


def scaling_without_needs(scaling: pa.Table) -> pa.Table:
    """The rows of the features themselves."""
    return scaling.filter(pc.not_equal(scaling.column("family"), "needs"))


def test_a_k_of_needs_is_not_the_active_k_of_natural_groups(scan, plain):
    asked = replace(SETTINGS, active_k=5)
    assert ladder.settings_of_rung(asked, ladder.scaling_of(scan), "joint").active_k is None
    assert ladder.settings_of_rung(asked, ladder.scaling_of(plain), "joint").active_k == 5
    assert ladder.settings_of_rung(asked, None, "joint").active_k == 5


def test_weights_of_the_definitions_on_request_never_look_for_needs(plain):
    assert plain.column("rung").to_pylist() == ["joint", "joint"]
    assert chosen(plain)["verdict"] == "weak"


def test_a_number_of_segments_that_needs_cannot_have_keeps_the_first_rung(continuum):
    found = continuum.scan(replace(SETTINGS, fixed_k=4))
    assert found.column("rung").to_pylist() == ["joint"]
    assert chosen(found)["choice_reason"].startswith("chosen: k was fixed at 4")
    why = "; no needs to segment by: they would be 5 segments, and 4 may be chosen"
    assert chosen(found)["verdict_reason"].endswith(why)


def test_batches_and_threads_change_no_byte(continuum, scan):
    again = continuum.scan(replace(SETTINGS, threads=3), size=37)
    assert again.equals(scan)


def test_without_spend_or_columns_there_are_no_needs(continuum, plain):
    joint = plain.drop_columns(["scaling"]).append_column(
        plain.schema.field("scaling"), pa.nulls(2, plain.schema.field("scaling").type)
    )
    scaling = ladder.scaling_of(plain)
    without = definitions().drop_columns(["needs_block", "share_of"])
    for customers, defined in (
        (continuum.customers, without),
        (continuum.customers.drop_columns([SPEND]), definitions()),
    ):
        passes = StreamedPasses(source_of(customers), SETTINGS)
        found = ladder.climbed(
            WeightedScaling(scaling, Scaler.from_table(scaling)),
            defined,
            passes,
            continuum.halves,
            None,
            SETTINGS,
            lambda *_: joint,
            never_asked,
        )
        assert found.equals(plain)


def never_asked(scaling: pa.Table, found: np.ndarray):
    raise AssertionError("measured needs that were not found")


@pytest.mark.parametrize("block", ladder.NO_AXES)
def test_axes_are_not_made_of_contacts_and_answers(continuum, block):
    defined = definitions()
    own = zip(
        *(defined.column(name).to_pylist() for name in ("feature", "needs_block")), strict=True
    )
    blocks = [block if feature == LINES else given for feature, given in own]
    at = defined.column_names.index("needs_block")
    found = continuum.scan(defined=defined.set_column(at, "needs_block", pa.array(blocks)))
    assert chosen(found)["rung"] == "needs"
    reasons = {row["feature"]: row["dropped_reason"] for row in chosen(found)["scaling"]}
    assert reasons[LINES] == NO_PART


def test_columns_are_those_with_a_block_that_vary(plain):
    scaling = ladder.scaling_of(plain)
    found = columns.needs_columns(definitions(), scaling)
    assert [column.feature for column in found] == [column.feature for column in COLUMNS]
    rows = scaling.to_pylist()
    own = {row["feature"]: row for row in rows}
    assert (found[-1].lower, found[-1].upper) == (
        own["lines_per_order"]["lower_value"],
        own["lines_per_order"]["upper_value"],
    )
    for row in rows:
        if row["feature"] == "category_2_share":
            row["mean_value"] = None
    flat = pa.Table.from_pylist(rows, schema=SCALING_SCHEMA)
    names = [column.feature for column in columns.needs_columns(definitions(), flat)]
    assert "category_2_share" not in names and len(names) == len(COLUMNS) - 1


def test_halves_are_paired_by_customer():
    rows = pa.table(
        {
            "customer_id": ["b", "a", "a", "b"],
            "half": [0, 1, 0, 1],
            "spend_per_28_days": [3.0, 2.0, 1.0, None],
        }
    )
    first, second = ladder.halves_of(rows)
    assert first["spend_per_28_days"].tolist() == [1, 3]
    assert second["spend_per_28_days"][0] == 2 and np.isnan(second["spend_per_28_days"][1])
    assert ladder.halves_of(None) is None
