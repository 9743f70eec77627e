"""Kinds of suspicion about customers: their ids, and whom orders and descriptions share."""

from __future__ import annotations

from checking.suspicions import Checked, Kind
from common.quoting import identifier, literal
from loading.customer_ids import EMAIL, EMAIL_PATTERN, WHOLE, WHOLE_PATTERN

# What exports write where there is no customer. A number such as 0 is one where it stands out.
PLACEHOLDER_WORDS = (
    r"^(guest.*|gast|gastkunde|invit[eé]|invitado|ospite|walk.?in.*|cash.*|kasse|laufkunde.*|"
    r"barverkauf|pos|default.*|unknown.*|unbekannt|inconnu|desconocido|anon.*|not (set|provided).*|"
    r"no.?(e?mail|customer|name|id|user|account).*|none|nobody|null|undefined|empty|missing|test|"
    r"dummy|invalid|deleted|redacted|-+|[?]+|[.]+|x+|_+|@|\[\]|\{\}|\"\"|'')$"
)
PLACEHOLDER_NUMBERS = r"^(0+|-1|9{3,}|1234567?8?9?)([.]0+)?$"
# What stands in the place of a customer in a row of sums below a table.
SUM_WORDS = (
    r"^((grand|sub|overall)?[ -]?totals?|totals? (g[eé]n[eé]ral|generale?)|sums?|summen?|"
    r"(gesamt|zwischen)(summe|ergebnis)?|insgesamt|totale|totaal|somme|suma|average|mean|"
    r"mittelwert|durchschnitt|moyenne|media|promedio) *:?$"
)
LARGE_SHARE = 0.1
TIMES_THE_OTHERS = 5
TIMES_FOR_NUMBERS = 2
INVISIBLE = r"[\s\x{a0}\x{200b}-\x{200d}\x{feff}\x{ad}-]"


def _alike(normalised: str, condition: str = "true") -> str:
    """Return the query for ids that are equal once they are normalised."""
    return f"""
        with alike as (
            select
                {normalised} as normalised,
                min(customer_id) as one,
                max(customer_id) as other
            from checked.known_customer_ids
            where {condition}
            group by normalised
            having count(*) > 1
        )
        select count(*) as count, min(one || ' and ' || other) as example
        from alike
    """


def _written(pattern: str) -> str:
    """Return the query for ids that are written in a way that no id is."""
    return f"""
        select count(*) as count, min(customer_id) as example
        from checked.known_customer_ids
        where regexp_matches(customer_id, {literal(pattern)})
    """


def _read_alike(checked: Checked) -> str | None:
    """Return the query for ids that loading reads otherwise than they are written."""
    column = checked.source.customer_column or ""
    rules = checked.models.connection.execute(
        "select source_table, list(format) from raw.column_formats "
        "where kind = 'id' and column_name = ? group by source_table order by source_table",
        [column],
    ).fetchall()
    read = {
        WHOLE: f"regexp_full_match(id, {literal(WHOLE_PATTERN)})",
        EMAIL: f"(id <> lower(id) and regexp_full_match(id, {literal(EMAIL_PATTERN)}))",
    }
    conditions = [read[rule] for rule in read if any(rule in found for _, found in rules)]
    if not conditions:
        return None
    texts = " union all ".join(
        f"select {checked.models.sql.macro('raw_text', identifier(column))} as id "
        f"from {identifier('raw', table)}"
        for table, _ in rules
    )
    return f"""
        select count(distinct id) as count, min(id) as example
        from ({texts})
        where {" or ".join(conditions)}
    """


def _absent(those: str, others: str) -> str:
    """Return the query for customers of one view of schema `checked` who are not in another."""
    return f"""
        select
            count(*) filter (where others.customer_id is null) as count,
            min(those.customer_id) filter (where others.customer_id is null) as example,
            count(*) as all_count
        from checked.{those} as those
        left join checked.{others} as others
            on those.customer_id = others.customer_id
        where exists (select 1 from checked.{others})
        """


CUSTOMER_KINDS = (
    Kind(
        "customer_ids_read_alike",
        "Ids that programs changed are read as what they were, which may not be meant.",
        _read_alike,
        "ids such as {example} are read without their decimals, or e-mail addresses in lower "
        "case, so that each is one customer: IDS=as_written keeps them apart",
    ),
    Kind(
        "placeholder_customer",
        "Sales without a customer become one customer, who is then the best of all.",
        f"""
        with shares as (
            select
                *,
                line_count / sum(line_count) over () as line_share,
                (sum(line_count) over () - line_count)
                / nullif(count(*) over () - 1, 0) as others_mean
            from checked.ordering_customers
        ),
        placeholders as (
            select *
            from shares
            where
                regexp_matches(lower(customer_id), {literal(PLACEHOLDER_WORDS)})
                or (
                    regexp_matches(customer_id, {literal(PLACEHOLDER_NUMBERS)})
                    and line_count > {TIMES_FOR_NUMBERS} * others_mean
                )
                or (
                    line_share > {LARGE_SHARE}
                    and line_count > {TIMES_THE_OTHERS} * others_mean
                )
        )
        select
            count(*) as count,
            max_by(customer_id, (line_count, customer_id)) as example,
            cast(max(line_count) as bigint) as line_count,
            format('{{:.1f}}', 100 * max(line_share)) as percent
        from placeholders
        """,
        "{example} has {line_count} lines, {percent}% of all: if it stands for customers who are "
        "not known, leave its rows out by MISSING_IDS",
    ),
    Kind(
        "row_of_sums",
        "A row of sums below a table is taken for a customer, who is the best of all.",
        f"""
        select count(*) as count, min(customer_id) as example
        from checked.known_customer_ids
        where regexp_matches(lower(customer_id), {literal(SUM_WORDS)})
        """,
        "{example} counts as a customer and looks like a row of sums below the table: remove the "
        "row, or leave it out by MISSING_IDS",
    ),
    Kind(
        "customer_ids_alike_but_for_case",
        "One customer written in two ways is counted as two.",
        _alike("lower(customer_id)"),
        "ids that differ by case only, such as {example}, count as different customers: write "
        "each id in one way",
    ),
    Kind(
        "customer_ids_alike_but_for_decimals",
        "Programs that hold ids as numbers write 12345.0 where an id is missing elsewhere.",
        _alike("regexp_replace(customer_id, '[.,]0+$', '')"),
        "ids that differ by a trailing .0 only, such as {example}, count as different customers: "
        "export ids as text",
    ),
    Kind(
        "customer_ids_alike_but_for_zeros",
        "Spreadsheets take leading zeros away, so that one export has them and another not.",
        _alike("ltrim(customer_id, '0')", "regexp_matches(customer_id, '^[0-9]+$')"),
        "ids that differ by leading zeros only, such as {example}, count as different customers: "
        "export ids as text",
    ),
    Kind(
        "customer_ids_alike_but_for_blanks",
        "Blanks, hyphens and characters without a width make one customer two.",
        _alike(f"regexp_replace(customer_id, {literal(INVISIBLE)}, '', 'g')"),
        "ids that differ by blanks, hyphens or invisible characters only, such as {example}, count "
        "as different customers: write each id in one way",
    ),
    Kind(
        "customer_ids_as_exponents",
        "A spreadsheet shows long ids as 1.23457E+11 and saves that: different ids become one.",
        _written("^[0-9]([.,][0-9]+)?[eE][+][0-9]+$"),
        "ids that are numbers with an exponent, such as {example}, have lost digits in a "
        "spreadsheet: export ids as text, and do not save the file from a spreadsheet",
    ),
    Kind(
        "customer_ids_as_formulas",
        'Exports write ="00123" so that spreadsheets keep zeros; elsewhere the id is 00123.',
        _written("""^(=".*"|=.+|'[0-9].*)$"""),
        "ids that are formulas of a spreadsheet, such as {example}: export ids as plain text",
    ),
    Kind(
        "customers_without_orders",
        "Customers who never ordered, or whose ids are others than in the orders.",
        _absent("described_customers", "ordering_customers"),
        "of {all_count} customers in the table of customers, these have no order, such as "
        "{example}: are their ids those of the orders?",
    ),
    Kind(
        "orders_without_customer_row",
        "Customers with orders who are not described have no attributes.",
        _absent("ordering_customers", "described_customers"),
        "of {all_count} customers with orders, these are not in the table of customers, such as "
        "{example}: are their ids the same there?",
    ),
    Kind(
        "several_rows_per_customer",
        "A table of customers with a row for each order or visit is no table of customers.",
        """
        select
            count(distinct customer_id) as count,
            min(customer_id) as example,
            count(*) as row_count
        from checked.int_customers_validated
        where source_table is not null and reason = 'conflicting_customer_id'
        """,
        "customers with several rows that differ, such as {example}: one row of each is used, "
        "{row_count} are rejected; expected one row per customer",
    ),
)
