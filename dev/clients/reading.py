"""What every client reads of a published file; runs with the Python of any client.

A client hands over a function that asks SQL and gives the rows as its users get them.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, time
from typing import Any

Rows = Iterable[Sequence[Any]]
Query = Callable[[str], Rows]
# What was read, by name, as it goes into JSON.
Read = dict[str, Any]
# The name that the file is attached under: neither its own nor one that needs no quotes.
ALIAS = "bi's marts"
CUSTOMERS_EXPLAINED = 5
SCORED = "scored_by_client"


def identifier(name: str) -> str:
    """Return a name in double quotes, as it stands in SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: str) -> str:
    """Return a text in single quotes, as it stands in SQL."""
    return "'" + text.replace("'", "''") + "'"


def canonical(value: object) -> str:
    """Return a value as text that is the same in every version of Python and of a client."""
    if value is None:
        return "\\N"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return str(value)


def checksum(rows: Rows) -> tuple[int, str]:
    """Return the number of rows and the MD5 of all, in their order."""
    digest, count = hashlib.md5(usedforsecurity=False), 0
    for row in rows:
        digest.update(("\x1f".join(map(canonical, row)) + "\n").encode())
        count += 1
    return count, digest.hexdigest()


def said(rows: Rows) -> Read:
    """Return rows and checksum by name."""
    count, md5 = checksum(rows)
    return {"rows": count, "md5": md5}


def tried(query: Query, sql: str) -> Read:
    """Return what a query that may fail in this client gives, or the first line of its error."""
    try:
        return said(query(sql))
    except Exception as error:  # each client has errors of its own
        return {"error": str(error).strip().splitlines()[0]}


class Reader:
    """Reads all of a file, opened directly (no alias) or attached under an alias."""

    def __init__(self, query: Query, alias: str | None = None) -> None:
        self._query = query
        self._prefix = identifier(alias) + "." if alias else ""
        (name,) = (row[0] for row in query("select current_database()"))
        self._is_here = f"database_name = {literal(alias or name)} and not internal"

    def relations(self) -> Read:
        """Return rows and checksums of every table and view, as values and as text."""
        views = self._query(
            f"select schema_name, view_name from duckdb_views() where {self._is_here}"
        )
        viewed = {f"{schema}.{view}" for schema, view in views}
        listed = self._query(
            f"select schema_name, table_name, column_name from duckdb_columns() "
            f"where {self._is_here} order by schema_name, table_name, column_index"
        )
        columns: dict[tuple[str, str], list[str]] = {}
        for schema, table, column in listed:
            columns.setdefault((schema, table), []).append(identifier(column))
        found = {}
        for (schema, table), names in columns.items():
            name = f"{schema}.{table}"
            source = f"{self._prefix}{identifier(schema)}.{identifier(table)}"
            texts = ", ".join(f"cast({column} as varchar) as {column}" for column in names)
            values = tried(self._query, f"select * from {source} order by all")
            text = tried(self._query, f"select {texts} from {source} order by all")
            found[name] = {"values": values, "text": text, "is_view": name in viewed}
        return found

    def comments(self) -> Read:
        """Return number and checksum of the comments on tables, views and columns."""
        parts = [
            f"select schema_name, {kind}_name as name, '' as column_name, comment "
            f"from duckdb_{kind}s() where {self._is_here}"
            for kind in ("table", "view")
        ]
        parts.append(
            "select schema_name, table_name, column_name, comment from duckdb_columns() "
            f"where {self._is_here}"
        )
        union = " union all ".join(parts)
        return said(self._query(f"select * from ({union}) where comment is not null order by all"))

    def prepare_macros(self) -> None:
        """Make the table that score_customers is asked about, outside the file."""
        self._query(
            f"create temp table {SCORED} as select * from {self._prefix}main.customer_features "
            "where is_current and has_sufficient_history order by customer_id"
        )
        found = self._query(
            f"select customer_id from {self._prefix}main.customer_segments "
            f"where status = 'segmented' order by customer_id limit {CUSTOMERS_EXPLAINED}"
        )
        self._customers = [row[0] for row in found]

    def macros(self, way: str, prefix: str | None = None) -> Read:
        """Return what macros and the view of explanations give, called one way."""
        own = self._prefix if prefix is None else prefix
        main = f"{own}main." if own else ""
        explained = " union all ".join(
            f"select * from {main}explain_customer({literal(customer)})"
            for customer in self._customers
        )
        asked = {
            "score_customers": f"select * from {main}score_customers({literal(SCORED)})",
            "explain_customer": f"select * from ({explained})",
            "customer_explanations": f"select * from {own}customer_explanations "
            f"where customer_id = {literal(self._customers[0])}",
        }
        return {
            f"{name}, {way}": tried(
                self._query, f"select cast(columns(*) as varchar) from ({sql}) order by all"
            )
            for name, sql in asked.items()
        }


def read_direct(query: Query) -> Read:
    """Read a file that is the client's database."""
    reader = Reader(query)
    reader.prepare_macros()
    return {
        "relations": reader.relations(),
        "comments": reader.comments(),
        "macros": reader.macros("direct"),
    }


def read_attached(query: Query) -> Read:
    """Read a file that is attached as ALIAS: first by its full name, then after `use`."""
    reader = Reader(query, ALIAS)
    reader.prepare_macros()
    read = {
        "relations": reader.relations(),
        "comments": reader.comments(),
        "macros": reader.macros("attached"),
    }
    query(f"use {identifier(ALIAS)}")
    read["relations_used"] = reader.relations()
    read["macros"] |= reader.macros("used", "")
    return read


def write(read: Read) -> None:
    """Write what was read, as JSON."""
    json.dump(read, sys.stdout)
