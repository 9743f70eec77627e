"""Sources with one row per customer: what a build makes of them."""

from __future__ import annotations

import random
import re

import duckdb
import pytest

from customer_tables import SEED, any_customers, mall_customers, personality_customers, write_table
from loading.definition_rows import COLUMNS
from loading.definitions import FILE_NAME
from shops import SHOP, Builds, Built, build, copy_warehouse, read_csv


def build_mall(builds: Builds) -> Built:
    """Build a mall's customers, in the export with other names and line ends."""
    folder = builds.folder("mall")
    data = write_table(folder / "Mall.csv", mall_customers(is_variant=True), line_end="\r\n")
    return build(data, folder / "warehouse", source="mall_customers")


def build_personality(builds: Builds) -> Built:
    """Build customers of a food retailer, separated by tabs; DATA is the folder."""
    folder = builds.folder("personality")
    write_table(folder / "data" / "marketing.csv", personality_customers(), delimiter="\t")
    return build(folder / "data", folder / "warehouse", source="customer_personality")


def build_table(builds: Builds) -> Built:
    """Build a table with a column of every kind."""
    folder = builds.folder("table")
    data = write_table(folder / "customers.csv", any_customers(), encoding="cp1252")
    return build(data, folder / "warehouse", source="own_table")


def build_table_again(builds: Builds) -> Built:
    """Build the same rows and columns in another order, by definitions of one's own."""
    folder = builds.folder("table again")
    rng = random.Random(1)
    records = any_customers()
    names = rng.sample(list(records[0]), len(records[0]))
    rng.shuffle(records)
    data = write_table(folder / "customers.csv", [{n: r[n] for n in names} for r in records])
    definitions = folder / "mine.csv"
    proposed = read_csv(builds["table"].warehouse.path / FILE_NAME)
    kept = [row for row in proposed if row["feature"] in ("income", "visits")]
    write_table(definitions, kept)
    warehouse = copy_warehouse(builds["table"], folder / "warehouse")
    return build(data, warehouse, source="own_table", definitions=definitions)


CHAINS = [
    {"mall": build_mall},
    {"personality": build_personality},
    {"table": build_table, "table again": build_table_again},
]


@pytest.mark.many_builds
@pytest.mark.short
def test_the_textbook_segments_are_found_by_the_rule(builds):
    mall = builds["mall"].checked()
    assert mall.current_run("k", "seed", "segmented_customer_count") == (5, 20170101, 200)
    assert mall.query("select distinct choice_reason from segmentation_k_scan where is_chosen")
    clustered = mall.query("select feature from feature_catalog where is_used order by feature")
    assert clustered == [("annual_income",), ("spending_score",)]
    profiled = mall.query("select distinct feature from segment_profiles order by feature")
    assert profiled == [("age",), ("annual_income",), ("spending_score",)]
    shown = mall.query("select distinct attribute from segment_demographics order by attribute")
    assert shown == [("age_band",), ("gender",)]
    assert "Left out" not in mall.output


@pytest.mark.many_builds
@pytest.mark.short
def test_each_corner_of_income_and_score_has_a_strategy_of_its_own(builds):
    rows = builds["mall"].query(
        "select strategy, offer, strategy_reason, objective, value_label, yield_basis, "
        "max(mean_value) filter (where feature = 'annual_income') - "
        "max(population_mean) filter (where feature = 'annual_income') as income, "
        "max(mean_value) filter (where feature = 'spending_score') - "
        "max(population_mean) filter (where feature = 'spending_score') as score "
        "from segment_playbook inner join segment_profiles using (segment_id) group by all"
    )

    def side(difference: float) -> int:
        return 0 if abs(difference) < 15 else 1 if difference > 0 else -1

    corners = {(strategy, side(income), side(score)) for strategy, *_, income, score in rows}
    assert corners == {
        ("protect", 1, 1),
        ("win over", 1, -1),
        ("grow", 0, 0),
        ("nurture", -1, 1),
        ("maintain", -1, -1),
    }
    assert {row[4:6] for row in rows} == {("spending score", "attributes")}
    for at in (1, 2, 3):
        assert len({row[at] for row in rows}) == len(rows)
    assert not [text for row in rows for text in row[:4] if "standard deviation" in text]
    assert "spending score" in builds["mall"].output


@pytest.mark.many_builds
@pytest.mark.short
def test_what_a_segment_could_bring_is_the_distance_to_the_next(builds):
    rows = builds["mall"].query(
        "select future_spend_rank, net_rate, opportunity_horizon_days, "
        "opportunity_ceiling_amount, customer_count * future_spend_gap, "
        "next_future_spend_per_customer - future_spend_per_customer - future_spend_gap "
        "from segment_playbook order by future_spend_rank"
    )
    assert rows[0][3:5] == (None, None)
    for _, rate, days, ceiling, expected, rest in rows[1:]:
        assert (rate, days) == (None, None)
        assert ceiling == pytest.approx(expected)
        assert rest == pytest.approx(0)
    summary = builds["mall"].query(
        "select value_per_customer - future_spend_per_customer, value_index - future_spend_index "
        "from (select segment_id, value_per_customer, value_index from segment_summary) "
        "inner join segment_playbook using (segment_id)"
    )
    assert set(summary) == {(0.0, 0.0)}


@pytest.mark.many_builds
@pytest.mark.short
@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("income_a_year", "the table has no such column"),
        ("gender", "0 of its 200 values are numbers"),
    ],
)
def test_a_column_of_value_that_cannot_be_used_ends_the_build_first(tmp_path, value, said):
    data = write_table(tmp_path / "Mall.csv", mall_customers())
    built = build(data, tmp_path / "warehouse", source="mall_customers", value=value)
    assert built.code == 2, built.output
    shown = built.output.strip().splitlines()[-1]
    assert shown.startswith(f"Error: VALUE={value}: {said}")
    assert "gender" in shown or "numbers" in shown
    assert "Running dbt" not in built.output
    if "no such" in said:
        assert "age, age_band, annual_income, gender, spending_score" in shown


def test_where_there_are_orders_no_column_of_value_is_taken(tmp_path):
    built = build(SHOP, tmp_path / "warehouse", value="spend")
    assert built.code == 2, built.output
    assert "Error: VALUE=spend: SOURCE=own_files has orders" in built.output


@pytest.mark.many_builds
@pytest.mark.short
def test_the_textbook_segments_have_rules_in_their_own_units(builds):
    """Four corners of income and spending score by both, and the middle by one or both."""
    rules = builds["mall"].query(
        "select condition_count, coverage, precision, rule_sql from segment_rules "
        "order by segment_id"
    )
    assert len(rules) == 5
    assert sorted(conditions for conditions, *_ in rules) in ([1, 2, 2, 2, 2], [2] * 5)
    for conditions, coverage, precision, rule_sql in rules:
        assert min(coverage, precision) > 0.95
        bounded = [name in rule_sql for name in ('"annual_income"', '"spending_score"')]
        assert sum(bounded) == conditions
        assert '"age"' not in rule_sql


@pytest.mark.many_builds
@pytest.mark.short
def test_a_source_without_orders_has_its_marts(builds):
    mall = builds["mall"].checked()
    names = "status, order_count, spend, last_order_date, run_number"
    assert mall.query(f"select distinct {names} from customer_segments") == [
        ("segmented", 0, 0, None, 1)
    ]
    assert mall.query(
        "select distinct spend_share, mean_days_since_last_order from segment_summary"
    ) == [(None, None)]
    assert mall.query("select count(*) from segment_movement") == [(0,)]
    shown = " ".join(mall.output.split())
    empty = re.search(r"No orders in this source, so these marts are empty: ([a-z_, ]*)", shown)
    assert "segment_movement" in empty[1]
    assert "of spend" not in mall.output
    assert mall.current_run("baseline_finding") == (
        "Not measured: without orders no customer can be followed",
    )
    (as_of_date,) = mall.current_run("as_of_date")
    (loaded_at,) = mall.one("select cast(max(loaded_at) as date) from history.load_ledger")
    assert as_of_date == loaded_at
    assert mall.query(
        "select count(distinct as_of_date), count(observed_days) from customer_features"
    ) == [(1, 0)]


@pytest.mark.many_builds
@pytest.mark.parametrize("name", [pytest.param("mall", marks=pytest.mark.short), "table"])
def test_macros_work_without_orders(builds, name):
    built = builds[name].checked()
    used = built.query("select feature from feature_catalog where is_used order by feature")
    explained = built.query(
        "select explained.feature from explain_customer("
        "(select min(customer_id) from customer_segments)) as explained order by 1"
    )
    assert explained == used
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.marts}' as marts (read_only)")
        connection.execute("use marts")
        connection.execute("create temp table mine as select * from customer_features")
        compared = connection.execute(
            "select count(*), count(*) filter ("
            "where scored.segment_id <> customer_segments.segment_id) "
            "from score_customers('mine') as scored "
            "inner join customer_segments using (customer_id)"
        ).fetchone()
    assert compared == (*built.current_run("customer_count"), 0)


@pytest.mark.many_builds
def test_ages_and_days_are_counted_to_the_last_enrolment(builds):
    built = builds["personality"].checked()
    features = dict(
        built.query("select feature, max(value) from customer_feature_values group by feature")
    )
    assert features["age"] <= 2013 - 1945
    assert 0 < features["enrolled_days"] < 365
    known = dict(
        built.query("select attribute, count(*) from customer_attributes group by attribute")
    )
    assert known["customers" if "customers" in known else "education"] == 240
    assert (known["age"], known["income"]) == (239, 239)
    assert built.current_run("segmented_customer_count", "rejected_row_count") == (240, 0)
    assert not any("z_" in attribute for attribute in known)
    shown = {a for (a,) in built.query("select distinct attribute from segment_demographics")}
    assert {"education", "marital_status", "age_band"} <= shown
    assert not {"income", "spend_on_wine"} & shown


@pytest.mark.many_builds
def test_a_table_is_typed_and_definitions_are_proposed(builds):
    built = builds["table"].checked()
    written = {row["feature"]: row for row in read_csv(built.warehouse.path / FILE_NAME)}
    assert set(written) == {"income", "visits", "größe_cm", "vip"}
    assert list(written["income"]) == list(COLUMNS) == SEED.read_text().splitlines()[0].split(",")
    assert [f for f, row in written.items() if row["is_clustered"] == "true"] == [
        "größe_cm",
        "income",
        "visits",
    ]
    assert written["visits"]["transform"] == "log1p"
    assert (written["vip"]["unit"], written["vip"]["weight"]) == ("share of customers", "0.0")
    (dropped,) = built.current_run("dropped_features")
    for reason in (
        "currency (constant)",
        "email (near-unique text: 150 values of 150)",
        "joined (dates or times: a feature is a number)",
        "row (numbers the rows)",
        "zip code (an id or a code, going by its name)",
    ):
        assert reason in dropped
        assert reason.split(" (")[1] in " ".join(built.output.split())
    assert "id column client no." in built.output
    shown = {a for (a,) in built.query("select distinct attribute from segment_demographics")}
    assert shown == {"city", 'said "; drop', "vip", "currency"}
    assert built.one(
        "select value from customer_attributes where attribute = 'city' and value like 'K%' limit 1"
    ) == ("Köln",)
    assert built.one(
        "select count(*) from customer_feature_values where feature = 'größe_cm' and value is null"
    ) == (1,)
    assert built.one("select count(*) from customer_segments where customer_id = 'K''0001'") == (1,)


@pytest.mark.many_builds
def test_definitions_that_are_given_win(builds):
    built = builds["table again"].checked()
    used = built.query("select feature from feature_catalog where is_used order by feature")
    assert used == [("income",), ("visits",)]
    run = built.current_run("run_number", "k", "refit_reason", "customer_count")
    assert run == (2, 3, "feature definitions changed", 150)
    assert built.query("select count(*) from segment_movement where basis = 'runs'") != [(0,)]
    assert FILE_NAME not in built.output
    assert "segment_movement" not in built.output
