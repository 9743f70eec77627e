"""make check of tables with one row per customer: types, what is clustered, what is refused."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from checking import check
from checking.attributes import check_clusterable
from common.console import DATA_REFUSED, Problem
from common.settings import Settings, resolve
from customer_tables import write_table
from loading.load_raw import load

pytestmark = pytest.mark.inputs

CUSTOMERS = 120


def table(folder: Path, **columns: list[object]) -> Settings:
    """Return settings for a table of customers with some columns."""
    ids = [f"c{number:03}" for number in range(CUSTOMERS)]
    names = ["customer_id", *columns]
    rows = zip(columns.pop("customer_id", ids), *columns.values(), strict=True)
    data = write_table(
        folder / "t.csv", [dict(zip(dict.fromkeys(names), row, strict=True)) for row in rows]
    )
    return resolve({"SOURCE": "own_table", "DATA": str(data), "WAREHOUSE": str(folder / "w")})


def drawn(low: int, high: int) -> list[int]:
    rng = random.Random(low * 1_000_003 + high)
    return [low, high, *(rng.randint(low, high) for _ in range(CUSTOMERS - 2))]


@pytest.fixture(scope="module")
def uses(tmp_path_factory) -> dict[str, tuple[str, str]]:
    """Type and use of columns of many kinds."""
    settings = table(
        tmp_path_factory.mktemp("table"),
        **{
            "StoreID": drawn(1, 12),
            "zip code": drawn(10_000, 99_999),
            "region_code": drawn(1, 5),
            "Phone": drawn(3_000_000, 3_999_999),
            "depot": drawn(10_000, 99_999),
            "ward": [f"{number % 40:03}" for number in range(CUSTOMERS)],
            "salary": drawn(10_000, 99_999),
            "birth year": drawn(1940, 2005),
            "discount rate": [f"{number % 40}%" for number in range(CUSTOMERS)],
            "margin": [f"{number % 37},5 %" for number in range(CUSTOMERS)],
            "trust": drawn(1, 5),
            "ease": drawn(1, 7),
            "recommend": drawn(0, 10),
            "children": drawn(1, 5),
            "Recency": drawn(1, 300),
            "R_score_recency": drawn(1, 5),
            "Frequency": drawn(1, 40),
            "Monetary": drawn(10, 4_000),
            "plan": ["basic", "pro"] * (CUSTOMERS // 2),
            "joined": ["2026-01-02", "2026-02-03"] * (CUSTOMERS // 2),
        },
    )
    return {found.name: (found.kind, found.use) for found in check.check(settings).attributes}


@pytest.mark.parametrize("name", ["storeid", "zip code", "region_code", "phone", "depot", "ward"])
def test_ids_and_codes_are_left_out_by_name_and_by_kind(uses, name):
    assert uses[name][1].startswith("left out: ")


@pytest.mark.parametrize("name", ["salary", "birth year", "children", "discount rate", "margin"])
def test_numbers_are_clustered(uses, name):
    assert uses[name][1].startswith("clustered, ")
    assert ", family attributes: " in uses[name][1]


def test_types_are_shown(uses):
    assert uses["discount rate"][0] == "whole numbers, 0 to 39"
    assert uses["margin"][0] == "numbers, 0.5 to 36.5, decimal comma"
    assert uses["plan"] == ("text of 2 values", "profiled by value")
    assert uses["joined"][0] == "dates or times"


@pytest.mark.parametrize("name", ["trust", "ease", "recommend"])
def test_answers_on_a_scale_are_attitudes(uses, name):
    assert ", family attitudes: " in uses[name][1]


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("recency", "family recency: high is long absent"),
        ("r_score_recency", "family recency: high is recently active"),
        ("frequency", "family value: high is frequent"),
        ("monetary", "family value: high is high spend"),
    ],
)
def test_a_high_recency_is_no_high_value(uses, name, meaning):
    assert uses[name][1].endswith(meaning)


@pytest.mark.parametrize(
    ("columns", "part"),
    [
        ({"spend": [10] * CUSTOMERS, "visits": [3] * CUSTOMERS}, "spend (constant)"),
        ({"plan": ["basic", "pro"] * (CUSTOMERS // 2)}, "plan (text of 2 values)"),
        ({"active": [0, 1] * (CUSTOMERS // 2)}, "active (whole numbers, 0 to 1)"),
        ({"note": [""] * CUSTOMERS}, "no column with values"),
    ],
)
def test_nothing_to_cluster_is_refused_by_check_and_before_a_build(tmp_path, columns, part):
    settings = table(tmp_path, **columns)
    with pytest.raises(Problem, match="nothing to cluster") as refused:
        check.check(settings)
    assert refused.value.exit_code == DATA_REFUSED
    assert part in str(refused.value)
    load(settings)
    with pytest.raises(Problem, match="nothing to cluster") as built:
        check_clusterable(settings)
    assert str(built.value) == str(refused.value)


def test_several_rows_per_customer_are_refused(tmp_path):
    ids = [f"c{number // 3:03}" for number in range(CUSTOMERS)]
    settings = table(tmp_path, customer_id=ids, amount=drawn(1, 400))
    with pytest.raises(Problem, match="one row per customer") as refused:
        check.check(settings)
    assert refused.value.exit_code == DATA_REFUSED


def test_a_few_customers_with_several_rows_are_suspected(tmp_path):
    ids = [f"c{max(number, 2):03}" for number in range(CUSTOMERS)]
    settings = table(tmp_path, customer_id=ids, amount=drawn(1, 400))
    found = check.check(settings)
    assert [(s.kind, s.count) for s in found.suspicions] == [("several_rows_per_customer", 1)]
    assert found.totals.customer_rows == CUSTOMERS - 2
