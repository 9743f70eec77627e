"""Ids of customers that programs write in several ways are one customer, where that is sure."""

from __future__ import annotations

import duckdb
import pytest

from common.project_sql import ProjectSql
from common.shipped_sources import OWN_FILES
from common.trimming import text_of
from store.privacy import Guard
from tried import HEADER, Tried, try_files, try_load

pytestmark = pytest.mark.inputs


def lines(*ids: str) -> str:
    return HEADER + "".join(f"o{n},{text},2024-01-{n + 1:02},1\n" for n, text in enumerate(ids))


def customers(tried: Tried, entity: str = "order_lines") -> list[str | None]:
    """Return the customers of an entity as staging has them, in the order of the rows."""
    assert tried.problem is None, tried.problem
    with duckdb.connect(tried.build_db, read_only=True) as connection:
        sql, _ = ProjectSql(connection, {"source": "own_files"}).model(f"stg_own_files__{entity}")
        query = f"select customer_id from ({sql}) order by source_file, source_row_number"
        return [customer for (customer,) in connection.execute(query).fetchall()]


@pytest.mark.parametrize(
    ("first", "second", "settings", "expected"),
    [
        (["12345", "7"], ["12345.0", "7.00"], {}, ["12345", "7", "12345", "7"]),
        (["12345.0"], ["A-1.0"], {}, ["12345", "A-1.0"]),
        # These are no whole numbers with decimals: 1.5 is another id than 1.
        (["1.0", "1"], ["1.5"], {}, ["1.0", "1", "1.5"]),
        (["Ann@Shop.example"], ["ann@shop.EXAMPLE"], {}, ["ann@shop.example"] * 2),
        (["Ann"], ["ann"], {}, ["Ann", "ann"]),
        (["1.0", "A@b.example"], ["1"], {"IDS": "as_written"}, ["1.0", "A@b.example", "1"]),
        (["0", "7"], ["Guest", "70"], {"MISSING_IDS": "0, guest"}, [None, "7", None, "70"]),
        (["0.0", "7.0"], ["8"], {"MISSING_IDS": "0"}, [None, "7", "8"]),
    ],
)
def test_ids_are_read_alike_in_all_files(tmp_path, first, second, settings, expected):
    files = {"order_lines_1.csv": lines(*first), "order_lines_2.csv": lines(*second, "99")}
    tried = try_files(tmp_path, files, **settings)
    assert customers(tried) == [*expected, "99"]
    assert tried.reasons() == (
        {"missing_customer_id": expected.count(None)} if None in expected else {}
    )
    is_read_otherwise = "7.0" in first or (not settings and expected != [*first, *second])
    assert ("IDS=as_written keeps them" in tried.shown) == is_read_otherwise


def test_ids_are_read_alike_in_all_tables(tmp_path):
    files = {
        "order_lines.csv": lines("12345", "Ann@shop.example"),
        "customers.csv": "customer_id,age\n12345.0,30\nANN@shop.example,40\n",
    }
    assert customers(try_load(tmp_path, files), "customers") == ["12345", "ann@shop.example"]


@pytest.mark.parametrize("written", ["12345.0", " 12345 ", "12345"])
def test_who_is_forgotten_is_known_in_every_spelling(written):
    guard = Guard("customer_id", macro=OWN_FILES.customer_macro)
    assert guard.stored_id(written) == "12345"
    assert text_of("Ann@Shop.example", OWN_FILES.customer_macro) == "ann@shop.example"


def test_ids_that_stand_for_nobody_get_no_pseudonym():
    guard = Guard("customer_id", b"k" * 32, macro=OWN_FILES.customer_macro, missing=("guest",))
    select = "select * from (values ('Guest', 'f', 1), ('A@b.example', 'f', 2))"
    with duckdb.connect() as connection:
        rows = connection.execute(
            guard.select_sql(select, ["customer_id"], "customer_id"), guard.parameters()
        ).fetchall()
    assert [row[0] for row in rows] == [None, guard.stored_id("a@b.example")]
