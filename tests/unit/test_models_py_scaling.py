"""Scaling numbers worked out by hand, family weights, nulls, values that cannot be used."""

import numpy as np
import pyarrow as pa
import pytest

from models_py import fit_steps
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.scaler import Scaler, transformed, untransformed

SETTINGS = FitSettings(threads=1)


def definitions(*rows: tuple) -> pa.Table:
    """Rows of (feature, family, transform, weight, missing_value)."""
    return pa.table(
        {
            "feature": [row[0] for row in rows],
            "position": list(range(1, len(rows) + 1)),
            "family": [row[1] for row in rows],
            "transform": [row[2] for row in rows],
            "weight": [float(row[3]) for row in rows],
            "missing_value": [row[4] for row in rows],
            "is_clustered": [True] * len(rows),
        }
    )


def source(batch_rows: int = 3, **columns: list):
    count = len(next(iter(columns.values())))
    arrays = {"customer_id": pa.array([f"c{number:04d}" for number in range(count)], pa.string())}
    arrays |= {name: pa.array(values, pa.float64()) for name, values in columns.items()}
    table = pa.table(arrays)
    return lambda: iter(table.to_batches(max_chunksize=batch_rows))


def learned(table: pa.Table) -> dict[str, dict]:
    return {row["feature"]: row for row in table.to_pylist()}


def test_numbers_worked_out_by_hand():
    """0, 1, 2, 3, 4: 1st percentile 0.04, 99th 3.96, mean 2, variance (2 * 1.96^2 + 2) / 5."""
    found = fit_steps.scaling_step(
        source(spend=[0, 1, 2, 3, 4]),
        definitions(("spend", "value", "identity", 2, "zero")),
        SETTINGS,
    )
    row = found.to_pylist()[0]
    deviation = np.sqrt((2 * 1.96**2 + 2) / 5)
    assert row["lower_value"] == pytest.approx(0.04)
    assert row["upper_value"] == pytest.approx(3.96)
    assert row["mean_value"] == pytest.approx(2)
    assert row["standard_deviation"] == pytest.approx(deviation)
    assert row["scale_factor"] == pytest.approx(np.sqrt(2) / deviation)
    assert (row["is_used"], row["dropped_reason"], row["row_count"]) == (True, None, 5)
    scaled = Scaler.from_table(found).scale(np.array([[100.0, 2.0, np.nan]]))
    factor = row["scale_factor"]
    assert scaled[0] == pytest.approx([1.96 * factor, 0, -1.96 * factor])


def test_family_contributes_its_weight_whatever_its_columns():
    rng = np.random.default_rng(0)
    values = {name: rng.lognormal(size=2000) for name in ("a", "b", "c", "d")}
    given = definitions(
        ("a", "value", "log1p", 1, "zero"),
        ("b", "value", "log1p", 3, "zero"),
        ("gone", "value", "log1p", 2, "zero"),
        ("c", "preference", "sqrt", 0.5, "zero"),
        ("d", "preference", "sqrt", 0.5, "zero"),
    )
    scaler = Scaler.from_table(fit_steps.scaling_step(source(500, **values), given, SETTINGS))
    squares = np.square(scaler.scale(np.stack(list(values.values())))).mean(axis=1)
    assert squares == pytest.approx([0.5, 1.5, 0.25, 0.25])


def test_missing_values_are_what_the_definition_decides():
    values = [None, 1.0, 2.0, 9.0, 4.0]
    rules = {"zero": 0, "median": 3, "max": 9, "min": 1, "2.5": 2.5}
    given = definitions(*[(f"f{rule}", "a", "identity", 1, rule) for rule in rules])
    found = fit_steps.scaling_step(source(**{f"f{r}": values for r in rules}), given, SETTINGS)
    assert [row["missing_value"] for row in found.to_pylist()] == list(rules.values())
    assert [row["null_count"] for row in found.to_pylist()] == [1] * 5


def test_features_without_information_are_dropped_with_a_reason():
    given = definitions(
        ("a", "x", "identity", 1, "zero"),
        ("absent", "x", "identity", 1, "zero"),
        ("same", "x", "identity", 1, "7"),
        ("empty", "x", "identity", 1, "median"),
        ("unweighted", "x", "identity", 0, "zero"),
    )
    found = learned(
        fit_steps.scaling_step(
            source(a=[1, 2, 3], same=[7, None, 7], empty=[None] * 3, unweighted=[1, 2, 3]),
            given,
            SETTINGS,
        )
    )
    reasons = {name: row["dropped_reason"] for name, row in found.items()}
    assert reasons == {
        "a": None,
        "absent": "nothing computes it",
        "same": "constant",
        "empty": "null for every customer",
        "unweighted": "weight 0",
    }
    assert found["same"]["scale_factor"] is None


def test_a_feature_that_was_left_out_is_described_and_says_why():
    given = definitions(
        ("spend", "x", "identity", 1, "zero"), ("share", "x", "identity", 1, "zero")
    )
    given = given.set_column(6, "is_clustered", pa.array([True, False]))
    given = given.append_column("left_out_reason", pa.array([None, "a share of few orders"]))
    found = learned(
        fit_steps.scaling_step(source(spend=[1, 2, 3], share=[0, 1, 0]), given, SETTINGS)
    )
    assert found["share"]["dropped_reason"] == "a share of few orders"
    assert not found["share"]["is_used"]
    assert found["share"]["mean_value"] == pytest.approx(1 / 3, abs=0.01)  # winsorised


def test_rare_feature_keeps_its_range():
    found = fit_steps.scaling_step(
        source(500, rare=[0.0] * 999 + [5.0]),
        definitions(("rare", "x", "identity", 1, "zero")),
        SETTINGS,
    ).to_pylist()[0]
    assert (found["is_used"], found["lower_value"], found["upper_value"]) == (True, 0, 5)


@pytest.mark.parametrize("transform", ["log1p", "sqrt", "identity"])
def test_transforms_keep_the_sign_and_invert(transform):
    values = np.array([-100.0, -1.0, -0.0, 0.0, 0.5, 1e6])
    line = transformed(values, transform)
    assert (np.sign(line) == np.sign(values)).all()
    assert untransformed(line, transform) == pytest.approx(values)


def test_result_does_not_depend_on_batch_sizes():
    rng = np.random.default_rng(1)
    values = rng.lognormal(size=700).tolist()
    given = definitions(("a", "x", "log1p", 1, "zero"))
    settings = FitSettings(threads=1, chunk_rows=64, quantile_sample_size=100)
    tables = [
        fit_steps.scaling_step(source(size, a=values), given, settings) for size in (1, 33, 64, 700)
    ]
    assert all(table.equals(tables[0]) for table in tables)


@pytest.mark.parametrize("bad", [float("inf"), float("-inf"), float("nan"), 1e16])
def test_absurd_value_names_feature_and_customer(bad):
    with pytest.raises(LearningError, match=r"spend.*c0004"):
        fit_steps.scaling_step(
            source(spend=[1, 2, 3, 4, bad]),
            definitions(("spend", "x", "identity", 1, "zero")),
            SETTINGS,
        )


@pytest.mark.parametrize(
    ("row", "message"),
    [
        (("a", "x", "log", 1, "zero"), "transform"),
        (("a", "x", "identity", -1, "zero"), "weight"),
        (("a", "x", "identity", 1, "mode"), "missing_value"),
    ],
)
def test_bad_definition_is_one_clear_error(row, message):
    with pytest.raises(LearningError, match=f"feature a: expected.*{message}"):
        fit_steps.scaling_step(source(a=[1, 2]), definitions(row), SETTINGS)


def test_rows_out_of_key_order_or_repeated_are_refused():
    for ids in (["a", "c", "b"], ["a", "b", "b"]):
        table = pa.table({"customer_id": ids, "a": [1.0, 2.0, 3.0]})
        for size in (1, 3):
            with pytest.raises(LearningError, match="order of customer_id"):
                fit_steps.scaling_step(
                    lambda table=table, size=size: table.to_batches(max_chunksize=size),
                    definitions(("a", "x", "identity", 1, "zero")),
                    FitSettings(threads=1, chunk_rows=size),
                )


def test_no_customers_and_no_definitions_are_clear_errors():
    given = definitions(("a", "x", "identity", 1, "zero"))
    with pytest.raises(LearningError, match="at least one customer"):
        fit_steps.scaling_step(source(a=[]), given, SETTINGS)
    with pytest.raises(LearningError, match="at least one customer"):
        fit_steps.scaling_step(lambda: iter(()), given, SETTINGS)
    with pytest.raises(LearningError, match="is_clustered"):
        fit_steps.scaling_step(source(a=[1.0]), given.slice(0, 0), SETTINGS)


def test_settings_out_of_range_are_refused():
    with pytest.raises(LearningError, match="k_min"):
        FitSettings(k_min=5, k_max=4)
    with pytest.raises(LearningError, match="thread"):
        FitSettings(threads=0)
