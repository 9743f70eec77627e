"""Weights found in the data at a refit: what is stored stays until other groups are clear."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from models_py import fit_steps
from synthetic_tables import tables
from weighting_tables import HEAVY, SETTINGS, hidden_groups

pytestmark = [pytest.mark.many_builds, pytest.mark.short]


@pytest.fixture(scope="module")
def hidden():
    matrix, labels = hidden_groups()
    source, definitions = tables(matrix, HEAVY)
    return source, definitions, labels, fit_steps.scaling_step(source, definitions, SETTINGS)


def faint_groups(apart: float, seed: int = 3) -> np.ndarray:
    """Two columns of noise and two of hidden groups, so many deviations apart."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 4, 1200)
    matrix = rng.standard_normal((1200, 4))
    matrix[:, 2] += apart * np.array([0, 1, 2, 3])[labels]
    matrix[:, 3] += apart * np.array([0, 2, 0, 2])[labels]
    return matrix


def refitted(matrix: np.ndarray, stored: pa.Table | None, **settings: str) -> pa.Table:
    width = matrix.shape[1]
    source, definitions = tables(matrix, [1.0] * (width - 2) + [0.1] * 2)
    asked = replace(SETTINGS, **settings)
    return fit_steps.scaling_step(source, definitions, asked, stored)


def weighting_of(matrix: np.ndarray, stored: pa.Table | None) -> str:
    return refitted(matrix, stored).column("weighting")[0].as_py()


def test_found_weights_stay_for_other_customers_of_the_same_groups():
    stored = refitted(faint_groups(4.0), None)
    without = refitted(faint_groups(4.0, seed=8), None)
    kept = refitted(faint_groups(4.0, seed=8), stored)
    assert kept.column("weighting")[0].as_py() == "structure"
    assert without.column("weight").to_pylist() != kept.column("weight").to_pylist()
    assert kept.column("weight").to_pylist() == pytest.approx(stored.column("weight").to_pylist())


def test_found_weights_give_way_to_other_groups_and_to_none(hidden):
    stored = hidden[3]
    moved = hidden_groups()[0][:, ::-1]  # the groups are in the first two features now
    found = np.array(refitted(moved, stored).column("weight").to_pylist())
    assert found[:2].min() > found[2:].max()
    noise = np.random.default_rng(9).standard_normal((1200, 10))
    assert weighting_of(noise, stored) == "definitions"


def test_on_the_border_what_is_in_force_stays():
    defined = refitted(faint_groups(4.0), None, weighting="definitions")
    found = refitted(faint_groups(4.0), None)
    kinds = ("definitions", "structure")
    for apart, without in ((1.45, "structure"), (1.3, "definitions")):
        matrix = faint_groups(apart)
        assert weighting_of(matrix, None) == without
        assert tuple(weighting_of(matrix, stored) for stored in (defined, found)) == kinds


@pytest.mark.parametrize(("share", "expected"), [(0.03, "definitions"), (0.06, "structure")])
def test_a_group_of_few_gives_no_weights_to_all(share, expected):
    rng = np.random.default_rng(6)
    matrix = rng.standard_normal((1500, 8))
    corners = 4 * np.array([[0, 0, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1]])
    matrix[:, 4:] += corners[rng.choice(3, size=1500, p=[0.6, 0.4 - share, share])]
    assert weighting_of(matrix, None) == expected


def test_clear_groups_displace_the_definitions_in_force(hidden):
    source, definitions, _, expected = hidden
    asked = replace(SETTINGS, weighting="definitions")
    stored = fit_steps.scaling_step(source, definitions, asked)
    assert fit_steps.scaling_step(source, definitions, SETTINGS, stored).equals(expected)


def test_stored_weights_of_other_features_have_no_home_right(hidden):
    source, definitions, _, expected = hidden
    fewer = expected.slice(0, 9)
    found = fit_steps.scaling_step(source, definitions, SETTINGS, fewer)
    assert found.equals(expected)
