"""A rule for each segment, on customers whose rule is known."""

from __future__ import annotations

from itertools import combinations, product
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from models_py.arrays import Labels, Mask, Matrix
from models_py.config import FitSettings
from models_py.round_numbers import figure_text, roundest
from models_py.rules import ASSIGNED_COLUMN, BOUND_COST, RULES_SCHEMA, rules_of, rules_step

Bounds = dict[str, tuple[str | None, str | None]]


def by_segment(table: pa.Table) -> dict[int, Bounds]:
    """Conditions of each segment: feature, and its lower and upper bound."""
    found: dict[int, Bounds] = {}
    for row in table.to_pylist():
        conditions = found.setdefault(row["segment_id"], {})
        conditions[row["feature"]] = (row["lower_bound"], row["upper_bound"])
        assert row["position"] == len(conditions)
    return found


def selected(conditions: Bounds, values: dict[str, Any]) -> Mask:
    """Whether each customer meets all conditions, by the text that is published."""
    met = np.ones(len(next(iter(values.values()))), dtype=bool)
    for feature, (lower, upper) in conditions.items():
        met &= values[feature] >= (-np.inf if lower is None else float(lower))
        met &= values[feature] <= (np.inf if upper is None else float(upper))
    return met


def grid() -> dict[str, Any]:
    """A thousand customers: every pair of 0 to 99 and 0 to 9, and a figure that says nothing."""
    number = np.arange(1000.0)
    return {"noise": number * 7 % 11, "days": number % 100, "orders": number // 100}


def rules(values: dict[str, Any], segments: Labels) -> pa.Table:
    return rules_of(np.array(list(values.values())), segments, list(values))


def test_a_planted_rule_is_found_exactly() -> None:
    values = grid()
    is_in = (values["days"] >= 30) & (values["days"] <= 59) & (values["orders"] >= 7)
    table = rules(values, np.where(is_in, 4, 9))
    assert table.schema == RULES_SCHEMA
    assert by_segment(table)[4] == {"days": ("30", "59"), "orders": ("7", None)}
    # 910 of 1,000 are in the other segment: F1 of everybody is 0.953, and that of fewer than 7
    # orders is 0.869, so the rule has to be better than to take everybody.
    assert 9 not in by_segment(table)


def test_what_is_left_over_gets_the_best_rule_there_is() -> None:
    """Of 400 customers, 100 have more days and fewer orders: a corner is cut out of the rest."""
    values = {"days": np.tile(np.arange(20.0), 20), "orders": np.repeat(np.arange(20.0), 20)}
    segments = np.where((values["days"] >= 10) & (values["orders"] < 10), 1, 2)
    found = by_segment(rules(values, segments))
    assert found[1] == {"days": ("10", None), "orders": (None, "9")}
    # Either half of the rest selects 200 of its 300, F1 0.8; everybody has 0.857.
    assert 2 not in found


def test_a_share_comes_as_percent_too() -> None:
    share = np.repeat(np.arange(0.0, 1.0, 0.05), 10)
    table = rules({"share": share}, np.where(share > 0.42, 1, 2))
    # Above 0.4 and up to 0.45 no number has one digit, and 0.42 is the nearest to the middle.
    assert [list(row.values()) for row in table.to_pylist()] == [
        [1, 1, "share", "0.42", None, "42", None],
        [2, 1, "share", None, "0.4", None, "40"],
    ]


def test_a_null_meets_no_condition() -> None:
    orders = np.where(np.arange(100) % 10 == 0, np.nan, np.arange(100) // 10)
    values = {"orders": orders}
    known = by_segment(rules(values, np.where(orders >= 5, 1, 2)))
    assert known[1] == {"orders": ("5", None)}
    # Of the 55 others 10 are null and not selected: F1 is 90 / 100, and 110 / 155 of everybody.
    assert known[2] == {"orders": (None, "4")}
    # Nothing can be said of a segment of nulls, and of all others that there is a value.
    unknown = by_segment(rules(values, np.where(np.isnan(orders), 1, 2)))
    assert unknown == {2: {"orders": ("0", None)}}


def test_columns_that_are_constant_or_null_have_no_condition() -> None:
    days = np.arange(50.0)
    values = {"same": np.full(50, 3.0), "none": np.full(50, np.nan), "days": days}
    segments = np.where(days < 20, 1, 2)
    assert by_segment(rules(values, segments)) == {
        1: {"days": (None, "19")},
        2: {"days": ("20", None)},
    }
    del values["days"]
    assert rules(values, segments).num_rows == 0


@pytest.mark.parametrize("count", [0, 1, 50])
def test_one_segment_has_no_rule(count: int) -> None:
    table = rules({"days": np.arange(float(count))}, np.full(count, 3))
    assert table.num_rows == 0
    assert table.schema == RULES_SCHEMA


def test_of_equal_features_the_first_is_taken() -> None:
    days = np.arange(100.0)
    segments = np.where(days < 40, 1, 2)
    for names in (("b", "a"), ("a", "b")):
        assert by_segment(rules(dict.fromkeys(names, days), segments)) == {
            1: {names[0]: (None, "39")},
            2: {names[0]: ("40", None)},
        }


def test_a_bound_must_add_a_hundredth() -> None:
    """Orders decide, but for as many customers of the segment as have fewer days too."""
    orders = np.repeat([1.0, 2.0], 1000)
    for strangers, expected in (
        (10, {"orders": ("2", None)}),
        (50, {"orders": ("2", None), "days": (None, "7")}),
    ):
        days = np.concatenate([np.full(1000, 5.0), np.full(1000 - strangers, 5.0)])
        days = np.concatenate([days, np.full(strangers, 9.0)])
        segments = np.where((orders == 2) & (days == 5), 1, 2)
        found = by_segment(rules({"orders": orders, "days": days}, segments))
        assert found[1] == expected


def test_there_are_three_conditions_at_most() -> None:
    sides = np.array(list(product(range(4), repeat=4)), dtype=float)
    values = {f"f{number}": sides[:, number] for number in range(4)}
    segments = np.where((sides >= 2).all(axis=1), 1, 2)
    found = by_segment(rules(values, segments))[1]
    assert found == dict.fromkeys(("f0", "f1", "f2"), ("2", None))


def test_row_order_does_not_matter() -> None:
    rng = np.random.default_rng(3)
    values = rng.lognormal(size=(5, 800)).round(3)
    values[2, rng.random(800) < 0.2] = np.nan
    segments = rng.integers(1, 4, 800) + (values[0] > 1)
    names = [f"f{number}" for number in range(5)]
    expected = rules_of(values, segments, names)
    assert expected.num_rows >= 4
    for _ in range(3):
        order = rng.permutation(800)
        assert rules_of(values[:, order], segments[order], names).equals(expected)


def best_by_trying(values: Matrix, is_member: Mask) -> float:
    """The best score of all boxes of whole numbers on up to three features."""
    count = int(is_member.sum())
    best = 2 * count / (is_member.size + count)
    top = int(values.max())
    ranges = [(low, high) for low in range(top + 1) for high in range(low, top + 1)]
    for used in range(1, 4):
        for features in combinations(range(len(values)), used):
            for box in product(ranges, repeat=used):
                met = np.ones(is_member.size, dtype=bool)
                bounds = 0
                for feature, (low, high) in zip(features, box, strict=True):
                    met &= (values[feature] >= low) & (values[feature] <= high)
                    bounds += (low > 0) + (high < top)
                score = 2 * (met & is_member).sum() / (met.sum() + count) - BOUND_COST * bounds
                best = max(best, float(score))
    return best


@pytest.mark.parametrize("seed", range(8))
def test_the_rule_is_as_good_as_the_best_of_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 4, (3, 120)).astype(float)
    segments = 1 + (values.T @ rng.normal(size=3) + rng.normal(size=120) > 1)
    named = {f"f{number}": line for number, line in enumerate(values)}
    found = by_segment(rules(named, segments))
    for segment in (1, 2):
        is_member = segments == segment
        met = selected(found.get(segment, {}), named)
        bounds = sum(b is not None for pair in found.get(segment, {}).values() for b in pair)
        score = 2 * (met & is_member).sum() / (met.sum() + is_member.sum()) - BOUND_COST * bounds
        assert score == pytest.approx(best_by_trying(values, is_member), abs=1e-12)


NAME = 'a "day", or <b>'


def customers(rows: int, batch_rows: int) -> Any:
    """A source of customers in batches, of whom a tenth are in the other segment by chance."""
    rng = np.random.default_rng(1)
    days = rng.integers(0, 100, rows)
    table = pa.table(
        {
            "customer_id": [f"c{number:06}" for number in range(rows)],
            NAME: days,
            ASSIGNED_COLUMN: pa.array(1 + ((days < 30) == (rng.random(rows) < 0.1)), pa.int64()),
        }
    )
    return lambda: table.to_batches(max_chunksize=batch_rows)


def test_all_customers_are_learned_from_up_to_a_limit() -> None:
    found = rules_step(customers(10_000, 10_000), [NAME], FitSettings(sample_size=10_000))
    assert by_segment(found) == {1: {NAME: (None, "29")}, 2: {NAME: ("30", None)}}


def test_of_more_customers_a_sample_is_drawn_by_the_seed() -> None:
    settings = [FitSettings(sample_size=200, seed=seed) for seed in range(4)]
    found = [rules_step(customers(10_000, 10_000), [NAME], one) for one in settings]
    again = [rules_step(customers(10_000, 77), [NAME], one) for one in settings]
    assert again == found
    bounds = [float(by_segment(table)[1][NAME][1] or "nan") for table in found]
    assert len(set(bounds)) > 1
    assert all(20 < bound < 40 for bound in bounds)


def test_no_customers_have_no_rules() -> None:
    assert rules_step(list, ["days"], FitSettings()).equals(RULES_SCHEMA.empty_table())


@pytest.mark.parametrize(
    ("low", "high", "with_low", "with_high"),
    [
        (0.0, 0.0769, "0", "0.04"),
        (-3.0, 5.0, "0", "0"),
        (3.0, 4.0, "3", "4"),
        (0.38, 0.47, "0.4", "0.4"),
        (1230.1, 1251.7, "1240", "1240"),
        (1230.1, 1231.7, "1231", "1231"),
        (980.0, 1020.0, "1000", "1000"),
        (-0.5, -0.1, "-0.3", "-0.3"),
        (0.1, 0.30000000000000004, "0.2", "0.2"),
        (7e14, 9e14, "800000000000000", "800000000000000"),
        (1e-300, 2e-300, None, None),
    ],
)
def test_the_roundest_number_between_two(
    low: float, high: float, with_low: str | None, with_high: str | None
) -> None:
    assert figure_text(roundest(low, high, includes_low=True)) == with_low
    assert figure_text(roundest(low, high, includes_low=False)) == with_high
