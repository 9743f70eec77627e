"""One trim: an id is the same customer for loading, pseudonyms, forgetting and questions."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from common.console import Problem
from common.settings import Settings, resolve
from common.trimming import text_of, text_sql
from common.warehouse_paths import Warehouse
from loading.load_raw import load
from moving_shop import write_csv
from publishing.publish import MACROS
from store.privacy import KEY_NAME, guard_of
from store.warehouse import exclusive
from upkeep.forget import customer_macro, forget

pytestmark = [pytest.mark.many_builds, pytest.mark.short]

HEADER = ("order_id", "customer_id", "ordered_at", "net_amount")
ODD_ENDS = (
    "{}",
    " {} ",
    "\t{}",
    "{}\n",
    "{}\r\n",
    "\u00a0{}\u00a0",
    "\u3000{}\u2007",
    "\u200b{}\u200d",
    "\ufeff{}",
    "{}\u202e",
    "\x0b\x1f{}\x85\x7f",
)
TODAY = date(2026, 1, 1)


@pytest.mark.parametrize(
    "text", ["c1", "customer 17", "\u00e9", "a\u00a0b", "x\t\u200by", "1" * 40]
)
def test_what_cannot_be_seen_at_the_ends_is_no_part_of_a_text(text: str) -> None:
    for ends in ODD_ENDS:
        assert text_of(ends.format(text)) == text
        assert text_of(ends.format("")) == text_of(ends.format("NULL")) == ""


def test_words_for_no_value_are_none_in_any_case_and_their_likes_are_texts() -> None:
    words = ["na", "n/a", "\\n", "nan", "nat", "<na>", "#n/a", "null", "(null)", "none"]
    likes = [f"{word}x" for word in words] + [f"x{word}" for word in words] + ["n", "(", "<", "0"]
    with duckdb.connect() as connection:
        kept = connection.execute(
            "select list(text) from (select unnest($texts) as text) "
            f"where {text_sql('text')} = text",
            {"texts": ["", *words, *map(str.upper, words), *map(str.title, words), *likes]},
        ).fetchone()
    assert kept == (likes,)


def test_all_white_space_and_control_characters_are_trimmed() -> None:
    unseen = [
        chr(code)
        for code in range(0x10000)
        if chr(code).isspace() or unicodedata.category(chr(code)) in ("Cc", "Zs", "Zl", "Zp")
    ]
    assert len(unseen) > 80
    with duckdb.connect() as connection:
        left = connection.execute(
            "select list(text) from (select unnest($texts) as text) "
            f"where {text_sql('text')} <> 'x'",
            {"texts": [f"{c}x{c}" for c in unseen]},
        ).fetchone()
    assert left == (None,)


def settings_of(tmp_path: Path, **given: str) -> Settings:
    """Write orders of customers c1 and c2, who is spelled with all kinds of ends."""
    ids = ["c1", *(ends.format("c2") for ends in ODD_ENDS), "NULL"]
    rows = [[f"o{n}", one, "2025-01-02 10:00:00", "5.00"] for n, one in enumerate(ids)]
    write_csv(tmp_path / "data" / "order_lines.csv", HEADER, rows)
    chosen = {"SOURCE": "own_files", "DATA": str(tmp_path / "data")}
    return resolve(chosen | {"WAREHOUSE": str(tmp_path / "w")} | given)


def customers(settings: Settings) -> list[str | None]:
    with duckdb.connect(Warehouse(settings.warehouse).build_db, read_only=True) as connection:
        return connection.execute(
            f"select list(distinct {text_sql('customer_id')}) from raw.order_lines"
        ).fetchone()[0]


def test_spellings_of_an_id_are_one_customer_and_have_one_pseudonym(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(KEY_NAME, "k" * 40)
    settings = settings_of(tmp_path, PSEUDONYMISE="1")
    assert load(replace(settings, k=2)).customer_count == 2
    guard = guard_of(Warehouse(settings.warehouse), "customer_id", asked=None)
    assert set(customers(settings)) - {None} == {guard.stored_id("c1"), guard.stored_id("\tc2\n")}


@pytest.mark.parametrize("asked", ["c2", "\u00a0c2\r\n", "\u200bc2 "])
def test_a_person_is_forgotten_under_every_spelling(tmp_path: Path, asked: str) -> None:
    settings = settings_of(tmp_path)
    load(settings)
    warehouse = Warehouse(settings.warehouse)
    publish_customers(warehouse, ["c1", "c2", "\tc2"])
    guard = guard_of(warehouse, "customer_id", asked=None, macro=customer_macro(warehouse))
    with exclusive(warehouse):
        assert forget(warehouse, guard, asked, TODAY) == 2
    load(settings)
    assert set(customers(settings)) == {"c1", None}


def test_an_id_is_forgotten_as_its_source_reads_it(tmp_path: Path) -> None:
    data = tmp_path / "data" / "retail.csv"
    header = ("Invoice", "StockCode", "Quantity", "InvoiceDate", "Price", "Customer ID")
    lines = [
        [f"{n}", "85048", "1", "2010-12-01 08:26", "2.55", one]
        for n, one in enumerate(("17850.0", "17850", "17851.0"), 489434)
    ]
    write_csv(data, header, lines)
    given = {"SOURCE": "online_retail", "DATA": str(data), "WAREHOUSE": str(tmp_path / "w")}
    settings = resolve(given)
    assert load(replace(settings, k=2)).customer_count == 2
    warehouse = Warehouse(settings.warehouse)
    publish_customers(warehouse, ["17850", "17851"], "online_retail")
    guard = guard_of(warehouse, "customer_id", asked=None, macro=customer_macro(warehouse))
    with exclusive(warehouse):
        forget(warehouse, guard, "17850", TODAY)
    load(settings)
    assert customers(settings) == ["17851.0"]


def test_a_word_for_nothing_is_no_customer(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    load(settings)
    warehouse = Warehouse(settings.warehouse)
    guard = guard_of(warehouse, "customer_id", asked=None)
    with exclusive(warehouse), pytest.raises(Problem, match="no file of"):
        forget(warehouse, guard, "\u00a0n/a", TODAY)


def test_explain_customer_takes_every_spelling() -> None:
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as marts")
        connection.execute(
            "create table marts.segmentation_runs as select 'r' as run_id, true as is_current"
        )
        connection.execute(
            "create table marts.customer_explanations as select 'c1' as customer_id, "
            "'f' as feature, 'l' as label, 'u' as unit, 1 as value, 1 as segment_value, "
            "1 as runner_up_value, "
            "1 as contribution, 1 as segment_id, 2 as runner_up_segment_id, 1 as position"
        )
        text = (MACROS / "explain_customer.sql").read_text()
        connection.execute("use marts")
        text = text.replace("text_of(customer)", text_sql("customer")).replace("<run_id>", "r")
        connection.execute(text)
        for spelled in ("c1", "\tc1", "c1\u00a0"):
            found = connection.execute("from explain_customer(?)", [spelled]).fetchall()
            assert len(found) == 1


def publish_customers(warehouse: Warehouse, ids: list[str], source: str = "own_files") -> None:
    """Write a published file with these customers."""
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute("create schema history")
        connection.execute(
            "create table segmentation_runs as select 1 as run_number, true as is_current, "
            "$source as source, date '2025-01-31' as as_of_date",
            {"source": source},
        )
        connection.execute("create table customer_segments (customer_id varchar)")
        for one in ids:
            connection.execute("insert into customer_segments values (?)", [one])
