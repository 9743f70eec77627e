"""Audiences of one's own: who is in them, and how many an export would have.

    make audiences
    make export AUDIENCE=slipping_best

The rules are in `dbt_project/seeds/audiences.csv` and are applied to what is published: a change of
a rule needs no build.
"""

from __future__ import annotations

import shutil

import duckdb

from common.consent import SAID_NO
from common.console import WRONG_USE, Problem, say
from common.query_rows import one_row
from common.quoting import identifier, literal
from common.settings import resolve_reading
from common.settings_table import nearest
from handover.summary import MAX_WIDTH, table_text
from loading.audiences import ATTRIBUTES, FILE_NAME, MARTS, Rule, read_rules, sql_of
from store.build_database import limit_access, limit_resources
from store.published_file import not_published
from store.temporary import place_of_user, session
from store.warehouse import remove_leftovers

HEAD = ("audience", "customers", "held out", "opted out", "to contact", "description")


def rules_of(connection: duckdb.DuckDBPyConnection, source: str) -> list[Rule]:
    """Return the audiences of a source, checked against the columns that are published in `marts`.

    Raises:
        Problem: a rule cannot be used (exit code 4).
    """
    types = {name: kind for name, (_, kind) in published_columns(connection).items()}
    return read_rules(connection, types, source)


def published_columns(connection: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, str]]:
    """Return mart and type of each column that rules may name; the first mart counts."""
    found: dict[str, tuple[str, str]] = {}
    for mart in MARTS:
        rows = connection.execute(
            "select column_name, data_type from duckdb_columns() where database_name = 'marts' "
            "and schema_name = 'main' and table_name = ? order by column_index",
            [mart],
        ).fetchall()
        found = {name.lower(): (mart, kind) for name, kind in rows} | found
    return found


def rule_of(connection: duckdb.DuckDBPyConnection, source: str, name: str) -> Rule:
    """Return the audience of a name.

    Raises:
        Problem: there is none, or its rule cannot be used.
    """
    rules = {rule.name: rule for rule in rules_of(connection, source)}
    if name not in rules:
        there = ", ".join(rules) or "none"
        raise Problem(
            f"AUDIENCE={name}: {FILE_NAME} has no such audience{nearest(name, rules)}; there are: "
            f"{there}",
            WRONG_USE,
        )
    return rules[name]


def make_customers_of(connection: duckdb.DuckDBPyConnection, rule: Rule) -> None:
    """Make the temporary table `customers` of those in an audience, of any status."""
    columns = published_columns(connection)
    types = {name: kind for name, (_, kind) in columns.items()}
    marts = [name for name in rule.columns if not name.startswith(ATTRIBUTES)]
    attributes = [name for name in rule.columns if name.startswith(ATTRIBUTES)]
    named = "".join(
        f", {columns[name][0]}.{identifier(name)} as {identifier(name)}" for name in marts
    ) + "".join(f", attributes.{identifier(name)}" for name in attributes)
    values = "".join(
        f", max(value) filter (where lower(attribute) = "
        f"{literal(name.removeprefix(ATTRIBUTES))}) as {identifier(name)}"
        for name in attributes
    )
    excluded = f"and not coalesce({sql_of(rule.exclude, types)}, false)" if rule.exclude else ""
    connection.execute(
        f"""
        create or replace temp table customers as
        with
        attributes as (
            select customer_id{values}
            from marts.main.customer_attributes
            group by customer_id
        ),
        described as (
            select
                customer_segments.customer_id as "customers.customer_id",
                customer_segments.segment_id as "customers.segment_id",
                customer_segments.is_holdout as "customers.is_holdout"
                {named}
            from marts.main.customer_segments as customer_segments
            left join marts.main.customer_lifecycle as customer_lifecycle
                on customer_segments.customer_id = customer_lifecycle.customer_id
            left join marts.main.customer_features as customer_features
                on
                    customer_segments.customer_id = customer_features.customer_id
                    and customer_features.is_current
            left join attributes
                on customer_segments.customer_id = attributes.customer_id
        )
        select
            "customers.customer_id" as customer_id,
            "customers.segment_id" as segment_id,
            "customers.is_holdout" as is_holdout
        from described
        where coalesce({sql_of(rule.include, types)}, false) {excluded}
        """
    )


def counted(connection: duckdb.DuckDBPyConnection, rule: Rule) -> tuple[int, int, int]:
    """Return the customers of an audience, those held out, and of the others who opted out."""
    make_customers_of(connection, rule)
    customer_count, held_out, opted_out = one_row(
        connection,
        "select count(*), count(*) filter (where is_holdout), count(*) filter (where "
        "not is_holdout and customer_id in (select customer_id from "
        f"marts.main.customer_attributes where {SAID_NO})) from customers",
    )
    return customer_count, held_out, opted_out


def main() -> int:
    """Show the audiences with their customers."""
    settings = resolve_reading()
    warehouse = settings.place
    remove_leftovers(warehouse)
    if not warehouse.marts_db.exists():
        raise not_published(warehouse.marts_db)
    with session(place_of_user(), "audiences") as spill, duckdb.connect() as connection:
        limit_resources(connection, settings, spill)
        connection.execute(f"attach {literal(warehouse.marts_db)} as marts (read_only)")
        limit_access(connection, [warehouse.path, spill])
        rows = []
        for rule in rules_of(connection, settings.source):
            found, held_out, opted_out = counted(connection, rule)
            numbers = (found, held_out, opted_out, found - held_out - opted_out)
            rows.append((rule.name, *(f"{number:,}" for number in numbers), rule.description))
    if not rows:
        say(f"{FILE_NAME} has no audience: add a row with a name, a description and a condition")
        return 0
    width = min(MAX_WIDTH, shutil.get_terminal_size((MAX_WIDTH, 24)).columns)
    last = len(HEAD) - 1
    say(table_text(HEAD, rows, width, left=(0, last), wrapped=last))
    say("make export AUDIENCE=<name> writes the customers of one.")
    return 0
