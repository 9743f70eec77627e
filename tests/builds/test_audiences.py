"""Audiences of one's own: rules in audiences.csv, checked, counted and exported."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from common.console import DATA_REFUSED, WRONG_USE, Problem
from common.project_root import ROOT
from common.settings import resolve
from common.sources import source_of
from export_shop import Shop, contacts_of_all, files, read, statuses, two_segments
from handover import audiences
from loading import audiences as rules
from loading import project_files
from loading.audiences import COLUMNS, read_rules
from shops import SHOP, clean_environment

TYPES = {
    "value_tier": "string",
    "spend": "decimal(18,4)",
    "last_order_date": "date",
    "segment_id": "bigint",
    "is_outlier": "boolean",
}


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Writes audiences of which each has a name, a condition, and maybe one to exclude by."""
    folder = tmp_path / "seeds"
    folder.mkdir()
    monkeypatch.setattr(rules, "SEEDS", folder)

    def written(*rows: tuple[str, ...], source: str = "*") -> Path:
        path = folder / rules.FILE_NAME
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(COLUMNS)
            for name, include, *exclude in rows:
                writer.writerow([source, name, "those who are meant", include, *(exclude or [""])])
        return path

    return written


def members(exported) -> set[str]:
    return {row["customer_id"].removeprefix("'") for row in read(exported.path)}


# --- who is in one


@pytest.mark.usefixtures("nobody_held_out")
@pytest.mark.parametrize(
    ("include", "exclude", "expected"),
    [
        ("spend > 100", "", "spend > 100"),
        ("value_tier in ('top', 'high')", "segment_id = 1", "value_tier in ('top', 'high') "
         "and segment_id is distinct from 1"),
        ("lifecycle_stage = 'lapsed'", "", "customer_id in (select customer_id from "
         "customer_lifecycle where stage = 'lapsed')"),
        ("stage = 'active' and not is_outlier", "", "customer_id in (select customer_id from "
         "customer_lifecycle where stage = 'active') and not is_outlier"),
        ("orders_per_28_days >= 1", "", "customer_id in (select customer_id from "
         "customer_features where is_current and orders_per_28_days >= 1)"),
        ("attributes.AGE_BAND = '55+'", "", "customer_id in (select customer_id from "
         "customer_attributes where attribute = 'age_band' and value = '55+')"),
        ("last_order_date >= '2025-01-20'", "", "last_order_date >= date '2025-01-20'"),
    ],
)  # fmt: skip
def test_those_are_in_it_whom_the_condition_holds_for(
    copy: Shop, write, include: str, exclude: str, expected: str
) -> None:
    write(("mine", include, exclude))
    exported = copy.export(AUDIENCE="mine")
    wanted = {
        c for (c,) in copy.query(f"select customer_id from customer_segments where {expected}")
    }
    assert wanted
    assert members(exported) == wanted
    assert exported.path.name == "audience_mine_run_1.csv"


@pytest.mark.usefixtures("nobody_held_out")
def test_it_is_held_out_and_compared_like_a_segment(copy: Shop, write, tmp_path: Path) -> None:
    write(("mine", "spend > 100"), ("other", "spend > 100"))
    one, other, *_ = sorted(members(copy.export(AUDIENCE="mine")))
    copy.next_run()
    copy.change(
        f"update customer_segments set is_holdout = true where customer_id = '{one}'",
        f"update customer_segments set spend = 5 where customer_id = '{other}'",
    )
    exported = copy.export(AUDIENCE="mine")
    assert exported.held_out_count == 1
    found = statuses(exported)
    assert {found.pop(one), found.pop(other)} == {"left"}
    assert set(found.values()) == {"stayed"}
    assert copy.export(AUDIENCE="other").base is None
    given = {"AUDIENCE": "mine", "LAYOUT": "klaviyo"}
    given["CONTACTS"] = contacts_of_all(copy, tmp_path / "contacts.csv")
    assert {row["Segment"] for row in files(copy.export(**given))["add.csv"]} == {"mine"}


@pytest.mark.usefixtures("nobody_held_out")
def test_a_customer_who_changed_segments_stayed(copy: Shop, write) -> None:
    first, second, mover, _ = two_segments(copy)
    write(("mine", "status = 'segmented'"))
    copy.export(AUDIENCE="mine")
    copy.next_run((mover, second))
    assert statuses(copy.export(AUDIENCE="mine"))[mover] == "stayed"
    assert first != second


@pytest.mark.usefixtures("nobody_held_out")
def test_they_are_counted(copy: Shop, write, tmp_path: Path) -> None:
    _, _, one, other = two_segments(copy)
    copy.change(
        f"update customer_segments set is_holdout = true where customer_id = '{one}'",
        f"insert into customer_attributes by name select unnest(['{one}', '{other}']) "
        "as customer_id, 'opt_out' as attribute, 'yes' as value",
    )
    write(("mine", f"customer_id in ('{one}', '{other}', 'c37')"))
    with duckdb.connect() as connection:
        connection.execute(f"attach '{copy.warehouse.marts_db}' as marts (read_only)")
        (rule,) = audiences.rules_of(connection, "own_files")
        assert audiences.counted(connection, rule) == (3, 1, 1)


@pytest.mark.usefixtures("nobody_held_out")
def test_the_audiences_of_the_project_are_counted_by_the_command(copy: Shop) -> None:
    finished = subprocess.run(
        [sys.executable, "scripts/audiences.py"],
        cwd=ROOT,
        env=clean_environment(source="own_files", warehouse=copy.warehouse.path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr
    assert "to contact" in finished.stdout
    with duckdb.connect() as connection:
        connection.execute(f"attach '{copy.warehouse.marts_db}' as marts (read_only)")
        names = [rule.name for rule in audiences.rules_of(connection, "own_files")]
    assert len(names) >= 3
    assert all(f"  {name} " in finished.stdout for name in names)


# --- what is refused


HOSTILE = (
    "spend > 5; drop table customer_segments",
    "(select count(*) from customer_segments) > 0",
    "exists (select 1)",
    "spend in (select 1)",
    "read_csv('/etc/passwd') = 'x'",
    "read_text('/etc/passwd') = 'x'",
    "getenv('HOME') = 'x'",
    "current_setting('threads') = 1",
    "random() > 0.5",
    "now() > last_order_date",
    "sum(spend) over () > 5",
    "repeat('x', 1000000000) = 'y'",
    "list_filter([1], x -> true) = [1]",
    "1 = 1) or (1 = 1",
    "nextval('s') = 1",
)  # fmt: skip
WRONG = {
    "spnd > 5": "did you mean spend?",
    "spend": "is a value (decimal(18,4)) and not true or false",
    "last_order_date > 5": "Cannot compare",
    "": "is empty",
    "history.assignments.customer_id = 'x'": "that is not there",
}


@pytest.mark.parametrize("column", ["include", "exclude"])
@pytest.mark.parametrize("condition", HOSTILE)
def test_what_is_no_plain_condition_is_refused(write, condition: str, column: str) -> None:
    write(
        ("first", "true"), ("mine", *((condition,) if column == "include" else ("true", condition)))
    )
    with duckdb.connect() as connection, pytest.raises(Problem) as caught:
        read_rules(connection, TYPES, "own_files")
    assert caught.value.exit_code == DATA_REFUSED
    assert str(caught.value).startswith(f"audiences.csv: row 2, column {column}: ")
    assert "expected a condition such as" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("condition", WRONG)
def test_what_cannot_be_worked_out_is_refused(write, condition: str) -> None:
    write(("mine", condition))
    with duckdb.connect() as connection, pytest.raises(Problem) as caught:
        read_rules(connection, TYPES, "own_files")
    assert WRONG[condition] in str(caught.value)
    # Conditions of other sources name other columns.
    write(("mine", condition), source="own_table")
    with duckdb.connect() as connection:
        assert read_rules(connection, TYPES, "own_files") == []


@pytest.mark.parametrize("name", ["", "Best", "a b", "lapsed", "../up", "all", "9", "a" * 41])
def test_names_that_make_no_file_name_are_refused(write, name: str) -> None:
    write((name, "true"))
    with duckdb.connect() as connection, pytest.raises(Problem, match="row 1, column audience"):
        read_rules(connection, TYPES, "own_files")


def test_names_that_repeat_and_sources_that_are_not_there_are_refused(write) -> None:
    write(("mine", "true"), ("mine", "false"))
    with duckdb.connect() as connection:
        with pytest.raises(Problem, match="row 1 has this one"):
            read_rules(connection, TYPES, "own_files")
        write(("mine", "true"), source="my_shop")
        with pytest.raises(Problem, match="column source"):
            read_rules(connection, TYPES, "own_files")


@pytest.mark.usefixtures("nobody_held_out")
def test_an_audience_that_is_not_there_is_refused_with_those_that_are(copy: Shop, write) -> None:
    write(("slipping", "true"), ("other", "true"))
    refused = copy.refusal(AUDIENCE="sliping")
    assert refused.exit_code == WRONG_USE
    assert "did you mean slipping?); there are: slipping, other" in str(refused)
    assert "expected one of them" in str(copy.refusal(AUDIENCE="other", SEGMENT=1))
    write(("mine", "purple_share > 0.5"))
    refused = copy.refusal(AUDIENCE="mine")
    assert refused.exit_code == DATA_REFUSED
    assert "purple_share that is not there" in str(refused)


def test_a_build_looks_at_them_first(write, tmp_path: Path) -> None:
    settings = resolve({"SOURCE": "own_files", "DATA": str(SHOP), "WAREHOUSE": str(tmp_path / "w")})
    source = source_of(settings)
    write(("mine", "need_1 > 1 and stage = 'active' and orders_per_28_days > 1"))
    project_files.check_audiences(settings, source, settings.place)
    write(("mine", "orders_per_28_day > 1"))
    with pytest.raises(Problem, match="did you mean orders_per_28_days"):
        project_files.check_project(settings, source, settings.place)
