"""make check: totals, suspicions and the command that follows, for people and as JSON."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from checking import check
from checking.findings import Attribute
from checking.json_report import attribute_object
from common.console import Problem
from common.quoting import literal
from shops import ROOT, clean_environment
from tried import HEADER, Files, write

KEYS = [
    "accepted_lines",
    "orders",
    "customers",
    "customer_rows",
    "spend",
    "first_ordered_on",
    "last_ordered_on",
    "rejected",
    "duplicates",
    "left_out",
    "taken_for_missing",
    "filled_forward",
    "joined",
    "columns",
    "attributes",
    "suspicions",
    "next_command",
]
LINES = (
    HEADER
    + "o1,c1,2024-01-02,9.50\no1,c1,2024-01-02,0.50\no2,c2,2024-03-04,5\n"
    + "o2,c2,2024-03-05,-2\no3,,2024-03-05,7\n"
)


Run = Callable[..., subprocess.CompletedProcess[str]]


def environment_of(folder: Path, files: Files, **settings: str) -> dict[str, str]:
    """Return what is given with files of a folder whose name a shell would take apart."""
    data = write(folder / "it's my data", files)
    return clean_environment() | {"DATA": str(data), "WAREHOUSE": str(folder / "w")} | settings


@pytest.fixture
def run_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Does in this process what the script does."""

    def run(files: Files, **settings: str) -> subprocess.CompletedProcess[str]:
        monkeypatch.setattr(os, "environ", environment_of(tmp_path, files, **settings))
        try:
            code = check.main()
        except Problem as problem:
            code = problem.exit_code
        shown = capsys.readouterr()
        return subprocess.CompletedProcess([], code, shown.out, shown.err)

    return run


def test_json_is_one_object_with_the_totals_of_the_accepted_rows(run_check):
    files = {"order_lines.csv": LINES, "customers.csv": "customer_id,city\nc1,Ulm\nc2,Bonn\n"}
    finished = run_check(files, FORMAT="json")
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert list(found) == KEYS
    assert {key: found[key] for key in KEYS[:13]} == {
        "accepted_lines": 4,
        "orders": 3,
        "customers": 2,
        "customer_rows": 2,
        "spend": 13.0,
        "first_ordered_on": "2024-01-02",
        "last_ordered_on": "2024-03-05",
        "rejected": {"missing_customer_id": 1},
        "duplicates": {},
        "left_out": {},
        "taken_for_missing": {},
        "filled_forward": [],
        "joined": [],
    }


def test_json_has_what_was_left_out_filled_joined_and_read_alike(run_check):
    files = {
        "items.csv": "order,who,day,price,status\n"
        "o1,Ann@b.example,2024-01-02,9,paid\no1,,,1,paid\n"
        "o2,ben@b.example,2024-01-03,5,void\no3,ann@b.example,2024-01-04,2,paid\n",
        "orders.csv": "order,shop\no1,web\no2,web\no3,store\n",
        "columns.yml": "order_lines:\n  _file: items.csv\n  _join: {orders.csv: order}\n"
        "  _where: status = 'paid'\n  order_id: order\n  customer_id: who\n"
        "  ordered_at: day\n  net_amount: price\n  channel: shop\n",
    }
    finished = run_check(files, FORMAT="json")
    assert finished.returncode == 0, finished.stderr
    found = json.loads(finished.stdout)
    assert (found["accepted_lines"], found["customers"]) == (3, 1)
    assert found["left_out"] == {"not_selected": 1}
    assert found["filled_forward"] == [
        {"source_table": "order_lines", "columns": ["day", "who"], "row_count": 1}
    ]
    assert found["joined"] == [
        {"source_table": "order_lines", "file": "orders.csv", "row_count": 3}
    ]
    kinds = {suspicion["kind"]: suspicion["count"] for suspicion in found["suspicions"]}
    assert kinds["customer_ids_read_alike"] == 1


def test_the_last_line_is_a_command_with_every_setting(run_check, tmp_path):
    settings = {"DATE_FORMAT": "DD/MM/YYYY", "DECIMAL": "point", "K": "4"}
    finished = run_check({"order_lines.csv": LINES}, **settings)
    assert finished.returncode == 0, finished.stderr
    program, target, *given = shlex.split(finished.stdout.splitlines()[-1])
    assert (program, target) == ("make", "build")
    assert dict(setting.split("=", 1) for setting in given) == settings | {
        "SOURCE": "own_files",
        "DATA": str(tmp_path / "it's my data"),
        "WAREHOUSE": str(tmp_path / "w"),
    }


def test_a_refusal_as_json_is_one_object_that_says_where(run_check):
    bad = HEADER + "o1,c1,2024-01-02,1.234\no2,c2,2024-01-03,5.678\n"
    finished = run_check({"order_lines.csv": bad}, FORMAT="json")
    assert finished.returncode == 4
    found = json.loads(finished.stdout)
    assert list(found) == ["error", "file", "row", "column", "hint"]
    assert (found["file"], found["row"], found["column"]) == ("order_lines.csv", 1, "net_amount")
    assert found["hint"].startswith("state DECIMAL=point")


def test_a_setting_that_cannot_be_is_an_object_too(tmp_path):
    given = environment_of(tmp_path, {"order_lines.csv": LINES}, FORMAT="json", SOURCE="nowhere")
    finished = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "check.py")],
        env=given,
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 2
    assert "SOURCE=nowhere" in json.loads(finished.stdout)["error"]


def test_nothing_usable_is_refused(run_check):
    finished = run_check({"order_lines.csv": HEADER + "o1,c1,2024-01-02,x\n"}, FORMAT="json")
    assert finished.returncode == 4
    assert set(json.loads(finished.stdout)) == {"error", "file", "row", "column", "hint"}


@pytest.mark.many_builds
@pytest.mark.short
def test_json_tells_how_each_column_is_read_and_what_attributes_are_for(run_check):
    rows = "".join(f"c{n},{20 + n},{'ab'[n % 2]},x\n" for n in range(12))
    files = {
        "sales.csv": "Order,Who,Day,Total,Till\n"
        + "".join(f'o{n},c{n},{n + 10}.1.2024,"{n},50",t\n' for n in range(12)),
        "customers.csv": f"customer_id,age,club,all\n{rows}",
        "columns.yml": "order_lines:\n  _file: sales.csv\n  order_id: Order\n  customer_id: Who\n"
        "  ordered_at: Day\n  net_amount: Total * 1\n",
    }
    found = json.loads(run_check(files, FORMAT="json").stdout)
    columns = {(c["source_table"], c["name"]): c for c in found["columns"]}
    assert columns["order_lines", "ordered_at"] == {
        "source_table": "order_lines",
        "name": "ordered_at",
        "from": "Day",
        "read_as": "dates",
        "formats": ["DD.MM.YYYY"],
    }
    assert columns["order_lines", "net_amount"]["from"] == "Total * 1"
    assert columns["order_lines", "order_id"]["read_as"] == "text"
    assert columns["order_lines", "till"]["read_as"] == "not used"
    assert columns["order_lines", "total"]["read_as"] == "used in an expression"
    assert columns["customers", "age"]["read_as"] == "whole numbers, 20 to 31"
    attributes = {attribute.pop("name"): attribute for attribute in found["attributes"]}
    assert attributes["age"]["values"] == "whole numbers, 20 to 31"
    assert {name: (found["use"], found["why"]) for name, found in attributes.items()} == {
        "age": ("profiled", "by value"),
        "all": ("left_out", "constant"),
        "club": ("profiled", "by value"),
    }


@pytest.mark.many_builds
@pytest.mark.short
def test_answers_beside_orders_are_clustered_and_many_values_are_banded(run_check):
    rows = "".join(
        f"c{n},{1 + n % 5},{1 + n // 5 % 5},{1 + n * 7 // 3 % 5},{20 + n % 50},street {n}\n"
        for n in range(60)
    )
    files = {
        "order_lines.csv": LINES,
        "customers.csv": f"customer_id,trust,ease,advice,age,street\n{rows}",
    }
    finished = run_check(files)
    uses = {line.split()[0]: line for line in finished.stdout.splitlines() if line.split()}
    for name in ("trust", "ease"):
        assert uses[name].endswith(f"clustered, identity, family attitudes: high is high {name}")
    assert uses["age"].endswith("profiled in bands")
    assert uses["street"].endswith("left out: too many different values to compare by")
    assert "customers are clustered by attributes that are answers on one scale" in finished.stdout


@pytest.mark.parametrize(
    ("use", "expected"),
    [
        (
            "clustered, log1p, family a: high is more",
            ("clustered", "log1p, family a: high is more"),
        ),
        ("profiled", ("profiled", None)),
        ("profiled in bands", ("profiled", "in bands")),
        ("profiled, of at most three values", ("profiled", "of at most three values")),
        ("left out: an id, a code", ("left_out", "an id, a code")),
    ],
)
def test_the_use_of_an_attribute_is_one_word_and_a_reason(use, expected):
    found = attribute_object(Attribute("x", "numbers", use))
    assert (found["use"], found["why"]) == expected


@pytest.mark.many_builds
def test_half_a_million_lines_are_checked_in_a_gigabyte(tmp_path):
    """What it takes of the processor is a row of dev/compare_commits.py: machines differ."""
    data = tmp_path / "data"
    data.mkdir()
    with duckdb.connect() as connection:
        connection.execute(
            'copy (select 500000 + n // 21 as "InvoiceNo", \'P\' || n % 3900 as "StockCode", '
            '\'WHITE HANGING HEART \' || n % 3900 as "Description", n % 12 + 1 as "Quantity", '
            "strftime(timestamp '2010-12-01' + to_minutes(n), '%-m/%-d/%Y %-H:%M') "
            'as "InvoiceDate", (n % 900) / 100.0 + 0.5 as "UnitPrice", '
            'case when n // 21 % 4 > 0 then 12000 + n // 21 % 4372 end as "CustomerID", '
            "'United Kingdom' as \"Country\" from range(541909) as lines (n)) "
            f"to {literal(data / 'order_lines.csv')} (header)"
        )
    (data / "columns.yml").write_text(
        "order_id: InvoiceNo\ncustomer_id: CustomerID\nordered_at: InvoiceDate\n"
        "product_id: StockCode\nnet_amount: Quantity * UnitPrice\n"
    )
    # What a process used before it became another counts as its own: a small one starts the check,
    # or the size of the process of the tests would be measured.
    starter = (
        "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True); "
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss, file=sys.stderr)"
    )
    finished = subprocess.run(
        [sys.executable, "-c", starter, sys.executable, str(ROOT / "scripts" / "check.py")],
        env=clean_environment()
        | {"DATA": str(data), "WAREHOUSE": str(tmp_path / "w"), "FORMAT": "json"},
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(finished.stdout)
    assert found["accepted_lines"] + found["rejected"]["missing_customer_id"] == 541_909
    kilobytes = int(finished.stderr.splitlines()[-1])
    assert kilobytes <= 1_000_000
