"""Seeds and marts that a build could not use are refused before anything is loaded."""

from __future__ import annotations

import csv
import io
import shutil
from pathlib import Path

import duckdb
import pytest

from common.console import DATA_REFUSED, WRONG_USE, Problem
from common.project_sql import ProjectSql, Relation
from common.settings import resolve
from common.warehouse_paths import Warehouse
from loading import definitions, project_files
from loading.load_raw import load
from loading.project_files import (
    GROUPS,
    SEGMENTS,
    check_marts,
    check_playbook,
    read_names,
    unused_names,
)
from shops import ROOT, SHOP

SEEDS = ROOT / "dbt_project" / "seeds"
DEFINITIONS, RULES, NAMES, GROUP_NAMES = (
    "feature_definitions.csv",
    "playbook_rules.csv",
    "segment_name_overrides.csv",
    "product_group_name_overrides.csv",
)
EXAMPLES = {
    DEFINITIONS: (SEEDS / DEFINITIONS).read_text(encoding="utf-8"),
    RULES: (SEEDS / RULES).read_text(encoding="utf-8"),
    NAMES: "source,segment_id,segment_name\nown_files,1,Regulars\nown_files,2,Guests\n",
    GROUP_NAMES: "source,product_group,group_name\nown_files,lunch bag,Bags\n"
    "own_files,cake tins,Tins\n",
}
TEXT_COLUMNS = {
    DEFINITIONS: "label",
    RULES: "positioning",
    NAMES: "segment_name",
    GROUP_NAMES: "group_name",
}


def read(path: Path) -> None:
    """Read a seed as a build does before it loads anything."""
    if path.name == DEFINITIONS:
        definitions.seed_rows(path)
    elif path.name in (NAMES, GROUP_NAMES):
        read_names(path, SEGMENTS if path.name == NAMES else GROUPS)
    else:
        with duckdb.connect() as connection:
            project = ProjectSql(
                connection, {"source": "own_files"}, lambda name: Relation("main", name)
            )
            check_playbook(connection, project, path)


def refused(path: Path, content: bytes) -> str:
    """Return the one line that a seed is refused with."""
    path.write_bytes(content)
    with pytest.raises(Problem) as caught:
        read(path)
    shown = str(caught.value)
    assert caught.value.exit_code == DATA_REFUSED
    assert shown.startswith(f"{path.name}: ")
    assert shown.isprintable()
    assert len(shown) < 1500
    return shown


def with_cell(name: str, row: int, column: str, value: str) -> bytes:
    """Return a seed with another value in one cell (row 1 is the first after the header)."""
    records = list(csv.reader(io.StringIO(EXAMPLES[name])))
    records[row][records[0].index(column)] = value
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(records)
    return text.getvalue().encode("utf-8", errors="surrogatepass")


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("written", ["plain", "crlf", "bom", "cr"])
def test_seeds_are_read_however_an_editor_saves_them(tmp_path: Path, name: str, written: str):
    text = EXAMPLES[name]
    content = {
        "plain": text.encode(),
        "crlf": text.replace("\n", "\r\n").encode(),
        "bom": b"\xef\xbb\xbf" + text.encode(),
        "cr": text.replace("\n", "\r").encode(),
    }[written]
    (tmp_path / name).write_bytes(content)
    read(tmp_path / name)


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("=HYPERLINK(\"http://x\")", "no spreadsheet takes for a formula"),
        ("@SUM(1)", "no spreadsheet takes for a formula"),
        ("＋cmd|' /C calc'!A0", "no spreadsheet takes for a formula"),  # noqa: RUF001
        ("red\x1b[31m", "without control characters"),
        ("a\u202eb", "without control characters"),
        ("a\x9bb", "without control characters"),
        ("two\nlines", "without control characters"),
        ("x" * 5000, "at most"),
        ("", "found ''"),
    ],
)  # fmt: skip
def test_hostile_texts_are_refused_with_their_place(
    tmp_path: Path, name: str, value: str, expected: str
):
    shown = refused(tmp_path / name, with_cell(name, 2, TEXT_COLUMNS[name], value))
    assert f"row 2, column {TEXT_COLUMNS[name]}: " in shown
    assert expected in shown


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text.encode("utf-16"), "save it as UTF-8"),
        (lambda text: text.encode("utf-32"), "save it as UTF-8"),
        (lambda text: text.replace("\n", "\nGr\u00fc\u00dfe,", 1).encode("cp1252"), "in line 2"),
        (lambda text: text.replace("\n", "\n\0", 1).encode(), "NUL byte in line 2"),
        (lambda text: text.replace("\n", "\n,", 1).encode(), "row 1 has"),
        (lambda text: (text + "x" * 2**21).encode(), "bytes"),
        (lambda text: text.replace("source", "so").replace("strategy", "x", 1).encode(), "column"),
        (lambda text: text.replace("\n", ",source,strategy\n", 1).encode(), "column"),
        (lambda _: b"", "no column"),
        (lambda text: text.encode() + b'"never closed', "cannot be read as CSV"),
    ],
)  # fmt: skip
def test_files_that_are_no_seed_are_refused(tmp_path: Path, name: str, change, expected: str):
    assert expected in refused(tmp_path / name, change(EXAMPLES[name]))


@pytest.mark.parametrize(
    ("name", "row", "column", "value", "expected"),
    [
        (DEFINITIONS, 1, "weight", "1e999", "a number from 0"),
        (DEFINITIONS, 1, "weight", "\u0661", "a number from 0"),
        (DEFINITIONS, 1, "weight", "1_000", "a number from 0"),
        (DEFINITIONS, 3, "transform", "LOG1P", "expected log1p"),
        (DEFINITIONS, 3, "source", "own_flies", "own_files"),
        (DEFINITIONS, 3, "source", " *", "no spaces around it"),
        (DEFINITIONS, 3, "family", "null", "not null"),
        (DEFINITIONS, 3, "feature", "spend_per_28_days", "is defined in row 1 too"),
        (RULES, 3, "conditions", "", "conditions, or any"),
        (RULES, 3, "conditions", "stage:now share >= 0.5", "such as stage:new share"),
        (RULES, 3, "conditions", "feature:discounts_rate mean > 1", "feature:discount_rate mean"),
        (RULES, 3, "conditions", "retention index surely <= 80", "a measure, a figure of it"),
        (RULES, 3, "conditions", "stage:new share >= 50", "a share from 0 to 1"),
        (RULES, 5, "strategy", "nourish", "one of protect"),
        (RULES, 2, "rule_order", "1", "a whole number that no other rule has"),
        (NAMES, 2, "segment_id", "1", "row 1 names it too"),
        (NAMES, 2, "segment_id", "1.0", "the number of a segment"),
        (NAMES, 2, "segment_id", "99999999999999999999", "the number of a segment"),
        (NAMES, 2, "segment_name", "REGULARS", "row 1 gives this one to segment 1"),
        (NAMES, 2, "segment_name", "n" * 101, "at most 100 characters"),
        (NAMES, 2, "source", "own_flies", "did you mean own_files"),
        (GROUP_NAMES, 2, "product_group", "lunch bag", "row 1 names it too"),
        (GROUP_NAMES, 2, "group_name", "BAGS", "gives this one to product group lunch bag"),
    ],
)  # fmt: skip
def test_cells_that_cannot_be_are_refused_with_their_place(
    tmp_path: Path, name: str, row: int, column: str, value: str, expected: str
):
    shown = refused(tmp_path / name, with_cell(name, row, column, value))
    assert f"row {row}, column {column}: " in shown
    assert expected in shown


# --- features that nothing computes


def settings_of(folder: Path, **given: object):
    return resolve(
        {
            "SOURCE": "own_files",
            "DATA": str(SHOP),
            "WAREHOUSE": str(folder / "warehouse"),
            **{name.upper(): str(value) for name, value in given.items()},
        }
    )


def loaded(folder: Path, text: str, **given: object) -> str:
    """Load the fixture shop by these definitions; returns the refusal, or nothing."""
    path = folder / "d.csv"
    path.write_text(text, encoding="utf-8")
    settings = settings_of(folder, definitions=path, **given)
    Warehouse(settings.warehouse).create()
    try:
        load(settings)
    except Problem as problem:
        assert problem.exit_code == DATA_REFUSED
        return str(problem)
    return ""


def test_a_clustered_feature_that_nothing_computes_is_refused_at_loading(tmp_path: Path):
    shown = loaded(tmp_path, "feature\nspend_per_28_days\nspend_per_28_day\n")
    assert shown.startswith("DEFINITIONS: d.csv: row 2, column feature: nothing computes ")
    assert "(did you mean spend_per_28_days?)" in shown


def test_one_that_is_only_profiled_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    text = "feature,is_clustered\nspend_per_28_days,true\nshoe_size,false\n"
    assert loaded(tmp_path, text) == ""
    assert "row 2, column feature: nothing computes 'shoe_size'" in capsys.readouterr().err


def test_attributes_of_customers_are_computed(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    with (SHOP / "customers.csv").open(encoding="utf-8") as file:
        attribute = next(name for name in next(csv.reader(file)) if name != "customer_id")
    assert loaded(tmp_path, f"feature\nspend_per_28_days\n{attribute}\n") == ""
    assert "nothing computes" not in capsys.readouterr().err


def test_it_is_refused_before_any_order_is_read(tmp_path: Path):
    data = shutil.copytree(SHOP, tmp_path / "data")
    (data / "order_lines.csv").write_bytes(b"no,order,lines\n1,2,3\n")
    assert "nothing computes 'shoe_size'" in loaded(
        tmp_path, "feature\nspend_per_28_days\nshoe_size\n", data=data
    )


def test_rows_of_the_seed_for_every_source_are_about_orders(tmp_path: Path, monkeypatch):
    seeds = shutil.copytree(SEEDS, tmp_path / "seeds")
    with (seeds / DEFINITIONS).open("a", encoding="utf-8") as file:
        file.write("*,40,no_such_thing,none,value,none,log1p,1.0,true,zero,more,less\n")
    seed = definitions.seed_file(seeds / DEFINITIONS)
    last = max(number for number, _ in seed.rows())
    monkeypatch.setattr(definitions, "seed_file", lambda *_: seed)
    settings = settings_of(tmp_path)
    Warehouse(settings.warehouse).create()
    expected = f"^{DEFINITIONS}: row {last}, column feature: nothing computes 'no_such_thing'"
    with pytest.raises(Problem, match=expected):
        load(settings)


# --- names of segments that are gone


def published_segments(folder: Path) -> Warehouse:
    """A published file whose second fit retired segment 2 and opened segment 3."""
    warehouse = Warehouse(folder)
    folder.mkdir()
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute("create schema history")
        connection.execute(
            "create table history.segments as select * from (values (1, 1, 'opened'), "
            "(1, 2, 'opened'), (2, 1, 'kept'), (2, 2, 'retired'), (2, 3, 'opened')) "
            "as t(fit_number, segment_id, lineage)"
        )
    return warehouse


def test_a_name_for_a_segment_that_is_gone_is_said(tmp_path, monkeypatch):
    path = tmp_path / NAMES
    path.write_text(
        "source,segment_id,segment_name\nown_files,1,Regulars\nown_files,2,Guests\n"
        "own_files,9,Nobody\nonline_retail,2,Others\n",
        encoding="utf-8",
    )
    monkeypatch.setattr(project_files, "SEEDS", tmp_path)
    warehouse = published_segments(tmp_path / "published")
    settings = settings_of(tmp_path)
    assert list(unused_names(settings, warehouse)) == [
        "segment_name_overrides.csv: row 2, column segment_id: segment 2 was retired, so the name "
        "'Guests' is not used; the segments are 1, 3",
        "segment_name_overrides.csv: row 3, column segment_id: segment 9 has not been opened, so "
        "the name 'Nobody' is not used; the segments are 1, 3",
    ]
    assert not list(unused_names(settings, Warehouse(tmp_path / "nothing")))


# --- marts


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("- name: data_quality\n", "- name: data_qualities\n", "no YAML file"),
        ("        enforced: true\n", "        enforced: false\n", "no enforced contract"),
        ("      - primary_key\n", "      - primary_keys\n", "no test primary_key"),
        ("        primary_key:\n", "        key:\n", "no primary_key in its meta"),
        ("    columns:\n      - name", "    columms:\n      - name", "no columns"),
        ("version: 2\n", "version: [2\n", "cannot be read as YAML"),
    ],
)  # fmt: skip
def test_a_mart_without_contract_comment_or_test_is_refused(tmp_path, old, new, expected):
    marts = shutil.copytree(ROOT / "dbt_project" / "models" / "marts", tmp_path / "marts")
    check_marts(marts)
    for path in marts.rglob("*.yml"):
        path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(Problem) as caught:
        check_marts(marts)
    assert caught.value.exit_code == WRONG_USE
    assert expected in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_mart_of_sql_alone_is_refused(tmp_path):
    marts = shutil.copytree(ROOT / "dbt_project" / "models" / "marts", tmp_path / "marts")
    (marts / "segment_extra.sql").write_text("select 1 as one\n", encoding="utf-8")
    with pytest.raises(Problem, match=r"segment_extra\.sql: no YAML file in marts describes"):
        check_marts(marts)
