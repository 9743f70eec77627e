"""What make check suspects, each kind by data that has it, and nothing in data that has none."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from checking import check
from checking.kinds import KINDS
from common.settings import resolve
from shops import ROOT
from suspicious_tables import SUSPECTED, changed, people, sold, text
from tried import write

pytestmark = pytest.mark.inputs


def suspicions(folder: Path, files: dict[str, str], **settings: str) -> dict[str, tuple[int, str]]:
    """Return the count and the sentence of each kind that is suspected."""
    data = write(folder, {f"data/{name}": content for name, content in files.items()}) / "data"
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(folder / "w")} | settings
    found = check.check(resolve(given), given)
    return {suspicion.kind: (suspicion.count, suspicion.sentence) for suspicion in found.suspicions}


def test_every_kind_is_tried():
    assert {kind.name for kind in KINDS} == {case[0] for case in SUSPECTED.values()}


@pytest.mark.parametrize("name", SUSPECTED)
def test_what_is_suspicious_is_suspected(tmp_path, name):
    kind, count, files, part = SUSPECTED[name]
    source = "own_table" if set(files) == {"customers.csv"} else "own_files"
    found = suspicions(tmp_path, files, SOURCE=source)
    assert kind in found
    assert found[kind][0] == count
    assert part in found[kind][1]


def test_the_guide_says_what_to_do_about_every_kind():
    page = (ROOT / "docs" / "bring_your_own_data.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1] for line in page.splitlines() if line.startswith("| `")]
    explained = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    assert {kind.name for kind in KINDS} - explained == set()


def test_what_is_filled_forward_is_said(tmp_path):
    rows = changed(
        sold(), lambda n, row: {} if n % 2 == 0 else {"customer_id": "", "ordered_at": ""}
    )
    found = suspicions(tmp_path, {"order_lines.csv": text(rows)})
    assert found["order_fields_filled_forward"][0] == 32


def test_nothing_is_suspected_where_nothing_is(tmp_path):
    # Ids with zeros and of two kinds of letters, a repeated line, a return, a currency, local
    # times, a gap between seasons, a status, a customer who buys more.
    rows = changed(
        sold(),
        lambda n, row: {
            "customer_id": f"{'aB'[row['customer_id'] % 2]}0{row['customer_id']}",
            "ordered_at": row["ordered_at"] + timedelta(days=70 if n > 41 else 0),
            "currency": "EUR",
            "refunded amount": "0.00",
            "status": ("paid", "open")[n % 2],
        },
    )
    back = rows[9] | {"order_id": 2000, "net_amount": -rows[9]["net_amount"]}
    files = {
        "order_lines.csv": text([*rows, rows[-1], back]),
        "customers.csv": people(
            *sorted({row["customer_id"] for row in rows}),
            age=lambda n: 99 if n == 1 else 40 + 7 * n,
            tier=lambda n: "ab"[n % 2],
        ),
    }
    assert suspicions(tmp_path, files) == {}
