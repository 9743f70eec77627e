"""What the learning steps are handed of the active fit."""

from __future__ import annotations

import duckdb

from models_py.config import FitSettings
from models_py.relations import definitions_of, settings_of_fit


def test_the_backtest_is_learned_by_the_settings_of_the_active_fit() -> None:
    """A seed and a weighting that changed while the stored fit goes on do not count."""
    with duckdb.connect() as connection:
        fits = connection.sql(
            "select * from (values (1, 7, 'definitions'), (2, 8, null)) "
            "as t(fit_number, seed, weighting_setting)"
        )
        asked = FitSettings(seed=99, weighting="auto")
        active = settings_of_fit(asked, fits, 1)
        assert (active.seed, active.weighting) == (7, "definitions")
        # Of a fit from before it was stored, the weighting of today counts.
        before = settings_of_fit(asked, fits, 2)
        assert (before.seed, before.weighting) == (8, "auto")


def test_definitions_are_those_that_the_fit_was_learned_by() -> None:
    """Not the weights that were found in the data, and not what stood in for null as a number."""
    with duckdb.connect() as connection:
        features = connection.sql(
            "select 'spend' as feature, 1 as position, 'value' as family, 'log1p' as transform, "
            "0.4 as weight, 2.0 as defined_weight, 'zero' as missing_rule, 0.0 as missing_value, "
            "true as is_clustered"
        )
        (row,) = definitions_of(features).to_pylist()
    assert row == {
        "feature": "spend",
        "position": 1,
        "family": "value",
        "transform": "log1p",
        "weight": 2.0,
        "is_clustered": True,
        "missing_value": "zero",
    }
