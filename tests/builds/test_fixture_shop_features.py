"""Features of the fixture shop, against figures that README.md works out by hand."""

from datetime import date

import pytest

from shops import ANA, AS_OF

EARLIER = date(2024, 12, 23)


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
            "select lower(regexp_extract(label, 'share of (.*)', 1)), feature from feature_catalog "
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
