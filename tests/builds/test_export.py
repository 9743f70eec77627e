"""Exports for campaign tools: who is in the file, what became of them, and what is never lost."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from common.console import BUSY, FAILED, WRONG_USE, Problem
from common.formulas import FORMULA
from common.project_root import ROOT
from common.settings import resolve_reading
from common.warehouse_paths import Warehouse
from handover import export, export_request, export_rows
from handover.export import export as run_export
from handover.export_request import read_request
from shops import Built, clean_environment
from store import export_ledger


class Shop:
    """A copy of the published fixture shop that a test may change, and exports from it."""

    def __init__(self, folder: Path, built: Built) -> None:
        folder.mkdir()
        self.warehouse = Warehouse(folder)
        shutil.copy2(built.marts, self.warehouse.marts_db)
        self.warehouse.marts_db.chmod(0o644)

    def change(self, *statements: str) -> None:
        """Change what is published, as another run would."""
        with duckdb.connect(self.warehouse.marts_db) as connection:
            for statement in statements:
                connection.execute(statement)

    def next_run(self, *moves: tuple[str, int | None]) -> None:
        """Publish a further run, four weeks later, in which customers moved to segments."""
        self.change(
            "create or replace temp table latest as from segmentation_runs where is_current",
            "update segmentation_runs set is_current = false",
            "insert into segmentation_runs select * replace (run_number + 1 as run_number, "
            "run_id || '+' as run_id, as_of_date + 28 as as_of_date) from latest",
            "update customer_segments set run_number = run_number + 1, "
            "as_of_date = as_of_date + 28",
        )
        for customer, segment in moves:
            self.change(
                "update history.assignments set last_run_number = "
                "(select run_number - 1 from segmentation_runs where is_current) "
                f"where customer_id = '{customer}' and last_run_number is null",
                "update segment_summary set customer_count = customer_count - 1 where segment_id = "
                f"(select segment_id from customer_segments where customer_id = '{customer}')",
            )
            if segment is None:
                self.change(
                    "update customer_segments set status = 'insufficient_history', "
                    f"segment_id = null where customer_id = '{customer}'"
                )
                continue
            self.change(
                f"update customer_segments set segment_id = {segment}, status = 'segmented' "
                f"where customer_id = '{customer}'",
                "update segment_summary set customer_count = customer_count + 1 "
                f"where segment_id = {segment}",
                f"insert into history.assignments select '{customer}', {segment}, run_number, null "
                "from segmentation_runs where is_current",
            )

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(self.warehouse.marts_db, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def members(self, segment: int | None = None, holdout: str = "not is_holdout") -> set[str]:
        """Customers of a segment, told by the published file."""
        where = "status = 'segmented'"
        if segment is not None:
            where += f" and segment_id = {segment}"
        return {
            customer
            for (customer,) in self.query(
                f"select customer_id from customer_segments where {where} and {holdout}"
            )
        }

    def export(self, **given: object) -> export.Exported:
        """Export as `make export` does; replaces what is there unless FORCE says otherwise."""
        environment = {"FORCE": "1"} | {name: str(value) for name, value in given.items()}
        settings = resolve_reading({"SOURCE": "own_files", "WAREHOUSE": str(self.warehouse.path)})
        return run_export(settings, read_request(environment))

    def refusal(self, **given: object) -> Problem:
        with pytest.raises(Problem) as caught:
            self.export(**given)
        assert "\n" not in str(caught.value)
        return caught.value

    def ledger(self, sql: str) -> list[tuple]:
        with duckdb.connect(self.warehouse.exports_db, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def leftovers(self) -> list[str]:
        return [path.name for path in self.warehouse.path.rglob("*.part")]


@pytest.fixture
def copy(shop: Built, tmp_path: Path) -> Shop:
    """A copy of the published fixture shop."""
    return Shop(tmp_path / "warehouse", shop)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def query(sql: str, *parameters: object) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(sql, parameters).fetchall()


def statuses(exported: export.Exported) -> dict[str, str]:
    return {row["customer_id"]: row["membership_status"] for row in read(exported.path)}


def two_segments(copy: Shop) -> tuple[int, int, str, str]:
    """Two segments, and two customers of the first who are not held out."""
    first, second = (
        segment
        for (segment,) in copy.query("select segment_id from segment_summary order by 1 limit 2")
    )
    one, other, *_ = sorted(c for c in copy.members(first) if c.startswith("c"))
    return first, second, one, other


# --- who is in it


def test_everybody_who_is_not_held_out_is_in_the_file(copy: Shop) -> None:
    exported = copy.export()
    rows = read(exported.path)
    assert list(rows[0]) == list(export_request.DEFAULT_COLUMNS)
    assert {row["customer_id"].removeprefix("'") for row in rows} == copy.members()
    assert len(rows) == exported.counts.rows == exported.counts.entered
    assert exported.held_out_count == len(copy.members(holdout="is_holdout"))
    assert exported.path == copy.warehouse.exports / "all_run_1.csv"
    assert {row["member_since_date"] for row in rows} == {"2025-02-05"}


def test_leading_zeros_and_letters_stay(copy: Shop) -> None:
    copy.change("update customer_segments set is_holdout = false")
    found = [row["customer_id"] for row in read(copy.export().path)]
    assert {"007", "7", "Zoë Müller 名", 'Ana "Nana" O\'Neil; x'} <= set(found)
    assert found == sorted(found, key=str.encode)


@pytest.mark.parametrize(
    ("holdout", "rule"),
    [("exclude", "not is_holdout"), ("include", "true"), ("only", "is_holdout")],
)
def test_the_holdout_is_as_asked_for(copy: Shop, holdout: str, rule: str) -> None:
    copy.change("update customer_segments set is_holdout = customer_id in ('c01', 'c09', 'c17')")
    for segment, *_ in copy.query("select segment_id from segment_summary order by 1"):
        rows = read(copy.export(SEGMENT=segment, HOLDOUT=holdout).path)
        assert {row["customer_id"] for row in rows} == copy.members(segment, rule)
        assert {row["segment_id"] for row in rows} <= {str(segment)}
        for row in rows:
            assert ("is_holdout" in row) == (holdout == "include")


def test_no_columns_beyond_those_asked_for(copy: Shop) -> None:
    exported = copy.export(FIELDS="spend, customer_id")
    assert exported.path.read_text(encoding="utf-8").splitlines()[0] == "spend,customer_id"
    parquet = copy.export(
        FIELDS="customer_id,spend,as_of_date", FORMAT="parquet", HOLDOUT="include"
    )
    described = query(f"describe from '{parquet.path}'")
    assert [row[:2] for row in described] == [
        ("customer_id", "VARCHAR"),
        ("spend", "DECIMAL(18,4)"),
        ("as_of_date", "DATE"),
    ]


def test_parquet_holds_the_same_customers_as_csv(copy: Shop) -> None:
    rows = query(f"from '{copy.export(FORMAT='parquet').path}'")
    assert {row[0] for row in rows} == copy.members()


# --- what became of them


def test_entered_stayed_and_left_are_told_since_the_last_export(copy: Shop) -> None:
    first, second, mover, leaver = two_segments(copy)
    before = copy.members(first)
    assert set(statuses(copy.export(SEGMENT=first)).values()) == {"entered"}
    copy.export(SEGMENT=second)
    copy.next_run((mover, second), (leaver, None))

    exported = copy.export(SEGMENT=first)
    found = {row["customer_id"]: row for row in read(exported.path)}
    assert found.keys() == before
    assert Counter(row["membership_status"] for row in found.values()) == {
        "left": 2,
        "stayed": len(before) - 2,
    }
    assert (exported.counts.entered, exported.counts.left) == (0, 2)
    for customer in (mover, leaver):
        assert found[customer]["membership_status"] == "left"
        assert found[customer]["segment_id"] == str(first)
        assert found[customer]["segment_name"]
        assert found[customer]["member_since_date"] == "2025-03-05"
    others = before - {mover, leaver}
    assert {found[c]["member_since_date"] for c in others} == {"2025-02-05"}

    arrived = {row["customer_id"]: row for row in read(copy.export(SEGMENT=second).path)}
    assert arrived[mover]["membership_status"] == "entered"
    assert arrived[mover]["member_since_date"] == "2025-03-05"
    assert Counter(row["membership_status"] for row in arrived.values())["entered"] == 1


def test_an_export_of_all_calls_whoever_moved_entered(copy: Shop) -> None:
    first, second, mover, leaver = two_segments(copy)
    copy.export()
    copy.next_run((mover, second), (leaver, None))
    exported = copy.export(FIELDS="customer_id,segment_id,previous_segment_id,membership_status")
    found = {row["customer_id"]: row for row in read(exported.path)}
    assert found[mover] == {
        "customer_id": mover,
        "segment_id": str(second),
        "previous_segment_id": str(first),
        "membership_status": "entered",
    }
    assert found[leaver]["membership_status"] == "left"
    assert (exported.counts.entered, exported.counts.left) == (1, 1)


def test_who_left_is_told_once(copy: Shop) -> None:
    first, second, mover, _ = two_segments(copy)
    copy.export(SEGMENT=first)
    copy.next_run((mover, second))
    assert statuses(copy.export(SEGMENT=first))[mover] == "left"
    copy.next_run()
    assert mover not in statuses(copy.export(SEGMENT=first))
    assert copy.ledger("select count(distinct export_id) from members") == [(2,)]
    assert copy.ledger("select count(*), count(distinct export_id) from exports") == [(3, 3)]


def test_a_repeated_export_says_the_same(copy: Shop) -> None:
    first, second, mover, _ = two_segments(copy)
    copy.export(SEGMENT=first)
    assert set(statuses(copy.export(SEGMENT=first)).values()) == {"entered"}
    copy.next_run((mover, second))
    once = copy.export(SEGMENT=first).path.read_bytes()
    assert copy.export(SEGMENT=first).path.read_bytes() == once
    assert b"left" in once
    parquet = copy.export(SEGMENT=first, FORMAT="parquet")
    assert parquet.counts.left == 1


def test_who_becomes_held_out_in_the_same_run_has_left(copy: Shop) -> None:
    first, _, held, _ = two_segments(copy)
    copy.export(SEGMENT=first)
    copy.change(f"update customer_segments set is_holdout = true where customer_id = '{held}'")
    found = {row["customer_id"]: row for row in read(copy.export(SEGMENT=first).path)}
    assert found[held]["membership_status"] == "left"
    assert found[held]["member_since_date"] == "2025-02-05"


def test_audiences_are_told_apart(copy: Shop) -> None:
    first, second, _, _ = two_segments(copy)
    for given in ({}, {"SEGMENT": first}, {"SEGMENT": second}, {"HOLDOUT": "include"}):
        assert copy.export(**given).base is None
    copy.next_run()
    for given in ({}, {"SEGMENT": first}, {"SEGMENT": second}, {"HOLDOUT": "include"}):
        assert copy.export(**given).counts.entered == 0


# --- customers in no segment


def test_lapsed_customers_are_exported_with_what_winning_them_back_needs(copy: Shop) -> None:
    first = copy.export(SEGMENT="lapsed", HOLDOUT="include")
    assert first.path.name == "lapsed_with_holdout_run_1.csv"
    assert statuses(first) == {"c37": "entered"}
    ((segment, name, tier, spend, day),) = copy.query(
        "select segment_id, segment_name, value_tier, former_spend, last_order_date "
        "from customer_segments where status = 'lapsed'"
    )
    (row,) = read(first.path)
    assert row == {
        "customer_id": "c37",
        "segment_id": "" if segment is None else str(segment),
        "segment_name": name or "",
        "membership_status": "entered",
        "value_tier": tier or "",
        "former_spend": str(spend),
        "last_order_date": str(day),
        "is_holdout": row["is_holdout"],
    }
    held_out = row["is_holdout"] == "true"
    assert set(statuses(copy.export(SEGMENT="lapsed"))) == (set() if held_out else {"c37"})
    assert set(statuses(copy.export(SEGMENT="lapsed", HOLDOUT="only"))) == (
        {"c37"} if held_out else set()
    )


def test_who_comes_back_has_left_the_lapsed_whatever_the_segment(copy: Shop) -> None:
    segment, _, moved, stays = two_segments(copy)
    for customer in (moved, stays):
        copy.change(
            "update customer_segments set status = 'lapsed', is_holdout = false, "
            f"segment_id = null where customer_id = '{customer}'"
        )
    copy.change("update segmentation_runs set lapsed_count = lapsed_count + 2")
    shown = {"membership_status", "member_since_date", "previous_segment_id", "segment_id"}
    fields = ",".join(["customer_id", *sorted(shown)])
    before = copy.export(SEGMENT="lapsed", HOLDOUT="include")
    again = copy.export(SEGMENT="lapsed", HOLDOUT="include")
    assert statuses(before) == statuses(again) == dict.fromkeys(("c37", moved, stays), "entered")
    copy.next_run((moved, segment))
    copy.change(
        "update segmentation_runs set lapsed_count = lapsed_count - 1 where is_current",
        f"update customer_segments set segment_id = {segment} where customer_id = '{stays}'",
    )
    after = copy.export(SEGMENT="lapsed", HOLDOUT="include", FIELDS=fields)
    assert statuses(after) == {"c37": "stayed", moved: "left", stays: "stayed"}
    assert {row["member_since_date"] for row in read(after.path)} == {""}


@pytest.mark.parametrize("status", export_request.STATUSES)
def test_each_status_is_an_audience_of_its_own(copy: Shop, status: str) -> None:
    for text in ("=1+1", "@x"):
        copy.change(
            "insert into customer_segments by name select * replace "
            f"('{text}' as customer_id, '{status}' as status, false as is_holdout, "
            "null as segment_id) from customer_segments where customer_id = 'c37'",
            f"update segmentation_runs set {status}_count = {status}_count + 1 where is_current",
        )
    found = copy.export(SEGMENT=status)
    expected = {
        customer
        for (customer,) in copy.query(
            f"select customer_id from customer_segments where status = '{status}' "
            "and not is_holdout"
        )
    }
    assert {customer.removeprefix("'") for customer in statuses(found)} == expected
    assert {"'=1+1", "'@x"} <= set(statuses(found))
    assert found.base is None
    copy.change(f"update segmentation_runs set {status}_count = {status}_count + 1")
    assert "segmentation_runs" in str(copy.refusal(SEGMENT=status))


def test_a_ledger_of_segments_only_is_taken_over(copy: Shop) -> None:
    copy.export(SEGMENT=1)
    with duckdb.connect(copy.warehouse.exports_db) as connection:
        connection.execute("alter table exports drop column status")
    again = copy.export(SEGMENT=1)
    assert set(statuses(again).values()) == {"entered"}
    assert copy.export(SEGMENT="lapsed").base is None


def test_a_rollback_is_compared_with_what_was_told_last(copy: Shop, tmp_path: Path) -> None:
    first, second, mover, _ = two_segments(copy)
    copy.export(SEGMENT=first)
    old = shutil.copy2(copy.warehouse.marts_db, tmp_path / "old")
    copy.next_run((mover, second))
    assert statuses(copy.export(SEGMENT=first))[mover] == "left"
    shutil.copy2(old, copy.warehouse.marts_db)
    assert statuses(copy.export(SEGMENT=first))[mover] == "entered"


def test_a_customer_who_is_gone_has_left(copy: Shop) -> None:
    first, _, gone, _ = two_segments(copy)
    copy.export(SEGMENT=first)
    copy.next_run((gone, None))
    copy.change(
        f"delete from customer_segments where customer_id = '{gone}'",
        f"delete from history.assignments where customer_id = '{gone}'",
    )
    fields = "customer_id,membership_status,member_since_date,spend"
    exported = copy.export(SEGMENT=first, FIELDS=fields)
    found = {row["customer_id"]: row for row in read(exported.path)}
    assert list(found[gone].values()) == [gone, "left", "2025-03-05", ""]


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


@pytest.mark.parametrize("text", HARMFUL)
def test_formulas_of_csv_files_are_made_text(copy: Shop, text: str) -> None:
    first, _, one, other = two_segments(copy)
    quoted = text.replace("'", "''")
    copy.change(
        f"update customer_segments set reasons = '{quoted}' where customer_id = '{other}'",
        f"update segment_summary set segment_name = '{quoted}' where segment_id = {first}",
        f"update customer_segments set customer_id = '{quoted}' where customer_id = '{one}'",
    )
    given = {"SEGMENT": first, "FIELDS": "customer_id,segment_name,reasons"}
    rows = {row["customer_id"]: row for row in read(copy.export(**given).path)}
    assert rows["'" + text]["segment_name"] == "'" + text
    assert rows[other]["reasons"] == "'" + text

    parquet = copy.export(**given, FORMAT="parquet")
    assert parquet.path.name == f"segment_{first}_run_1.parquet"
    assert (text, text) in query(f"select customer_id, segment_name from '{parquet.path}'")


@pytest.mark.parametrize("text", HARMLESS)
def test_harmless_texts_stay_as_they_are(copy: Shop, text: str) -> None:
    first, _, one, _ = two_segments(copy)
    copy.change(
        "update customer_segments set reasons = '" + text.replace("'", "''") + "' "
        f"where customer_id = '{one}'"
    )
    rows = read(copy.export(SEGMENT=first, FIELDS="reasons,customer_id").path)
    assert {row["customer_id"]: row["reasons"] for row in rows}[one] == text


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
