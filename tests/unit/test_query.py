"""make query: what it prints, what it refuses, and that it reads the published file only."""

import json
import os
import re
import shutil
import subprocess
import sys

import duckdb
import pytest

from common.console import WRONG_USE, Problem
from common.project_root import ROOT
from common.settings import make_variables
from common.warehouse_paths import Warehouse
from handover import query as asking

# Texts as hostile customers have them: a terminal's escape, quotes, separators, a line break.
HOSTILE = '\x1b[31mred\n"it\'s", so'


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory):
    """A warehouse with a published file of a few rows of each type."""
    made = Warehouse(tmp_path_factory.mktemp("query") / "it's a warehouse")
    made.create()
    with duckdb.connect(made.marts_db) as connection:
        connection.execute(
            "create table kinds as select ? as text, '' as empty, null as nothing, true as yes, "
            "cast(1.5 as decimal(18, 4)) as money, 0.1 as share, 2::bigint as many, "
            "date '2025-01-31' as day, [1.5, null] as items, 'nan'::double as odd",
            [HOSTILE],
        )
        connection.execute("create table numbers as select range as number from range(250)")
    made.marts_db.chmod(0o444)
    return made


def query(warehouse, **given):
    """Ask as make does; returns exit code, output and messages."""
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "query.py")],
        env={**os.environ, "WAREHOUSE": str(warehouse.path), **given},
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout, ended.stderr


def test_a_table_shows_values_and_what_a_terminal_would_obey_is_spelled_out(warehouse):
    code, out, err = query(warehouse, SQL="from kinds")
    assert (code, err) == (0, "")
    head, row = out.splitlines()
    assert head.split() == [
        "text", "empty", "nothing", "yes", "money", "share", "many", "day", "items", "odd",
    ]  # fmt: skip
    assert "\x1b" not in out
    assert row.strip().startswith('\\x1b[31mred\\n"it\'s", so')
    cells = row.replace(", ", ",").split()[-8:]
    assert cells == ["null", "true", "1.5000", "0.1", "2", "2025-01-31", "[1.5,null]", "nan"]


def test_csv_has_all_rows_exactly(warehouse):
    code, out, _ = query(warehouse, SQL="from kinds", FORMAT="csv")
    assert code == 0
    assert out == (
        "text,empty,nothing,yes,money,share,many,day,items,odd\n"
        '"\x1b[31mred\n""it\'s"", so","",,true,1.5000,0.1,2,2025-01-31,"[1.5, null]",nan\n'
    )
    _, out, _ = query(warehouse, SQL="from numbers order by 1", FORMAT="csv")
    assert out.splitlines() == ["number", *map(str, range(250))]


def test_csv_holds_no_formulas(warehouse):
    sql = (
        "select '=1+1' as a, chr(9) || 'x' as b, -1.5 as c, '-2' as \"=d\", date '2025-01-01' as e"
    )
    _, out, _ = query(warehouse, SQL=sql, FORMAT="csv")
    assert out == "a,b,c,'=d,e\n'=1+1,'\tx,-1.5,'-2,2025-01-01\n"


def test_json_has_all_rows_with_their_types(warehouse):
    _, out, _ = query(warehouse, SQL="from kinds", FORMAT="json")
    assert json.loads(out) == [
        {
            "text": HOSTILE,
            "empty": "",
            "nothing": None,
            "yes": True,
            "money": 1.5,
            "share": 0.1,
            "many": 2,
            "day": "2025-01-31",
            "items": [1.5, None],
            "odd": None,
        }
    ]
    _, out, _ = query(warehouse, SQL="from numbers", FORMAT="json")
    assert len(json.loads(out)) == 250
    assert json.loads(query(warehouse, SQL="from numbers limit 0", FORMAT="json")[1]) == []


def test_a_long_table_is_cut_and_says_so(warehouse):
    code, out, err = query(warehouse, SQL="from numbers order by 1")
    assert code == 0
    assert [line.strip() for line in out.splitlines()] == ["number", *map(str, range(100))]
    assert "first 100 rows" in err
    assert "first 100 rows" not in query(warehouse, SQL="from numbers limit 100")[2]
    assert query(warehouse, SQL="from numbers limit 0")[1:] == ("  number\n", "no rows\n")


def test_the_last_of_several_statements_is_shown(warehouse):
    sql = "create temp table t as select max(number) as m from numbers; select m + 1 as n from t;"
    assert query(warehouse, SQL=sql)[1].split() == ["n", "250"]


@pytest.mark.parametrize(
    ("sql", "shown"),
    [
        ("create table more (id integer)", "read-only"),
        ("insert into numbers values (1)", "read-only"),
        ("select numbr from numbers", "number"),
        ("selec 1", "syntax error"),
        ("from nothing_of_the_kind", "does not exist"),
        ("select error('no ' || 'good')", "no good"),
        ("-- nothing", "no SQL"),
        ("from read_text('/etc/hostname')", "disabled"),
        ("from '/etc/hostname'", "does not exist"),
        ("copy numbers to 'out.csv'", "disabled"),
        ("attach 'other.duckdb'", "disabled"),
        ("set enable_external_access = true", "locked"),
        ("from path", "does not exist"),
    ],
)
def test_what_cannot_be_is_refused_in_one_message(warehouse, sql, shown, monkeypatch, capsys):
    before = sorted(path.name for path in warehouse.path.iterdir())
    monkeypatch.setenv("WAREHOUSE", str(warehouse.path))
    monkeypatch.setenv("SQL", sql)
    with pytest.raises(Problem, match=re.escape(shown)) as caught:
        asking.main()
    assert caught.value.exit_code == WRONG_USE
    assert capsys.readouterr().out == ""
    assert sorted(path.name for path in warehouse.path.iterdir()) == before


def test_a_refusal_is_an_exit_code_and_a_message(warehouse):
    code, out, err = query(warehouse, SQL="selec 1")
    assert (code, out) == (WRONG_USE, "")
    assert err.startswith("Error: ")
    assert "syntax error" in err
    assert "Traceback" not in err


def test_a_file_is_asked_by_path_and_by_name(warehouse, tmp_path):
    file = tmp_path / "my question.sql"
    file.write_text("-- How many?\nselect count(*) as n from numbers;\n", encoding="utf-8")
    assert query(warehouse, FILE=str(file))[1].split() == ["n", "250"]
    code, _, err = query(warehouse, FILE="best_segment")
    assert code == WRONG_USE
    assert "did you mean best_segments?" in err
    file.write_bytes(b"select '\xff'")
    assert query(warehouse, FILE=str(file))[0] == WRONG_USE


def test_without_a_question_those_of_the_project_are_listed(warehouse):
    code, _, err = query(warehouse)
    assert code == WRONG_USE
    for path in (ROOT / "scripts" / "queries").glob("*.sql"):
        assert path.stem in err


def test_two_questions_and_other_formats_are_refused(warehouse):
    assert query(warehouse, SQL="select 1", FILE="best_segments")[0] == WRONG_USE
    code, _, err = query(warehouse, SQL="select 1", FORMAT="xls")
    assert code == WRONG_USE
    assert "expected one of table, csv, json" in err


def test_where_nothing_is_published_one_line_says_so(tmp_path):
    code, _, err = query(Warehouse(tmp_path), SQL="select 1")
    assert code == 1
    assert "run make build" in err
    assert len(err.splitlines()) == 1


def test_a_damaged_file_is_told(warehouse, tmp_path):
    damaged = Warehouse(tmp_path)
    shutil.copy(warehouse.marts_db, damaged.marts_db)
    damaged.marts_db.chmod(0o644)
    damaged.marts_db.write_bytes(b"no database")
    code, _, err = query(damaged, SQL="select 1")
    assert code == 1
    assert "cannot be read" in err


def test_sql_in_several_lines_is_one_value_of_make():
    flags = r" -- SQL=select\ 1\ --\ x\ =\ 2" + "\nwhere\\ a=1 FORMAT=csv"
    assert make_variables(flags) == ["SQL", "FORMAT"]
