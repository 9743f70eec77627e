"""Contributions add up; the single change flips the segment and nothing smaller does."""

import numpy as np
import pyarrow as pa
import pytest

from models_py import fit_steps, reasons
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.ladder import scaling_of
from models_py.scaler import Scaler
from synthetic_tables import planted, tables

SETTINGS = FitSettings(threads=1, fixed_k=4, start_count=2, half_sample_count=1, reference_count=1)


def plain_scaler(width: int, bound: float = 10.0) -> Scaler:
    """Scaled = original, within +-bound."""
    ones = np.ones(width)
    names = tuple(f"f{number}" for number in range(width))
    return Scaler(
        names,
        tuple(range(width)),
        ("identity",) * width,
        0 * ones,
        -bound * ones,
        bound * ones,
        0 * ones,
        ones,
        ones,
    )


def test_contributions_worked_out_by_hand():
    """Row (1, 0), own (0, 0), runner-up (4, 1): 9 - 1 and 1 - 0."""
    found = reasons.contributions(
        np.array([[1.0], [0.0]]), np.array([[0.0], [0.0]]), np.array([[4.0], [1.0]])
    )
    assert found[:, 0].tolist() == [8, 1]


def test_change_worked_out_by_hand():
    """From 1 between centres 0 and 4 the border is 2; the third centre is farther."""
    found = reasons.smallest_change(
        np.array([[1.0]]),
        plain_scaler(1),
        np.array([[0.0], [4.0], [-9.0]]),
        np.array([-10.0]),
        np.array([10.0]),
    )
    assert found.value[0] == pytest.approx(2, abs=1e-6) and found.value[0] > 2
    assert (found.feature[0], found.target[0]) == (0, 1)


def test_change_outside_the_natural_range_or_the_winsor_bounds_is_null():
    centres = np.array([[0.0], [4.0]])
    for scaler, highest in ((plain_scaler(1), 1.9), (plain_scaler(1, bound=1.9), 10.0)):
        found = reasons.smallest_change(
            np.array([[1.0]]), scaler, centres, np.array([-10.0]), np.array([highest])
        )
        assert found.feature[0] == -1 and np.isnan(found.value[0]) and found.target[0] == -1


@pytest.fixture(scope="module")
def fitted():
    matrix, _ = planted(5, "hard", rows=600)
    matrix = np.exp(matrix / matrix.std(axis=0))
    source, definitions = tables(matrix)
    definitions = definitions.set_column(
        definitions.schema.get_field_index("transform"),
        "transform",
        pa.array(["log1p", "sqrt", "identity", *["log1p"] * (matrix.shape[1] - 3)]),
    )
    scan = fit_steps.k_scan_step(source, definitions, SETTINGS)
    scaling = scaling_of(scan)
    segments = fit_steps.fit_step(source, scaling, scan, None, 1, SETTINGS)
    ranges = pa.table(
        {
            "feature": definitions.column("feature"),
            "minimum_value": matrix.min(axis=0),
            "maximum_value": matrix.max(axis=0),
        }
    )
    return matrix, scaling, segments, ranges


def test_contributions_add_up_to_the_margin(fitted):
    matrix, scaling, segments, ranges = fitted
    source, _ = tables(matrix)
    assigned = fit_steps.assign_step(source, scaling, segments, SETTINGS).read_all().to_pylist()
    found = fit_steps.reasons_step(source, scaling, segments, ranges, SETTINGS).read_all()
    for row, assignment in zip(found.to_pylist(), assigned, strict=True):
        margin = assignment["runner_up_squared_distance"] - assignment["squared_distance"]
        parts = sum(item["contribution"] for item in row["contributions"])
        assert abs(parts - margin) < 1e-9
        assert abs(row["margin"] - margin) < 1e-9
        assert row["segment_id"] == assignment["segment_id"]
        assert row["runner_up_segment_id"] == assignment["runner_up_segment_id"]


def segments_of(matrix, scaling, segments):
    source, _ = tables(matrix)
    table = fit_steps.assign_step(source, scaling, segments, SETTINGS).read_all()
    return table.column("segment_id").to_numpy()


def test_change_flips_and_nothing_smaller_does(fitted):
    matrix, scaling, segments, ranges = fitted
    source, definitions = tables(matrix)
    names = definitions.column("feature").to_pylist()
    found = (
        fit_steps.reasons_step(source, scaling, segments, ranges, SETTINGS).read_all().to_pylist()
    )
    before = segments_of(matrix, scaling, segments)
    changed, almost = matrix.copy(), matrix.copy()
    rows = [at for at, row in enumerate(found) if row["change_feature"] is not None]
    assert len(rows) > 0
    for at in rows:
        column = names.index(found[at]["change_feature"])
        new, old = found[at]["change_to_value"], matrix[at, column]
        assert found[at]["change_from_value"] == old
        assert matrix[:, column].min() <= new <= matrix[:, column].max()
        changed[at, column] = new
        almost[at, column] = old + (new - old) * 0.9999
    after = segments_of(changed, scaling, segments)
    for at in rows:
        assert after[at] == found[at]["change_to_segment_id"] != before[at]
    assert (segments_of(almost, scaling, segments)[rows] == before[rows]).all()
    # Any feature, moved less far in standard deviations of its transformed values: no flip.
    scaler = Scaler.from_table(scaling)
    rng = np.random.default_rng(0)
    sizes = {}
    for at in rows:
        column = names.index(found[at]["change_feature"])
        both = np.array([matrix[at, column], found[at]["change_to_value"]])
        sizes[at] = abs(np.diff(line(scaler, column, both))[0]) / scaler.deviation[column]
    for column in range(len(names)):
        for direction in (-1, 1):
            other = matrix.copy()
            present = line(scaler, column, matrix[:, column])
            for at in rows:
                size = 0.999 * sizes[at] * rng.random() ** 0.2 * scaler.deviation[column]
                moved = present[at] + direction * size
                value = back(scaler, column, np.array([moved]))[0]
                low, high = matrix[:, column].min(), matrix[:, column].max()
                other[at, column] = np.clip(value, low, high)
            assert (segments_of(other, scaling, segments)[rows] == before[rows]).all()
    # Null means null: no value of any one feature within its range moves these customers.
    stuck = [at for at in range(len(matrix)) if at not in set(rows)]
    for column in range(len(names)):
        for value in np.linspace(matrix[:, column].min(), matrix[:, column].max(), 25):
            other = matrix.copy()
            other[:, column] = value
            assert (segments_of(other, scaling, segments)[stuck] == before[stuck]).all()


def line(scaler, column, values):
    from models_py.scaler import transformed

    return transformed(values, scaler.transforms[column])


def back(scaler, column, values):
    from models_py.scaler import untransformed

    return untransformed(values, scaler.transforms[column])


def test_ranges_must_be_given_for_every_feature(fitted):
    matrix, scaling, segments, ranges = fitted
    source, _ = tables(matrix)
    with pytest.raises(LearningError, match="natural range"):
        fit_steps.reasons_step(source, scaling, segments, ranges.slice(1), SETTINGS)


def test_reasons_of_equal_weight_are_told_in_position_order():
    from models_py.scoring import REASONS_SCHEMA
    from models_py.top_reasons import cut

    weights = [0.25, 1.0, 1.0 + 1e-13, 2.0]
    entries = [
        {
            "feature": f"f{at}",
            "position": at,
            "value": 1.0,
            "segment_value": 1.0,
            "runner_up_value": 0.0,
            "contribution": weight,
        }
        for at, weight in enumerate(weights)
    ]
    row = dict.fromkeys(REASONS_SCHEMA.names) | {"customer_id": "a", "contributions": entries}
    shown = cut(pa.RecordBatch.from_pylist([row], schema=REASONS_SCHEMA)).to_pylist()[0]
    assert [shown[f"reason_{rank}_feature"] for rank in (1, 2, 3)] == ["f3", "f1", "f2"]
