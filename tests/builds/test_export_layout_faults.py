"""Exports in the layouts of campaign tools: crashes, other people's folders and wrong use."""

from __future__ import annotations

from pathlib import Path

import pytest

from common.console import FAILED, WRONG_USE, Problem
from export_shop import Shop, files, read
from handover import export
from handover.export_request import read_request
from handover.layouts import layouts
from shops import ROOT

pytestmark = pytest.mark.usefixtures("nobody_held_out")


# --- crashes and wrong use


def test_a_crash_leaves_the_folder_of_the_last_export(
    copy: Shop, everybody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {"SEGMENT": 1, "LAYOUT": "klaviyo", "CONTACTS": everybody}
    before = files(copy.export(**given))

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export, "sync", fail)
    assert copy.refusal(**given).exit_code == FAILED
    assert copy.leftovers() == []
    assert copy.ledger("select count(*) from exports") == [(1,)]
    folder = copy.warehouse.exports / "segment_1_run_1_klaviyo"
    assert {path.name: read(path) for path in folder.iterdir()} == before


def test_a_folder_with_other_files_is_not_replaced(copy: Shop, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("mine")
    refused = copy.refusal(LAYOUT="braze", OUT=mine)
    assert refused.exit_code == WRONG_USE
    assert "thesis.txt" in str(refused)
    assert [path.name for path in mine.iterdir()] == ["thesis.txt"]
    there = tmp_path / "there"
    assert copy.export(LAYOUT="braze", OUT=there).path == there
    assert "FORCE=1" in str(copy.refusal(LAYOUT="braze", OUT=there, FORCE=""))
    assert copy.export(LAYOUT="braze", OUT=there).path == there


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("customer_id\nc01\n", "expected the columns customer_id and email"),
        ("id,email\nc01,a@b.example\n", "expected the columns customer_id and email"),
        ("customer_id,email\nc01,a@b.example\nc01,c@d.example\n", "more than one row"),
        ("customer_id,email\n\x00,\x00\n", ""),
    ],
)
def test_contacts_that_cannot_be_used_are_refused(
    copy: Shop, tmp_path: Path, text: str, shown: str
) -> None:
    path = tmp_path / "contacts.csv"
    path.write_text(text, encoding="utf-8")
    given = {"LAYOUT": "klaviyo", "CONTACTS": path}
    if shown:
        assert shown in str(copy.refusal(**given))
    else:
        assert copy.export(**given).files == {"add.csv": 0}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"LAYOUT": "klavyo"}, "did you mean klaviyo?"),
        ({"LAYOUT": "meta", "FIELDS": "spend"}, "a layout has its columns"),
        ({"LAYOUT": "meta", "HOLDOUT": "include"}, "leave out customers who are held out"),
        ({"LAYOUT": "meta", "OUT": "x.csv"}, "expected the name of a folder"),
        ({"CONTACTS": "x.csv"}, "with LAYOUT only"),
        ({"LAYOUT": "meta", "CONTACTS": "nowhere.csv"}, "there is no such file"),
        ({"CHANGES": "yes"}, "expected one of 0, 1"),
    ],
)
def test_wrong_use_is_refused(given: dict[str, str], shown: str) -> None:
    with pytest.raises(Problem, match=r"(?s).*") as caught:
        read_request(given)
    assert shown in str(caught.value)
    assert caught.value.exit_code == WRONG_USE


def test_the_syncs_read_the_layout_of_syncs() -> None:
    model = (ROOT / "examples" / "activation" / "syncs" / "models" / "audience.sql").read_text()
    for column in layouts()["sync"].columns:
        assert column in model
