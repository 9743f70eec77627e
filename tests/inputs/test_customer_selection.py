"""Which rows, columns and values of a table of customers count, and how its ids are read."""

from __future__ import annotations

import json

import pytest

from checking import check
from checking.json_report import findings_json
from common.settings import resolve
from loading.id_column import VIEW
from tried import Files, Tried, try_files, try_load

pytestmark = pytest.mark.inputs

PEOPLE = "client_id,age,income,plan\n" + "".join(
    f"k{n},{-999 if n % 10 == 0 else 20 + n},{'n/a' if n % 8 == 0 else 900 + n * 7},"
    f"{'old' if n % 4 == 3 else 'new'}\n"
    for n in range(40)
)
HIDDEN = "hidden_missing_codes"


def tried(folder, mapping: str, people: str = PEOPLE, **settings: str) -> Tried:
    files: Files = {"customers.csv": people}
    if mapping:
        files["columns.yml"] = mapping
    return try_files(folder, files, SOURCE="own_table", **settings)


def test_hidden_codes_are_suspected_until_the_advised_line_declares_them(tmp_path):
    before = tried(tmp_path / "before", "")
    assert before.problem is None, before.problem
    (sentence,) = (s.sentence for s in before.findings.suspicions if s.kind == HIDDEN)
    advice = sentence.partition("in the folder that DATA names: ")[2]
    assert advice == 'customers: {_missing: {"age": [-999]}}'
    after = tried(tmp_path / "after", advice + "\n")
    assert after.problem is None, after.problem
    assert HIDDEN not in after.suspicions()
    assert after.query(f"select count(*), count(age) from raw.{VIEW}") == [(40, 36)]


def test_a_source_that_takes_no_missing_codes_is_not_advised_to_declare_them(tmp_path):
    header = "CustomerID,Genre,Age,Annual Income (k$),Spending Score (1-100)\n"
    rows = "".join(f"{n},Male,{-999 if n < 3 else 20 + n},{n + 9},{n + 1}\n" for n in range(30))
    found = try_files(tmp_path, {"customers.csv": header + rows}, SOURCE="mall_customers")
    (sentence,) = (s.sentence for s in found.findings.suspicions if s.kind == HIDDEN)
    assert sentence.endswith("leave them empty")


def test_values_that_stand_for_none_are_null_before_anything_is_read(tmp_path):
    found = tried(tmp_path, "_missing: [-999, N/A]\n_where: income > 0 or age > 0\n")
    assert found.problem is None, found.problem
    kinds = {each.name: each.kind for each in found.findings.attributes}
    assert kinds["age"] == "whole numbers, 21 to 59"
    assert kinds["income"] == "whole numbers, 907 to 1173"
    # Both are missing of k0, and are no numbers above 0.
    assert found.outcomes["customers", "left_out", "not_selected"] == 1
    assert found.accepted("customers") == 39
    # Four ages and five incomes.
    assert "9 cells taken for missing by _missing: -999, N/A" in " ".join(found.shown.split())
    assert {t.table.name: t.missing for t in found.findings.loaded.tables} == {"customers": 9}
    assert json.loads(findings_json(found.findings))["taken_for_missing"] == {"customers": 9}


def test_rows_are_left_out_and_columns_not_used(tmp_path):
    mapping = "customers:\n  _where: plan <> 'old'\n  _only: [Age, income]\n"
    found = tried(tmp_path, mapping)
    assert found.problem is None, found.problem
    assert found.outcomes["customers", "left_out", "not_selected"] == 10
    assert found.accepted("customers") == 30
    assert "10 rows left out by _where: plan <> 'old'" in " ".join(found.shown.split())
    (row,) = found.query(f"select * exclude (_file, _row_number) from raw.{VIEW} where age = '21'")
    assert row == ("k1", "21", "907")
    assert [each.name for each in found.findings.attributes] == ["age", "income"]
    assert list(found.findings.loaded.tables[0].mapped.columns) == ["client_id", "age", "income"]


def test_the_named_id_stays_where_other_columns_are_chosen(tmp_path):
    files = {"customers.csv": PEOPLE, "columns.yml": "_only: [plan, age]\n"}
    found = try_load(tmp_path, files, SOURCE="own_table", ID="Client ID")
    assert found.problem is None, found.problem
    columns = found.query(
        "select column_name from duckdb_columns() where schema_name = 'raw' "
        f"and table_name = '{VIEW}' order by column_index"
    )
    names = ["customer_id", "age", "plan", "_file", "_row_number"]
    assert [name for (name,) in columns] == names


@pytest.mark.parametrize(
    ("mapping", "says"),
    [
        ("age: years\n", "age: this source takes no other columns: expected one of _file, _skip"),
        ("_join: {a.csv: id}\n", "_lines, _where, _only, _missing"),
        ("customers:\n  customer_id: client_id\n", "line 2: customer_id: this source takes no"),
        ("_only: [agee]\n", "'agee' is no column (did you mean age?)"),
        ("_missing: {agee: [0]}\n", "'agee' is no column (did you mean age?)"),
        ("_where: age\n", "'age' is no condition"),
    ],
)
def test_lines_that_a_table_of_customers_does_not_take(tmp_path, mapping, says):
    files = {"customers.csv": PEOPLE, "columns.yml": mapping}
    message = str(try_load(tmp_path, files, SOURCE="own_table").problem)
    assert message.startswith("columns.yml, line ") and says in message and "\n" not in message


def test_a_single_file_has_no_columns_yml(tmp_path):
    found = try_load(
        tmp_path / "folder",
        {"customers.csv": PEOPLE, "columns.yml": "_missing: [-999]\n"},
        SOURCE="own_table",
    )
    assert "taken for missing" in found.shown
    file = tmp_path / "folder" / "data" / "customers.csv"
    given = {"SOURCE": "own_table", "DATA": str(file), "WAREHOUSE": str(tmp_path / "w")}
    assert HIDDEN in {each.kind for each in check.check(resolve(given)).suspicions}


IDS = "id,age,spend\n0,30,4\n12.0,31,5\n13,32,9\nA@x.org,33,6\nb@x.org,34,2\nc@x.org,35,1\n"


@pytest.mark.parametrize(
    ("settings", "rejected", "example"),
    [
        ({}, {}, "12.0"),
        ({"MISSING_IDS": "0,B@x.org"}, {"missing_customer_id": 2}, "12.0"),
        ({"IDS": "as_written"}, {}, None),
    ],
)
def test_ids_are_read_as_those_of_orders(tmp_path, settings, rejected, example):
    found = tried(tmp_path, "", IDS, **settings)
    assert found.problem is None, found.problem
    assert found.reasons("customers") == rejected
    assert ("such as '12.0' read as '12'" in found.shown) == (example is not None)
    rules = found.query("select source_table, column_name, format from raw.column_formats")
    assert {rule[:2] for rule in rules} <= {(VIEW, "customer_id")}
    assert ("email" in {rule[2] for rule in rules}) == (example is not None)


def test_ids_that_are_alike_are_one_customer(tmp_path):
    people = IDS + "a@X.org,33,6\n"
    assert tried(tmp_path / "1", "", people).reasons("customers") == {"exact_duplicate": 1}
    assert tried(tmp_path / "2", "", people, IDS="as_written").reasons("customers") == {}
