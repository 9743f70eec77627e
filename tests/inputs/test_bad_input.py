"""Bad input: accepted, rejected row by row with a reason, or refused with one clear message."""

from __future__ import annotations

import json

import pytest

from bad_input import GOOD, REFUSED, TAKEN
from checking.json_report import refusal_json
from common.console import DATA_REFUSED
from tried import try_both, try_files, try_load


def test_there_are_forty_of_them():
    assert len(REFUSED) + len(TAKEN) >= 40


@pytest.mark.inputs
@pytest.mark.short
@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused_is_refused_with_one_clear_message(tmp_path, name):
    case = REFUSED[name]
    tried = try_files(tmp_path, case.files, **case.settings)
    assert tried.problem is not None, tried.shown
    message = str(tried.problem)
    assert tried.problem.exit_code == DATA_REFUSED
    assert "\n" not in message
    for part in case.says:
        assert part in message
    # A program is shown what people are, taken apart.
    refused = json.loads(refusal_json(tried.problem))
    assert refused["error"] == message
    assert refused["file"] in message
    assert all(refused[key] in message for key in ("column", "hint") if refused[key])


@pytest.mark.parametrize("name", ["no file", "a zero byte", "days or months", "no header"])
def test_loading_and_checking_refuse_in_the_same_words(tmp_path, name):
    tried = try_both(tmp_path, REFUSED[name].files)
    assert REFUSED[name].says[0] in str(tried.problem)


@pytest.mark.inputs
@pytest.mark.short
@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken_is_accepted_or_rejected_row_by_row(tmp_path, name):
    case = TAKEN[name]
    tried = try_files(tmp_path, case.files, **case.settings)
    assert tried.problem is None, tried.problem
    assert tried.accepted(case.table) == case.accepted
    assert tried.reasons(case.table) == case.reasons
    for source_table, rows in tried.loaded.items():
        printed = sum(
            n
            for (table, outcome, _), n in tried.outcomes.items()
            if table == source_table and outcome in ("accepted", "rejected", "duplicate")
        )
        assert printed == rows, source_table
    for reason in case.reasons:
        assert reason in tried.shown
    for reason, rows in case.noted.items():
        assert tried.outcomes[case.table, "noted", reason] == rows
    assert case.shows in tried.shown


def test_a_link_out_of_the_folder_is_refused(tmp_path):
    outside = tmp_path / "outside.csv"
    outside.write_text(GOOD)
    tried = try_files(tmp_path, {"order_lines.csv": outside})
    assert "order_lines.csv: is a link to" in str(tried.problem)
    assert tried.problem.exit_code == DATA_REFUSED


def test_a_mapping_out_of_the_folder_is_refused(tmp_path):
    outside = tmp_path / "columns.yml"
    outside.write_text("net_amount: price\n")
    tried = try_files(tmp_path, {"order_lines.csv": GOOD, "columns.yml": outside})
    assert "columns.yml: is a link out of the folder" in str(tried.problem)


def test_ids_are_kept_as_they_are_written(tmp_path):
    tried = try_load(tmp_path, TAKEN["ids with leading zeros"].files)
    assert tried.query("select order_id, customer_id from raw.order_lines") == [
        ("007", "0042"),
        ("7", "42"),
    ]
