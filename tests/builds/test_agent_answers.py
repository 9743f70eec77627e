"""What agents are answered: figures are those of the marts, and hostile SQL changes nothing."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from agent import worker
from agent.answers import LONGEST_CELL, MOST_CHARACTERS
from handover.query import ROWS_SHOWN
from hostile_questions import REFUSED, TOO_LARGE
from shops import ANA, ROOT, clean_environment

WORKER = ROOT / "scripts" / "agent" / "worker.py"
PROGRAM = ROOT / "scripts" / "segmentation.py"


def question_of(marts: Path, spill: Path, tool: str, **arguments: object) -> dict:
    """Return a question as the server asks it."""
    return {"tool": tool, "arguments": arguments, "marts": str(marts), "spill": str(spill)}


def ask(marts: Path, spill: Path, tool: str, **arguments: object) -> dict:
    """Ask as the server does, though in this process; the answer is taken as JSON."""
    return json.loads(json.dumps(worker.answer(question_of(marts, spill, tool, **arguments))))


def ask_process(marts: Path, spill: Path, tool: str, **arguments: object) -> dict:
    """Ask a worker with limited memory and time, as the server does."""
    ended = subprocess.run(
        [sys.executable, str(WORKER)],
        input=json.dumps(question_of(marts, spill, tool, **arguments)),
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    if ended.returncode:
        return {"problem": f"ended with {ended.returncode}"}
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def published(shop, tmp_path_factory):
    """A copy of the shop's file: this process may have the file itself open, as tests read it."""
    copy = tmp_path_factory.mktemp("published") / "marts.duckdb"
    shutil.copy(shop.marts, copy)
    return copy


@pytest.fixture
def answer(published, tmp_path):
    """Asks about the fixture shop; gives the answer and not the problem."""
    return lambda tool, **arguments: ask(published, tmp_path, tool, **arguments)["answer"]


@pytest.fixture
def problem(published, tmp_path):
    """Asks about the fixture shop what is to be refused; gives the words."""
    return lambda tool, **arguments: ask(published, tmp_path, tool, **arguments)["problem"]


def state(folder: Path) -> dict[str, str]:
    """Return the files below a folder with their checksums."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_a_worker_answers_as_its_function_does(published, tmp_path, answer):
    listed = ask_process(published, tmp_path, "list_marts")["answer"]
    assert listed == answer("list_marts")
    refused = ask_process(published, tmp_path, "query", sql="attach 'marts.duckdb' as mine")
    assert "disabled" in refused["problem"]


def test_every_mart_is_listed_with_its_description(shop, answer):
    listed = {row["mart"]: row for row in answer("list_marts")["marts"]}
    published = dict(
        shop.query("select table_name, comment from duckdb_tables() where schema_name = 'main'")
    )
    views = {"customer_explanations", "segment_change_drivers", "segment_warnings"}
    assert listed.keys() == published.keys() | views
    assert all(listed[name]["description"] == text for name, text in published.items())
    assert all(listed[name]["row_count"] is None for name in views)
    counted = shop.one("select count(*) from customer_segments")[0]
    assert listed["customer_segments"]["row_count"] == counted
    assert listed["segment_summary"]["columns"][:2] == ["segment_id", "segment_name"]


def test_the_columns_of_a_mart_are_described(answer, problem):
    columns = answer("list_marts", mart="segment_summary")["columns"]
    assert {"name": "segment_id", "type": "BIGINT"}.items() <= next(
        column for column in columns if column["name"] == "segment_id"
    ).items()
    assert all(column["description"] for column in columns)
    assert "did you mean segment_summary?" in problem("list_marts", mart="segment_sumary")


def test_a_query_gives_names_types_and_rows(shop, answer):
    sql = "select segment_id, segment_name, spend from segment_summary order by segment_id"
    found = answer("query", sql=sql)
    assert [column["name"] for column in found["columns"]] == [
        "segment_id",
        "segment_name",
        "spend",
    ]
    assert [tuple(row) for row in found["rows"]] == [
        (number, name, float(spend)) for number, name, spend in shop.query(sql)
    ]
    assert (found["row_count"], found["is_cut"]) == (len(found["rows"]), False)


def test_answers_are_cut_to_what_can_be_read(answer):
    found = answer("query", sql="from range(1000000) as numbers(number) order by number")
    assert found["rows"] == [[number] for number in range(ROWS_SHOWN)]
    assert found["is_cut"]
    found = answer("query", sql="select repeat('x', 1000000) as long from range(90)")
    assert found["is_cut"]
    assert len(json.dumps(found)) < MOST_CHARACTERS + 10_000
    assert all(row[0].startswith("x" * LONGEST_CELL + "... (1,000,000") for row in found["rows"])
    found = answer("query", sql=f"from range({ROWS_SHOWN})")
    assert (found["row_count"], found["is_cut"]) == (ROWS_SHOWN, False)


def test_values_of_every_type_are_json(answer):
    found = answer(
        "query", sql="select 'nan'::double, date '2025-01-31', [1, null], 2::hugeint ** 70"
    )
    assert found["rows"][0][:3] == [None, "2025-01-31", [1, None]]


@pytest.mark.parametrize("sql", REFUSED)
def test_hostile_sql_is_refused_and_changes_nothing(published, tmp_path, problem, sql):
    before = state(published.parent)
    assert REFUSED[sql] in problem("query", sql=sql)
    assert state(published.parent) == before
    assert list(tmp_path.iterdir()) == []
    assert not Path("/tmp/mine.duckdb").exists()
    assert not Path("/tmp/mine.csv").exists()


@pytest.mark.parametrize("sql", TOO_LARGE)
def test_a_query_that_takes_all_memory_is_ended(published, tmp_path, sql):
    found = ask_process(published, tmp_path, "query", sql=sql)["problem"]
    assert "more memory than it may" in found or "ended with" in found


def test_a_customer_is_explained_with_the_features_that_speak_most(shop, answer, problem):
    customer = shop.one("select min(customer_id) from customer_segments where status = 'segmented'")
    found = answer("explain_customer", customer_id=customer[0])
    assert found["customer"]["customer_id"] == customer[0]
    assert found["lifecycle"]["stage"] == found["customer"]["lifecycle_stage"]
    assert [(row["label"], row["contribution"]) for row in found["features"]] == shop.query(
        "select label, contribution from explain_customer(?) limit 10", *customer
    )
    assert answer("explain_customer", customer_id=ANA)["customer"]["customer_id"] == ANA
    assert "there is no customer" in problem("explain_customer", customer_id="x' or '1' = '1")


def test_a_segment_is_described_by_its_own_figures(shop, answer, problem):
    found = answer("describe_segment", segment_id=1)
    name, spend, strategy = shop.one(
        "select segment_name, spend, strategy from segment_summary where segment_id = 1"
    )
    assert (found["segment_name"], found["spend"], found["strategy"]) == (
        name,
        float(spend),
        strategy,
    )
    assert (
        found["rule"]["rule"] == shop.one("select rule from segment_rules where segment_id = 1")[0]
    )
    assert found["what_to_do"]["strategy"] == strategy
    assert found["what_sets_it_apart"]
    assert found["run"]["verdict"] == shop.current_run("verdict")[0]
    assert "there are: 1 (" in problem("describe_segment", segment_id=99)


def test_two_segments_are_compared_both_ways(shop, answer, problem):
    found = answer("compare_segments", first=1, second=2)
    assert (found["first"]["segment_id"], found["second"]["segment_id"]) == (1, 2)
    means = dict(
        shop.query("select feature, mean_value from segment_profiles where segment_id = 2")
    )
    differences = {row["feature"]: row for row in found["differences"]}
    assert {name: row["second_mean"] for name, row in differences.items()}.items() <= means.items()
    sizes = [abs(row["standardised_difference"]) for row in found["differences"]]
    assert sizes == sorted(sizes, reverse=True)
    back = {
        row["feature"]: row for row in answer("compare_segments", first=2, second=1)["differences"]
    }
    for name, row in differences.items():
        assert back[name]["standardised_difference"] == -row["standardised_difference"]
    assert "expected two segments" in problem("compare_segments", first=2, second=2)


@pytest.fixture
def with_a_small_segment(shop, tmp_path):
    """A copy of the shop's file in which segment 1 has four customers."""
    folder = tmp_path / "w"
    folder.mkdir()
    copy = folder / "marts.duckdb"
    shutil.copy(shop.marts, copy)
    copy.chmod(0o644)
    with duckdb.connect(copy) as connection:
        connection.execute("update segment_summary set customer_count = 4 where segment_id = 1")
    copy.chmod(0o444)
    return copy


def test_a_segment_of_few_customers_is_not_shown(with_a_small_segment, tmp_path):
    for tool, arguments in (
        ("describe_segment", {"segment_id": 1}),
        ("compare_segments", {"first": 2, "second": 1}),
    ):
        found = ask(with_a_small_segment, tmp_path, tool, **arguments)
        assert "is not shown" in found["problem"]


def facts_of(marts: Path) -> dict:
    """Have the command write the facts, and read them."""
    subprocess.run(
        [sys.executable, str(PROGRAM), "facts"],
        cwd=ROOT,
        env=clean_environment(warehouse=marts.parent),
        check=True,
        capture_output=True,
    )
    return json.loads((marts.parent / "segment_facts.json").read_text(encoding="utf-8"))


def test_the_facts_are_what_agents_are_told_of_each_segment(shop, answer, tmp_path):
    shutil.copy(shop.marts, tmp_path / "marts.duckdb")
    facts = facts_of(tmp_path / "marts.duckdb")
    described = answer("describe_segment", segment_id=facts["segments"][0]["segment_id"])
    assert facts["run"] == described.pop("run")
    assert facts["segments"][0] == described
    numbers = [segment["segment_id"] for segment in facts["segments"]]
    counts = dict(shop.query("select segment_id, customer_count from segment_summary"))
    assert facts["segments_not_shown"] == sorted(n for n in counts if 0 < counts[n] < 5)
    assert sorted([*numbers, *facts["segments_not_shown"]]) == sorted(counts)
    text = json.dumps(facts, ensure_ascii=False)
    assert ANA not in text


def test_facts_leave_small_segments_out_with_what_gives_them_away(with_a_small_segment):
    facts = facts_of(with_a_small_segment)
    assert 1 in facts["segments_not_shown"]
    assert 1 not in [segment["segment_id"] for segment in facts["segments"]]
    assert facts["run"]["segmented_customer_count"] is None
    assert {segment["customer_share"] for segment in facts["segments"]} == {None}


def test_nothing_published_is_said_in_words(tmp_path):
    found = ask(tmp_path / "marts.duckdb", tmp_path, "list_marts")
    assert "run make build" in found["problem"]
