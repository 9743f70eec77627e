"""Quantiles and intervals of the macros, against values that are known."""

import duckdb
import pytest
from jinja2 import Environment
from scipy.stats import norm

from shops import ROOT


@pytest.fixture(scope="module")
def macros():
    text = (ROOT / "dbt_project/macros/intervals.sql").read_text(encoding="utf-8")
    environment = Environment(extensions=["jinja2.ext.do"])
    environment.globals["var"] = {"interval_level": 0.95}.__getitem__
    environment.globals["setting_within"] = lambda name, low, high: 0.95
    return environment.from_string(text).module


@pytest.mark.parametrize(
    "probability", [1e-9, 0.001, 0.0242, 0.0243, 0.3, 0.5, 0.8, 0.9757, 0.9758, 0.975, 0.99999]
)
def test_normal_quantiles_are_exact(macros, probability):
    sql = f"select {macros.normal_quantile(probability)}"
    assert duckdb.connect().execute(sql).fetchone()[0] == pytest.approx(
        norm.ppf(probability), rel=2e-9, abs=1e-9
    )


@pytest.mark.parametrize(
    ("share", "count", "low", "high"),
    [
        # Newcombe 1998 (Statistics in Medicine 17), table I: Wilson's method.
        # All of 20 is the mirror image of none.
        (20 / 20, 20, 0.8389, 1.0),
        (81 / 263, 263, 0.2553, 0.3662),
        (15 / 148, 148, 0.0624, 0.1605),
        (0 / 20, 20, 0.0, 0.1611),
        (1 / 29, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_intervals_are_those_published(macros, share, count, low, high):
    bounds = [
        duckdb.connect()
        .execute(f"select {macros.wilson_bound(share, count, macros.interval_errors(), sign)}")
        .fetchone()[0]
        for sign in "-+"
    ]
    assert bounds == pytest.approx([low, high], abs=5e-5)
