"""Exports for campaign tools: who is in the file, and what became of them."""

from __future__ import annotations

import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from export_shop import Shop, query, read, statuses, two_segments
from handover import export_request

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


@pytest.mark.many_builds
@pytest.mark.short
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


@pytest.mark.many_builds
@pytest.mark.short
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


@pytest.mark.many_builds
@pytest.mark.short
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


@pytest.mark.many_builds
@pytest.mark.short
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
