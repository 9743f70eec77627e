"""Attributes, scores, purchases and contacts of the fixture shop, as worked out by hand."""

from datetime import date
from decimal import Decimal
from hashlib import sha256

import pytest

from shops import ANA, ZOE

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
