"""Delimited files as programs and people write them: line ends, headers, titles, blanks."""

from __future__ import annotations

import gzip

import pytest

from loading.csv_format import line_ends
from loading.text_format import Scanned
from tried import EXPECTED, GOOD, NAMED, NAMED_EXPECTED, staged, try_load

pytestmark = [pytest.mark.inputs, pytest.mark.short]

LINES = GOOD.splitlines()
TITLES = "Sales report 2024\nPrinted by Zoë, 2025-01-03\n\n"


def test_line_ends_that_are_mixed(tmp_path):
    contents = {
        "lone returns and a last line feed": "\r".join(LINES) + "\n",
        "line feeds and a last lone return": "\n".join(LINES) + "\r",
        "one of each": LINES[0] + "\r" + LINES[1] + "\r\n" + LINES[2] + "\n",
        "windows, then unix": LINES[0] + "\r\n" + LINES[1] + "\n" + LINES[2],
        "unix, then windows": LINES[0] + "\n" + LINES[1] + "\r\n" + LINES[2],
    }
    for number, (what, content) in enumerate(contents.items()):
        for encoding in ("utf-8", "utf-16"):
            folder = tmp_path / f"{number} {encoding}"
            found = staged(folder, {"order_lines.csv": content.encode(encoding)})
            assert found == EXPECTED, (what, encoding)


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("within", ["\n", "\r\n", "\r"])
def test_line_breaks_in_names_and_cells(tmp_path, line_end, within):
    header = f'order_id,"Customer{within}ID",ordered_at,"Net{within}Amount"'
    rows = (f'o1,"c{within}1",2024-01-02,9.50', "o2,c2,2024-03-04,1")
    tried = try_load(tmp_path, {"order_lines.csv": line_end.join([header, *rows]) + line_end})
    assert tried.problem is None, tried.problem
    rows = tried.query("select order_id, customer_id, net_amount from raw.order_lines order by 1")
    assert [(*row[:1], " ".join(row[1].split()), row[2]) for row in rows] == [
        ("o1", "c 1", "9.50"),
        ("o2", "c2", "1"),
    ]


def test_line_ends_are_found_across_the_pieces_of_a_file(tmp_path, monkeypatch):
    monkeypatch.setattr("loading.csv_format.CHUNK_BYTES", 4)
    path = tmp_path / "x.csv"
    for content, expected in (
        (b"a,b\r\n1,2\r\n", ({"\r\n"}, True)),
        (b'a,b\r\n"1\n",2\r\n', ({"\r\n"}, True)),
        (b'a,b\n"1\r",2\n', ({"\n"}, False)),
        (b"a,b\r1,2\n", ({"\r", "\n"}, False)),
    ):
        path.write_bytes(content)
        assert line_ends(path, Scanned("utf-8", is_gzipped=False)) == expected, content
        path.write_bytes(content.decode().encode("utf-16"))
        assert line_ends(path, Scanned("utf-16", is_gzipped=False)) == expected, content


def test_a_fault_of_a_rewritten_file_is_found_by_row(tmp_path):
    mixed = GOOD.replace("\n", "\r\n", 1)
    for number, (row, fault) in enumerate(
        {"o3,c3,2024": "row 3 (line 4) has 3 columns", 'o3,"c3': "row 3 opens a double"}.items()
    ):
        folder = tmp_path / str(number)
        tried = try_load(folder, {"order_lines.csv": mixed + row + "\n"})
        assert fault in str(tried.problem)


# --- rows above the header


@pytest.mark.parametrize(
    ("above", "line"),
    [
        ("Sales report 2024,,,\nPrinted 2025-01-03,,,\n,,,\n", 4),
        (TITLES, 4),
        ("Order,,Item,\n", 2),
        ("Order,Order,Item,Item\n", 2),
        ('"A title\nof two lines",,,\n', 3),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";"])
def test_a_header_further_down_is_proposed_and_then_read(tmp_path, above, line, delimiter):
    content = (above + NAMED).replace(",", delimiter)
    refused = try_load(tmp_path / "first", {"order_lines.csv": content})
    advice = f"the header seems to stand in line {line}: write _skip: {line - 1} into columns.yml"
    assert advice in str(refused.problem)
    files = {"order_lines.csv": content, "columns.yml": f"_skip: {line - 1}\n"}
    assert staged(tmp_path / "second", files) == NAMED_EXPECTED


@pytest.mark.parametrize(
    ("source", "file"), [("own_files", "order_lines.csv"), ("own_table", "customers.csv")]
)
@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_title_without_the_delimiter_of_the_table(tmp_path, source, file, delimiter):
    # Names of columns that no mapping knows: what is below the title looks like a header.
    names = delimiter.join(("Datum", "Bon-Nr.", "Kundennummer", "Betrag"))
    rows = "".join(
        delimiter.join((f"0{n}.01.2024", f"B{n}", f"K{n}", f"{n},50 €")) + "\n" for n in range(1, 9)
    )
    content = "Umsatzbericht Filiale 3\nErstellt am 05.02.2025\n\n" + names + "\n" + rows
    message = str(try_load(tmp_path, {file: content}, SOURCE=source).problem)
    assert "the header seems to stand in line 4: write _skip: 3 into columns.yml" in message


def test_skipped_rows_of_a_mapped_file(tmp_path):
    content = TITLES + GOOD.replace("order_id", "No").replace("net_amount", "Total")
    mapping = "order_lines:\n  order_id: No\n  net_amount: Total * 1\n"
    refused = try_load(
        tmp_path / "first", {"order_lines.csv": content, "columns.yml": mapping}
    ).problem
    assert "write _skip: 3 into columns.yml" in str(refused)
    content = gzip.compress(content.encode("utf-16"))
    files = {"order_lines.csv.gz": content, "columns.yml": mapping + "  _skip: 3\n"}
    assert staged(tmp_path / "second", files) == EXPECTED


def test_titles_above_a_table_of_customers(tmp_path):
    rows = "id,age,spend\n" + "".join(f"c{n},{20 + n},{n * 7}\n" for n in range(9))
    for number, above in enumerate(
        ("Customers 2024,,\n,,\n", "Customers 2024\n\n", "Customers,,\n2024,,\n")
    ):
        for mapping, problem in (({}, "write _skip: 2 into"), ({"columns.yml": "_skip: 2"}, None)):
            folder = tmp_path / f"{number}{bool(mapping)}"
            files = {"customers.csv": above + rows, **mapping}
            tried = try_load(folder, files, SOURCE="own_table")
            if problem:
                assert problem in str(tried.problem)
            else:
                assert tried.query("select count(age) from raw.customers") == [(9,)]


def test_a_title_of_several_cells_above_a_table_of_customers(tmp_path):
    rows = "id,age,spend,city,plan\n" + "".join(f"c{n},{n},{n * 7},x,y\n" for n in range(9))
    files = {"customers.csv": "Customers,,,of,2024\n" + rows}
    message = str(try_load(tmp_path / "1", files, SOURCE="own_table").problem)
    assert "write _skip: 1 into columns.yml" in message
    # Columns without names are left out, and no title.
    files = {"customers.csv": ",age,,city,plan\n" + rows.partition("\n")[2]}
    assert try_load(tmp_path / "2", files, SOURCE="own_table").problem is None


@pytest.mark.parametrize("value", ["-1", "two", "1001", "1.5"])
def test_a_number_of_skipped_rows_that_cannot_be(tmp_path, value):
    tried = try_load(tmp_path, {"order_lines.csv": GOOD, "columns.yml": f"_skip: {value}"})
    assert "columns.yml, line 1: _skip" in str(tried.problem)
    assert "expected how many stand above the header" in str(tried.problem)


def test_a_source_without_mapping_takes_the_layout_only(tmp_path):
    files = {"customers.csv": "id,age\n1,2\n", "columns.yml": "age: years"}
    tried = try_load(tmp_path, files, SOURCE="own_table")
    assert "this source takes no other columns: expected one of _file, _skip" in str(tried.problem)


# --- columns held apart by blanks


def test_columns_held_apart_by_blanks(tmp_path):
    contents = {
        "as CDNOW writes": " order_id customer_id  ordered_at net_amount\n"
        " o1 c1 20240102   9.50\n o2 c2 20240304   1.00\n",
        "aligned, with blanks within texts": "Order ID  Customer ID   Ordered At   Net Amount\n"
        "o1        c1            2024-01-02         9.50\n"
        "o2        c2            2024-03-04            1\n",
    }
    for number, (what, content) in enumerate(contents.items()):
        folder = tmp_path / str(number)
        assert staged(folder, {"order_lines.txt": content}) == EXPECTED, what


def test_a_row_that_blanks_divide_otherwise_is_refused(tmp_path):
    rows = "".join(f"o{n} c{n % 7} 20240102 9.50\n" for n in range(5_000))
    content = "order_id customer_id ordered_at net_amount\n" + rows + "o9 c 9 20240102 9.50\n"
    tried = try_load(tmp_path, {"order_lines.txt": content})
    assert "row 5,001 (line 5,002) has 5 columns: expected 4" in str(tried.problem)


def test_a_refusal_lists_each_column_once(tmp_path):
    files = {"order_lines.csv": "No,Who,When,Paid\n1,2,3,4\n", "columns.yml": "order_id: nummer"}
    message = str(try_load(tmp_path, files).problem)
    assert message.count("Paid") + message.count("paid") == 1


@pytest.mark.parametrize(
    ("below", "said"),
    [
        ("\n2,record(s) downloaded\nSeller ID : someone\n", "remove the last 2 lines"),
        ("Total,,10.50\n", "remove the last 1 line"),
        ("o3,c3\no4,c4,2024-01-02,5\n", None),
        ("o3,c3,2024-01-02,5,6\n", None),
    ],
)
def test_a_note_below_the_table_is_named_as_one(tmp_path, below, said):
    message = str(try_load(tmp_path, {"order_lines.csv": GOOD + below}).problem)
    assert "row 3 (line " in message
    assert message.endswith(said) if said else "below the table" not in message
