"""Exports in the layouts of campaign tools: addresses, hashes, who is left out, parts."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import yaml

from common.consent import SAID_NO
from common.settings_table import VARIABLES
from export_shop import Shop, contacts, files, query, read, two_segments
from handover import export
from handover.export_request import read_request
from handover.export_words import describe
from handover.layouts import LAYOUTS_FILE, layouts

pytestmark = [
    pytest.mark.many_builds,
    pytest.mark.short,
    pytest.mark.usefixtures("nobody_held_out"),
]


def said(request: dict[str, object], exported: export.Exported) -> str:
    texts = {name: str(value) for name, value in request.items()}
    return "\n".join(describe(read_request(texts), exported))


# --- what tools import


def test_each_layout_is_in_the_table_of_settings() -> None:
    (setting,) = (setting for setting in VARIABLES if setting.name == "LAYOUT")
    assert set(setting.choices) == set(layouts())
    assert all(name in setting.accepted for name in layouts())
    described = yaml.safe_load(LAYOUTS_FILE.read_text(encoding="utf-8"))
    accepted = {"documented", "key", "columns", "removed"}
    accepted |= {"most_rows", "most_megabytes", "least_rows"}
    for entry in described.values():
        assert set(entry) <= accepted
        assert set(entry.get("removed", [])) <= set(entry["columns"])


@pytest.mark.parametrize("name", sorted(layouts()))
def test_each_layout_is_written_with_its_columns(copy: Shop, everybody: Path, name: str) -> None:
    first, second, mover, leaver = two_segments(copy)
    before = copy.members(first)
    given = {"SEGMENT": first, "LAYOUT": name, "CONTACTS": everybody}
    assert set(files(copy.export(**given))) == {"add.csv"}
    copy.next_run((mover, second), (leaver, None))
    exported = copy.export(**given)
    assert exported.path.name == f"segment_{first}_run_2_{name}"
    found = files(exported)
    layout = layouts()[name]
    assert list(found["add.csv"][0]) == list(layout.columns)
    assert list(found["remove.csv"][0]) == list(layout.removed)
    assert len(found["add.csv"]) == len(before) - 2
    assert len(found["remove.csv"]) == 2
    assert exported.files == {"add.csv": len(before) - 2, "remove.csv": 2}
    parquet = copy.export(**given, FORMAT="parquet")
    assert query(f"select count(*) from '{parquet.path}/add.parquet'") == [(len(before) - 2,)]


def test_klaviyo_gets_plain_addresses_and_braze_ids(copy: Shop, everybody: Path) -> None:
    given = {"SEGMENT": 1, "CONTACTS": everybody}
    rows = files(copy.export(**given, LAYOUT="klaviyo"))["add.csv"]
    assert all(row["Email"] == row["Email"].strip().lower() for row in rows)
    assert {row["Segment Status"] for row in rows} == {"entered"}
    ids = {row["external_id"] for row in files(copy.export(SEGMENT=1, LAYOUT="braze"))["add.csv"]}
    assert ids == copy.members(1)


def test_google_and_meta_get_hashes_of_what_is_normalised(copy: Shop, tmp_path: Path) -> None:
    _, _, one, other = two_segments(copy)
    people = {
        one: {
            "email": " Ann.Lee+shop@GoogleMail.com",
            "phone": "0044 (20) 7946-0000",
            "first_name": " Änn ",
            "last_name": "O'Lee",
            "country": "gb",
            "postal_code": "EC1A 1BB",
        },
        other: dict.fromkeys(
            ("email", "phone", "first_name", "last_name", "country", "postal_code"), ""
        )
        | {"phone": "0170 1234567"},
    }
    given = {"SEGMENT": 1, "CONTACTS": contacts(tmp_path / "c.csv", people)}

    def sha(text: str) -> str:
        return hashlib.sha256(text.encode()).hexdigest()

    exported = copy.export(**given, LAYOUT="google")
    assert files(exported) == {
        "add.csv": [
            {
                "Email": sha("annlee+shop@googlemail.com"),
                "Phone": sha("+442079460000"),
                "First Name": sha("änn"),
                "Last Name": sha("o'lee"),
                "Country": "GB",
                "Zip": "EC1A 1BB",
            }
        ]
    }
    # A number without its country is no number.
    assert exported.left_out == {"no_address": len(copy.members(1)) - 1}
    exported = copy.export(**given, LAYOUT="meta")
    assert files(exported)["add.csv"] == [
        {
            "email": sha("ann.lee+shop@googlemail.com"),
            "phone": sha("442079460000"),
            "fn": sha("änn"),
            "ln": sha("olee"),
            "zip": sha("ec1a1bb"),
            "country": sha("gb"),
        }
    ]
    assert "at least 100 people" in said(given | {"LAYOUT": "meta"}, exported)


def test_a_list_without_any_address_says_where_they_come_from(copy: Shop) -> None:
    given = {"SEGMENT": 1, "LAYOUT": "klaviyo"}
    assert "CONTACTS names a file with customer_id and email" in said(given, copy.export(**given))
    given["LAYOUT"] = "braze"
    assert "CONTACTS" not in said(given, copy.export(**given))


def test_addresses_come_from_attributes_and_ids_too(copy: Shop) -> None:
    _, _, one, other = two_segments(copy)
    copy.change(
        f"insert into customer_attributes by name select '{one}' as customer_id, "
        "'Email Address' as attribute, 'a@b.example' as value",
        f"update customer_segments set customer_id = 'id@b.example' where customer_id = '{other}'",
    )
    rows = files(copy.export(SEGMENT=1, LAYOUT="mailchimp"))["add.csv"]
    assert rows == [
        {"Email Address": "a@b.example", "Tags": "segment 1"},
        {"Email Address": "id@b.example", "Tags": "segment 1"},
    ]


# --- who is left out


def test_those_who_opted_out_are_left_out_and_removed(
    copy: Shop, tmp_path: Path, everybody: Path
) -> None:
    first, _, one, other = two_segments(copy)
    before = copy.members(first)
    given = {"SEGMENT": first, "LAYOUT": "klaviyo", "CONTACTS": everybody}
    copy.export(**given)
    copy.change(
        f"insert into customer_attributes by name select '{one}' as customer_id, "
        "'opt_out' as attribute, 'Yes' as value",
    )
    rows = {row["customer_id"]: row for row in read(everybody)}
    saying = {
        customer: {"email": row["E-Mail"], "consent": "no" if customer == other else "yes"}
        for customer, row in rows.items()
    }
    given["CONTACTS"] = contacts(tmp_path / "saying.csv", saying)
    exported = copy.export(**given)
    assert exported.left_out == {"opted_out": 2}
    assert exported.files == {"add.csv": len(before) - 2, "remove.csv": 2}
    removed = {row["Email"] for row in files(exported)["remove.csv"]}
    assert removed == {rows[c]["E-Mail"].strip().lower() for c in (one, other)}
    assert "2 customers left out, as they opted out of messages" in said(given, exported)
    # No tool's file: the columns are asked for, and so is what is done with them.
    assert copy.export(SEGMENT=first).counts.entered == len(before)


def test_an_opt_out_counts_for_the_address(copy: Shop, tmp_path: Path) -> None:
    _, _, one, other = two_segments(copy)
    people = {
        one: {"email": "home@example.com", "unsubscribed": "1"},
        other: {"email": "Home@example.com ", "unsubscribed": ""},
    }
    exported = copy.export(
        SEGMENT=1, LAYOUT="mailchimp", CONTACTS=contacts(tmp_path / "c.csv", people)
    )
    assert exported.left_out["opted_out"] == 2
    assert files(exported) == {"add.csv": []}


@pytest.mark.parametrize(
    ("attribute", "value", "has_said_no"),
    [
        ("opt_out", "true", True),
        ("opt_out", "0", False),
        ("Accepts_Marketing", "No", True),
        ("accepts_marketing", "yes", False),
        ("newsletter", "weekly", False),
        ("gender", "no", False),
    ],
)
def test_who_said_no(attribute: str, value: str, has_said_no: bool) -> None:
    sql = f"select {SAID_NO} from (select ? as attribute, ? as value)"
    assert query(sql, attribute, value) == [(has_said_no,)]


def test_one_address_is_written_once_and_not_removed_while_it_is_used(
    copy: Shop, tmp_path: Path
) -> None:
    first, second, mover, stays = two_segments(copy)
    people = {customer: {"email": "home@example.com"} for customer in (mover, stays)}
    given = {"SEGMENT": first, "LAYOUT": "mailchimp"}
    given["CONTACTS"] = contacts(tmp_path / "c.csv", people)
    exported = copy.export(**given)
    assert exported.left_out["same_address"] == 1
    assert exported.files == {"add.csv": 1}
    copy.next_run((min(mover, stays), second))
    exported = copy.export(**given)
    assert exported.counts.left == 1
    assert exported.files == {"add.csv": 1}
    assert "cannot be removed by address" in said(given, exported)


def test_customers_who_are_held_out_are_left_out(copy: Shop, everybody: Path) -> None:
    _, _, one, _ = two_segments(copy)
    copy.change(f"update customer_segments set is_holdout = true where customer_id = '{one}'")
    exported = copy.export(SEGMENT=1, LAYOUT="hubspot", CONTACTS=everybody)
    assert exported.left_out == {"held_out": 1}
    assert len(files(exported)["add.csv"]) == len(copy.members(1))


# --- formulas


def test_no_cell_is_a_formula_and_no_id_is_changed(copy: Shop, tmp_path: Path) -> None:
    _, _, one, other = two_segments(copy)
    copy.change(
        "update segment_summary set segment_name = '=1+1' where segment_id = 1",
        f"update customer_segments set customer_id = '=1+1' where customer_id = '{one}'",
    )
    exported = copy.export(SEGMENT=1, LAYOUT="braze")
    assert exported.left_out == {"no_address": 1}
    assert {row["segment"] for row in files(exported)["add.csv"]} == {"'=1+1"}
    parquet = copy.export(SEGMENT=1, LAYOUT="braze", FORMAT="parquet").path / "add.parquet"
    assert ("=1+1", "=1+1") in query(f"select external_id, segment from '{parquet}'")
    people = {
        other: {
            "email": "=cmd|' /C calc'!A0@example.com",
            "postal_code": "",
            "phone": "+4930123456",
        }
    }
    given = {"LAYOUT": "google", "CONTACTS": contacts(tmp_path / "c.csv", people)}
    (row,) = files(copy.export(SEGMENT=1, **given))["add.csv"]
    assert row["Email"] == ""
    assert row["Phone"] == hashlib.sha256(b"+4930123456").hexdigest()
    people[other]["postal_code"] = "@SUM(A1)"
    contacts(tmp_path / "c.csv", people)
    (row,) = files(copy.export(SEGMENT=1, **given))["add.csv"]
    assert row["Zip"] == "'@SUM(A1)"


# --- parts and changes


def test_files_are_split_at_the_rows_and_bytes_of_the_tool(
    copy: Shop, everybody: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    whole = read(copy.export(LAYOUT="klaviyo", CONTACTS=everybody).path / "add.csv")
    for limits in ({"most_rows": 10}, {"most_rows": None, "most_bytes": 600}):
        limited = {"klaviyo": replace(layouts()["klaviyo"], **limits)}
        monkeypatch.setattr(export, "layouts", lambda limited=limited: limited)
        exported = copy.export(LAYOUT="klaviyo", CONTACTS=everybody)
        names = list(exported.files)
        assert len(names) > 2
        assert names[0] == f"add_1_of_{len(names)}.csv"
        parts = [read(exported.path / name) for name in names]
        assert [row for part in parts for row in part] == whole
        assert all(len(part) <= 10 or not limits.get("most_rows") for part in parts)
        if "most_bytes" in limits:
            assert all((exported.path / name).stat().st_size <= 600 for name in names)


def test_changes_are_those_who_entered_or_left(copy: Shop, everybody: Path) -> None:
    first, second, mover, leaver = two_segments(copy)
    for given in ({}, {"LAYOUT": "sync", "CONTACTS": everybody}):
        copy.export(SEGMENT=first, CHANGES=1, **given)
    copy.next_run((mover, second), (leaver, None))
    plain = copy.export(SEGMENT=first, CHANGES=1)
    assert {row["customer_id"] for row in read(plain.path)} == {mover, leaver}
    assert "2 rows" in said({"SEGMENT": first, "CHANGES": 1}, plain)
    exported = copy.export(SEGMENT=first, CHANGES=1, LAYOUT="sync", CONTACTS=everybody)
    assert {row["customer_id"] for row in files(exported)["remove.csv"]} == {mover, leaver}
    assert exported.files == {"add.csv": 0, "remove.csv": 2}


def test_each_tool_is_an_audience_of_its_own(copy: Shop, everybody: Path) -> None:
    given = {"SEGMENT": 1, "CONTACTS": everybody}
    copy.export(SEGMENT=1)
    assert copy.export(**given, LAYOUT="klaviyo").base is None
    copy.next_run()
    assert copy.export(**given, LAYOUT="klaviyo").base is not None
    assert copy.export(**given, LAYOUT="hubspot").base is None
