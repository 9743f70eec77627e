"""A whole build with pseudonyms: no id and no key is left anywhere."""

import shutil

import duckdb
import pytest

from pseudonyms import KEY, pseudonym
from shops import SHOP, Builds, Built, build
from store.privacy import KEY_NAME

SECRET = "Person-{}-by-name"


def build_pseudonymised(builds: Builds) -> Built:
    """Build the fixture shop, whose customers have telling ids, with pseudonyms."""
    folder = builds.folder("pseudonymised")
    data = folder / "data"
    shutil.copytree(SHOP, data)
    for path in data.glob("*.csv"):
        with duckdb.connect() as connection:
            read = f"from read_csv('{path}', all_varchar = true, header = true)"
            columns = [name for name, *_ in connection.execute(f"describe {read}").fetchall()]
            if "customer_id" not in columns:
                continue
            connection.execute(f"create table t as {read}")
            connection.execute(
                "update t set customer_id = replace(?, '{}', trim(customer_id)) "
                "where trim(customer_id) <> ''",
                [SECRET],
            )
            connection.execute(f"copy t to '{path}' (header)")
    given = {KEY_NAME: KEY}
    return build(data, folder / "warehouse", threads=2, pseudonymise=1, environment=given).checked()


CHAINS = [{"pseudonymised": build_pseudonymised}]


@pytest.mark.many_builds
def test_neither_ids_nor_the_key_are_anywhere_in_a_warehouse(builds):
    built = builds["pseudonymised"]
    needles = ("person-", KEY.lower())
    held = []
    for path in built.warehouse.path.rglob("*"):
        if path.is_file() and path.suffix != ".duckdb":
            text = path.read_bytes().lower()
            held += [path.name for needle in needles if needle.encode() in text]
    for path in (built.marts, built.warehouse.build_db):
        with duckdb.connect(path, read_only=True) as connection:
            columns = connection.execute(
                "select schema_name, table_name, column_name from duckdb_columns() "
                "where database_name = current_database() and not internal"
            ).fetchall()
            assert len(columns) > 100
            for schema, table, column in columns:
                found = connection.execute(
                    f'select count(*) from "{schema}"."{table}" '
                    f'where regexp_matches(lower(cast("{column}" as varchar)), ?)',
                    ["|".join(needles)],
                ).fetchone()
                held += [f"{table}.{column}"] if found[0] else []
    assert not held
    assert not [needle for needle in needles if needle in built.output.lower()]


@pytest.mark.many_builds
def test_each_pseudonym_has_what_its_customer_has(builds, shop):
    query = "select customer_id, status, order_count, spend from customer_segments"
    found = {row[0]: row[1:] for row in builds["pseudonymised"].query(query)}
    expected = {
        pseudonym(SECRET.format(customer)): values for customer, *values in shop.query(query)
    }
    assert {customer: list(values) for customer, values in found.items()} == expected


def test_published_are_marts_and_history_and_no_raw_rows(shop):
    tables = shop.query(
        "select distinct schema_name from duckdb_tables() "
        "where database_name = current_database() order by 1"
    )
    assert tables == [("history",), ("main",)]
    raw_columns = {"_file", "_row_number", "record_json", "source_file"}
    columns = shop.query(
        "select schema_name, table_name, column_name from duckdb_columns() "
        "where database_name = current_database()"
    )
    assert {"main", "history", "v1"} == {schema for schema, *_ in columns}
    assert not [column for *_, column in columns if column in raw_columns]
    lines = shop.query_build(
        "select order_line_id from core.int_order_lines_validated "
        "where order_line_id is not null limit 1"
    )[0][0]
    with duckdb.connect(shop.marts, read_only=True) as connection:
        for schema, table, column in columns:
            if table == "customer_explanations":
                continue
            found = connection.execute(
                f'select count(*) from "{schema}"."{table}" where cast("{column}" as varchar) = ?',
                [lines],
            ).fetchone()
            assert found == (0,), (table, column)
