"""segment_rules: words, SQL and figures say the same, on a built shop and on hand-made rows."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pytest

from common.project_sql import ProjectSql, Relation
from common.quoting import identifier
from shops import Built

DAYS, RATE, ANSWER = 'a "day", or <b>', "rate's; --", "answer"
# Customer, segment, and the values of these features.
CUSTOMERS = (
    ("c1", 1, 10.0, 0.2, 3.0),
    ("c2", 1, 20.5, 0.453, 3.0),
    ("c3", 1, 30.0, None, 3.0),
    ("c4", 2, 30.0, 0.3, 3.0),
    ("c5", 2, 30.1, 0.3, 4.0),
    ("c6", 2, None, 0.3, 3.0),
    ("c7", 2, 0.0, 0.1, 2.0),
    ("c8", 3, 50.0, 0.9, 1.0),
)


def make_customers(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the customers, with features and segments.

    Of slot set, date and history there is one row each that does not count.
    """
    connection.execute(
        f"create table customer_features (customer_id varchar, {identifier(DAYS)} double, "
        f"{identifier(RATE)} double, {ANSWER} double)"
    )
    connection.executemany(
        "insert into customer_features values (?, ?, ?, ?)",
        [(customer, *values) for customer, _, *values in CUSTOMERS],
    )
    connection.execute("""
        create table features_by_slot_set as
        select *, 'new' as slot_set, true as is_current, true as has_sufficient_history
        from customer_features
        union all select *, 'old', true, true from customer_features
        union all select *, 'new', false, true from customer_features
        union all select * replace ('young' as customer_id), 'new', true, false
        from customer_features where customer_id = 'c1'
    """)
    connection.execute("create table active_fit as select 'new' as slot_set")
    connection.execute(
        "create table customer_assignments (customer_id varchar, segment_id bigint, "
        "is_current boolean)"
    )
    connection.executemany(
        "insert into customer_assignments values (?, ?, ?)",
        [
            row
            for customer, segment, *_ in CUSTOMERS
            for row in ((customer, segment, True), (customer, 4, False))
        ],
    )


def make_fit(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the segments of a fit, the names of its features, and the rules it found."""
    connection.execute("""
        create table fit_segments as select * from (
            values (1, 'kept'), (2, 'new'), (3, 'kept'), (4, 'kept'), (5, 'retired')
        ) as segments (segment_id, lineage)
    """)
    connection.execute(
        "create table segment_names as "
        "select segment_id, 'Segment ' || segment_id as segment_name from fit_segments"
    )
    connection.execute(
        "create table feature_catalog_entries (feature varchar, plain_label varchar, unit varchar)"
    )
    connection.executemany(
        "insert into feature_catalog_entries values (?, ?, ?)",
        [(DAYS, DAYS, "days"), (RATE, RATE, "share of orders"), (ANSWER, "answer", "1 to 5")],
    )
    connection.execute(
        "create table learned_rules (segment_id bigint, position bigint, feature varchar, "
        "lower_bound varchar, upper_bound varchar, lower_percent varchar, "
        "upper_percent varchar)"
    )
    connection.executemany(
        "insert into learned_rules values (?, ?, ?, ?, ?, ?, ?)",
        [
            (1, 1, DAYS, "10", "30", "1000", "3000"),
            (1, 2, RATE, None, "0.453", None, "45.3"),
            (2, 1, DAYS, "0.5", None, "50", None),
            (2, 2, ANSWER, "3", "3", "300", "300"),
        ],
    )


@pytest.fixture
def hand() -> Iterator[duckdb.DuckDBPyConnection]:
    """What the mart reads, made by hand, and the mart made of it."""
    with duckdb.connect() as connection:
        make_customers(connection)
        make_fit(connection)
        project = ProjectSql(connection, {}, lambda name: Relation("main", name))
        sql, _ = project.model("segment_rules")
        connection.execute(f"create table segment_rules as {sql}")
        yield connection


def test_words_and_sql_have_the_figures_of_the_conditions(hand: duckdb.DuckDBPyConnection) -> None:
    where = "is_current and has_sufficient_history and "
    assert hand.execute(
        "select segment_id, rule, rule_sql, condition_count from segment_rules order by segment_id"
    ).fetchall() == [
        (
            1,
            'A "day", or <b> between 10 and 30 and rate\'s; -- at most 45.3%',
            where + '"a ""day"", or <b>" between 10 and 30 and "rate\'s; --" <= 0.453',
            2,
        ),
        (
            2,
            'A "day", or <b> at least 0.5 and answer exactly 3',
            where + '"a ""day"", or <b>" >= 0.5 and "answer" = 3',
            2,
        ),
        (3, None, None, 0),
        (4, None, None, 0),
    ]


def test_figures_worked_out_by_hand(hand: duckdb.DuckDBPyConnection) -> None:
    """Rule 1 selects c1, c2 and c4: c3 has no rate. Rule 2 selects c1 to c4: c6 has no days."""
    assert hand.execute(
        "select segment_id, segment_name, customer_count, selected_count, covered_count, "
        "coverage, precision, lift from segment_rules order by segment_id"
    ).fetchall() == [
        (1, "Segment 1", 3, 3, 2, 2 / 3, 2 / 3, pytest.approx(2 / 3 / (3 / 8))),
        (2, "Segment 2", 4, 4, 1, 1 / 4, 1 / 4, pytest.approx(1 / 4 / (4 / 8))),
        (3, "Segment 3", 1, None, None, None, None, None),
        (4, "Segment 4", 0, None, None, None, None, None),
    ]


def test_the_sql_selects_whom_the_figures_count(hand: duckdb.DuckDBPyConnection) -> None:
    for rule_sql, *counts in hand.execute(
        "select rule_sql, selected_count, covered_count, segment_id from segment_rules "
        "where rule_sql is not null"
    ).fetchall():
        selected = hand.execute(
            f"select count(*) from features_by_slot_set where slot_set = 'new' and {rule_sql}"
        ).fetchall()
        assert selected == [(counts[0],)]


def test_rules_of_the_shop_select_whom_their_figures_count(shop: Built) -> None:
    """As an analyst pastes them, on the published file."""
    rules = shop.query(
        "select segment_id, rule_sql, customer_count, selected_count, covered_count, coverage, "
        "precision, lift from segment_rules where rule is not null order by segment_id"
    )
    assert len(rules) >= 3
    segmented = sum(count for (count,) in shop.query("select customer_count from segment_summary"))
    for segment, rule_sql, customers, selected, covered, coverage, precision, lift in rules:
        found = shop.one(
            "select count(*), count(*) filter (where segment_id = ?) "
            f"from (select customer_id from customer_features where {rule_sql}) "
            "inner join customer_segments using (customer_id) where status = 'segmented'",
            segment,
        )
        assert found == (selected, covered)
        assert (coverage, precision) == (covered / customers, covered / selected)
        assert lift == pytest.approx(precision / (customers / segmented))


def test_every_segment_of_the_shop_has_a_row(shop: Built) -> None:
    columns = "segment_id, segment_name, customer_count"
    assert shop.query(f"select {columns} from segment_rules order by 1") == shop.query(
        f"select {columns} from segment_summary order by 1"
    )


def test_rules_of_the_shop_worked_out_by_hand(shop: Built) -> None:
    """One condition selects each of the three kinds of ordinary customers and nobody else."""
    for first in (1, 9, 17):
        rule, rule_sql, *counts = shop.one(
            "select rule, rule_sql, condition_count, customer_count, selected_count, "
            "covered_count from segment_rules where segment_id = "
            "(select segment_id from customer_segments where customer_id = ?)",
            f"c{first:02}",
        )
        assert counts == [1, 8, 8, 8]
        assert shop.query(
            f"select customer_id from customer_features where {rule_sql} order by customer_id"
        ) == [(f"c{number:02}",) for number in range(first, first + 8)]
        if first == 1:
            # 50 orders in 364 days are 3.8 in 28 days, and 12, the next highest, are 0.9.
            assert rule == "Orders per 28 days at least 2"
            assert rule_sql.endswith(' and "orders_per_28_days" >= 2')
