"""Dates and amounts of own files: the format of each column and file, and what stays open."""

from __future__ import annotations

from decimal import Decimal

import pytest

from loading.date_shapes import formats_of_shape, order_of, spoken_format
from tried import HEADER, day, staged, try_files, try_load

pytestmark = pytest.mark.inputs


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("2024-01-31 8:26", "2024-02-01T09:00:00Z"), ("2024-01-31 08:26", "2024-02-01 09:00")),
        (("31.01.2024", "1.2.2024 9:05"), ("2024-01-31", "2024-02-01 09:05")),
        (("1/31/2024 8:26 AM", "2/1/2024 1:05 PM"), ("2024-01-31 08:26", "2024-02-01 13:05")),
        (("31-Jan-2024", "01-Feb-2024"), ("2024-01-31", "2024-02-01")),
        (("January 31, 2024", "May 1, 2024"), ("2024-01-31", "2024-05-01")),
        (("20240131", "20240201"), ("2024-01-31", "2024-02-01")),
        (("2024/01/31", "2024/02/01 10:11:12.5"), ("2024-01-31", "2024-02-01 10:11:12.500")),
        (("31/12/98", "01/02/03"), ("1998-12-31", "2003-02-01")),
    ],
)
def test_dates_are_read_in_the_one_format_that_fits(tmp_path, dates, expected):
    rows = "".join(f'o{n},c,"{text}",1\n' for n, text in enumerate(dates))
    found = staged(tmp_path, {"order_lines.csv": HEADER + rows})
    assert [row[2] for row in found] == [day(text) for text in expected]


@pytest.mark.parametrize(
    ("stated", "expected"), [("DD/MM/YYYY", "2024-02-01"), ("%m/%d/%Y", "2024-01-02")]
)
def test_a_stated_order_settles_what_is_open(tmp_path, stated, expected):
    files = {"order_lines.csv": HEADER + "o1,c1,01/02/2024,1\n"}
    ((_, _, ordered_at, _),) = staged(tmp_path, files, DATE_FORMAT=stated)
    assert ordered_at == day(expected)


@pytest.mark.parametrize(
    ("amounts", "expected"),
    [
        (("1.234,56 €", "-0,99 €", "(5,00)"), ("1234.56", "-0.99", "-5")),
        (("$1,234.56", "$ -2", "3.5-"), ("1234.56", "-2", "-3.5")),
        (("1 234,5", "CHF 1'000,25", "7"), ("1234.5", "1000.25", "7")),
        (("1,234,567", "1,234"), ("1234567", "1234")),
        (("1e3", "2.5E-1", "+4"), ("1000", "0.25", "4")),
        (("0.500", "1.234"), ("0.5", "1.234")),
    ],
)
def test_amounts_are_read_with_the_decimal_sign_of_their_column(tmp_path, amounts, expected):
    rows = "".join(f'o{n},c,2024-01-02,"{text}"\n' for n, text in enumerate(amounts))
    found = staged(tmp_path, {"order_lines.csv": HEADER + rows})
    assert [row[3] for row in found] == [Decimal(text) for text in expected]


def test_an_open_sign_is_that_of_the_other_columns(tmp_path):
    content = HEADER.replace("\n", ",quantity\n").replace(",", ";") + "o1;c1;2024-01-02;2,5;1.000\n"
    tried = try_files(tmp_path, {"order_lines.csv": content})
    formats = "select column_name, format from raw.column_formats where kind = 'number' order by 1"
    assert ("quantity", "comma") in tried.query(formats)


@pytest.mark.parametrize(("stated", "expected"), [("point", 1234), ("comma", Decimal("1.234"))])
def test_a_stated_sign_settles_what_is_open(tmp_path, stated, expected):
    files = {"order_lines.csv": HEADER + 'o1,c1,2024-01-02,"1,234"\n'}
    ((*_, amount),) = staged(tmp_path, files, DECIMAL=stated)
    assert amount == expected


GERMAN = 'g1,c1,2024-01-02,"1.234,50"\ng2,c1,2024-01-03,2\n'
ENGLISH = 'h1,c1,2024-01-02,"1,234.25"\nh2,c1,2024-01-03,3.5\n'
OPEN = 'i1,c1,2024-01-02,"1,234"\n'


def test_each_file_is_read_with_its_own_decimal_sign(tmp_path):
    files = {"order_lines_de.csv": HEADER + GERMAN, "order_lines_en.csv": HEADER + ENGLISH}
    found = staged(tmp_path / "plain", files)
    assert [str(row[3]) for row in found] == ["1234.5000", "2.0000", "1234.2500", "3.5000"]
    # What an expression counts with is read so too, and so is the column of another sign.
    mapped = {"columns.yml": "order_lines:\n  net_amount: net_amount * 2\n"}
    tried = try_files(tmp_path / "mapped", files | mapped)
    assert tried.problem is None, tried.problem
    assert tried.findings.totals.spend == Decimal("4948.5")
    tried = try_files(tmp_path / "shown", files)
    assert "numbers, decimal comma, decimal point" in tried.shown
    assert tried.query(
        "select source_file, format from raw.column_formats "
        "where kind = 'number' and column_name = 'net_amount' order by all"
    ) == [("order_lines_de.csv", "comma"), ("order_lines_en.csv", "point")]


def test_few_amounts_of_another_file_are_not_rejected_as_strays(tmp_path):
    many = "".join(f'g{n},c1,2024-01-02,"{n},50"\n' for n in range(300))
    files = {"order_lines_de.csv": HEADER + many, "order_lines_en.csv": HEADER + ENGLISH}
    assert {row[3] for row in staged(tmp_path, files)} >= {Decimal("3.5"), Decimal("299.5")}


def test_a_file_that_fits_both_signs_is_read_as_the_others_or_asked_about(tmp_path):
    files = {"order_lines_de.csv": HEADER + GERMAN, "order_lines_open.csv": HEADER + OPEN}
    found = staged(tmp_path / "one", files)
    assert found[-1][3] == Decimal("1.234")
    files["order_lines_en.csv"] = HEADER + ENGLISH
    message = str(try_load(tmp_path / "asked", files).problem)
    assert "column net_amount of order_lines_open.csv: '1,234' (row 1 of " in message
    assert "DECIMAL=point" in message
    found = staged(tmp_path / "stated", files, DECIMAL="point")
    assert [str(row[3]) for row in found] == [
        *("1234.5000", "2.0000", "1234.2500", "3.5000", "1234.0000")
    ]


@pytest.mark.parametrize("stated", ["", "point"])
def test_a_file_that_mixes_signs_is_refused_or_its_other_rows_rejected(tmp_path, stated):
    files = {"order_lines_de.csv": HEADER + GERMAN, "order_lines_mixed.csv": HEADER + GERMAN}
    files["order_lines_mixed.csv"] += ENGLISH
    tried = try_files(tmp_path, files, DECIMAL=stated)
    if stated:
        assert tried.reasons() == {"unreadable_net_amount": 2}
    else:
        assert "row 1 of order_lines_de.csv" in str(tried.problem)
        assert "of order_lines_mixed.csv" in str(tried.problem)
        assert "expected one kind in each file" in str(tried.problem)


def test_currencies_of_several_files_are_refused_all_the_same(tmp_path):
    files = {
        "order_lines_de.csv": HEADER + 'g1,c1,2024-01-02,"1,50 €"\n',
        "order_lines_us.csv": HEADER + "h1,c1,2024-01-02,$1.50\n",
    }
    assert "mixes the currencies" in str(try_load(tmp_path, files).problem)


def test_shapes_of_dates():
    assert list(formats_of_shape("99/9/9999 99:99")) == ["%d/%m/%Y", "%m/%d/%Y"]
    assert formats_of_shape("99.99.99") == {
        "%d.%m.%y": ("%d.%m.%y",),
        "%m.%d.%y": ("%m.%d.%y",),
        "%y.%m.%d": ("%y.%m.%d",),
    }
    assert formats_of_shape("9999-99-99t99:99:99.999+99:99") == {
        "%Y-%m-%d": ("%Y-%m-%dT%H:%M:%S.%f",)
    }
    for shape in ("99999", "9999999999", "99/99-9999", "99/99/9999x", "soon"):
        assert formats_of_shape(shape) == {}
    assert (order_of("%d/%m/%y"), spoken_format("%d/%m/%y")) == ("dmy", "DD/MM/YY")
