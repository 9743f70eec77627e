"""What customers buy next within tiers of spend: by hand, and against numpy."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from common.project_sql import ProjectSql, Relation

FOLDS, BATCHES, PRIOR = 5, 100, 20
CUSTOMERS = 500
METHODS = ("RFM cells", "recency and spend cells", "past spend ranking", "chance", "segments")
FAMILIES = {
    "categories": ("category_1_share", "category_2_share"),
    "discounts": ("discounted_line_share", "discount_rate"),
    "coupons": ("coupon_day_share",),
    "weekend and evening": ("weekend_order_share", "evening_order_share"),
}
SHARES = (
    *(f"category_{slot}_share" for slot in range(1, 9)),
    "discounted_line_share",
    "discount_rate",
    "private_label_share",
    "coupon_day_share",
    "weekend_order_share",
    "evening_order_share",
)
# Each customer by fold and batch, in the group of each method; two groups of segments.
CELL = "insert into int_composition_cells values ($1, $2, $3, 1, $4, $4, $5, $6, $7, $7)"


@pytest.fixture
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


def make(connection: duckdb.DuckDBPyConnection, *models: str) -> None:
    project = ProjectSql(connection, {"source": "own_files"}, lambda name: Relation("main", name))
    for name in models:
        sql, _ = project.model(name)
        connection.execute(f"create table {name} as {sql}")


# --- what customers bought


def make_inputs(connection: duckdb.DuckDBPyConnection) -> None:
    """Tables around one backtest on Monday 2024-01-01, whose horizon ends on 2024-03-25."""
    connection.execute(
        "create table snapshots as select date '2024-01-01' as as_of_date, true as is_backtest "
        "union all select date '2024-03-27', false"
    )
    # The week of 2024-03-25 lies after the horizon, and that of 2024-03-18 twice in windows;
    # a part of a week is none of the weeks.
    connection.execute(
        "create table window_parts as select * from (values "
        "(1, true, date '2023-12-25', date '2024-01-01'), "
        "(2, true, date '2024-01-01', date '2024-01-08'), "
        "(3, true, date '2024-03-18', date '2024-03-25'), "
        "(3, true, date '2024-03-18', date '2024-03-25'), "
        "(4, false, date '2024-03-18', date '2024-03-21'), "
        "(5, true, date '2024-03-21', date '2024-03-25'), "
        "(6, true, date '2024-03-25', date '2024-04-01')) "
        "as parts (part, is_whole, part_start_date, part_end_date)"
    )
    connection.execute(
        "create table category_slots as select * from (values "
        "('backtest', 'category', 'Toys', 1, 2), ('candidate', 'category', 'Books', 1, 1)) "
        "as slots (slot_set, kind, name, position, column_number)"
    )
    connection.execute(
        "create table slot_sets as select true as is_backtest, 'Toys' as category_1, "
        "2 as category_1_column, "
        + ", ".join(
            f"cast(null as text) as category_{slot}, cast(null as int) as category_{slot}_column"
            for slot in range(2, 9)
        )
    )
    connection.execute(
        "create table customers as select * from (values ('a', 1), ('b', 2), ('c', 3)) "
        "as customers (customer_id, customer_key)"
    )
    connection.execute(
        "create table interactions as select * from (values "
        "('a', 'coupon_redeemed', timestamp '2024-01-01 09:00:00'), "
        "('a', 'coupon_redeemed', timestamp '2024-01-01 10:00:00'), "
        "('a', 'coupon_redeemed', timestamp '2024-03-25 00:00:00'), "
        "('a', 'visit', timestamp '2024-01-02 00:00:00'), "
        "('b', 'coupon_redeemed', timestamp '2023-12-31 23:00:00')) "
        "as interactions (customer_id, interaction_type, occurred_at)"
    )


def test_what_customers_bought_is_that_of_the_weeks_of_the_horizon(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    """Customer a buys in two weeks of it, b after it only, c returns something only."""
    make_inputs(connection)
    connection.execute(
        "create table int_customer_parts as select customer_key, part, order_count, weekend as "
        "weekend_order_count, 0 as evening_order_count, order_count as order_day_count, lines as "
        "line_count, lines / 2 as discounted_line_count, "
        "cast(paid as decimal(18, 4)) as purchase_amount, cast(off as decimal(18, 4)) "
        "as discount_amount, cast(0 as decimal(18, 4)) as private_label_amount, "
        "cast(known as decimal(18, 4)) as known_label_amount, cast(1 as decimal(18, 4)) as "
        "category_amount_1, cast(toys as decimal(18, 4)) as category_amount_2 from (values "
        "(1, 1, 9, 9, 9, 900, 0, 0, 900), "
        "(1, 2, 3, 1, 4, 60, 20, 10, 15), "
        "(1, 3, 1, 1, 2, 20, 0, 0, null), "
        "(1, 4, 1, 1, 1, 10, 0, 0, null), "
        "(1, 5, 1, 0, 1, 10, 0, 0, null), "
        "(2, 6, 1, 0, 5, 50, 0, 0, 50), "
        "(3, 2, 0, 0, 0, 0, 0, 0, null)) "
        "as parts (customer_key, part, order_count, weekend, lines, paid, off, known, toys)"
    )
    make(connection, "future_purchases")
    rows = connection.execute(
        "select customer_id, line_count, category_1_share, category_2_share, "
        "discounted_line_share, discount_rate, "
        "private_label_share, coupon_day_share, weekend_order_share, evening_order_share "
        "from future_purchases"
    ).fetchall()
    # 4 orders of 6 lines, half of them with a discount: 80 paid, of which 15 for toys, and 20
    # off; coupons on one day, and two orders at weekends.
    assert rows == [("a", 6, 15 / 80, None, 0.5, 0.2, 0.0, 0.25, 0.5, 0.0)]


# --- how much of it groups explain


def test_gains_are_those_worked_out_by_hand(connection: duckdb.DuckDBPyConnection) -> None:
    """Two batches of ten customers who only buy at weekends and ten who never do.

    The variation is 10, and the mean of the tier 1/2. Ten customers of the other fold move their
    group by (10 - 5) / (10 + 20) = 1/6, so each group of each batch gains
    (2 x 5 - 10 / 6) / 6 / 10 = 5/36, and both batches four times that. The other methods have all
    customers in one group.
    """
    connection.execute(
        "create table int_composition_cells (basis text, method text, group_number bigint, "
        "tier bigint, fold bigint, batch bigint, share text, customer_count bigint, "
        "total decimal(28, 9), squares decimal(38, 12))"
    )
    for fold in (0, 1):
        for share, both in (("weekend_order_share", 10), ("evening_order_share", 20)):
            for group, total in ((1, 10), (2, both - 10)):
                row = ["backtest", "segments", group, fold, share, 10, total]
                connection.execute(CELL, row)
            for method in METHODS[:-1]:
                connection.execute(CELL, ["any", method, 1, fold, share, 20, both])
    make(connection, "composition_comparison")
    found = {
        method: rest
        for method, *rest in connection.execute(
            "select method, customer_count, comparison, explained, explained_low, explained_high, "
            "difference, finding from composition_comparison"
        ).fetchall()
    }
    count, comparison, *explained, difference, finding = found["segments"]
    assert (count, comparison, difference) == (40, "as much", 0)
    assert explained == pytest.approx([5 / 9] * 3, abs=1e-6)
    assert finding == (
        "The segments say more of what customers buy next than plain methods do: within equal "
        "spend they explain 55.6% (55.6% to 55.6%) of the differences in what and how customers "
        "buy in the next 84 days (RFM cells 0.0%, recency and spend cells 0.0%, chance 0.0%)"
    )
    assert set(found) == set(METHODS)
    count, comparison, *explained, difference, finding = found["chance"]
    assert (count, comparison, explained) == (40, "less", [0, 0, 0])
    assert difference == pytest.approx(-5 / 9)
    assert finding == ("explains less of what customers of equal spend buy next than the segments")


def make_shop(connection: duckdb.DuckDBPyConnection, groups: np.ndarray, seed: int) -> None:
    """Customers whose shares of one category, discounts and weekends depend on their group."""
    random = np.random.default_rng(seed)
    spend = np.round(random.lognormal(3, 1, CUSTOMERS), 2)
    ids = [f"c{number:04}" for number in range(CUSTOMERS)]
    tables = {
        "int_customer_future_spend": {
            "customer_id": ids,
            "segment_id": pa.array(groups, pa.int64()),
            "basis": ["backtest"] * CUSTOMERS,
            "future_spend": random.lognormal(3, 1, CUSTOMERS),
            "is_backtest_date": [True] * CUSTOMERS,
            "as_of_date": ["2024-01-01"] * CUSTOMERS,
        },
        "customer_snapshots": {
            "customer_id": ids,
            "as_of_date": ["2024-01-01"] * CUSTOMERS,
            "order_count": random.integers(1, 30, CUSTOMERS),
            "spend": spend,
            "last_order_date": np.datetime64("2023-12-01") + random.integers(0, 30, CUSTOMERS),
        },
        "future_purchases": {
            "customer_id": ids,
            # One in ten bought fewer than five lines.
            "line_count": np.where(np.arange(CUSTOMERS) % 10 == 0, 4, 5),
            **{share: np.zeros(CUSTOMERS) for share in SHARES},
            "private_label_share": pa.nulls(CUSTOMERS, pa.float64()),
            "category_1_share": np.clip(random.normal(0.3 + 0.1 * groups, 0.1), 0, 1),
            "category_2_share": random.uniform(0, 1, CUSTOMERS),
            "discounted_line_share": random.uniform(0, 0.1 * groups),
            "discount_rate": np.clip(random.normal(0.1 * groups + spend / 500, 0.1), 0, 1),
            "coupon_day_share": (random.uniform(0, 1, CUSTOMERS) < 0.2).astype(float),
            "weekend_order_share": random.integers(0, 5, CUSTOMERS) / 4,
            "evening_order_share": np.clip(groups / 4 + random.normal(0, 0.3, CUSTOMERS), 0, 1),
        },
    }
    types = {"future_spend": "decimal(18, 4)", "spend": "decimal(18, 4)", "as_of_date": "date"}
    for name, columns in tables.items():
        connection.register("given", pa.table(columns))
        chosen = ", ".join(
            f"cast({column} as {types[column]}) as {column}" if column in types else column
            for column in columns
        )
        connection.execute(f"create table {name} as select {chosen} from given")
        connection.unregister("given")


def gains(
    values: dict[str, np.ndarray], tier: np.ndarray, group: np.ndarray, batch: np.ndarray
) -> np.ndarray:
    """What each customer adds to the share of the variance that the groups explain."""
    found = np.zeros(len(tier))
    for members in FAMILIES.values():
        for share in members:
            value = values[share]
            total = np.square(value - value.mean()).sum()
            for fold in range(FOLDS):
                seen, held = batch % FOLDS != fold, batch % FOLDS == fold
                means = {t: value[seen & (tier == t)].mean() for t in np.unique(tier)}
                expected = np.array([means[t] for t in tier])
                for number in np.unique(group):
                    others, own = seen & (group == number), held & (group == number)
                    effect = (value - expected)[others].sum() / (others.sum() + PRIOR)
                    gain = (value - expected)[own] ** 2 - (value - expected - effect)[own] ** 2
                    found[own] += gain / total / len(members) / len(FAMILIES)
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_sums_over_cells_are_what_numpy_finds_customer_by_customer(
    connection: duckdb.DuckDBPyConnection, seed: int
) -> None:
    groups = np.random.default_rng(seed).integers(1, 4, CUSTOMERS)
    make_shop(connection, groups, seed)
    make(connection, "int_baseline_scores", "int_composition_cells", "composition_comparison")
    members = connection.execute(
        "select customer_id, method, group_number, batch from int_baseline_scores "
        "order by customer_id"
    ).df()
    bought = connection.execute(
        "select * from future_purchases where line_count >= 5 order by customer_id"
    ).df()
    values = {share: np.sqrt(bought[share].to_numpy()) for share in SHARES}
    compared = members[members.customer_id.isin(bought.customer_id)]
    by_method = {str(method): rows for method, rows in compared.groupby("method")}
    tier = by_method["spend quintiles"].group_number.to_numpy()
    batch = by_method["chance"].batch.to_numpy()
    found = connection.execute(
        "select method, customer_count, explained, explained_high - explained, difference, "
        "difference_high - difference from composition_comparison"
    ).fetchall()
    each = {
        method: gains(values, tier, by_method[method].group_number.to_numpy(), batch)
        for method in METHODS
    }
    assert {method for method, *_ in found} == set(METHODS)
    for method, count, *figures in found:
        expected = []
        for gain in (each[method], each[method] - each["segments"]):
            sums = np.bincount(batch, gain, BATCHES)
            spread = np.square(sums - sums.mean()).sum() * BATCHES / (BATCHES - 1)
            expected += [gain.sum(), 1.959964 * np.sqrt(spread)]
        assert count == len(bought) == CUSTOMERS * 9 // 10
        assert figures == pytest.approx(expected, abs=2e-6)
    # Customer by customer the interval of the segments is about as wide.
    own = each["segments"]
    width = 1.959964 * own.std() * np.sqrt(len(own))
    assert {row[0]: row[3] for row in found}["segments"] == pytest.approx(width, rel=0.25)


def test_where_nothing_varies_nothing_is_measured(connection: duckdb.DuckDBPyConnection) -> None:
    make_shop(connection, np.ones(CUSTOMERS, dtype=int), 3)
    connection.execute(
        "update future_purchases set " + ", ".join(f"{share} = 0.25" for share in SHARES)
    )
    make(connection, "int_baseline_scores", "int_composition_cells", "composition_comparison")
    assert connection.execute("select count(*) from int_composition_cells").fetchone() != (0,)
    assert connection.execute("select * from composition_comparison").fetchall() == []
