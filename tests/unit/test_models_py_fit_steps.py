"""The whole learning step: equal to scikit-learn, the same for any thread count, bad input."""

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as reference

from learned import FAST, assigned, learned, with_columns
from models_py import fit_steps, kmeans, polish
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.scaler import Scaler
from synthetic_tables import planted, tables, tried


@pytest.fixture(scope="module")
def world():
    matrix, _labels = planted(2, "medium", rows=900)
    source, definitions = tables(matrix)
    settings = FitSettings(threads=2, k_max=5, **FAST)
    return matrix, source, definitions, settings, learned(source, definitions, settings)


def test_scan_equals_scikit_learn(world):
    matrix, _, _, _, (scaling, scan, _segments) = world
    scaled = Scaler.from_table(scaling).scale(matrix.T)
    assert [row["k"] for row in scan.to_pylist()] == [3, 4, 5]
    for row in scan.to_pylist():
        centres = np.array(row["centroids"])
        squared = np.square(scaled.T[:, None] - centres[None]).sum(axis=2)
        labels = squared.argmin(axis=1)
        assert row["inertia"] == pytest.approx(squared.min(axis=1).sum(), rel=1e-12)
        silhouettes = reference.silhouette_samples(scaled.T, labels, metric="sqeuclidean")
        assert row["silhouette"] == pytest.approx(silhouettes.mean(), abs=1e-9)
        assert row["cluster_silhouettes"] == pytest.approx(
            [silhouettes[labels == number].mean() for number in range(row["k"])], abs=1e-9
        )
        assert row["davies_bouldin"] == pytest.approx(
            reference.davies_bouldin_score(scaled.T, labels)
        )
        assert row["calinski_harabasz"] == pytest.approx(
            reference.calinski_harabasz_score(scaled.T, labels)
        )
        assert row["cluster_sizes"] == np.bincount(labels).tolist()
        total = np.square(scaled.T - scaled.mean(axis=1)).sum()
        assert row["explained_variance_share"] == pytest.approx(1 - row["inertia"] / total)
        gap = row["silhouette"] - row["reference_silhouette"]
        assert row["structure_gap"] == pytest.approx(gap)


def test_fit_and_assignment_agree_with_the_scan(world):
    matrix, source, _, settings, (scaling, scan, segments) = world
    chosen = next(row for row in scan.to_pylist() if row["is_chosen"])
    table = assigned(source, scaling, segments, settings)
    rows = segments.to_pylist()
    assert [row["segment_id"] for row in rows] == list(range(1, chosen["k"] + 1))
    counts = [row["customer_count"] for row in rows]
    assert counts == chosen["cluster_sizes"]
    assert np.bincount(table.column("segment_id").to_numpy())[1:].tolist() == counts
    assert sum(row["inertia"] for row in rows) == pytest.approx(chosen["inertia"], rel=1e-12)
    assert sum(table.column("squared_distance").to_pylist()) == pytest.approx(chosen["inertia"])
    first = [row["centroid"][0]["original_value"] for row in rows]
    assert first == sorted(first, reverse=True)
    assert np.mean(table.column("is_outlier").to_pylist()) <= settings.trim_share
    silhouettes = reference.silhouette_samples(
        Scaler.from_table(scaling).scale(matrix.T).T,
        table.column("segment_id").to_numpy(),
        metric="sqeuclidean",
    )
    assert table.column("silhouette").to_pylist() == pytest.approx(silhouettes, abs=1e-9)
    assert silhouettes.mean() == pytest.approx(chosen["silhouette"], abs=1e-9)
    without = fit_steps.assign_step(source, scaling, segments, settings).read_all()
    assert without.column("silhouette").null_count == without.num_rows


def test_same_result_for_any_thread_count_batch_size_and_row_order(world):
    matrix, _, definitions, _, (_, expected_scan, expected_segments) = world
    table = pa.Table.from_batches(tables(matrix)[0]())
    order = np.random.default_rng(0).permutation(table.num_rows)
    shuffled = table.take(order).sort_by("customer_id")
    for threads, size in ((1, 1000), (4, 37)):
        settings = FitSettings(threads=threads, k_max=5, **FAST)
        source = lambda size=size: iter(shuffled.to_batches(max_chunksize=size))  # noqa: E731
        scaling, scan, segments = learned(source, definitions, settings)
        assert scan.equals(expected_scan)
        assert segments.equals(expected_segments)
        one = assigned(source, scaling, segments, settings)
        two = assigned(source, scaling, segments, FitSettings(threads=2, chunk_rows=100))
        assert one.combine_chunks().equals(two.combine_chunks())


def test_confidence_runs_from_border_to_centre(world):
    _matrix, source, _, settings, (scaling, _, segments) = world
    for row in assigned(source, scaling, segments, settings).to_pylist():
        ratio = np.sqrt(row["squared_distance"] / row["runner_up_squared_distance"])
        assert row["confidence"] == pytest.approx(1 - ratio)
        assert 0 <= row["confidence"] <= 1
        assert row["segment_id"] != row["runner_up_segment_id"]
    centre = np.array([[item["original_value"] for item in segments["centroid"][0].as_py()]])
    at_centre = tables(centre)[0]
    row = assigned(at_centre, scaling, segments, settings).to_pylist()[0]
    assert row["confidence"] == pytest.approx(1, abs=1e-6)


def test_dates_are_passed_through(world):
    _, source, _, settings, (scaling, _, segments) = world
    dates = pa.array([17_000] * 900, pa.int32()).cast(pa.date32())
    table = assigned(with_columns(source, as_of_date=dates), scaling, segments, settings)
    assert table.column("as_of_date").combine_chunks().equals(dates)


def test_refit_of_the_same_customers_changes_no_id(world):
    _matrix, source, _definitions, settings, (scaling, scan, segments) = world
    known = assigned(source, scaling, segments, settings).column("segment_id")
    again = with_columns(source, previous_segment_id=known)
    refit = fit_steps.fit_step(again, scaling, scan, segments, 50, settings).to_pylist()
    assert [row["lineage"] for row in refit] == ["kept"] * len(refit)
    assert {row["moved_share"] for row in refit} <= {0.0, *[row["moved_share"] for row in refit]}
    assert refit[0]["moved_share"] < 0.01
    assert refit[0]["start"] in ("warm", "cold")


def test_refit_keeps_retires_and_opens_ids_without_reuse():
    settings = FitSettings(threads=1, fixed_k=3, **FAST)
    rng = np.random.default_rng(5)
    places = np.array([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0], [9.0, 9.0]])
    group = np.arange(600) % 3
    source, definitions = tables(places[group] + rng.standard_normal((600, 2)))
    scaling, _, first = learned(source, definitions, settings)
    known = assigned(source, scaling, first, settings).column("segment_id")
    moved = np.where(group == 2, 3, group)  # everybody of one group goes to a new place
    source, _ = tables(places[moved] * np.array([1, 1]) + rng.standard_normal((600, 2)))
    members = with_columns(source, previous_segment_id=known)
    _, _, second = learned(members, definitions, settings, previous=first, following=4)
    assert sorted(second.column("segment_id").to_pylist()) == [1, 2, 3]  # members stayed together
    strangers = with_columns(source, previous_segment_id=pa.nulls(600, pa.int64()))
    _, _, third = learned(strangers, definitions, settings, previous=first, following=4)
    rows = {row["segment_id"]: row for row in third.to_pylist()}
    retired = [row for row in rows.values() if row["lineage"] == "retired"]
    opened = [number for number, row in rows.items() if row["lineage"] == "opened"]
    assert opened == [4] and len(retired) == 1
    assert retired[0]["customer_count"] is None and retired[0]["centroid"] == []
    assert third["moved_share"][0].as_py() is None
    # A retired id above next_segment_id is not given out again either.
    _, _, fourth = learned(strangers, definitions, settings, previous=third, following=1)
    fresh = set(fourth.column("segment_id").to_pylist()) - set(rows)
    assert all(number > 4 for number in fresh)


def test_previous_fit_without_common_features_starts_cold(world):
    _matrix, source, definitions, settings, (_, _, segments) = world
    renamed = segments.to_pylist()
    for row in renamed:
        for item in row["centroid"]:
            item["feature"] = "old_" + item["feature"]
    previous = pa.Table.from_pylist(renamed, schema=segments.schema)
    _, _, found = learned(source, definitions, settings, previous=previous, following=1)
    active = [row for row in found.to_pylist() if row["lineage"] != "retired"]
    assert {row["start"] for row in active} == {"cold"}
    assert min(row["segment_id"] for row in active) > max(row["segment_id"] for row in renamed)


def small(matrix, **kwargs):
    source, definitions = tables(np.array(matrix, dtype=float))
    settings = FitSettings(threads=1, **FAST, **kwargs)
    scaling, scan, segments = learned(source, definitions, settings)
    return scan.to_pylist(), segments, assigned(source, scaling, segments, settings).to_pylist()


def test_one_customer_is_one_segment():
    scan, segments, rows = small([[5.0, 1.0]])
    chosen = next(row for row in scan if row["is_chosen"])
    assert (chosen["k"], chosen["verdict"]) == (1, "weak")
    assert "reduced to 1" in chosen["choice_reason"]
    assert segments["customer_count"].to_pylist() == [1]
    assert rows[0]["segment_id"] == 1 and rows[0]["runner_up_segment_id"] is None
    assert rows[0]["confidence"] is None and rows[0]["is_outlier"] is False


def test_identical_customers_are_one_segment():
    scan, _, rows = small([[2.0, 3.0]] * 20)
    assert [row["k"] for row in scan if row["is_chosen"]] == [1]
    assert {row["segment_id"] for row in rows} == {1}


def test_fewer_customers_than_k_reduce_k():
    scan, _, rows = small([[1.0], [5.0]])
    chosen = next(row for row in scan if row["is_chosen"])
    assert chosen["k"] == 2
    assert "only 2" in chosen["choice_reason"]
    assert sorted(row["k"] for row in scan) == [2, 3, 4, 5, 6, 7, 8]
    assert len({row["segment_id"] for row in rows}) == 2


def test_fewer_distinct_customers_than_fixed_k_reduce_k():
    scan, _, _ = small([[1.0], [5.0]] * 10, fixed_k=4)
    chosen = next(row for row in scan if row["is_chosen"])
    assert chosen["k"] == 2 and "4 segments need" in chosen["choice_reason"]


def test_as_many_customers_as_k():
    scan, segments, _ = small([[1.0], [5.0], [20.0]], fixed_k=3)
    assert [row["k"] for row in scan if row["is_chosen"]] == [3]
    assert sum(segments["customer_count"].to_pylist()) == 3


def test_one_feature():
    rng = np.random.default_rng(0)
    values = np.concatenate([rng.normal(place, 0.5, 100) for place in (0, 10, 20)])
    scan, _, _ = small(values[:, None])
    assert [row["k"] for row in scan if row["is_chosen"]] == [3]


def test_fixed_k_one():
    scan, segments, _rows = small(np.random.default_rng(0).normal(size=(50, 2)), fixed_k=1)
    assert scan[0]["silhouette"] is None and scan[0]["is_chosen"]
    assert segments["customer_count"].to_pylist() == [50]


def test_exactly_one_k_is_chosen_and_every_row_has_words():
    scan, _, _ = small(np.random.default_rng(1).normal(size=(300, 3)), min_segment_share=0.3)
    assert sum(row["is_chosen"] for row in scan) == 1
    for row in scan:
        assert row["choice_reason"] and row["verdict_reason"]
        assert row["verdict"] in ("strong", "moderate", "weak")


class Counted:
    """A source that counts how often it is read, and loses a customer after so many times."""

    def __init__(self, source, whole=None):
        self.source, self.whole, self.times = source, whole, 0

    def __call__(self):
        self.times += 1
        found = pa.Table.from_batches(self.source())
        is_whole = self.whole is None or self.times <= self.whole
        return iter(found.slice(0, found.num_rows - (not is_whole)).to_batches())


def test_customers_that_are_not_those_of_the_scaling_are_refused(world):
    matrix, _, _, settings, (scaling, scan, segments) = world
    source, _ = tables(matrix[:-1])
    known = pa.array(np.ones(899, dtype=np.int64))
    members = with_columns(source, previous_segment_id=known)
    with pytest.raises(LearningError, match="900 customers"):
        fit_steps.fit_step(members, scaling, scan, segments, 1, settings)


def test_scaled_matrix_is_deleted_also_on_error(world, tmp_path):
    _, source, definitions, _, _ = world
    settings = FitSettings(threads=1, k_max=3, tmp_dir=str(tmp_path), **FAST)
    fit_steps.k_scan_step(source, definitions, settings)
    counted = Counted(source)
    fit_steps.scaling_step(counted, definitions, settings)
    with pytest.raises(LearningError, match="found 899"):
        fit_steps.k_scan_step(Counted(source, counted.times), definitions, settings)
    assert list(tmp_path.iterdir()) == []


class Held:
    def __init__(self, rows):
        self.rows = rows
        self.shape = rows.shape

    def __len__(self):
        return len(self.rows)

    def block(self, first, count, *, out):
        np.copyto(out[: len(self.rows) - first], self.rows[first : first + count])
        return out


def test_extreme_customers_do_not_own_a_segment():
    rng = np.random.default_rng(4)
    rows = rng.standard_normal((1000, 6))
    rows[:5, :] += 40
    labels = np.arange(1000) % 2
    rows[:, 0] += 8 * labels
    found = kmeans.best_of_starts(
        rows.astype(np.float32),
        2,
        1,
        (0,),
        starts=3,
        iterations=50,
        seeding_size=1000,
        trim_share=0.01,
    )
    matrix = Held(rows.astype(np.float32))
    (found,) = polish.polish(matrix, [found], trims_squared=[60.0], iterations=10, tolerance=0)
    sizes = np.bincount(kmeans.squared_distances(rows, found).argmin(axis=0), minlength=2)
    assert sizes.min() > 450
    assert np.abs(found[:, 1:]).max() < 0.3  # extreme rows left out of the means


def test_rounding_keeps_nine_significant_digits():
    assert kmeans.rounded(np.array([1.23456789012, -0.000123456789499])).tolist() == [
        1.23456789,
        -0.000123456789,
    ]


@pytest.mark.parametrize(("before", "after"), [(3, 5), (5, 3)])
def test_warm_start_with_another_number_of_segments(before, after):
    rng = np.random.default_rng(6)
    places = 12 * rng.standard_normal((5, 3))
    rows = places[np.arange(500) % 5] + rng.standard_normal((500, 3))
    source, definitions = tables(rows)
    settings = FitSettings(threads=1, fixed_k=before, **FAST)
    scaling, _, first = learned(source, definitions, settings)
    known = assigned(source, scaling, first, settings).column("segment_id")
    members = with_columns(source, previous_segment_id=known)
    settings = FitSettings(threads=1, fixed_k=after, **FAST)
    _, _, second = learned(members, definitions, settings, previous=first, following=before + 1)
    rows = second.to_pylist()
    active = [row for row in rows if row["lineage"] != "retired"]
    assert len(active) == after and sum(row["customer_count"] for row in active) == 500
    assert {row["lineage"] for row in rows} <= {"kept", "split", "merged", "retired", "opened"}
    new = [row for row in active if row["lineage_from"] and row["segment_id"] > before]
    if after > before:
        assert {row["lineage"] for row in new} == {"split"} and len(new) == 2
    else:
        assert any(row["lineage"] == "merged" for row in active)


@pytest.mark.many_builds
@pytest.mark.short
def test_planted_segments_are_found_and_structureless_data_is_called_weak():
    found = tried("easy", 5, rows=1500)
    assert (found["chosen"], found["verdict"]) == (found["planted"], "strong")
    assert found["index"] > 0.95
    assert tried("structureless", 2, rows=1500)["verdict"] == "weak"
