"""Kinds of suspicion about columns of order files: currencies, times, prices and returns."""

from __future__ import annotations

from checking.suspicions import Checked, Kind
from common.column_names import key
from common.query_rows import one_count
from common.quoting import identifier, literal

MOST_CURRENCIES = 40
ROWS_TRIED = 1_000
CURRENCY_NAMES = ("currency", "waehrung", "währung", "devise", "moneda", "valuta", "moeda", "ccy")
CURRENCY_CODE = (
    r"^([A-Z]{0,2}\p{Sc}|EUR|USD|GBP|CHF|JPY|CNY|SEK|NOK|DKK|PLN|CZK|HUF|RON|BGN|TRY|UAH|RUB|INR|"
    r"BRL|MXN|CAD|AUD|NZD|ZAR|ILS|AED|SAR|SGD|HKD|KRW|THB|TWD|IDR|MYR|PHP|VND|CLP|COP|ARS|PEN|EGP|"
    r"NGN|KES|MAD|ISK|RSD|BTC)$"
)
RETURN_NAMES = ("return", "refund", "cancel", "storno", "retoure", "rembours", "devol", "void")
NOT_RETURNED = "^(|-?0+([.,]0+)?|f|false|n|no|nein|non|none|null|nan|not .*)$"
PRICE_NAMES = ("price", "preis", "prix", "precio", "prezzo", "prijs", "preco", "unitcost")
TOTAL_NAMES = ("total", "sum", "extended", "amount", "gesamt", "montant", "importe")
QUANTITY_NAMES = ("quantity", "qty", "menge", "anzahl", "quantit", "cantidad", "aantal", "units")
OFFSET = r":[0-9]{2}(?:[.,][0-9]+)? ?(Z|UTC|GMT|[+-][0-9]{2}(?::?[0-9]{2})?)$"
# An amount that is the same for most lines of a product, whatever their quantities, is a price.
LEAST_SAME_SHARE = 0.5
TIMES_SAME_PRICE = 2


def several_currencies(checked: Checked) -> str | None:
    """Return the query for columns with several currencies; None where there are none."""
    columns = [
        column
        for column in checked.order_columns
        if checked.is_text(column) and _is_currency(checked, column)
    ]
    if not columns:
        return None
    counted = " union all ".join(
        f"select {literal(column)} as name, upper(trim({identifier(column)})) as currency, "
        f"count(*) as row_count from {checked.order_rows} "
        f"where nullif(trim({identifier(column)}), '') is not null group by all"
        for column in columns
    )
    return f"""
        with counted as ({counted}),
        by_column as (
            select
                name,
                count(*) as currency_count,
                string_agg(
                    currency || ' (' || row_count || ')', ', ' order by -row_count, currency
                ) as example
            from counted
            group by name
        )
        select currency_count as count, example, name
        from by_column
        where currency_count > 1
        order by name
        limit 1
    """


def _is_currency(checked: Checked, column: str) -> bool:
    """Return whether a column holds currencies, going by its name or by its values."""
    if any(word in key(column) for word in CURRENCY_NAMES):
        return checked.distinct_count(column) <= MOST_CURRENCIES
    value = f"nullif(upper(trim({identifier(column)})), '')"
    tried = f"(select {value} as value from {checked.order_rows} limit {ROWS_TRIED})"
    query = f"select coalesce(bool_and(regexp_matches(value, ?)), false) from {tried}"
    return bool(one_count(checked.models.connection, query, [CURRENCY_CODE]))


def _offsets(checked: Checked) -> str | None:
    """Return the rows of offsets from UTC that times of orders end in; None without texts."""
    column = checked.order_sources.get(checked.source.time_column or "")
    if column is None or not checked.is_text(column):
        return None
    value = f"trim({identifier(column)})"
    return f"""
        with offsets as (
            select
                regexp_extract({value}, {literal(OFFSET)}, 1) as utc_offset,
                count(*) as row_count,
                min({value}) as example
            from {checked.order_rows}
            where {value} like '%:%'
            group by utc_offset
        )
    """


def times_in_utc(checked: Checked) -> str | None:
    """Return the query for times that are all in UTC."""
    offsets = _offsets(checked)
    if offsets is None:
        return None
    return f"""
        {offsets}
        select
            case
                when bool_and(utc_offset in ('Z', 'UTC', 'GMT', '+00:00', '+0000', '+00'))
                    then sum(row_count)
            end as count,
            min(example) as example
        from offsets
    """


def times_with_several_offsets(checked: Checked) -> str | None:
    """Return the query for times that carry several offsets from UTC."""
    offsets = _offsets(checked)
    if offsets is None:
        return None
    return f"""
        {offsets}
        select
            case when count(*) > 1 then sum(row_count) end as count,
            max(example) as example,
            string_agg(
                coalesce(nullif(utc_offset, ''), 'none') || ' (' || row_count || ')', ', '
                order by -row_count, utc_offset
            ) as offsets
        from offsets
    """


def unit_price(checked: Checked) -> str | None:
    """Return the query for amounts that are prices of one piece; None where it cannot be.

    They are where the column is named a price and there are quantities beside it, or where the
    amount of a product stays the same whatever the quantity.
    """
    if checked.source.name != "own_files" or "net_amount" not in checked.order_sources:
        return None
    amount = checked.order_sources["net_amount"]
    is_named = amount is not None and _is_price(amount)
    if checked.order_sources.get("quantity") is None:
        beside = [name for name in checked.columns_named(QUANTITY_NAMES) if name != amount]
        if amount is None or not is_named or not beside:
            return None
        return _price_beside_quantity(checked, amount, beside[0])
    return _price_of_products(amount or "an expression", is_named=is_named)


def _is_price(column: str) -> bool:
    plain = key(column)
    is_total = any(word in plain for word in TOTAL_NAMES)
    return not is_total and any(word in plain for word in PRICE_NAMES)


def _price_beside_quantity(checked: Checked, amount: str, quantity: str) -> str:
    """Return the query for a price beside a column of quantities that is not used."""
    value = identifier(quantity)
    return f"""
        select
            count(*) as count,
            min({literal(quantity + " ")} || trim(cast({value} as varchar))) as example,
            {literal(amount)} as name
        from {checked.order_rows}
        where try_cast({value} as double) not in (0, 1)
    """


SAME_AMOUNTS = """
        with pieces as (
            select
                product_id,
                abs(quantity) as quantity,
                abs(net_amount) as net_amount,
                round(abs(net_amount / quantity), 2) as unit_price
            from checked.accepted_lines
            where quantity <> 0 and net_amount <> 0 and product_id is not null
        ),
        same_amount as (
            select count(*) as line_count
            from pieces
            group by product_id, net_amount
            having min(quantity) < max(quantity)
        ),
        same_price as (
            select count(*) as line_count
            from pieces
            group by product_id, unit_price
            having min(quantity) < max(quantity)
        ),
        varied as (
            select count(*) as line_count
            from pieces
            group by product_id
            having min(quantity) < max(quantity)
        ),
        several as (
            select
                count(*) as line_count,
                min_by(
                    cast(cast(quantity as double) as varchar) || ' pieces for '
                    || cast(cast(net_amount as double) as varchar),
                    (source_file, source_row_number)
                ) as example
            from checked.accepted_lines
            where abs(quantity) > 1
        ),
        compared as (
            select
                (select coalesce(sum(line_count), 0) from same_amount) as same_amount,
                (select coalesce(sum(line_count), 0) from same_price) as same_price,
                (select coalesce(sum(line_count), 0) from varied) as varied
        )
        select
            case
                when
                    {is_named}
                    or (
                        same_amount > {least_same_share} * varied
                        and same_amount > {times_same_price} * same_price
                    )
                    then several.line_count
            end as count,
            several.example,
            {name} as name
        from several
        cross join compared
    """


def _price_of_products(name: str, *, is_named: bool) -> str:
    """Return the query for amounts of products that stay the same whatever the quantity."""
    return SAME_AMOUNTS.format(
        is_named="true" if is_named else "false",
        least_same_share=LEAST_SAME_SHARE,
        times_same_price=TIMES_SAME_PRICE,
        name=literal(name),
    )


def unused_returns(checked: Checked) -> str | None:
    """Return the query for a column about returns that is not used, while no line is a return."""
    columns = [
        column
        for column in checked.unused_columns
        if any(word in key(column) for word in RETURN_NAMES)
    ]
    if not columns:
        return None
    marked = " union all ".join(
        f"select {literal(column)} as name, "
        f"trim(cast({identifier(column)} as varchar)) as value from {checked.order_rows}"
        for column in columns
    )
    return f"""
        with marked as ({marked}),
        by_column as (
            select
                name,
                count(*) as row_count,
                count(*) filter (where not regexp_matches(lower(value), '{NOT_RETURNED}'))
                    as marked_count,
                max(value) filter (where not regexp_matches(lower(value), '{NOT_RETURNED}'))
                    as example
            from marked
            group by name
        )
        select marked_count as count, example, name
        from by_column
        where
            marked_count between 1 and row_count - 1
            and not exists (select 1 from checked.accepted_lines where is_return)
        order by name
        limit 1
    """


COLUMN_KINDS = (
    Kind(
        "several_currencies",
        "Amounts in different currencies are added as if they were one.",
        several_currencies,
        "column {name} has {example}: amounts are added as they are; convert them in columns.yml, "
        "or export one currency",
    ),
    Kind(
        "times_in_utc",
        "Times are used as written: an order late in the evening falls on another day.",
        times_in_utc,
        "all times are UTC, such as {example}, and used as written: days and hours are those of "
        "UTC, not of the shop; export local times where this matters",
    ),
    Kind(
        "times_with_several_offsets",
        "Times with different offsets are local times of different zones or seasons.",
        times_with_several_offsets,
        "times carry several offsets from UTC, {offsets}, such as {example}: each is used as "
        "written, as the local time of its offset",
    ),
    Kind(
        "unit_price_as_amount",
        "A unit price taken for the total of a line makes spend too small.",
        unit_price,
        "net_amount, from {name}, looks like the price of one piece, in lines with another "
        "quantity than 1, such as {example}: if so, write net_amount: quantity * price in "
        "columns.yml",
    ),
    Kind(
        "returns_not_used",
        "Returned or cancelled lines count as purchases.",
        unused_returns,
        "column {name} is not used and no line is a return; it has values such as {example}: if "
        "it marks returns, name it for is_return in columns.yml",
    ),
)
