"""Exports for campaign tools: what crashes, formulas and wrong settings do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from common.console import BUSY, FAILED, WRONG_USE, Problem
from common.formulas import FORMULA
from common.project_root import ROOT
from common.settings import resolve_reading
from export_shop import Shop, query, read, statuses, two_segments
from handover import export, export_rows
from handover.export import export as run_export
from handover.export_request import read_request
from shops import clean_environment
from store import export_ledger

# --- crashes


def test_a_crash_while_writing_leaves_no_trace(copy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    copy.export(SEGMENT=1)
    before = copy.ledger("from exports"), copy.ledger("from members order by all")
    copy.next_run()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "sync", fail)
    refused = copy.refusal(SEGMENT=1)
    assert refused.exit_code == FAILED
    assert "No space left" in str(refused)
    assert (copy.ledger("from exports"), copy.ledger("from members order by all")) == before
    assert copy.leftovers() == []
    assert not (copy.warehouse.exports / "segment_1_run_2.csv").exists()


@pytest.mark.parametrize("is_moved", [False, True])
def test_a_kill_around_the_rename_is_settled_at_the_next_export(
    copy: Shop, monkeypatch: pytest.MonkeyPatch, is_moved: bool
) -> None:
    first, second, mover, _ = two_segments(copy)
    copy.export(SEGMENT=first)
    copy.next_run((mover, second))

    class Killed(BaseException):
        pass

    replace = os.replace

    def killed(old: Path, new: Path) -> None:
        if is_moved:
            replace(old, new)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(export.os, "replace", killed)
        # A killed process settles nothing.
        settle = export_ledger.settle
        stages: list[str] = []

        def settled(connection: duckdb.DuckDBPyConnection) -> None:
            (stage,) = connection.execute(
                "select coalesce(max(stage) filter (where stage <> 'done'), 'done') "
                "from ledger.exports"
            ).fetchone()
            stages.append(stage)
            if stage == "done":
                settle(connection)

        patched.setattr(export_ledger, "settle", settled)
        with pytest.raises(Killed):
            copy.export(SEGMENT=first)
        assert stages == ["done", "moving"]

    copy.next_run()
    found = statuses(copy.export(SEGMENT=first))
    assert found.get(mover) == (None if is_moved else "left")
    assert copy.leftovers() == []
    assert copy.ledger("select distinct stage from exports") == [("done",)]
    assert copy.ledger("select count(*) from exports") == [(3 if is_moved else 2,)]


def test_a_file_with_too_few_rows_is_not_kept(copy: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    write = export_rows.write

    def truncated(connection: object, request: object, file: Path) -> None:
        write(connection, request, file)
        lines = file.read_bytes().splitlines(keepends=True)
        file.write_bytes(b"".join(lines[:-1]))

    monkeypatch.setattr(export, "write", truncated)
    refused = copy.refusal()
    assert "expected" in str(refused)
    assert "not kept" in str(refused)
    assert copy.leftovers() == []
    assert copy.ledger("select count(*) from exports") == [(0,)]


def test_a_published_file_that_is_not_whole_is_refused(copy: Shop) -> None:
    copy.change("delete from customer_segments where customer_id = 'c01'")
    assert "is not whole" in str(copy.refusal())


def test_the_ledger_outlives_cleaning(copy: Shop) -> None:
    exported = copy.export()

    def clean(*arguments: str, **given: object) -> None:
        subprocess.run(
            [sys.executable, "scripts/clean.py", *arguments],
            cwd=ROOT,
            env=clean_environment(source="own_files", warehouse=copy.warehouse.path, **given),
            check=True,
            capture_output=True,
        )

    clean()
    assert exported.path.exists()
    assert copy.ledger("select count(*) from exports") == [(1,)]


def test_cleaning_all_removes_the_ledger_and_the_exports(copy: Shop) -> None:
    from upkeep.clean import published

    exported = copy.export()
    assert {exported.path, copy.warehouse.exports_db} <= set(published(copy.warehouse))


def test_another_export_waits_for_its_turn(copy: Shop) -> None:
    copy.export()
    script = (
        "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", script, str(copy.warehouse.exports_db)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout.readline() == "open\n"
        refused = copy.refusal()
        other.communicate("\n")
    assert refused.exit_code == BUSY
    assert "another export is running" in str(refused)


def test_a_damaged_ledger_is_named(copy: Shop) -> None:
    copy.warehouse.exports_db.write_bytes(b"not a database" * 1000)
    shown = str(copy.refusal())
    assert str(copy.warehouse.exports_db) in shown
    assert "move it away" in shown


# --- formulas


HARMFUL = (
    "=1+1",
    "+1",
    "-1+1",
    "@SUM(A1)",
    "\tx",
    "\rx",
    "\nx",
    "  =1",
    "\u00a0=1",
    "\ufeff=1",
    "\u200b=1",
    "＝1",  # noqa: RUF001
    "＋1",  # noqa: RUF001
    "－1",  # noqa: RUF001
    "＠A",  # noqa: RUF001
)
HARMLESS = ("007", "a=1", "1-1", "me@shop", "'=1", "", "名", "a\nb", 'a"b,c', "x")


FIELDS = "customer_id,segment_name,reasons"


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def test_formulas_of_csv_files_are_made_text(copy: Shop) -> None:
    # A segment for each formula, with one customer who is called by it, and one who is not.
    copy.change(
        "create or replace temp table summary as from segment_summary limit 1",
        "create or replace temp table customer as from customer_segments "
        "where status = 'segmented' and not is_holdout limit 1",
        "create or replace temp table learned as from history.segments limit 1",
        *(
            "insert into segment_summary select * replace ("
            f"{number} as segment_id, {quoted(text)} as segment_name, 2 as customer_count) "
            "from summary"
            for number, text in enumerate(HARMFUL, 100)
        ),
        *(
            f"insert into history.segments select * replace ({number} as segment_id) from learned"
            for number, _ in enumerate(HARMFUL, 100)
        ),
        *(
            "insert into customer_segments select * replace ("
            f"{quoted(customer)} as customer_id, {number} as segment_id, "
            f"{quoted(text)} as segment_name, {quoted(text)} as reasons) from customer"
            for number, text in enumerate(HARMFUL, 100)
            for customer in (text, f"x{number}")
        ),
    )
    rows = {row["customer_id"]: row for row in read(copy.export(FIELDS=FIELDS).path)}
    for number, text in enumerate(HARMFUL, 100):
        assert rows["'" + text]["segment_name"] == "'" + text
        assert rows[f"x{number}"]["reasons"] == "'" + text

    parquet = copy.export(FIELDS=FIELDS, FORMAT="parquet").path
    found = query(f"select customer_id, segment_name from '{parquet}'")
    assert {(text, text) for text in HARMFUL} <= set(found)
    one = copy.export(SEGMENT=100, FIELDS=FIELDS, FORMAT="parquet").path
    assert one.name == "segment_100_run_1.parquet"
    assert (HARMFUL[0], HARMFUL[0]) in query(f"select customer_id, segment_name from '{one}'")


def test_harmless_texts_stay_as_they_are(copy: Shop) -> None:
    customers = sorted(copy.members())[: len(HARMLESS)]
    given = dict(zip(customers, HARMLESS, strict=True))
    copy.change(
        *(
            f"update customer_segments set reasons = {quoted(text)} "
            f"where customer_id = {quoted(customer)}"
            for customer, text in given.items()
        )
    )
    rows = read(copy.export(FIELDS="reasons,customer_id").path)
    found = {row["customer_id"]: row["reasons"] for row in rows}
    assert {customer: found[customer] for customer in customers} == given


def test_negative_numbers_stay_numbers(copy: Shop) -> None:
    copy.change("update customer_segments set is_holdout = false")
    rows = read(copy.export(FIELDS="customer_id,spend").path)
    assert {row["customer_id"]: row["spend"] for row in rows}["c44"] == "-40.0000"


def test_the_pattern_tells_formulas_from_texts() -> None:
    def is_formula(text: str) -> bool:
        return query("select regexp_matches(?, ?)", text, FORMULA) == [(True,)]

    assert all(is_formula(text) for text in HARMFUL)
    assert not any(is_formula(text) for text in HARMLESS)


# --- what is refused


def test_a_file_that_is_there_is_not_replaced(copy: Shop, tmp_path: Path) -> None:
    mine = tmp_path / "mine.csv"
    mine.write_text("mine")
    refused = copy.refusal(OUT=mine, FORCE="")
    assert refused.exit_code == WRONG_USE
    assert "FORCE=1" in str(refused)
    assert mine.read_text() == "mine"
    assert copy.export(OUT=mine).path == mine
    assert mine.read_text() != "mine"


def test_segments_that_are_not_there_are_refused_with_those_that_are(copy: Shop) -> None:
    copy.change("update segment_summary set segment_name = 'Bold' || chr(27) || '[1m'")
    refused = copy.refusal(SEGMENT=99)
    assert refused.exit_code == WRONG_USE
    assert "there are: 1 (Bold?[1m); " in str(refused)


def test_columns_that_are_not_there_are_refused_with_the_nearest(copy: Shop) -> None:
    refused = copy.refusal(FIELDS="customer_id,memberhsip_status")
    assert refused.exit_code == WRONG_USE
    assert "did you mean membership_status?" in str(refused)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"SEGMENT": "one"}, "SEGMENT=one"),
        ({"SEGMENT": "-1"}, "SEGMENT=-1"),
        ({"SEGMENT": "Lapsd"}, "or lapsed, insufficient_history or never_ordered; leave it out"),
        ({"FORMAT": "xlsx"}, "expected one of csv, parquet"),
        ({"HOLDOUT": "yes"}, "expected one of exclude, include, only"),
        ({"FIELDS": ","}, "expected names of columns"),
        ({"FIELDS": "spend,spend"}, "more than once"),
        ({"OUT": "marts.duckdb"}, "ends in .csv or .parquet"),
        ({"OUT": "x.csv", "FORMAT": "parquet"}, "ending in .parquet"),
    ],
)
def test_wrong_use_is_refused(given: dict[str, str], shown: str) -> None:
    with pytest.raises(Problem, match=re.escape(shown)) as caught:
        read_request(given)
    assert caught.value.exit_code == WRONG_USE


def test_a_folder_that_is_not_there_is_refused(copy: Shop, tmp_path: Path) -> None:
    refused = copy.refusal(OUT=tmp_path / "nowhere" / "x.csv")
    assert refused.exit_code == WRONG_USE
    assert "there is no folder" in str(refused)
    assert not copy.warehouse.exports_db.exists()


def test_without_anything_published_nothing_is_exported(tmp_path: Path) -> None:
    settings = resolve_reading({"WAREHOUSE": str(tmp_path / "none")})
    with pytest.raises(Problem, match="nothing is published yet"):
        run_export(settings, read_request({}))
    assert not (tmp_path / "none").exists()


def test_the_command_says_what_it_wrote(copy: Shop) -> None:
    environment = clean_environment(source="own_files", warehouse=copy.warehouse.path, segment=1)
    command = [sys.executable, "scripts/export.py"]

    def finished() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )

    first = finished()
    assert first.returncode == 0, first.stderr
    assert "Segment 1 of run 1, as of 2025-02-05" in first.stdout
    assert "held out of campaigns and left out" in first.stdout
    assert str(copy.warehouse.exports / "segment_1_run_1.csv") in first.stdout
    again = finished()
    assert again.returncode == WRONG_USE
    assert again.stderr.startswith("Error: ")
