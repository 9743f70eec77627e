"""Keeping customers' names out: pseudonyms in place of ids, and customers who were forgotten.

A warehouse with pseudonyms holds HMAC-SHA-256 of each id under a key that only the environment
knows. They are made in the statement that writes the raw tables, with the key as bound parameter:
neither the key nor an id is in a file, a log or a compiled query.

A forgotten customer is known by a hash only, in forgotten.csv of the warehouse, so that files which
still hold the customer do not bring him or her back.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import os
import secrets
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import duckdb

from common.column_names import ADDED_COLUMNS
from common.console import WRONG_USE, Problem
from common.query_rows import one_row
from common.quoting import identifier, literal
from common.trimming import RAW_TEXT, stands_for_none, text_of, text_sql
from common.warehouse_paths import Warehouse
from store.atomic_path import atomic_path, sync
from store.history import unreadable

KEY_NAME = "PSEUDONYM_KEY"
# As many bytes as the hash has: shorter keys are the weakest part.
LEAST_KEY_BYTES = 32
BLOCK_BYTES = 64
CHECK_TEXT = b"segmentation: is this the key of the warehouse?"
SALT_BYTES = 16
# Part of what a raw table was made by: who is forgotten is so with whole orders.
WHOLE_ORDERS = "whole orders"
# No pseudonym is like it.
DECLARED = "_missing"
FORGOTTEN_COLUMNS = ("forgotten_on", "salt", "customer_hash")
PRIVATE_MODE = 0o600
SHARED_MODE = 0o660


@dataclass(frozen=True)
class Forgotten:
    """A customer who was forgotten: when, and by which hash to know him or her again."""

    forgotten_on: str
    salt: str
    customer_hash: str


@dataclass(frozen=True)
class Guard:
    """What stands between files and raw tables.

    Attributes:
        column: The column with the customer, in every table that has it; None where the source
            names none.
        key: Key of the pseudonyms; None where ids stay as they are. Never shown.
        forgotten: Customers whose rows are not written.
        macro: The macro by which staging reads ids.
        missing: Ids that stand for no customer.
        declared: Texts that `_missing` of `columns.yml` takes for no customer. In place of them a
            raw table with pseudonyms has `DECLARED`, by which they are counted and read as none.
    """

    column: str | None
    key: bytes | None = field(default=None, repr=False)
    forgotten: tuple[Forgotten, ...] = ()
    macro: str = RAW_TEXT
    missing: tuple[str, ...] = ()
    declared: tuple[str, ...] = ()

    @property
    def check(self) -> str | None:
        """Text by which a changed key is noticed; None without pseudonyms."""
        return self.pseudonym_of_bytes(CHECK_TEXT) if self.key else None

    def pseudonym_of_bytes(self, message: bytes) -> str:
        """Return the HMAC of a message under the key."""
        assert self.key is not None, "there is a key where there are pseudonyms"
        return hmac.new(self.key, message, hashlib.sha256).hexdigest()

    def stored_id(self, customer: str) -> str:
        """Return a customer's id as the warehouse has it; empty where it is none."""
        plain = text_of(customer, self.macro)
        return self.pseudonym_of_bytes(plain.encode()) if self.key and plain else plain

    def column_of(self, columns: Sequence[str]) -> str | None:
        """Return the column with the customer of a raw table; None where it is not to be touched.

        Its name is compared as `ID=` is: without case, spaces and punctuation.

        Raises:
            Problem: ids are to be guarded, and the source names no column with them.
        """
        if self.key is None and not self.forgotten:
            return None
        if self.column is None:
            raise Problem(
                "customers of this warehouse have pseudonyms or were forgotten, and the source "
                "names no customer_column: expected one, or another WAREHOUSE",
                WRONG_USE,
            )
        same = [name for name in columns if _bare(name) == _bare(self.column)]
        exact = [name for name in same if name == self.column]
        return next(iter(exact or same), None)

    def mark(self, guarded: str | None) -> str:
        """Return what a raw table depends on besides its files."""
        if guarded is None:
            return ""
        parts: tuple[object, ...]
        parts = (guarded, self.check, self.forgotten, self._plain_sql(guarded), WHOLE_ORDERS)
        parts += (self.declared,) if self.declared else ()
        return hashlib.sha256(repr(parts).encode()).hexdigest()

    def select_sql(self, select: str, columns: Sequence[str], guarded: str) -> str:
        """Return a SELECT of raw rows with customers guarded; it takes `parameters()`.

        Args:
            select: Gives `columns` and the added ones, in this order.
            columns: Columns of the raw table.
            guarded: The one with the customer.
        """
        every = (*columns, *ADDED_COLUMNS)
        names = ", ".join(identifier(name) for name in every)
        plain = self._plain_sql(identifier(guarded))
        pseudonym = f"sha256($outer_pad || unhex(sha256($inner_pad || encode({plain}))))"
        if self.declared:
            nobody = stands_for_none(identifier(guarded), self.declared)
            pseudonym = f"case when {nobody} then {literal(DECLARED)} else {pseudonym} end"
        stored = f"{pseudonym if self.key else plain} as stored_id"
        replaced = "stored_id" if self.key else identifier(guarded)
        values = ", ".join(replaced if name == guarded else identifier(name) for name in every)
        return (
            f"select {values} from (select *, {stored} from ({select}) as rows_of_files({names})) "
            f"as guarded{self._not_forgotten('stored_id')}"
        )

    def _plain_sql(self, column: str) -> str:
        """Return the SQL of an id before it gets a pseudonym; null where it is no customer."""
        plain = text_sql(column, self.macro)
        words = ", ".join(literal(word) for word in self.missing)
        return f"case when lower({plain}) not in ({words}) then {plain} end" if words else plain

    def _not_forgotten(self, stored: str) -> str:
        """Return the WHERE that leaves forgotten customers out, a hash per salt."""
        parts = [
            f"coalesce(sha256($salt_{n} || encode({stored})) not in (select unnest($hashes_{n})), "
            "true)"
            for n in range(len(self._by_salt()))
        ]
        return f" where {' and '.join(parts)}" if parts else ""

    def _by_salt(self) -> dict[str, list[str]]:
        by_salt: dict[str, list[str]] = {}
        for one in self.forgotten:
            by_salt.setdefault(one.salt, []).append(one.customer_hash)
        return by_salt

    def parameters(self) -> dict[str, Any]:
        """Return the values that `select_sql` binds."""
        bound: dict[str, Any] = {}
        if self.key is not None:
            key = self.key if len(self.key) <= BLOCK_BYTES else hashlib.sha256(self.key).digest()
            padded = key.ljust(BLOCK_BYTES, b"\0")
            bound["inner_pad"] = bytes(byte ^ 0x36 for byte in padded)
            bound["outer_pad"] = bytes(byte ^ 0x5C for byte in padded)
        for n, (salt, hashes) in enumerate(self._by_salt().items()):
            bound[f"salt_{n}"] = bytes.fromhex(salt)
            bound[f"hashes_{n}"] = hashes
        return bound


def _bare(name: str) -> str:
    return "".join(c for c in name.lower() if c.isalnum())


def key_of(environment: Mapping[str, str]) -> bytes:
    """Return the key of pseudonyms from the environment.

    Raises:
        Problem: it is missing or too short.
    """
    key = environment.get(KEY_NAME, "").encode()
    if len(key) < LEAST_KEY_BYTES:
        found = f"has {len(key)} bytes" if key else "is missing"
        raise Problem(
            f"{KEY_NAME} {found}: customers have pseudonyms in this warehouse, which takes a key "
            f"of at least {LEAST_KEY_BYTES} bytes in the environment, the same at every build; "
            'one is made by: python3 -c "import secrets; print(secrets.token_hex(32))"',
            WRONG_USE,
        )
    return key


def guard_of(
    warehouse: Warehouse,
    column: str | None,
    *,
    asked: bool | None,
    environment: Mapping[str, str] | None = None,
    macro: str = RAW_TEXT,
) -> Guard:
    """Return the guard of a warehouse; whether customers have pseudonyms is a property of it.

    asked: what PSEUDONYMISE says; None takes what the warehouse has.
    macro: the macro by which staging reads ids.

    Raises:
        Problem: the warehouse was made otherwise, or with another key, or the key is missing.
    """
    known = stored_check(warehouse)
    if known is not None and asked is not None and asked != bool(known):
        has = "customers have pseudonyms" if known else "customers have their own ids"
        raise Problem(
            f"PSEUDONYMISE={int(asked)}: in the warehouse {warehouse.path} {has}, and that does "
            "not change; expected the same, or another WAREHOUSE",
            WRONG_USE,
        )
    is_on = bool(known) if known is not None else bool(asked)
    key = key_of(os.environ if environment is None else environment) if is_on else None
    guard = Guard(column, key, tuple(forgotten_of(warehouse)), macro)
    if known and not hmac.compare_digest(known, guard.check or ""):
        raise Problem(
            f"{KEY_NAME} is not the key that the pseudonyms in {warehouse.path} were made with: "
            "every customer would be a new one; expected that key, or another WAREHOUSE",
            WRONG_USE,
        )
    return guard


def stored_check(warehouse: Warehouse) -> str | None:
    """Return the text that the warehouse knows its key by, "" for none; None when it is new."""
    if warehouse.marts_db.exists():
        try:
            return _text_of(warehouse.marts_db, "history", "pseudonymisation")
        except duckdb.Error as error:
            raise unreadable(warehouse, error) from error
    if warehouse.build_db.exists():
        try:
            return _text_of(warehouse.build_db, "raw", "load_settings", is_needed=True)
        except duckdb.Error:
            # It is disposable: a damaged one is rebuilt.
            return None
    return None


def _text_of(path: Path, schema: str, table: str, *, is_needed: bool = False) -> str | None:
    with duckdb.connect(path, read_only=True) as connection:
        columns = connection.execute(
            "select column_name from duckdb_columns() where database_name = current_database() "
            "and schema_name = ? and table_name = ?",
            [schema, table],
        ).fetchall()
        if not columns and is_needed:
            return None
        if ("pseudonym_check",) not in columns:
            return ""
        (check,) = one_row(
            connection, f"select max(pseudonym_check) from {identifier(schema, table)}"
        )
    return check or ""


# --- customers who were forgotten


def forgotten_file(warehouse: Warehouse) -> Path:
    """Return the list of those who were forgotten."""
    return warehouse.path / "forgotten.csv"


def forgotten_of(warehouse: Warehouse) -> list[Forgotten]:
    """Return the customers of a warehouse who were forgotten and are still to be left out.

    A line without a hash says that somebody was forgotten whom no file holds any more.

    Raises:
        Problem: the list cannot be read.
    """
    path = forgotten_file(warehouse)
    if not path.exists():
        return []
    try:
        with path.open(encoding="ascii", newline="") as file:
            lines = list(csv.DictReader(file))
        found = [Forgotten(*(line[name] or "" for name in FORGOTTEN_COLUMNS)) for line in lines]
        for one in found:
            date.fromisoformat(one.forgotten_on)
            bytes.fromhex(one.salt + one.customer_hash)
    except PermissionError as error:
        raise Problem(
            f"{path} may not be read by this user: expected its owner, or the right to read it; "
            "without the list, customers who were forgotten could come back"
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Problem(
            f"{path} cannot be read ({error!r}): expected the columns "
            f"{', '.join(FORGOTTEN_COLUMNS)}, as make forget writes them; without the list, "
            "customers who were forgotten could come back"
        ) from error
    return [one for one in found if one.customer_hash]


def hash_of(stored_id: str, salt: str) -> str:
    """Return the hash that a forgotten customer is known by."""
    return hashlib.sha256(bytes.fromhex(salt) + stored_id.encode()).hexdigest()


def is_forgotten(forgotten: Sequence[Forgotten], stored_id: str) -> bool:
    """Say whether a customer is among those who were forgotten."""
    return any(hash_of(stored_id, one.salt) == one.customer_hash for one in forgotten)


def write_forgotten(warehouse: Warehouse, stored_id: str, today: date) -> None:
    """Add a customer to the list of those who were forgotten, in one step."""
    known = forgotten_of(warehouse)
    salt = known[0].salt if known else secrets.token_hex(SALT_BYTES)
    path = forgotten_file(warehouse)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if not path.exists():
        writer.writerow(FORGOTTEN_COLUMNS)
    writer.writerow([today.isoformat(), salt, hash_of(stored_id, salt)])
    before = path.read_text(encoding="ascii") if path.exists() else ""
    # Where a group builds, all of it must know whom to leave out.
    is_shared = warehouse.path.stat().st_mode & stat.S_IWGRP
    mode = SHARED_MODE if is_shared else PRIVATE_MODE
    with atomic_path(path) as new:
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(before + text.getvalue())
    sync(warehouse.path)
