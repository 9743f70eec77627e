"""Files with one row per customer: the id column, and definitions that come with them."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from common.console import DATA_REFUSED, WRONG_USE, Problem
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from customer_tables import SEED, write_table
from loading.definitions import FILE_NAME, feature_name, keep_previous
from loading.load_raw import load
from shops import ROOT

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


# --- loading


def settings(folder: Path, data: Path, **given: object) -> Settings:
    chosen = {"SOURCE": "own_table", "DATA": str(data), "WAREHOUSE": str(folder / "warehouse")}
    return resolve(chosen | {name.upper(): str(value) for name, value in given.items()})


def refused(chosen: Settings) -> str:
    with pytest.raises(Problem) as caught:
        load(chosen, NOW)
    assert caught.value.exit_code == DATA_REFUSED
    assert "\n" not in str(caught.value)
    return str(caught.value)


def identified(chosen: Settings, capsys: pytest.CaptureFixture) -> str:
    load(chosen, NOW)
    return re.search(r"id column (.*) \(another", capsys.readouterr().out)[1]


@pytest.mark.parametrize(
    ("header", "rows", "expected"),
    [
        ("age,CustomerID,email", ["7,1,a", "8,2,b"], "customerid"),
        ("email,age,Client No", ["a,7,1", "b,8,2"], "client no"),
        ("email,id", ["a,1", "b,2"], "id"),
        ("age,household_key", ["7,1", "7,2"], "household_key"),
        ("email,order_id,user", ["a,1,x", "b,2,y"], "user"),
        ("age,email", ["7,a", "7,b"], "email"),
        # Rows that lack or repeat it are rejected one by one.
        ("age,customer id", ["7,1", "8,2", "9,2", "10,3", "11,"], "customer id"),
    ],
)
def test_the_id_column_is_found(tmp_path, capsys, header, rows, expected):
    path = tmp_path / "t.csv"
    path.write_text("\n".join([header, *rows]) + "\n")
    assert identified(settings(tmp_path, path), capsys) == expected


def test_the_id_column_that_is_asked_for_is_taken(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("customer_id,Card No.,age\n1,x,7\n2,y,8\n")
    chosen = settings(tmp_path, path, id="card no")
    assert load(chosen, NOW).customer_count == 2
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        rows = connection.execute(
            "select customer_id, other_customer_id, age from raw.customers_identified order by all"
        ).fetchall()
    assert rows == [("x", "1", "7"), ("y", "2", "8")]
    shown = refused(settings(tmp_path, path, id="crad no"))
    assert "ID=crad no" in shown
    assert "did you mean card no" in shown


def test_a_table_without_an_id_is_refused(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("age,city\n7,Rome\n7,Bonn\n8,Rome\n")
    shown = refused(settings(tmp_path, path))
    assert "different value in each of the 3 rows (age has 2; city has 2)" in shown
    assert "ID=" in shown


def test_a_folder_with_two_tables_is_refused(tmp_path):
    data = tmp_path / "data"
    for name in ("a.csv", "b.csv"):
        write_table(data / name, [{"id": 1, "age": name}])
    assert "a.csv, b.csv" in refused(settings(tmp_path, data))


def test_id_is_for_tables_without_a_known_one(tmp_path):
    with pytest.raises(Problem) as caught:
        settings(tmp_path, tmp_path, source="mall_customers", id="x")
    assert caught.value.exit_code == WRONG_USE


# --- definitions


@pytest.fixture
def table(tmp_path) -> Path:
    path = tmp_path / "t.csv"
    path.write_text("id,Annual Income (k$),age\n1,5,7\n2,6,8\n")
    return path


def definitions_loaded(folder: Path, table: Path, text: str) -> list[tuple]:
    path = folder / "d.csv"
    path.write_text(text)
    chosen = settings(folder, table, definitions=path)
    load(chosen, NOW)
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        return connection.execute("select * from raw.given_definitions order by all").fetchall()


def test_definitions_may_leave_out_what_is_mostly_so(tmp_path, table):
    found = definitions_loaded(tmp_path, table, "feature\nannual_income_k\n\nage\n")
    assert found[0] == (
        "*", 1, "annual_income_k", "annual income k", "attributes", "as in the file", "identity",
        1.0, True, "median", "high annual income k", "low annual income k",
    )  # fmt: skip
    assert len(found) == 2


def test_definitions_of_other_sources_do_not_count(tmp_path, table):
    text = "source,feature,weight\n*,age,2\nown_table,age,3\nown_files,nothing,1\n"
    found = definitions_loaded(tmp_path, table, text)
    assert [(row[0], row[2], row[7]) for row in found] == [("*", "age", 2), ("own_table", "age", 3)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("feature,wieght\nage,1\n", "'wieght' is not one of this file (did you mean weight"),
        ("name\nage\n", "no column feature"),
        ("", "no column feature"),
        ("feature,Feature\nage,age\n", "more than one column feature"),
        ("feature\n", "has no row whose source is * or own_table"),
        ("source,feature\nmall,age\n", "has no row whose source is * or own_table"),
        ("feature,weight\nage,-1\n", "row 1, column weight: found '-1', expected a number from 0"),
        ("feature,weight\nage,1\nage,nan\n", "row 2, column weight: found 'nan'"),
        ("feature,transform\nage,log\n", "row 1, column transform: found 'log', expected one of"),
        ("feature,is_clustered\nage,maybe\n", "row 1, column is_clustered: found 'maybe'"),
        ("feature,missing_value\nage,mean\n", "row 1, column missing_value: found 'mean'"),
        ("feature,position\nage,1.5\n", "row 1, column position: found '1.5'"),
        ("feature,label\n,Age\n", "row 1, column feature: found ''"),
        ("feature\nage\nage\n", "row 2, column feature: age is defined in row 1 too"),
        ("feature,is_clustered\nage,false\n", "no row has is_clustered true"),
        ("feature,weight\nage,1,2\n", "row 1 has 3 columns: expected 2"),
        ("feature\nanual_income\n", "row 1, column feature: nothing computes 'anual_income'"),
        ('feature\n"age\n', "cannot be read as CSV"),
    ],
)  # fmt: skip
def test_definitions_that_cannot_be_are_refused(tmp_path, table, text, expected):
    path = tmp_path / "d.csv"
    path.write_text(text)
    shown = refused(settings(tmp_path, table, definitions=path))
    assert shown.startswith("DEFINITIONS: d.csv: ")
    assert expected in shown


def test_a_file_of_definitions_that_is_not_there_is_wrong_use(tmp_path, table):
    with pytest.raises(Problem) as caught:
        settings(tmp_path, table, definitions=tmp_path / "none.csv")
    assert caught.value.exit_code == WRONG_USE


def test_a_proposal_that_was_edited_is_kept(tmp_path):
    target = tmp_path / FILE_NAME
    assert keep_previous(target, "a\n") is None
    assert keep_previous(target, "a\n") is None
    assert keep_previous(target, "b\n") == tmp_path / "feature_definitions.previous.csv"
    assert sorted(p.read_text() for p in tmp_path.iterdir()) == ["a\n", "b\n"]
    assert target.read_text() == "b\n"


def test_features_are_named_as_the_project_names_them():
    macro = r"trim(regexp_replace(lower(?), '[^\p{L}\p{N}]+', '_', 'g'), '_')"
    engines = (ROOT / "dbt_project" / "macros" / "engines.sql").read_text(encoding="utf-8")
    assert macro.replace("?", "{{ expression }}") in engines
    with duckdb.connect() as connection:
        for name in ("Annual Income (k$)", "Größe/cm", " a--b ", "年齢", "x_1", "$", "È.Ü"):
            assert connection.execute(f"select {macro}", [name]).fetchone() == (feature_name(name),)


def test_the_seed_defines_what_the_sources_have():
    with SEED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for source in ("mall_customers", "customer_personality"):
        model = (
            ROOT / "dbt_project" / "models" / "staging" / source / f"stg_{source}__customers.sql"
        ).read_text(encoding="utf-8")
        defined = [row["feature"] for row in rows if row["source"] == source]
        assert defined
        assert not [feature for feature in defined if f"('{feature}'," not in model]
