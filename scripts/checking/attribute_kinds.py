"""Kinds of suspicion about attributes of customers: constants and hidden codes."""

from __future__ import annotations

from checking.suspicions import Checked, Kind
from common.quoting import literal

# What stands for a missing number, where it is far from all others.
MISSING_CODES = (-1, -9, -99, -999, -9999, -99999, 99, 999, 9999, 99999, 999999, 9999999)
LEAST_MISSING = 2
TIMES_THE_NEXT = 2
MOST_DECLARED = 12
# Names of columns that say who bought: in a table with a row for each customer they do not repeat.
BUYER_NAMES = (
    "^(customer|client|buyer|shopper|member|user|account|kunden?|kaeufer|käufer|cliente?|acheteur)"
    "[ _.]?(id|no|nr|num|number|nummer|key|code|name|e-?mail)?[.]?$"
)
LEAST_BUYERS = 10
MOST_DIFFERENT = 0.9
# A column of numbers but for so few texts.
LEAST_NUMBERS = 0.95


def hidden_codes(checked: Checked) -> str:
    """Return the query for hidden codes; `_missing` is advised where the source takes it."""
    can_declare = checked.source.is_mappable or checked.source.is_selectable
    lines = f"(select array_to_string(list(line order by line)[:{MOST_DECLARED}], ', ') from codes)"
    advice = (
        "', or declare them in columns.yml, in the folder that DATA names: "
        f"customers: {{_missing: {{' || {lines} || '}}}}'"
        if can_declare
        else "''"
    )
    return f"""
    with numbers as (
        select * from checked.attribute_numbers
        where number_value is not null
    ),
    others as (
        select attribute, min(number_value) as lowest, max(number_value) as highest
        from numbers
        where number_value not in {MISSING_CODES}
        group by attribute
    ),
    hidden as (
        select numbers.*
        from numbers
        inner join others on numbers.attribute = others.attribute
        where
            numbers.number_value in {MISSING_CODES}
            and numbers.customer_count >= {LEAST_MISSING}
            and (
                (numbers.number_value < 0 and others.lowest >= 0)
                or numbers.number_value > {TIMES_THE_NEXT} * abs(others.highest)
            )
    ),
    codes as (
        select
            attribute,
            cast(to_json(attribute) as varchar) || ': ' || cast(
                to_json(list(cast(number_value as bigint) order by number_value)) as varchar
            ) as line
        from hidden
        group by attribute
    )
    select
        cast(sum(customer_count) as bigint) as count,
        min_by(
            attribute || ' = ' || cast(cast(number_value as bigint) as varchar),
            (-customer_count, attribute, number_value)
        ) as example,
        {advice} as advice
    from hidden
    """


def two_decimal_signs(checked: Checked) -> str:
    """Return the query for attributes whose numbers have a decimal comma here, a point there."""
    point, comma = (
        checked.models.sql.macro("number_of_text", "value", sign) for sign in ("point", "comma")
    )
    return f"""
    with read as (
        select
            attribute,
            value,
            {point} as with_point,
            {comma} as with_comma
        from checked.customer_attribute_values
        where
            attribute in (
                select attribute from checked.attribute_profiles
                where not is_number
            )
    ),
    counted as (
        select
            attribute,
            count(*) as value_count,
            count(coalesce(with_point, with_comma)) as number_count,
            count(*) filter (where with_point is null and with_comma is not null) as comma_count,
            count(*) filter (where with_comma is null and with_point is not null) as point_count,
            min(value) filter (where with_point is null and with_comma is not null)
                as comma_example,
            min(value) filter (where with_comma is null and with_point is not null)
                as point_example
        from read
        group by attribute
    )
    select
        cast(sum(least(comma_count, point_count)) as bigint) as count,
        min_by(comma_example || ' and ' || point_example, attribute) as example,
        string_agg(attribute, ', ' order by attribute) as names
    from counted
    where
        comma_count > 0
        and point_count > 0
        and number_count >= {LEAST_NUMBERS} * value_count
    """


def repeated_buyers(checked: Checked) -> str | None:
    """Return the query for attributes that name a buyer again and again; None beside orders."""
    if checked.source.orders_table is not None:
        return None
    return f"""
    select
        count(*) as count,
        min(attribute) as example,
        min_by(distinct_count, attribute) as distinct_count,
        min_by(known_count, attribute) as known_count
    from checked.attribute_profiles
    where
        regexp_matches(lower(attribute), {literal(BUYER_NAMES)})
        and distinct_count >= {LEAST_BUYERS}
        and distinct_count < {MOST_DIFFERENT} * known_count
    """


ATTRIBUTE_KINDS = (
    Kind(
        "rows_that_look_like_orders",
        "Orders taken for customers give segments of orders.",
        repeated_buyers,
        "{example} has {distinct_count} different values in {known_count} rows, so rows seem to be "
        "orders and not customers: build from them by SOURCE=own_files, with the names of the "
        "columns in columns.yml (docs/bring_your_own_data.md)",
    ),
    Kind(
        "constant_attributes",
        "An attribute that is the same for all customers separates no customers.",
        """
        select
            count(*) as count,
            min(attribute) as example,
            string_agg(attribute, ', ' order by attribute) as names
        from checked.attribute_profiles
        where distinct_count = 1 and known_count = customer_count and customer_count > 1
        """,
        "attributes with one value for all customers separate no customers: {names}",
    ),
    Kind(
        "attributes_with_two_decimal_signs",
        "Numbers in which the files of an attribute disagree on commas and points are texts.",
        two_decimal_signs,
        "{names}: some numbers have a decimal comma and others a point, such as {example}, so that "
        "they are read as texts: write them in one way",
    ),
    Kind(
        "hidden_missing_codes",
        "A code such as -999 for a missing number is averaged as if it were one.",
        hidden_codes,
        "values that look like codes for a missing number, such as {example}, count as numbers: "
        "leave them empty{advice}",
    ),
)
