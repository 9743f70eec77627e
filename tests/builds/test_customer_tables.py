"""Sources with one row per customer: what is found in a table, and what a build makes of it."""

from __future__ import annotations

import csv
import random
import re
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from common.console import DATA_REFUSED, WRONG_USE, Problem
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from customer_tables import any_customers, mall_customers, personality_customers, write_table
from loading.definition_rows import COLUMNS
from loading.definitions import FILE_NAME, feature_name, keep_previous
from loading.load_raw import load
from shops import ROOT, Builds, Built, build, copy_warehouse, read_csv

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SEED = ROOT / "dbt_project" / "seeds" / FILE_NAME


# --- whole builds


def build_mall(builds: Builds) -> Built:
    """Build a mall's customers, in the export with other names and line ends."""
    folder = builds.folder("mall")
    data = write_table(folder / "Mall.csv", mall_customers(is_variant=True), line_end="\r\n")
    return build(data, folder / "warehouse", source="mall_customers")


def build_personality(builds: Builds) -> Built:
    """Build customers of a food retailer, separated by tabs; DATA is the folder."""
    folder = builds.folder("personality")
    write_table(folder / "data" / "marketing.csv", personality_customers(), delimiter="\t")
    return build(folder / "data", folder / "warehouse", source="customer_personality")


def build_table(builds: Builds) -> Built:
    """Build a table with a column of every kind."""
    folder = builds.folder("table")
    data = write_table(folder / "customers.csv", any_customers(), encoding="cp1252")
    return build(data, folder / "warehouse", source="own_table")


def build_table_again(builds: Builds) -> Built:
    """Build the same rows and columns in another order, by definitions of one's own."""
    folder = builds.folder("table again")
    rng = random.Random(1)
    records = any_customers()
    names = rng.sample(list(records[0]), len(records[0]))
    rng.shuffle(records)
    data = write_table(folder / "customers.csv", [{n: r[n] for n in names} for r in records])
    definitions = folder / "mine.csv"
    proposed = read_csv(builds["table"].warehouse.path / FILE_NAME)
    kept = [row for row in proposed if row["feature"] in ("income", "visits")]
    write_table(definitions, kept)
    warehouse = copy_warehouse(builds["table"], folder / "warehouse")
    return build(data, warehouse, source="own_table", definitions=definitions)


BUILDS = {"mall": build_mall}
CHAINS = [
    {"personality": build_personality},
    {"table": build_table, "table again": build_table_again},
]


def test_the_textbook_segments_are_found_by_the_rule(builds):
    mall = builds["mall"].checked()
    assert mall.current_run("k", "seed", "segmented_customer_count") == (5, 20170101, 200)
    assert mall.query("select distinct choice_reason from segmentation_k_scan where is_chosen")
    clustered = mall.query("select feature from feature_catalog where is_used order by feature")
    assert clustered == [("annual_income",), ("spending_score",)]
    profiled = mall.query("select distinct feature from segment_profiles order by feature")
    assert profiled == [("age",), ("annual_income",), ("spending_score",)]
    shown = mall.query("select distinct attribute from segment_demographics order by attribute")
    assert shown == [("age_band",), ("gender",)]
    assert "Left out" not in mall.output


def test_the_textbook_segments_have_rules_in_their_own_units(builds):
    """Four corners of income and spending score by both, and the middle by one or both."""
    rules = builds["mall"].query(
        "select condition_count, coverage, precision, rule_sql from segment_rules "
        "order by segment_id"
    )
    assert len(rules) == 5
    assert sorted(conditions for conditions, *_ in rules) in ([1, 2, 2, 2, 2], [2] * 5)
    for conditions, coverage, precision, rule_sql in rules:
        assert min(coverage, precision) > 0.95
        bounded = [name in rule_sql for name in ('"annual_income"', '"spending_score"')]
        assert sum(bounded) == conditions
        assert '"age"' not in rule_sql


def test_a_source_without_orders_has_its_marts(builds):
    mall = builds["mall"].checked()
    names = "status, order_count, spend, last_order_date, run_number"
    assert mall.query(f"select distinct {names} from customer_segments") == [
        ("segmented", 0, 0, None, 1)
    ]
    assert mall.query(
        "select distinct spend_share, mean_days_since_last_order from segment_summary"
    ) == [(None, None)]
    assert mall.query("select count(*) from segment_movement") == [(0,)]
    shown = " ".join(mall.output.split())
    empty = re.search(r"No orders in this source, so these marts are empty: ([a-z_, ]*)", shown)
    assert "segment_movement" in empty[1]
    assert "of spend" not in mall.output
    assert mall.current_run("baseline_finding") == (
        "Not measured: without orders no customer can be followed",
    )
    (as_of_date,) = mall.current_run("as_of_date")
    (loaded_at,) = mall.one("select cast(max(loaded_at) as date) from history.load_ledger")
    assert as_of_date == loaded_at
    assert mall.query(
        "select count(distinct as_of_date), count(observed_days) from customer_features"
    ) == [(1, 0)]


@pytest.mark.parametrize("name", ["mall", pytest.param("table", marks=pytest.mark.many_builds)])
def test_macros_work_without_orders(builds, name):
    built = builds[name].checked()
    used = built.query("select feature from feature_catalog where is_used order by feature")
    explained = built.query(
        "select explained.feature from explain_customer("
        "(select min(customer_id) from customer_segments)) as explained order by 1"
    )
    assert explained == used
    with duckdb.connect() as connection:
        connection.execute(f"attach '{built.marts}' as marts (read_only)")
        connection.execute("use marts")
        connection.execute("create temp table mine as select * from customer_features")
        compared = connection.execute(
            "select count(*), count(*) filter ("
            "where scored.segment_id <> customer_segments.segment_id) "
            "from score_customers('mine') as scored "
            "inner join customer_segments using (customer_id)"
        ).fetchone()
    assert compared == (*built.current_run("customer_count"), 0)


@pytest.mark.many_builds
def test_ages_and_days_are_counted_to_the_last_enrolment(builds):
    built = builds["personality"].checked()
    features = dict(
        built.query("select feature, max(value) from customer_feature_values group by feature")
    )
    assert features["age"] <= 2013 - 1945
    assert 0 < features["enrolled_days"] < 365
    known = dict(
        built.query("select attribute, count(*) from customer_attributes group by attribute")
    )
    assert known["customers" if "customers" in known else "education"] == 240
    assert (known["age"], known["income"]) == (239, 239)
    assert built.current_run("segmented_customer_count", "rejected_row_count") == (240, 0)
    assert not any("z_" in attribute for attribute in known)
    shown = {a for (a,) in built.query("select distinct attribute from segment_demographics")}
    assert {"education", "marital_status", "age_band"} <= shown
    assert not {"income", "spend_on_wine"} & shown


@pytest.mark.many_builds
def test_a_table_is_typed_and_definitions_are_proposed(builds):
    built = builds["table"].checked()
    written = {row["feature"]: row for row in read_csv(built.warehouse.path / FILE_NAME)}
    assert set(written) == {"income", "visits", "größe_cm", "vip"}
    assert list(written["income"]) == list(COLUMNS) == SEED.read_text().splitlines()[0].split(",")
    assert [f for f, row in written.items() if row["is_clustered"] == "true"] == [
        "größe_cm",
        "income",
        "visits",
    ]
    assert written["visits"]["transform"] == "log1p"
    assert (written["vip"]["unit"], written["vip"]["weight"]) == ("share of customers", "0.0")
    (dropped,) = built.current_run("dropped_features")
    for reason in (
        "currency (constant)",
        "email (near-unique text: 150 values of 150)",
        "joined (dates or times: a feature is a number)",
        "row (numbers the rows)",
        "zip code (an id or a code, going by its name)",
    ):
        assert reason in dropped
        assert reason.split(" (")[1] in " ".join(built.output.split())
    assert "id column client no." in built.output
    shown = {a for (a,) in built.query("select distinct attribute from segment_demographics")}
    assert shown == {"city", 'said "; drop', "vip", "currency"}
    assert built.one(
        "select value from customer_attributes where attribute = 'city' and value like 'K%' limit 1"
    ) == ("Köln",)
    assert built.one(
        "select count(*) from customer_feature_values where feature = 'größe_cm' and value is null"
    ) == (1,)
    assert built.one("select count(*) from customer_segments where customer_id = 'K''0001'") == (1,)


@pytest.mark.many_builds
def test_definitions_that_are_given_win(builds):
    built = builds["table again"].checked()
    used = built.query("select feature from feature_catalog where is_used order by feature")
    assert used == [("income",), ("visits",)]
    run = built.current_run("run_number", "k", "refit_reason", "customer_count")
    assert run == (2, 3, "feature definitions changed", 150)
    assert built.query("select count(*) from segment_movement where basis = 'runs'") != [(0,)]
    assert FILE_NAME not in built.output
    assert "segment_movement" not in built.output


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
