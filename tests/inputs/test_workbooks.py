"""Workbooks and zip archives: one table each, whatever else is in them."""

from __future__ import annotations

import base64
import gzip
import io
import os
from datetime import date, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tried import EXPECTED, GOOD, NAMED, NAMED_EXPECTED, staged, try_load
from workbooks import xlsx, zipped

pytestmark = pytest.mark.inputs

NAMES = ["order_id", "customer_id", "ordered_at", "net_amount"]
ROWS = [["o1", "c1", date(2024, 1, 2), 9.5], ["o2", "c2", date(2024, 3, 4), 1]]
TABLE = [NAMES, *ROWS]
# An old workbook (BIFF8) with TABLE in it.
OLD = (
    "ABzY8000000t4+>J!lj`6#i!K|4i;DUW7ylN5H5tDH5AB$*Q2KOrnh<!g<MF5#rs-<x<4PXuMJotQ4C-ENo6~{6Pgp"
    "3kxBlg`fy`T3QJT7Rjw|-p=YJM#zB%PWD^o?YuYhzM0*bH#57hmg41wJM9&$!4N#CS|RvrY=TnAQDUHS%aU2=9;9Ts"
    "Xefk&G?0ED9yY%W$T5`TU4e$%-lrsikCaa03`WdcCb@|?z<o#y*@r=r0@ukBK^ym~h2;dxtt@YG%||TvvE>rWL8@C8"
    "C$OZCbPuRmd|d0~vIr#aJ@$FWmOixNg`CCbE(^P^5Bu|z>C+8X(BW;uB4|K|Gr3G&>QUT47?>sWX0yG9QAUCWdlBEP"
    "B=FUV>L*FpzPWY*vVUJ~5B$L%q(NM3zoL18IasGSNQyM62fTJ5kLHa`etH?ByfCX|N@Hr$*h1kmGhHyVtc6uU#z>_L"
    "q~tP%R61+U<O&oOW*><ODa?ME>krF)fY*)Ks&%88<Ee?HfhgzW991!Dc=_g+*N4Z)^b}j>xI6ZavO_)qES#4f<Q(A="
    "4@+6n%^rJLUSQVkoNs5DpeaxHuCZ2?IW*68E^=uXwX>J;M&DVJ-$nW2=Ogz!il6k|lrIfe&L&E4^#yd&4rh?Ryynp("
    "dc?J>5)X9eF4XGtfo0ooD^XC3slHok+l*pG#vUQg($?hL5kECey(?SukmgZbVjV8QTwYaQFqe<C$J94LJT18UOftTY"
    "NG{2ut;3=*i(j$W;}uXW8ncw1YpR9^LmIJ47g}F`Aq*ETT)1%I!i5VLjRe7GPy4(r&yzlNmJg`^IxCc_?r)O+7Dr*y"
    "RiKZ`gUHc6kJ-BB&o=mk!zDK8<NPm_I7Y4KF@<sN$5h?(m%da)?elEdG4}UDsNVLg_4M-}xBml7^jOFM761S"
)


@pytest.mark.parametrize("ending", ["xlsx", "xlsm"])
@pytest.mark.parametrize("is_1904", [False, True])
def test_a_workbook_is_read(tmp_path, ending, is_1904):
    content = xlsx({"Orders": TABLE}, is_1904=is_1904)
    assert staged(tmp_path, {f"order_lines.{ending}": content}) == EXPECTED


def test_an_old_workbook_is_read(tmp_path):
    content = gzip.decompress(base64.b85decode(OLD))
    assert staged(tmp_path, {"order_lines.xls": content}) == EXPECTED


def test_cells_are_read_as_what_they_are(tmp_path):
    cells = {
        5000000001004: "5000000001004",
        12345.0: "12345",
        0.1: "0.1",
        1e-07: "0.0000001",
        -2.5: "-2.5",
        "007": "007",
        "a\nb": "a\nb",
        'say "no"; or, not': 'say "no"; or, not',
        True: "true",
        date(1999, 12, 31): "1999-12-31",
        datetime(2024, 2, 29, 23, 59, 59): "2024-02-29 23:59:59",
        datetime(2024, 1, 28, 8, 1): "2024-01-28 08:01:00",
    }
    rows = [[f"o{n}", cell, date(2024, 1, 2), 1] for n, cell in enumerate(cells)]
    tried = try_load(tmp_path, {"order_lines.xlsx": xlsx({"S": [NAMES, *rows]})})
    found = tried.query("select customer_id from raw.order_lines order by _row_number")
    assert [text for (text,) in found] == list(cells.values())


def test_the_first_sheet_that_can_be_seen_or_the_one_that_is_named(tmp_path):
    other = [NAMES, ["o9", "c9", date(2024, 1, 2), 9]]
    content = xlsx({"Notes": [["x"]], "Orders": TABLE, "More": other}, hidden=["Notes"])
    first = try_load(tmp_path / "1", {"order_lines.xlsx": content})
    assert first.query("select order_id from raw.order_lines") == [("o1",), ("o2",)]
    assert "sheet Orders of 3" in first.shown
    files = {"order_lines.xlsx": content, "columns.yml": "_sheet: more"}
    second = try_load(tmp_path / "2", files)
    assert second.query("select order_id from raw.order_lines") == [("o9",)]
    files["columns.yml"] = "_sheet: Mores"
    message = str(try_load(tmp_path / "3", files).problem)
    assert "has no sheet Mores, as _sheet says; there are: Notes, Orders, More" in message


def test_sheets_of_one_table_are_read_one_after_the_other(tmp_path):
    sheets = {"Year 2023": TABLE[:2], "Notes": [["x"]], "Year 2024": [[], NAMES, TABLE[2]]}
    files = {"order_lines.xlsx": xlsx(sheets), "columns.yml": "_sheet: year*"}
    tried = try_load(tmp_path / "1", files)
    assert tried.query("select order_id, _row_number from raw.order_lines") == [
        ("o1", 1),
        ("o2", 2),
    ]
    assert "sheets Year 2023, Year 2024 of 3" in tried.shown
    files["columns.yml"] = "_sheet: '*'"
    message = str(try_load(tmp_path / "2", files).problem)
    assert "sheet Notes has other columns than sheet Year 2023" in message


def test_a_sheet_with_the_columns_is_proposed(tmp_path):
    titled = [["Sales report"], [], *TABLE]
    content = xlsx({"Summary": [["Sheet", "Rows"], ["Data", 2]], "Empty": [], "Data": titled})
    mapping = "order_id: order_id\nnet_amount: net_amount * 1\n"
    for number, option in enumerate(({}, {"columns.yml": mapping})):
        files = {"order_lines.xlsx": content, **option}
        message = str(try_load(tmp_path / str(number), files).problem)
        assert "sheet Data has more of the names: write _sheet: Data into columns.yml" in message
    files["columns.yml"] = mapping + "_sheet: Data\n_skip: 2\n"
    assert staged(tmp_path / "read", files) == EXPECTED


def test_rows_and_columns_around_a_table_are_left_out(tmp_path):
    shifted = [[], [], *([None, *row] for row in TABLE[:2]), [], [None, *TABLE[2]], [None, " "]]
    tried = try_load(tmp_path / "1", {"order_lines.xlsx": xlsx({"S": shifted})})
    assert tried.query("select order_id, _row_number from raw.order_lines") == [
        ("o1", 1),
        ("o2", 2),
    ]
    titled = [["Sales\nreport"], [], ["Printed"], *TABLE]
    message = str(try_load(tmp_path / "2", {"order_lines.xlsx": xlsx({"S": titled})}).problem)
    assert "the header seems to stand in row 4: write _skip: 3" in message
    files = {"order_lines.xlsx": xlsx({"S": titled}), "columns.yml": "_skip: 3"}
    assert staged(tmp_path / "3", files) == EXPECTED


def test_a_sheet_of_customers(tmp_path):
    rows = [["id", "age", "Spend\nlast year"], *([f"c{n}", 20 + n, n * 7.5] for n in range(9))]
    tried = try_load(tmp_path, {"people.xlsx": xlsx({"S": rows})}, SOURCE="own_table")
    assert tried.query('select count(age), max("spend last year") from raw.customers') == [
        (9, "7.5")
    ]


def test_another_sheet_is_loaded_anew(tmp_path):
    other = [NAMES, ["o9", "c9", date(2024, 1, 2), 9]]
    files = {"order_lines.xlsx": xlsx({"A": TABLE, "B": other})}
    settings = {"WAREHOUSE": str(tmp_path / "warehouse")}
    assert staged(tmp_path / "1", files, **settings) == EXPECTED
    files["columns.yml"] = "_sheet: B"
    again = try_load(tmp_path / "2", files, **settings)
    assert again.query("select order_id from raw.order_lines") == [("o9",)]


def test_100_000_rows_take_seconds(tmp_path):
    moments = [datetime(2024, 1, 2, 8, minute) for minute in range(60)]
    rows = ([f"o{n // 3}", n % 5_000, moments[n % 60], n / 100] for n in range(10**5))
    content = xlsx({"S": [NAMES, *rows]})
    # Of processors, by this process and the one that reads the workbook.
    started = sum(os.times()[:4])
    tried = try_load(tmp_path, {"order_lines.xlsx": content})
    seconds = sum(os.times()[:4]) - started
    amounts = "select count(*), sum(cast(net_amount as decimal(9, 2))) * 100 from raw.order_lines"
    assert tried.query(amounts) == [(10**5, sum(range(10**5)))]
    assert seconds < 15


# --- what is no workbook, or too much of one


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (GOOD.encode(), "is text and no workbook: name it .csv"),
        (b"<html><table><tr><td>1</td></tr></table></html>", "is a web page or XML"),
        (xlsx({"S": TABLE})[:-200], "is damaged, or no workbook"),
        (zipped({"x.txt": "y"}), "is damaged, or no workbook"),
        (xlsx({"S": []}), "sheet S is empty"),
        (xlsx({"S": TABLE}, hidden=["S"]), "has no sheet that can be seen"),
    ],
)
def test_a_file_that_is_no_workbook(tmp_path, content, fault):
    message = str(try_load(tmp_path, {"order_lines.xlsx": content}).problem)
    assert message.startswith("order_lines.xlsx: ")
    assert fault in message


def test_a_workbook_that_asks_for_all_memory_is_refused(tmp_path):
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    content = xlsx({"S": TABLE}, extra=far)
    message = str(try_load(tmp_path, {"order_lines.xlsx": content}).problem)
    assert "GB of memory or ten minutes to read: save its sheet as CSV" in message


def test_options_that_a_file_does_not_have_are_refused(tmp_path):
    for number, (name, content, option, fault) in enumerate(
        [
            ("order_lines.csv", GOOD, "_sheet: S", "is no workbook"),
            ("order_lines.csv", GOOD, "_lines: items", "is not JSON"),
            ("order_lines.xlsx", xlsx({"S": TABLE}), "_lines: items", "is a workbook"),
            ("order_lines.jsonl", '{"a": 1}', "_skip: 1", "has no rows above its header"),
        ]
    ):
        files = {name: content, "columns.yml": option}
        assert fault in str(try_load(tmp_path / str(number), files).problem)


# --- zip archives


def test_a_zip_archive_of_one_table(tmp_path):
    parquet = io.BytesIO()
    columns = {name: [row[n] for row in ROWS] for n, name in enumerate(NAMES)}
    pq.write_table(pa.table(columns), parquet)
    archives = {
        "order_lines.zip": {"export 2024/sales.csv": GOOD, "__MACOSX/._sales.csv": "x"},
        "order_lines.csv.zip": {"order_lines.csv": GOOD, "readme.pdf": "x"},
        "Order_Lines.ZIP": {"a.TSV": GOOD.replace(",", "\t")},
        "order_lines_1.zip": {"a.csv.gz": gzip.compress(GOOD.encode("utf-16"))},
        "order_lines_2.zip": {"a.xlsx": xlsx({"S": TABLE})},
        "order_lines_3.zip": {"a.parquet": parquet.getvalue()},
    }
    for number, (name, files) in enumerate(archives.items()):
        assert staged(tmp_path / str(number), {name: zipped(files)}) == EXPECTED, name


def test_encodings_in_an_archive(tmp_path):
    files = {"order_lines.zip": zipped({"a.csv": NAMED.encode("cp1252")})}
    assert staged(tmp_path, files) == NAMED_EXPECTED


def test_archives_that_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("loading.file_bounds.ALWAYS_UNPACKED", 1_000_000)
    bomb = zipped({"a.csv": GOOD + "o3,c3,2024-01-02,1\n" * 100_000})
    locked = bytearray(zipped({"a.csv": GOOD}))
    for at in (locked.index(b"PK\x03\x04") + 6, locked.index(b"PK\x01\x02") + 8):
        locked[at] |= 1
    for number, (content, fault) in enumerate(
        {
            zipped(
                {"a.csv": GOOD, "b.csv": GOOD}
            ): "expected one file of data in it; there is a.csv",
            zipped({"a.pdf": "x"}): "there is none that is read",
            zipped({"a.zip": zipped({"a.csv": GOOD})}): "a.zip is a zip archive too",
            bytes(locked): "a.csv is locked by a password",
            zipped({"a.csv": GOOD})[:-30]: "cannot be unpacked",
            b"no archive": "cannot be unpacked",
            bomb: "unpacks to more than 1.0 MB, more than 200 times its size",
        }.items()
    ):
        message = str(try_load(tmp_path / str(number), {"order_lines.zip": content}).problem)
        assert fault in message, message


def test_an_archive_beside_what_was_in_it_is_refused(tmp_path):
    for name in ("order_lines.zip", "order_lines.csv.zip"):
        files = {name: zipped({"order_lines.csv": GOOD}), "order_lines.csv": GOOD}
        assert "has both" in str(try_load(tmp_path / name, files).problem)
