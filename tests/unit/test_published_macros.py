"""The macros of the published file on a model of two features and two segments, by hand.

feature     transform   missing   bounds     mean   factor   centre of 1   centre of 2
it's "x"    sqrt        0         -1 to 3    0      1        0             3
days        identity    5         0 to 10    4      0.5      0             4
"""

import shutil
from collections.abc import Iterator
from math import sqrt
from pathlib import Path

import duckdb
import pytest

from common.quoting import identifier, literal
from publishing.publish import MACROS, write_macros
from scored_marts import add_what_warnings_read

ODD = """it's "x\""""
# customer: the two values; scaled; squared distances to segments 1 and 2
BY_HAND = {
    "a": ((4.0, 20.0), (2.0, 3.0), (13.0, 2.0)),  # 20 days count as 10
    "b": ((None, None), (0.0, 0.5), (0.25, 21.25)),
    "c": ((-0.25, 4.0), (-0.5, 0.0), (0.25, 28.25)),  # roots keep the sign
    "d": ((100.0, 12.0), (3.0, 3.0), (18.0, 1.0)),
    "tie": ((2.25, 8.0), (1.5, 2.0), (6.25, 6.25)),
}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Where the file goes that the macros are in."""
    return tmp_path / "it's a copy.duckdb"


@pytest.fixture
def connection(file: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """What publishing makes, as far as the macros know it, and the macros; it is in use."""
    with duckdb.connect() as made:
        made.execute(f"attach {literal(file)} as marts (storage_version 'v1.0.0')")
        create_marts(made)
        add_what_warnings_read(made)
        made.execute("use marts")
        add_customers(made)
        write_macros(made, MACROS)
        made.execute("use marts")
        yield made


def create_marts(made: duckdb.DuckDBPyConnection) -> None:
    made.execute("create schema marts.history")
    made.execute(
        "create table marts.main.feature_catalog as select * from (values "
        "(?, 'label x', 'money', 'sqrt', 1, 0.0, -1.0, 3.0, 0.0, 1.0, true), "
        "('days', 'label days', 'days', 'identity', 2, 5.0, 0.0, 10.0, 4.0, 0.5, true), "
        "('age', 'age', 'years', 'identity', 3, 1.0, 0.0, 9.0, 1.0, null, false)) as t("
        "feature, label, unit, transform, position, missing_value, lower_value, upper_value, "
        "mean_value, scale_factor, is_used)",
        [ODD],
    )
    # A fit without needs.
    made.execute(
        "create table marts.history.fit_features as select feature, 2 as fit_number, "
        "position, 'value' as family, is_used, cast(null as text) as share_of "
        "from marts.main.feature_catalog"
    )
    made.execute(
        "create table marts.history.fit_centroids as select * from (values "
        "(?, 2, 1, 1, 0.0, 0.0), ('days', 2, 1, 2, 0.0, 4.0), "
        "(?, 2, 2, 1, 3.0, 9.0), ('days', 2, 2, 2, 4.0, 12.0), "
        "(?, 1, 1, 1, 9.0, 9.0), ('days', 1, 1, 2, 9.0, 9.0)) as t("
        "feature, fit_number, segment_id, position, scaled_value, original_value)",
        [ODD] * 3,
    )
    made.execute(
        "create table marts.main.segmentation_runs as select * from (values "
        "(1, 1, 'one', false), (2, 2, 'it''s two', true)) "
        "as t(run_number, fit_number, run_id, is_current)"
    )
    made.execute(
        "create table marts.main.segment_summary as "
        "select * from (values (1, 'One'), (2, 'Two')) as t(segment_id, segment_name)"
    )
    made.execute(
        "create table marts.main.segment_profiles as select * from (values "
        "(1, 'days', 4.0, 6.0, -1.0, 2), (2, 'days', 12.0, 6.0, 3.0, 2), "
        "(1, ?, 9.0, 5.0, 2.0, 1), (2, ?, 1.0, 5.0, -2.5, 1), "
        "(1, 'age', null, 30.0, null, 3), (2, 'age', 31.0, 30.0, 0.5, 3)) as t("
        "segment_id, feature, mean_value, population_mean, standardised_difference, position)",
        [ODD] * 2,
    )
    for column in ("label", "family", "unit"):
        made.execute(
            f"alter table marts.main.segment_profiles add {column} text default '{column}'"
        )
    made.execute(
        "create table marts.main.customer_periods (customer_id text, segment_id bigint, "
        "order_count bigint, line_count bigint, spend decimal(18, 4), is_snapshot boolean, "
        "is_complete boolean, period_start_date date, period_end_date date)"
    )
    made.execute(
        "create table marts.main.customer_segments (customer_id varchar, status varchar, "
        "fit_number bigint, segment_id bigint, runner_up_segment_id bigint)"
    )
    made.execute(
        "create table marts.main.customer_feature_values "
        "(customer_id varchar, feature varchar, value double)"
    )


def add_customers(made: duckdb.DuckDBPyConnection) -> None:
    made.execute(
        f"create table customers (days double, {identifier(ODD)} double, customer_id text)"
    )
    for customer, ((x, days), _, (to_one, to_two)) in BY_HAND.items():
        own = 1 if to_one <= to_two else 2
        made.execute("insert into customers values (?, ?, ?)", [days, x, customer])
        made.execute(
            "insert into marts.main.customer_segments values (?, 'segmented', 2, ?, ?)",
            [customer, own, 3 - own],
        )
        made.executemany(
            "insert into marts.main.customer_feature_values values (?, ?, ?)",
            [[customer, ODD, x], [customer, "days", days], [customer, "age", 30]],
        )
    made.execute(
        "insert into marts.main.customer_segments (customer_id, status) values "
        "('nobody', 'never_ordered')"
    )


def score(connection: duckdb.DuckDBPyConnection, table: str) -> list[tuple]:
    """Return what score_customers says of a table."""
    return connection.execute("select * from marts.main.score_customers(?)", [table]).fetchall()


def test_customers_are_scored_as_by_hand(connection):
    found = {row[0]: row[1:] for row in score(connection, "customers")}
    for customer, (_, _, distances) in BY_HAND.items():
        own = 1 if distances[0] <= distances[1] else 2
        near, far = sorted(distances)
        assert found[customer] == (
            own,
            {1: "One", 2: "Two"}[own],
            3 - own,
            pytest.approx(near, abs=1e-12),
            pytest.approx(far, abs=1e-12),
            pytest.approx(1 - sqrt(near / far), abs=1e-12),
        )


def test_every_row_is_scored_in_its_place(connection):
    connection.execute(
        "create table repeated as select * from customers union all select * from customers "
        "order by customer_id desc"
    )
    expected = [customer for customer in sorted(BY_HAND, reverse=True) for _ in range(2)]
    assert [row[0] for row in score(connection, "repeated")] == expected


def test_further_columns_and_other_types_do_no_harm(connection):
    connection.execute(
        "create table others as select row_number() over () as customer_id, "
        "cast(days as integer) as days, "
        f"cast({identifier(ODD)} as decimal(9, 2)) as {identifier(ODD.upper())}, "
        "-1 as segment_id, 'z' as feature, 0 as squared_distance, -9 as age from customers"
    )
    found, plain = score(connection, "others"), score(connection, "customers")
    assert [row[1:] for row in found] == [row[1:] for row in plain]
    assert [row[0] for row in found] == [str(number + 1) for number in range(len(BY_HAND))]


def test_no_rows_are_no_rows(connection):
    connection.execute("create table nobody as select * from customers limit 0")
    assert score(connection, "nobody") == []


def test_a_table_without_a_feature_is_refused_by_its_name(connection):
    connection.execute("create table lacking as select customer_id, days from customers")
    with pytest.raises(duckdb.BinderException, match=r"it's"):
        score(connection, "lacking")


@pytest.mark.parametrize("customer", BY_HAND)
def test_customers_are_explained_as_by_hand(connection, customer):
    values, (x, days), distances = BY_HAND[customer]
    own, other = ((0, 0), (3, 4)) if distances[0] <= distances[1] else ((3, 4), (0, 0))
    rows = connection.execute(
        "select feature, value, segment_value, runner_up_value, contribution, label, unit "
        "from marts.main.explain_customer(?)",
        [customer],
    ).fetchall()
    centres = {ODD: {0: 0.0, 3: 9.0}, "days": {0: 4.0, 4: 12.0}}
    expected = [
        (
            ODD,
            values[0],
            centres[ODD][own[0]],
            centres[ODD][other[0]],
            pytest.approx((x - other[0]) ** 2 - (x - own[0]) ** 2, abs=1e-12),
            "label x",
            "money",
        ),
        (
            "days",
            values[1],
            centres["days"][own[1]],
            centres["days"][other[1]],
            pytest.approx((days - other[1]) ** 2 - (days - own[1]) ** 2, abs=1e-12),
            "label days",
            "days",
        ),
    ]
    assert sorted(rows) == sorted(expected, key=lambda row: row[0])
    contributions = [row[4] for row in rows]
    assert contributions == sorted(contributions, reverse=True)
    assert sum(contributions) == pytest.approx(max(distances) - min(distances), abs=1e-12)


@pytest.mark.parametrize("customer", ["nobody", "stranger", "", "a' or true --"])
def test_there_is_nothing_to_explain_of_who_is_in_no_segment(connection, customer):
    query = "select * from marts.main.explain_customer(?)"
    assert connection.execute(query, [customer]).fetchall() == []


def test_where_nothing_was_learned_there_is_no_scoring(connection):
    connection.execute("update marts.main.feature_catalog set is_used = false")
    connection.execute("drop macro table marts.main.score_customers")
    write_macros(connection, MACROS)
    connection.execute("use marts")
    names = connection.execute(
        "select function_name from duckdb_functions() where database_name = 'marts'"
    ).fetchall()
    assert sorted(names) == [("compare_segments",), ("explain_customer",)]
    query = "select * from marts.main.explain_customer('a')"
    assert connection.execute(query).fetchall() == []


def test_two_segments_are_compared_as_by_hand(connection):
    rows = connection.execute("from marts.main.compare_segments(1, 2)").fetchall()
    words = ("label", "family", "unit")
    assert rows == [
        (ODD, *words, 9.0, 1.0, 5.0, 4.5),
        ("days", *words, 4.0, 12.0, 6.0, -4.0),
        # Of one of the two nothing is known.
        ("age", *words, None, 31.0, 30.0, None),
    ]
    assert connection.execute("from marts.main.compare_segments(1, 99)").fetchall() == []


# --- under other names


def attached(file: Path, *others: Path) -> duckdb.DuckDBPyConnection:
    """Attach files as a, b, ... to a database of its own."""
    made = duckdb.connect()
    for name, path in zip("ab", (file, *others), strict=False):
        made.execute(f"attach {literal(path)} as {name} (read_only)")
    return made


def test_a_file_of_another_name_has_its_macros(connection, file):
    expected = score(connection, "customers")
    explained = connection.execute("from explain_customer('a')").fetchall()
    connection.execute("checkpoint marts")
    connection.execute("use memory")
    connection.execute("detach marts")
    with duckdb.connect(file, read_only=True) as direct:
        assert direct.execute("from score_customers('customers')").fetchall() == expected
        assert direct.execute("from explain_customer('a')").fetchall() == explained


def test_attached_under_another_name_all_that_it_has_works(connection, file):
    expected = score(connection, "customers")
    explained = connection.execute("from explain_customer('a')").fetchall()
    connection.execute("use memory")
    connection.execute("detach marts")
    with attached(file) as other:
        other.execute("create table mine as from a.customers")
        assert other.execute("from a.main.score_customers('mine')").fetchall() == expected
        seen = other.execute(
            "select * exclude (position) from a.customer_explanations where customer_id = 'a' "
            "order by contribution desc, position"
        ).fetchall()
        assert seen == explained
        other.execute("use a")
        assert other.execute("from explain_customer('a')").fetchall() == explained


def test_a_macro_does_not_explain_by_the_tables_of_another_run(connection, file, tmp_path):
    connection.execute("use memory")
    connection.execute("detach marts")
    later = tmp_path / "later.duckdb"
    shutil.copy(file, later)
    with duckdb.connect(later) as changed:
        changed.execute("update segmentation_runs set run_id = 'three' where is_current")
        changed.execute("update customer_segments set segment_id = 7")
    with attached(file, later) as both:
        both.execute("use b")
        with pytest.raises(duckdb.InvalidInputException, match="another run than its own"):
            both.execute("from a.main.explain_customer('a')").fetchall()
        with pytest.raises(duckdb.InvalidInputException, match="another run than its own"):
            both.execute("from a.main.compare_segments(1, 2)").fetchall()
        query = "select distinct segment_id from {}.customer_explanations where customer_id = 'a'"
        assert both.execute(query.format("a")).fetchall() == [(2,)]


@pytest.mark.parametrize(
    ("view", "width"),
    [("customer_explanations", 11), ("segment_change_drivers", 20), ("segment_warnings", 9)],
)
def test_every_part_of_the_view_is_described(connection, view, width):
    (shown,) = connection.execute(
        "select comment from duckdb_views() where view_name = ?", [view]
    ).fetchone()
    assert "Grain: one row" in shown
    columns = connection.execute(
        "select column_name, comment from duckdb_columns() where table_name = ?", [view]
    ).fetchall()
    assert len(columns) == width
    assert not [name for name, comment in columns if not comment]
