"""Whoever scores or explains a customer from the published tables gets what the build got."""

import re
from collections.abc import Iterator

import pyarrow as pa
import pytest
from test_determinism import build_stationary

from common.quoting import identifier
from models_py.dbt_inputs import of_fit
from moving_shop import BRANCHES, LINE
from scored_marts import CURRENT, Marts, opened

CHAINS = [{"stationary": build_stationary}, LINE, BRANCHES]

# What a customer's distance may differ by when another program adds the same twenty squares up.
TOLERANCE = 1e-9


def in_chain(name):
    """Return a parameter that takes the chain of builds."""
    return pytest.param(name, marks=pytest.mark.many_builds)


# Every edge there is; enough customers for several batches; stored fits that go on, the last one
# under definitions that have changed since; retired and opened segments.
PUBLISHED = (
    "shop",
    *(in_chain(name) for name in ("stationary", "later", "held back", "never", "overridden")),
)
SCORES = (
    "segment_id",
    "runner_up_segment_id",
    "squared_distance",
    "runner_up_squared_distance",
    "confidence",
)


@pytest.fixture(params=PUBLISHED)
def published(request, builds) -> Iterator[Marts]:
    yield from opened(builds[request.param])


@pytest.fixture
def edges(shop) -> Iterator[Marts]:
    """What the fixture shop published, where values are missing."""
    yield from opened(shop)


def assert_same_scores(found: list[dict], expected: list[dict]) -> None:
    """Compare scores customer by customer: ids exactly, numbers within the tolerance."""
    by_customer = {row["customer_id"]: row for row in expected}
    assert sorted(row["customer_id"] for row in found) == sorted(by_customer)
    for row in found:
        other = by_customer[row["customer_id"]]
        assert {name: row[name] for name in SCORES} == {
            name: value if isinstance(value, int | None) else pytest.approx(value, abs=TOLERANCE)
            for name, value in ((name, other[name]) for name in SCORES)
        }, row["customer_id"]


# --- score_customers


def test_the_macro_gives_every_customer_what_is_published(published):
    expected = published.rows(
        "select * from marts.main.customer_segments where status = 'segmented'"
    )
    found = published.scored(CURRENT)
    assert len(found) >= 42
    assert_same_scores(found, expected)
    names = {row["customer_id"]: row["segment_name"] for row in expected}
    assert {row["customer_id"]: row["segment_name"] for row in found} == names


def test_the_macro_equals_the_python_assignment(published):
    assert_same_scores(published.scored(CURRENT), published.assigned(CURRENT))


def test_the_macro_works_in_the_opened_file_as_well(shop):
    # Opened and not attached, the file's own name is `marts`.
    found = shop.query("select count(*) from score_customers('customer_features')")
    assert found == shop.query("select count(*) from customer_features")


def test_missing_values_are_stood_in_for_as_the_fit_does(edges):
    # Each customer once for each feature, which is missing; and once with nothing at all.
    cases = [(feature,) for feature in edges.features] + [edges.features]
    edges.connection.execute(
        "create table lacking as "
        + " union all ".join(
            f"select * replace ({', '.join(f'null::double as {name}' for name in missing)}, "
            f"customer_id || ' {number}' as customer_id) from {CURRENT}"
            for number, missing in enumerate(cases)
        )
    )
    found = edges.scored("lacking")
    assert len(found) == len(edges.scored(CURRENT)) * len(cases)
    assert_same_scores(found, edges.assigned("lacking"))


def test_not_a_number_is_missing(edges):
    for table, value in (("absent", "null::double"), ("nonsense", "'nan'::double")):
        replaced = ", ".join(f"{value} as {identifier(name)}" for name in edges.features)
        edges.connection.execute(
            f"create or replace table {table} as select * replace ({replaced}) from {CURRENT}"
        )
    found = edges.scored("nonsense")
    assert found == edges.scored("absent")
    assert_same_scores(found, edges.assigned("absent"))


def test_only_the_columns_of_features_are_looked_at(edges):
    used = ", ".join(identifier(name) for name in edges.features)
    edges.connection.execute(
        f"create table extended as select 'z' as label, {used}, -1 as segment_id, 0.5 as "
        f"confidence, current_date as as_of_date, customer_id, [1, 2] as more from {CURRENT}"
    )
    assert_same_scores(edges.scored("extended"), edges.scored(CURRENT))


def test_every_as_of_date_of_a_customer_is_scored(edges):
    rows = edges.scored("marts.main.customer_features")
    ((count,),) = edges.connection.execute(
        "select count(*) from marts.main.customer_features"
    ).fetchall()
    assert len(rows) == count > len(edges.scored(CURRENT))


# --- explain_customer and the reasons that are published


def explained(marts: Marts) -> dict[str, list[dict]]:
    """Return what explain_customer says of every segmented customer."""
    customers = marts.rows(
        "select customer_id from marts.main.customer_segments where status = 'segmented'"
    )
    marts.connection.execute("use marts")
    found = {
        customer: marts.rows("select * from explain_customer(?)", customer)
        for customer in (row["customer_id"] for row in customers)
    }
    marts.connection.execute("use memory")
    return found


@pytest.fixture(scope="module", params=["shop", in_chain("held back"), in_chain("never")])
def shown(request, builds) -> Iterator[tuple[Marts, dict[str, list[dict]]]]:
    """Published files of so few customers that each is explained by a query of its own."""
    for marts in opened(builds[request.param]):
        yield marts, explained(marts)


def test_contributions_add_up_to_the_margin(shown):
    marts, explanations = shown
    margins = marts.rows(
        "select customer_id, runner_up_squared_distance - squared_distance as margin "
        "from marts.main.customer_segments where status = 'segmented'"
    )
    assert len(margins) == len(explanations)
    for row in margins:
        entries = explanations[row["customer_id"]]
        assert {entry["feature"] for entry in entries} == set(marts.features)
        contributions = [entry["contribution"] for entry in entries]
        assert sum(contributions) == pytest.approx(row["margin"], abs=TOLERANCE)
        assert contributions == sorted(contributions, reverse=True)


def test_the_first_reasons_are_those_that_weigh_most(shown):
    marts, explanations = shown
    rows = marts.rows(
        "select customer_id, reasons from marts.main.customer_segments where status = 'segmented'"
    )
    for row in rows:
        speaking = [e for e in explanations[row["customer_id"]] if e["contribution"] > TOLERANCE]
        reasons = row["reasons"].split("; ")
        for reason, entry in zip(reasons, speaking, strict=False):
            ties = [
                other["label"]
                for other in speaking
                if abs(other["contribution"] - entry["contribution"]) < TOLERANCE
            ]
            assert any(reason.startswith(label + " ") for label in ties)
        assert len(reasons) == min(3, len(speaking))


def test_values_and_centres_are_in_original_units(shown):
    marts, explanations = shown
    values = {
        (row["customer_id"], row["feature"]): row["value"]
        for row in marts.rows("select * from marts.main.customer_feature_values")
    }
    centres = {
        (row["segment_id"], row["feature"]): row["original_value"]
        for row in marts.rows(
            "select * from marts.history.fit_centroids where fit_number = ?", marts.fit_number
        )
    }
    for customer, entries in explanations.items():
        for entry in entries:
            feature = entry["feature"]
            assert entry["value"] == values[customer, feature]
            assert entry["segment_value"] == centres[entry["segment_id"], feature]
            assert entry["runner_up_value"] == centres[entry["runner_up_segment_id"], feature]


FIGURE = r"(-?\d+\.\d{1,2}%?|unknown)"
REASON = re.compile(rf"[^;]+ {FIGURE} \(segment {FIGURE}, runner-up {FIGURE}\)")


def test_reasons_can_be_read(published):
    rows = published.rows("select * from marts.main.customer_segments")
    labels = {row["label"] for row in published.rows("from marts.main.feature_catalog")}
    segments = {row["segment_id"] for row in published.rows("from marts.main.segment_summary")}
    for row in rows:
        changes = [row[f"change_{name}"] for name in ("feature", "from_value", "to_value")]
        changes.append(row["change_to_segment_id"])
        if row["status"] != "segmented":
            assert [row["reasons"], *changes] == [None] * 5
            # A lapsed customer is named after the segment of the last window with orders.
            assert (row["segment_name"] is not None) == (row["status"] == "lapsed")
            continue
        reasons = row["reasons"].split("; ")
        assert 1 <= len(reasons) <= 3
        for reason in reasons:
            assert REASON.fullmatch(reason), reason
            assert any(reason.startswith(f"{label} ") for label in labels), reason
            assert "{" not in reason and "_" not in reason and "nan" not in reason
        assert [change is None for change in changes] in ([True] * 4, [False] * 4)
        if row["change_feature"]:
            assert row["change_to_segment_id"] in segments - {row["segment_id"]}


# --- the smallest change


def changed_segments(marts: Marts, share: float) -> dict[str, int]:
    """Score every customer that has a smallest change, changed by this share of it."""
    cells = ", ".join(
        f"case when change_feature = '{name}' then change_from_value "
        f"+ {share} * (change_to_value - change_from_value) else {identifier(name)} end "
        f"as {identifier(name)}"
        for name in marts.features
    )
    if share == 1:
        cells = re.sub(r"change_from_value \+ 1 \* \(.*?\)", "change_to_value", cells)
    marts.connection.execute(
        f"create or replace table changed as select customer_id, {cells} from {CURRENT} "
        "inner join marts.main.customer_segments using (customer_id) "
        "where change_feature is not null"
    )
    return {row["customer_id"]: row["segment_id"] for row in marts.scored("changed")}


def test_the_smallest_change_is_enough_and_half_of_it_is_not(published):
    rows = published.rows(
        "select * from marts.main.customer_segments where change_feature is not null"
    )
    assert rows, "expected customers that a single change would move"
    assert changed_segments(published, 1) == {
        row["customer_id"]: row["change_to_segment_id"] for row in rows
    }
    assert changed_segments(published, 0.5) == {
        row["customer_id"]: row["segment_id"] for row in rows
    }


def test_the_smallest_change_starts_at_the_customer_and_stays_natural(published):
    # A missing value is stood in for by what the fit puts in its place.
    rows = published.rows(
        "select changes.*, customer_values.value, catalog.missing_value, ranges.* "
        "from marts.main.customer_segments as changes "
        "inner join marts.main.customer_feature_values as customer_values "
        "on customer_values.customer_id = changes.customer_id "
        "and customer_values.feature = changes.change_feature "
        "inner join marts.main.feature_catalog as catalog "
        "on catalog.feature = changes.change_feature "
        "inner join (select feature, min(value) as lowest, max(value) as highest "
        "from marts.main.customer_feature_values "
        "inner join marts.main.customer_segments using (customer_id) "
        "where status = 'segmented' group by feature) as ranges "
        "on ranges.feature = changes.change_feature"
    )
    assert rows
    for row in rows:
        present = row["missing_value"] if row["value"] is None else row["value"]
        assert row["change_from_value"] == present
        assert row["lowest"] <= row["change_to_value"] <= row["highest"]


def test_stored_tables_are_all_that_scoring_needs(edges):
    # The schema that the learning step reads back is that which it wrote.
    scaling = of_fit(edges.connection.table("marts.history.fit_features"), edges.fit_number)
    assert isinstance(scaling, pa.Table)
    assert set(edges.features) == {row["feature"] for row in scaling.to_pylist() if row["is_used"]}
