"""The fixture shop, built as a user would, against totals that README.md works out by hand."""

import shutil
import stat
import subprocess
import sys
from datetime import date
from decimal import Decimal
from hashlib import sha256

import duckdb
import pytest

from export_ordered import digests
from shops import (
    ACCEPTED_LINES,
    FIXTURES,
    SHOP,
    Builds,
    Built,
    build,
    copy_warehouse,
    read_csv,
    spend_by_customer,
)
from store.history_schema import HISTORY_TABLES

AS_OF = date(2025, 2, 5)
EARLIER = date(2024, 12, 23)
ORDINARY = [f"c{i:02}" for i in range(1, 25)]
ANA, ZOE = """Ana "Nana" O'Neil; x""", "Zoë Müller 名"


def build_again(builds: Builds) -> Built:
    """Build the fixture shop a second time into a copy of its warehouse."""
    warehouse = copy_warehouse(builds["shop"], builds.folder("repeated_shop") / "warehouse")
    return build(SHOP, warehouse, threads=2).checked()


BUILDS = {"repeated_shop": build_again}

# --- what became of the rows

OUTCOMES = {
    ("order_lines", "accepted", "accepted"): 1227,
    ("order_lines", "duplicate", "exact_duplicate"): 3,
    ("order_lines", "rejected", "conflicting_order_line_id"): 3,
    ("order_lines", "rejected", "missing_customer_id"): 1,
    ("order_lines", "rejected", "missing_order_id"): 1,
    ("order_lines", "rejected", "missing_ordered_at"): 1,
    ("order_lines", "rejected", "missing_net_amount"): 1,
    ("order_lines", "rejected", "before_1970"): 1,
    ("order_lines", "rejected", "in_the_future"): 1,
    ("order_lines", "rejected", "unreadable_quantity"): 1,
    ("order_lines", "rejected", "unreadable_net_amount"): 2,
    ("order_lines", "rejected", "unreadable_discount_amount"): 1,
    ("order_lines", "rejected", "unreadable_is_return"): 1,
    ("order_lines", "rejected", "unreadable_ordered_at"): 2,
    ("order_lines", "noted", "suspected_duplicate"): 1,
    ("order_lines", "noted", "reused_order_id"): 4,
    ("order_lines", "noted", "zero_quantity_and_amount"): 1,
    ("order_lines", "noted", "zero_quantity"): 1,
    ("order_lines", "noted", "zero_amount"): 2,
    ("order_lines", "noted", "return_amount_made_negative"): 3,
    ("order_lines", "noted", "discount_made_positive"): 2,
    ("order_lines", "noted", "unknown_product"): 2,
    ("customers", "accepted", "accepted"): 29,
    ("customers", "duplicate", "exact_duplicate"): 1,
    ("customers", "rejected", "conflicting_customer_id"): 1,
    ("customers", "rejected", "missing_customer_id"): 1,
    ("products", "accepted", "accepted"): 12,
    ("products", "duplicate", "exact_duplicate"): 1,
    ("products", "rejected", "conflicting_product_id"): 1,
    ("products", "rejected", "missing_product_id"): 1,
    ("products", "rejected", "unreadable_is_private_label"): 1,
    ("interactions", "accepted", "accepted"): 18,
    ("interactions", "rejected", "missing_customer_id"): 1,
    ("interactions", "rejected", "missing_occurred_at"): 1,
    ("interactions", "rejected", "missing_interaction_type"): 1,
    ("interactions", "rejected", "unknown_interaction_type"): 1,
    ("interactions", "rejected", "before_1970"): 1,
    ("interactions", "rejected", "in_the_future"): 1,
    ("interactions", "rejected", "unreadable_score"): 1,
    ("interactions", "rejected", "unreadable_occurred_at"): 1,
}


def test_the_generator_writes_the_committed_file(tmp_path):
    shutil.copytree(FIXTURES, tmp_path / "fixtures")
    written = tmp_path / "fixtures" / "shop" / "order_lines.csv"
    written.unlink()
    subprocess.run([sys.executable, tmp_path / "fixtures" / "make_shop.py"], check=True)
    assert written.read_bytes() == (SHOP / "order_lines.csv").read_bytes()


def test_every_raw_row_is_accepted_rejected_or_a_duplicate_for_a_reason(marts):
    printed = marts.execute(
        "select source_table, outcome, reason, row_count from data_quality"
    ).fetchall()
    assert {(table, outcome, reason): rows for table, outcome, reason, rows in printed} == OUTCOMES
    for table in ("order_lines", "customers", "products", "interactions"):
        ends = [n for (t, outcome, _), n in OUTCOMES.items() if t == table and outcome != "noted"]
        assert sum(ends) == len(read_csv(SHOP / f"{table}.csv"))


def test_rejected_rows_are_kept_as_they_came(shop):
    ((kept,),) = shop.query_build(
        "select record_json from core.rejected_records "
        "where reason = 'unreadable_net_amount' and record_json like '%12,50%'"
    )
    assert '"order_id":"o4108"' in kept


@pytest.mark.parametrize(
    ("customer", "line_id", "amount"),
    [
        # By time, then by amount: the first of what shares an id stays.
        ("c27", "L27-1", Decimal("10.00")),
        ("c27", "L27-2", Decimal("5.00")),
        ("c27", "L27-3", Decimal("6.00")),
        # Lines without an id are told apart by order, product and number.
        ("c28", "o2801-P01#1", Decimal("5.00")),
        ("c28", "o2801-P01#2", Decimal("5.00")),
        ("c28", "o2801-P01#3", Decimal("6.00")),
        # An order id that two customers use.
        ("007", "shared-P01#1", Decimal("10.00")),
        ("7", "shared-P01#1", Decimal("10.00")),
        (ANA, 'L;"1"', Decimal("33.33")),
    ],
)
def test_accepted_lines_have_one_id_each(shop, customer, line_id, amount):
    found = shop.query_build(
        f"select net_amount from {ACCEPTED_LINES} where customer_id = ? and coalesce("
        "order_line_id, order_id || '-' || product_id || '#' || line_number) = ?",
        customer,
        line_id,
    )
    assert found == [(amount,)]


# --- who there is and what they spent


def test_every_customer_has_the_status_worked_out_by_hand(marts):
    others = {
        "c35": "insufficient_history",  # first order ten days before
        "c37": "lapsed",  # the only order lies before the window
        "c38": "never_ordered",  # a return alone
        "c39": "never_ordered",  # from customers.csv
        "c40": "never_ordered",  # from interactions.csv
    }
    edges = {f"c{i}" for i in range(25, 45)} - {"c41", *others}  # all rows of c41 are rejected
    segmented = {*ORDINARY, *edges, "007", "7", ANA, ZOE}
    expected = others | dict.fromkeys(segmented, "segmented")
    found = dict(marts.execute("select customer_id, status from customer_segments").fetchall())
    assert found == expected
    assert len(found) == 47


def test_spend_is_right_to_the_cent(marts):
    expected = {
        "c25": "50.00",
        "c26": "20.00",
        "c27": "21.00",
        "c28": "20.00",
        "c29": "50.00",
        "c30": "13.00",
        "c31": "40.00",
        "c32": "3.00",
        "c33": "60.00",
        "c34": "150.00",
        "c35": "30.00",
        "c36": "9.99",
        "c37": "0.00",
        "c38": "0.00",
        "c39": "0.00",
        "c40": "0.00",
        "c42": "0.00",
        "c43": "0.00",
        "c44": "-40.00",
        "007": "30.00",
        "7": "10.00",
        ANA: "33.33",
        ZOE: "44.44",
    }
    for i in range(1, 9):
        expected[f"c{i:02}"] = f"{50 * (18 + i) + 25}"
        expected[f"c{i + 8:02}"] = f"{8 * (150 + 10 * i) + 24}"
        expected[f"c{i + 16:02}"] = f"{12 * (55 + 2 * i)}"
    found = dict(marts.execute("select customer_id, spend from customer_segments").fetchall())
    assert found == {customer: Decimal(spend) for customer, spend in expected.items()}


def test_spend_of_ordinary_customers_is_the_sum_of_their_file(marts):
    by_customer = spend_by_customer(SHOP / "order_lines.csv", ORDINARY)
    found = dict(marts.execute("select customer_id, spend from customer_segments").fetchall())
    assert by_customer == {customer: found[customer] for customer in ORDINARY}


def test_segments_hold_what_their_customers_spent(marts):
    # Ordinary customers 9,200 + 12,672 + 6,144; edges in the window 544.76 less the 30.00 of
    # c35, who is not segmented.
    ((customers, spend),) = marts.execute(
        "select sum(customer_count), sum(spend) from segment_summary"
    ).fetchall()
    assert (customers, spend) == (42, Decimal("28530.76"))


def test_all_accepted_money_is_in_core(shop):
    # What the window leaves out: c32 100.00, c37 75.00, c38 -15.00, c44 50.00.
    ((money, lines),) = shop.query_build("select sum(net_amount), count(*) from core.order_lines")
    assert (money, lines) == (Decimal("28770.76"), 1227)


def test_the_three_ordinary_behaviours_are_told_apart(marts):
    groups = marts.execute(
        "select segment_id, list(customer_id order by customer_id) from customer_segments "
        "where customer_id in (select unnest(?)) group by segment_id",
        [ORDINARY],
    ).fetchall()
    assert sorted(members for _, members in groups) == [
        ORDINARY[:8],
        ORDINARY[8:16],
        ORDINARY[16:],
    ]


# --- features worked out by hand in README.md

COMMON = {"customer_id", "as_of_date", "observed_days", "is_current", "has_sufficient_history"}

BY_HAND = {
    ("c25", AS_OF): {
        "observed_days": 364,
        "orders_per_28_days": 2 * 28 / 364,
        "spend_per_28_days": 50 * 28 / 364,
        "average_order_value": 25.0,
        "days_since_last_order": 93,
        "tenure_days": 245,  # 247, capped at the shortest history compared
        "days_between_orders": 154,
        "lines_per_order": 1.5,
        "spend_trend": -1.0,  # -61 / 50, held at -1
        "Produce": 70 / 85.5,
        "Dairy": 15.5 / 85.5,
        "Electronics": 0.0,
        "category_breadth": 1.5,
        "private_label_share": 15.5 / 85.5,
        "discount_rate": 5 / 90.5,
        "coupons_per_28_days": 0.0,
        "campaigns_per_28_days": 0.0,
        "campaign_response_rate": None,
        "weekend_order_share": 0.0,
        "evening_order_share": 0.0,
        "discounted_line_share": 1 / 3,
        "morning_order_share": 0.5,  # noon is not morning
        "small_order_share": 1.0,
        "price_per_line": 90.5 / 3,
        "quantity_per_line": 4 / 3,
        "store": 1.0,
        "web": 0.0,
    },
    ("c25", EARLIER): {
        "observed_days": 357,
        "orders_per_28_days": 2 * 28 / 357,
        "spend_per_28_days": 55.5 * 28 / 357,
        "average_order_value": 27.75,
        "days_since_last_order": 49,
        "tenure_days": 203,
        "days_between_orders": 154,
        "lines_per_order": 1.5,
        "spend_trend": -1.0,
    },
    ("c34", AS_OF): {
        "observed_days": 364,
        "orders_per_28_days": 4 * 28 / 364,
        "spend_per_28_days": 150 * 28 / 364,
        "average_order_value": 37.5,
        "days_since_last_order": 2,
        "tenure_days": 123,
        "days_between_orders": 121 / 3,
        "lines_per_order": 1.5,
        "spend_trend": 1.0,
        "Electronics": 100 / 150,
        "Produce": 6 / 150,
        "Dairy": 4 / 150,
        "Fashion": 0.0,
        "category_breadth": 6 / 4,
        "private_label_share": 24 / 130,
        "discount_rate": 7 / 157,
        "coupons_per_28_days": 2 * 28 / 364,
        "campaigns_per_28_days": 3 * 28 / 364,
        "campaign_response_rate": 2 / 3,
        "weekend_order_share": 0.5,
        "evening_order_share": 0.5,
        "discounted_line_share": 2 / 6,
        "morning_order_share": 0.5,
        "small_order_share": 1.0,
        "price_per_line": 157 / 6,
        "quantity_per_line": 1.0,
        "store": 0.25,
        "web": 0.25,
        "app": 0.5,
    },
    ("c34", EARLIER): {
        "observed_days": 357,
        "orders_per_28_days": 2 * 28 / 357,
        "spend_per_28_days": 130 * 28 / 357,
        "average_order_value": 65.0,
        "days_since_last_order": 3,
        "tenure_days": 79,
        "days_between_orders": 76,
        "lines_per_order": 1.5,
        "spend_trend": 1.0,
        "Electronics": 100 / 130,
        "Produce": 0.0,
        "category_breadth": 3 / 2,
        "private_label_share": 10 / 110,
        "discount_rate": 7 / 137,
        "coupons_per_28_days": 1 * 28 / 357,
        "campaigns_per_28_days": 3 * 28 / 357,
        "campaign_response_rate": 1 / 3,
        "weekend_order_share": 0.5,
        "evening_order_share": 0.5,
        "discounted_line_share": 2 / 3,
        "morning_order_share": 0.5,
        "price_per_line": 137 / 3,
        "store": 0.0,
        "web": 0.5,
        "app": 0.5,
    },
    # Of the order id on both sides of midnight only Sunday the 19th lies before this as-of date.
    ("c31", date(2025, 1, 20)): {
        "observed_days": 364,
        "orders_per_28_days": 2 * 28 / 364,
        "spend_per_28_days": 35 * 28 / 364,
        "days_since_last_order": 1,
        "days_between_orders": 53,
        "weekend_order_share": 0.5,
        "evening_order_share": 0.5,
        "morning_order_share": 0.5,
        "spend_trend": 1.0,
    },
    # The first day of the window counts, the day before does not.
    ("c32", AS_OF): {
        "orders_per_28_days": 2 * 28 / 364,
        "spend_per_28_days": 3 * 28 / 364,
        "days_since_last_order": 1,
        "morning_order_share": 0.0,  # midnight sharp is no time
    },
    ("c32", EARLIER): {
        "orders_per_28_days": 2 * 28 / 357,
        "spend_per_28_days": 101 * 28 / 357,
        "days_since_last_order": 245,  # 320, capped at the shortest history compared
    },
    ("c30", AS_OF): {
        "orders_per_28_days": 3 * 28 / 364,
        "lines_per_order": 1.0,
        "average_order_value": 13 / 3,
        "discount_rate": 2 / 15,
        "discounted_line_share": 1 / 3,
        "morning_order_share": 1.0,
        "price_per_line": 15 / 3,
        "quantity_per_line": 2 / 3,  # one line without a quantity
    },
    ("c42", AS_OF): {
        "orders_per_28_days": 28 / 364,
        "spend_per_28_days": 0.0,
        "average_order_value": 0.0,
        "spend_trend": None,
        "Produce": None,
        "discount_rate": None,
        "discounted_line_share": 0.0,
        "price_per_line": 0.0,
        "quantity_per_line": 1.0,
    },
    ("c44", AS_OF): {
        "orders_per_28_days": 28 / 364,
        "spend_per_28_days": -40 * 28 / 364,
        "average_order_value": -40.0,
        "days_since_last_order": 245,
        "spend_trend": None,
        "Fashion": 1.0,
    },
    ("c43", AS_OF): {"spend_per_28_days": 0.0, "spend_trend": None, "store": None},
    ("c29", AS_OF): {
        "Produce": 0.0,
        "category_breadth": 1.0,
        "web": 1.0,
        "small_order_share": 0.0,
    },
    (ANA, AS_OF): {"spend_per_28_days": 33.33 * 28 / 364, "store": 0.0, "web": 0.0},
}


@pytest.mark.parametrize(
    ("customer", "as_of"), BY_HAND, ids=[f"{customer} {as_of}" for customer, as_of in BY_HAND]
)
def test_features_are_those_worked_out_by_hand(marts, customer, as_of):
    places = dict(
        marts.execute(
            "select regexp_extract(label, 'share of (.*)', 1), feature from feature_catalog "
            "where label like 'spend share of %' or label like 'order share of %'"
        ).fetchall()
    )
    cursor = marts.execute(
        "select * from customer_features where customer_id = ? and as_of_date = ?",
        [customer, as_of],
    )
    names = [column[0] for column in cursor.description]
    (values,) = cursor.fetchall()
    found = dict(zip(names, values, strict=True))
    expected = {places.get(name.lower(), name): v for name, v in BY_HAND[customer, as_of].items()}
    assert {name: found[name] for name in expected} == {
        # Doubles of exact fractions: the only tolerance is that of a division.
        name: None if value is None else pytest.approx(value, rel=1e-12)
        for name, value in expected.items()
    }


def test_snapshots_lie_on_the_grid_and_see_what_there_was(marts):
    assert marts.execute(
        "select as_of_date, observed_days, any_value(is_current), count(*) "
        "from customer_features group by all order by 1"
    ).fetchall() == [
        # 28 days apart, on days since 1970-01-05 that 28 divides. Counted from c37's first order
        # on 2024-01-01. Customers in order of first order, from README.md.
        (date(2024, 9, 2), 245, False, 37),
        (date(2024, 9, 30), 273, False, 38),
        (date(2024, 10, 28), 301, False, 41),
        (date(2024, 11, 25), 329, False, 41),
        (date(2024, 12, 23), 357, False, 42),
        (date(2025, 1, 20), 364, False, 43),
        (date(2025, 2, 5), 364, True, 44),
    ]


def test_feature_values_are_the_features_of_today(marts):
    compared = 0
    for (feature,) in marts.execute(
        "select distinct feature from customer_feature_values"
    ).fetchall():
        pairs = marts.execute(
            f"select f.{feature}, v.value from customer_features f "
            "join customer_feature_values v using (customer_id) where f.is_current "
            "and v.feature = ?",
            [feature],
        ).fetchall()
        assert [one for one, _ in pairs] == [other for _, other in pairs]
        compared += len(pairs)
    # 44 customers by the features that the fit could use: all but the third or so that is null.
    assert compared > 44 * 15


# --- attributes


def test_attributes_are_text_and_blank_ones_are_no_rows(marts):
    found = marts.execute("select customer_id, attribute, value from customer_attributes")
    attributes = {(customer, name): value for customer, name, value in found.fetchall()}
    assert {key: value for key, value in attributes.items() if key[0] in {"c02", "c03", "c04"}} == {
        ("c02", "age_band"): "18-34",
        ("c02", "income_band"): "high",
        ("c02", "note"): "first row of c02",
        ("c03", "income_band"): "middle",
        ("c04", "age_band"): "35-54",
    }
    assert attributes["c39", "note"] == "<script>alert(1)</script>"
    assert attributes["007", "note"] == "with zeros"
    assert attributes["7", "note"] == "without zeros"
    assert attributes[ANA, "note"] == 'says "hello", often'
    assert attributes[ANA, "income_band"] == "middle; upper"
    assert attributes[ZOE, "note"] == "名"
    # 29 customers: c03 and c15 tell no age; c04, c14, c15 and c21 no income; six have a note.
    assert len(attributes) == 27 + 25 + 6


def test_the_population_is_those_who_told(marts):
    # 22 ordinary customers told an age, c39 is not segmented, the four odd ids told one each.
    found = marts.execute(
        "select distinct value, round(26 * population_share, 6) from segment_demographics "
        "where attribute = 'age_band' order by value"
    ).fetchall()
    assert found == [("18-34", 13), ("35-54", 7), ("55+", 6)]


def segment_of(marts, customer):
    """Return the segment of a customer and how many customers it has."""
    return marts.execute(
        "select segment_id, customer_count from segment_summary where segment_id = "
        "(select segment_id from customer_segments where customer_id = ?)",
        [customer],
    ).fetchone()


def test_small_groups_are_hidden_as_worked_out_by_hand(marts):
    # c17 to c24: seven of 18-34; the one of 35-54 would be what is left of eight.
    apps, apps_count = segment_of(marts, "c17")
    # c09 to c16: six of high income, two did not tell.
    webs, webs_count = segment_of(marts, "c09")
    assert (apps_count, webs_count) == (8, 8)
    shown = "select value, customer_count, known_count, is_small_group from segment_demographics "
    shown += "where segment_id = ? and attribute = ? order by value"
    assert marts.execute(shown, [apps, "age_band"]).fetchall() == [
        (value, None, 8, True) for value in ("18-34", "35-54", "55+")
    ]
    # Fewer than five customers have each of the other bands: they are folded.
    assert marts.execute(shown, [webs, "income_band"]).fetchall() == [
        ("(small groups)", 0, 6, False),
        ("high", 6, 6, False),
    ]
    # Notes are people's own words: none is shown.
    notes = marts.execute(
        "select distinct value, customer_count from segment_demographics where attribute='note'"
    )
    assert notes.fetchall() == [("(small groups)", None)]


# --- scores


@pytest.mark.parametrize(
    ("customer", "frequency", "monetary", "tier"),
    [
        # Of 43 customers with an order in the window: those below and half of those equal.
        ("c01", 5, 4, "medium"),  # 8 of 50 orders above 35: (35 + 4) / 43 = 0.907
        ("c09", 3, 5, "high"),  # 8 of 8 orders above 19: (19 + 4) / 43 = 0.535; 34.5 / 43 = 0.802
        ("c17", 4, 3, "medium"),  # 8 of 12 orders above 27: (27 + 4) / 43 = 0.721
        ("c16", 3, 5, "top"),  # the highest spend: 42.5 / 43
        ("c13", 3, 5, "top"),  # 39.5 / 43 = 0.919
        ("c12", 3, 5, "high"),  # 38.5 / 43 = 0.895
        ("c35", 1, 2, "low"),  # 30.00, as 007: (10 + 1) / 43 = 0.256
        ("007", 2, 2, "low"),
        ("c25", 2, 2, "medium"),  # 50.00, as c29: (15 + 1) / 43 = 0.372
        ("c29", 1, 2, "medium"),
        ("c43", 1, 1, "none"),  # bought, and gave all back
        ("c44", 1, 1, "none"),
        ("c37", None, None, "medium"),  # lapsed: 75.00 would be that today
        ("c39", None, None, "none"),
    ],
)
def test_scores_are_those_worked_out_by_hand(marts, customer, frequency, monetary, tier):
    ((rfm, *found),) = marts.execute(
        "select rfm_score, frequency_score, monetary_score, value_tier from customer_segments "
        "where customer_id = ?",
        [customer],
    ).fetchall()
    assert found == [frequency, monetary, tier]
    assert rfm is None if frequency is None else rfm[1:] == f"{frequency}{monetary}"


def test_the_holdout_is_what_the_hash_says(marts):
    found = dict(marts.execute("select customer_id, is_holdout from customer_segments").fetchall())
    expected = {
        customer: int(sha256(f"holdout:{customer}".encode()).hexdigest()[:8], 16) / 2**32 < 0.1
        for customer in found
    }
    assert found == expected
    assert {"7", "c18", "c20", "c32"} == {customer for customer, held in found.items() if held}


# --- what segments buy, answer and do; sums over segments, from README.md


def test_affinity_holds_the_purchases_worked_out_by_hand(marts):
    found = marts.execute(
        "select category, sum(spend), sum(purchase_amount), sum(customer_count) "
        "from segment_category_affinity where category in "
        "('unknown', 'Garden', 'Bakery', ?) group by category order by category",
        ["Größe; \"XL\" & 'more'"],
    ).fetchall()
    assert found == [
        ("Bakery", Decimal("80.00"), Decimal("80.00"), 2),  # 60.00 of c33, 20.00 of c34
        ("Garden", Decimal("20.00"), Decimal("20.00"), 1),  # c34
        ("Größe; \"XL\" & 'more'", Decimal("33.33"), Decimal("33.33"), 1),
        ("unknown", Decimal("50.00"), Decimal("50.00"), 1),  # c29, in four ways
    ]


def test_engagement_is_that_worked_out_by_hand(marts):
    found = marts.execute(
        "select interaction_type, campaign_id, sum(contact_count), sum(reached_count), "
        "sum(responded_count), max(population_rate) from segment_engagement "
        "where channel = '(all)' and interaction_type <> 'order' group by all order by all"
    ).fetchall()
    one = pytest.approx(1 / 42)
    assert found == [
        ("campaign_response", "(all)", 2, 1, None, one),
        ("campaign_response", "K1", 1, 1, None, one),
        ("campaign_response", "K9", 1, 1, None, one),
        ("campaign_sent", "(all)", 8, 5, 1, 0.2),
        ("campaign_sent", "K1", 6, 5, 1, 0.2),  # twice to c34, who answered, and to c02 to c05
        ("campaign_sent", "K2", 1, 1, 1, 1.0),  # answered by its coupon
        ("campaign_sent", "K3", 1, 1, 0, 0.0),
        ("complaint", "(all)", 1, 1, None, one),
        ("complaint", "(none)", 1, 1, None, one),
        ("coupon_redeemed", "(all)", 2, 1, None, one),
        ("coupon_redeemed", "(none)", 1, 1, None, one),
        ("coupon_redeemed", "K2", 1, 1, None, one),
        ("feedback", "(all)", 1, 1, None, one),
        ("feedback", "(none)", 1, 1, None, one),
        ("service_contact", "(all)", 1, 1, None, one),
        ("service_contact", "(none)", 1, 1, None, one),
    ]


def test_nobody_answered_of_four_reached(marts):
    segment, _ = segment_of(marts, "c02")
    ((rate, low, high),) = marts.execute(
        "select rate, rate_lower, rate_upper from segment_engagement where segment_id = ? "
        "and interaction_type = 'campaign_sent' and campaign_id = 'K1' and channel = 'email'",
        [segment],
    ).fetchall()
    # z^2 / (4 + z^2)
    assert (rate, low, high) == (0, 0, pytest.approx(0.48989, abs=5e-6))


def test_orders_go_through_the_channels_of_the_shop(marts):
    for customer, channel, orders in (("c09", "web", 64), ("c17", "app", 96)):
        segment, count = segment_of(marts, customer)
        found = marts.execute(
            "select contact_count, reached_count, rate, contact_share from segment_engagement "
            "where segment_id = ? and interaction_type = 'order' and channel = ? "
            "and campaign_id = '(none)'",
            [segment, channel],
        ).fetchall()
        assert found == [(orders, 8, 8 / count, 1.0)]


def test_trends_are_those_worked_out_by_hand(marts):
    # Periods from 2023-12-25 (21 of its days from 2024-01-01 on) to 2025-01-20 (16 days).
    found = marts.execute(
        "select period_start_date, max(observed_days), bool_and(is_complete), sum(new_count), "
        "sum(lapsed_count) is null from segment_trends group by 1 order by 1"
    ).fetchall()
    assert len(found) == 15
    assert found[0][:3] == (date(2023, 12, 25), 21, False)
    assert found[0][4]
    assert {days for _, days, is_complete, _, _ in found if is_complete} == {28}
    # First orders, from the table of dates in README.md; c35 is in no segment.
    assert [(start, new, unknown) for start, _, _, new, unknown in found[9:]] == [
        (date(2024, 9, 2), 1, False),
        (date(2024, 9, 30), 3, False),
        (date(2024, 10, 28), 0, False),
        (date(2024, 11, 25), 1, False),
        (date(2024, 12, 23), 1, False),
        (date(2025, 1, 20), 0, True),
    ]
    assert sum(new for _, _, _, new, _ in found) == 42
    # In segments 28,530.76, and before the window 100.00 of c32 and 50.00 of c44.
    assert marts.execute("select sum(spend) from segment_trends").fetchall() == [
        (Decimal("28680.76"),)
    ]


# --- the published file


def test_every_table_and_column_is_commented(marts):
    assert not marts.execute(
        "select schema_name, table_name from duckdb_tables() where coalesce(comment, '') = ''"
    ).fetchall()
    assert not marts.execute(
        "select table_name, column_name from duckdb_columns() "
        "where not internal and schema_name = 'main' and coalesce(comment, '') = ''"
    ).fetchall()


def test_the_file_holds_the_marts_and_the_history(marts):
    tables = marts.execute("select schema_name, table_name from duckdb_tables()").fetchall()
    assert {name for schema, name in tables if schema == "history"} == set(HISTORY_TABLES)
    assert {name for schema, name in tables if schema == "main"} == {
        "customer_attributes",
        "customer_feature_values",
        "customer_features",
        "customer_lifecycle",
        "customer_segments",
        "data_quality",
        "feature_catalog",
        "segment_category_affinity",
        "segment_demographics",
        "segment_lift",
        "segment_engagement",
        "segment_grid",
        "segment_movement",
        "segment_playbook",
        "segment_profiles",
        "segment_rules",
        "segment_summary",
        "segment_trends",
        "segment_baselines",
        "segment_yield",
        "segmentation_k_scan",
        "segmentation_runs",
    }
    assert not marts.execute(
        "select * from duckdb_constraints() where constraint_type in ('PRIMARY KEY', 'UNIQUE')"
    ).fetchall()
    assert not marts.execute("select * from duckdb_indexes()").fetchall()


def test_nobody_can_write_to_the_file(shop):
    assert stat.S_IMODE(shop.marts.stat().st_mode) == 0o444
    with (
        duckdb.connect(shop.marts, read_only=True) as connection,
        pytest.raises(duckdb.InvalidInputException, match="read-only"),
    ):
        connection.execute("create table more (id integer)")


def test_the_version_is_kept(shop):
    kept = shop.warehouse.versions / "1" / "marts.duckdb"
    assert kept.read_bytes() == shop.marts.read_bytes()


def test_the_summary_names_every_segment(shop, marts):
    for (name,) in marts.execute("select segment_name from segment_summary").fetchall():
        assert " ".join(name.split()[:3]) in shop.output
    assert (
        "Customers: 47 (42 segmented, 3 never ordered, 1 insufficient history, 1 lapsed)"
        in shop.output
    )
    assert str(shop.marts) in shop.output


# --- building again


def test_a_second_build_of_the_same_adds_no_run(shop, builds):
    repeated = builds["repeated_shop"]
    assert repeated.query("select run_number from segmentation_runs") == [(1,)]
    assert repeated.query("select count(*) from history.fits") == [(1,)]
    assert digests(repeated.marts) == digests(shop.marts)
    ledger = "select * from history.load_ledger order by all"
    assert repeated.query(ledger) == shop.query(ledger)


@pytest.mark.parametrize(
    ("settings", "printed"),
    [
        pytest.param({"k": 47}, "customers", id="more segments than customers"),
        pytest.param({"k": 1}, "K=1", id="one segment"),
        pytest.param({"source": "complete_journey", "data": ""}, "own_files", id="other source"),
        pytest.param({"source": "own_fils"}, "own_files", id="unknown source"),
        pytest.param({"as_of": "2023-06-01"}, "AS_OF", id="a date before the data"),
    ],
)
def test_an_impossible_setting_is_refused_and_changes_nothing(shop, tmp_path, settings, printed):
    warehouse = tmp_path / "warehouse"
    warehouse.mkdir()
    published = shutil.copy2(shop.marts, warehouse)
    before = shop.marts.read_bytes()
    refused = build(**({"data": SHOP} | settings), warehouse=warehouse)
    assert refused.code == 2
    assert printed in refused.output.splitlines()[-1]
    assert "Running dbt" not in refused.output
    with open(published, "rb") as file:
        assert file.read() == before


def test_the_readme_of_the_fixture_names_every_edge_customer():
    text = (FIXTURES / "README.md").read_text(encoding="utf-8")
    customers = {
        row["customer_id"].strip() for row in read_csv(FIXTURES / "by_hand/order_lines.csv")
    }
    assert not [customer for customer in customers - {""} if f"`{customer}`" not in text]
