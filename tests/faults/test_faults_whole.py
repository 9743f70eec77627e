"""Hostile texts through whole builds, the page and exports: text stays text, secrets stay out.

A build takes a while, so that many texts are in each.
"""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from test_faults_hostile import ANY_TEXT

from common.console import DATA_REFUSED
from hostile import TEXTS
from report_pages import read
from shops import ROOT, Built, build, clean_environment

pytestmark = [pytest.mark.faults, pytest.mark.short]

FIRST_DAY = date(2024, 1, 1)
GOOD_CUSTOMERS = 45
ORDERS = 12
LONG_TEXT = "<b>=1+1;" * 125_000  # 1 MB
# What the environment of a build may hold; none of it is any of its business.
SECRETS = {
    "DATABASE_URL": "postgresql://someone:5ecret-of-a-database@db.example/shop",
    "AWS_SECRET_ACCESS_KEY": "5ecret-of-a-cloud",
    "PSEUDONYM_KEY": "5ecret-of-the-pseudonyms-thirty-two-bytes",
    "DBT_ENV_SECRET_TOKEN": "5ecret-of-dbt",
    "DBT_ENV_CUSTOM_ENV_TOKEN": "5ecret-of-dbt-for-its-manifest",
}
SECRET = b"5ecret-of-"
FORMULA_SIGNS = "=+-@\uff1d\uff0b\uff0d\uff20\ufe66\ufe62\ufe63\u2212"
OUTSIDE = (Path("/tmp/executed"), Path("/tmp/evil.duckdb"))
TEXT_OF_A_FILE = ANY_TEXT.filter(lambda text: "\x00" not in text)
# Whole builds to an input of the readers.
INPUTS_TO_A_BUILD = 1_000


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Write rows with every cell in quotes, whatever it is."""
    file = io.StringIO()
    csv.writer(file, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows([header, *rows])
    path.write_bytes(file.getvalue().encode("utf-8"))


def write_shop(data: Path, texts: Sequence[str]) -> Path:
    """Write a shop of three kinds of customers; each text is an id, a category and a channel."""
    data.mkdir()
    at = lambda number: texts[number % len(texts)]  # noqa: E731
    lines, people = [], []
    customers = [f"c{n}" for n in range(GOOD_CUSTOMERS)] + [t for t in texts if len(t) < 10_000]
    for n, customer in enumerate(customers):
        kind = n % 3
        people.append([customer, at(n), at(n + 1), LONG_TEXT if n == 3 else at(n + 2)])
        for order in range(ORDERS // (kind + 1)):
            day = FIRST_DAY + timedelta(days=(17 * n + 28 * order * (kind + 1)) % 330)
            amount = f"{(5, 60, 15)[kind] + n % 7}.{order:02}"
            lines.append(
                [f"o{n}-{order}", customer, f"p{(n + order) % len(texts)}", at(n), str(day), amount]
            )
    products = [[f"p{n}", text, at(n + 1), at(n + 2)] for n, text in enumerate(texts)]
    header = ("order_id", "customer_id", "product_id", "channel", "ordered_at", "net_amount")
    write(data / "order_lines.csv", header, lines)
    write(data / "customers.csv", ("customer_id", "note", "=1+1", "<b>town"), people)
    write(data / "products.csv", ("product_id", "category", "subcategory", "brand"), products)
    contacts = [[customer, "visit", at(n), "2024-06-01"] for n, customer in enumerate(customers)]
    header = ("customer_id", "interaction_type", "channel", "occurred_at")
    write(data / "interactions.csv", header, contacts)
    return data


def check_whole(texts: Sequence[str]) -> str:
    """Build a shop of texts; returns what became of it: built, or what refused it."""
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        folder = Path(name)
        data = write_shop(folder / "data", texts)
        written = {path.name: path.read_bytes() for path in data.iterdir()}
        environment = {**SECRETS, "PYTHONPATH": ""}
        built = build(data, folder / "warehouse", environment=environment, k=3, log="json")
        shown = [json.loads(line) for line in built.output.splitlines()]
        assert {path.name: path.read_bytes() for path in data.iterdir()} == written
        assert shown[-1]["exit_code"] == built.code
        if built.code == DATA_REFUSED:
            (message,) = [line["message"] for line in shown if line.get("level") == "error"]
            assert message.isprintable(), message
            outcome = f"refused: {message}"
        else:
            assert built.code == 0, built.output
            check_reconciled(built)
            check_page(built)
            check_export(built, folder)
            outcome = "built"
        # Nothing was run, and nothing stands where it should not.
        assert {path.name for path in folder.iterdir()} <= {"data", "warehouse", "out.csv"}
        assert not [path for path in OUTSIDE if path.exists()]
        check_secrets(built)
        return outcome


def check_reconciled(built: Built) -> None:
    """Check that every row that was loaded is told of; dbt's tests have looked at the rest."""
    loaded = built.query_build(
        "select source_table, sum(row_count) from raw.load_ledger group by source_table"
    )
    found = dict(
        built.query(
            "select source_table, sum(row_count) from data_quality "
            "where outcome in ('accepted', 'rejected', 'duplicate') group by source_table"
        )
    )
    assert loaded
    assert dict(loaded) == {name: found.get(name) for name, _ in loaded}
    segmented = built.one("select count(*) from customer_segments where status = 'segmented'")
    assert segmented[0] >= GOOD_CUSTOMERS


def script(name: str, **given: object) -> None:
    """Run a script as make does."""
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / name)],
        env=clean_environment(**given),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr


def check_page(built: Built) -> None:
    """Check that markup in the data is text on the page: no element, no attribute, no script."""
    script("report.py", source="own_files", warehouse=built.warehouse.path)
    page = built.warehouse.report().read_text(encoding="utf-8")
    root = read(page)
    scripts = [s for s in root.all("script") if s.attributes.get("type") != "application/json"]
    assert len(scripts) <= 2
    assert not any("alert(1)" in element.text for element in scripts)
    elements = root.all()
    assert not [e.tag for e in elements if any(a.startswith("on") for a in e.attributes)]
    assert not [e.tag for e in elements if e.tag in ("img", "iframe", "object", "base")]
    # Texts of the data are on it, but none as markup.
    assert "&lt;script&gt;alert(1)" in page or "<script>alert(1)" in root.text
    assert not [text for text in ("<b>=1+1", "<img src=x", "<script>alert") if text in page]
    # Of a text of 1 MB, the page shows the beginning.
    assert len(page) < 10_000_000


def check_export(built: Built, folder: Path) -> None:
    """Check that no cell of an export is a formula, and that there are customers in it."""
    out = folder / "out.csv"
    given = {"source": "own_files", "warehouse": built.warehouse.path, "segment": 1, "out": out}
    script("export.py", **given)
    with out.open(encoding="utf-8-sig", newline="") as file:
        header, *rows = csv.reader(file)
    assert rows
    assert {len(row) for row in rows} == {len(header)}
    for row in rows:
        for cell in row:
            assert not is_formula(cell), cell[:50]


def is_formula(cell: str) -> bool:
    """Say whether a spreadsheet may take a cell for a formula; numbers are none."""
    if re.fullmatch(r"-?[\d.]+(e-?\d+)?", cell):
        return False
    bare = cell
    while bare and unicodedata.category(bare[0])[0] in "ZC":
        bare = bare[1:]
    return bare[:1] in FORMULA_SIGNS if bare else False


def check_secrets(built: Built) -> None:
    """Check that no file of a warehouse, of dbt neither, and no message holds a secret."""
    assert SECRET.decode() not in built.output
    held = [
        str(path.relative_to(built.warehouse.path))
        for path in built.warehouse.path.rglob("*")
        if path.is_file() and SECRET in path.read_bytes()
    ]
    assert not held


def test_a_byte_that_is_no_text_is_refused_by_its_line() -> None:
    assert "has the byte 0x00" in check_whole(TEXTS)


def test_hostile_texts_stay_text() -> None:
    assert check_whole([text for text in TEXTS if "\x00" not in text]) == "built"


def test_drawn_texts_stay_text(pytestconfig: pytest.Config, note: Callable[[str], None]) -> None:
    builds = pytestconfig.getoption("inputs") // INPUTS_TO_A_BUILD - 1
    if builds < 1:
        pytest.skip("each takes a whole build: the long form has them")
    outcomes: list[str] = []

    # No smaller example is looked for: it would take hours.
    @settings(
        max_examples=builds,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(
        st.lists(
            ANY_TEXT.filter(lambda text: "\x00" not in text), min_size=20, max_size=60, unique=True
        )
    )
    def drawn(texts: list[str]) -> None:
        outcomes.append(check_whole(texts))

    drawn()
    note(f"{len(outcomes)} builds of drawn texts: {outcomes.count('built')} built, others refused")
