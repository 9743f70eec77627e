"""Dates in every way they are written: numbers, named months, formats by file, and no days."""

from __future__ import annotations

import io
from datetime import datetime

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from common.project_sql import ProjectSql
from common.settings import resolve
from loading.date_shapes import spoken_format
from loading.date_words import coarse, looks_like, masked, named_formats
from loading.load_raw import load
from tried import HEADER, NOW, Files, try_files, try_load, write

pytestmark = pytest.mark.inputs


def read_times(tmp_path, files: Files, **settings: str) -> list[tuple]:
    """Return file and time of each staged order line, in the order of the files."""
    tried = try_load(tmp_path, files, **settings)
    assert tried.problem is None, tried.problem
    with duckdb.connect(tried.build_db, read_only=True) as connection:
        sql, _ = ProjectSql(connection, {"source": "own_files"}).model("stg_own_files__order_lines")
        return connection.execute(
            f"select source_file, ordered_at from ({sql}) order by source_file, source_row_number"
        ).fetchall()


def dated(*dates: str) -> str:
    return HEADER + "".join(f'o{n},c,"{text}",1\n' for n, text in enumerate(dates))


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        (("45319.3340277778", "45320"), ("2024-01-28 08:01", "2024-01-29")),
        (("45319,3340277778", "45320,5"), ("2024-01-28 08:01", "2024-01-29 12:00")),
        (("1706428860", "1706515260.5"), ("2024-01-28 08:01", "2024-01-29 08:01:00.500")),
        (("1706428860123",), ("2024-01-28 08:01:00.123",)),
        (("1706428860123456",), ("2024-01-28 08:01:00.123456",)),
        (("28. Januar 2024", "1. März 2024 8:05"), ("2024-01-28", "2024-03-01 08:05")),
        (("28 janv. 2024 à 08:01", "1 août 2024"), ("2024-01-28 08:01", "2024-08-01")),
        (("28 de enero de 2024", "1 de agosto de 2024"), ("2024-01-28", "2024-08-01")),
        (("domenica 28 gennaio 2024", "1 ago 2024"), ("2024-01-28", "2024-08-01")),
        (("28 mei 2024", "1 augustus 2024"), ("2024-05-28", "2024-08-01")),
        (("28 de fevereiro de 2024", "1 dez 2024"), ("2024-02-28", "2024-12-01")),
        (("28 stycznia 2024", "1 październik 2024"), ("2024-01-28", "2024-10-01")),
        (("28 januari 2024", "1 maj 2024"), ("2024-01-28", "2024-05-01")),
        (("2024年1月28日", "2024年12月1日 08:01"), ("2024-01-28", "2024-12-01 08:01")),
        (("Sunday, January 28, 2024", "Friday, March 1, 2024"), ("2024-01-28", "2024-03-01")),
        (("28-Dez-24", "05-Mai-24"), ("2024-12-28", "2024-05-05")),
    ],
)
def test_dates_that_are_numbers_or_words(tmp_path, dates, expected):
    found = read_times(tmp_path, {"order_lines.csv": dated(*dates)})
    assert [time for _, time in found] == [datetime.fromisoformat(text) for text in expected]


def test_typed_numbers_are_times(tmp_path):
    file = io.BytesIO()
    pq.write_table(
        pa.table(
            {"order_id": ["o"], "customer_id": ["c"], "ordered_at": [1706428860], "net_amount": [1]}
        ),
        file,
    )
    ((_, time),) = read_times(tmp_path, {"order_lines.parquet": file.getvalue()})
    assert time == datetime(2024, 1, 28, 8, 1)


@pytest.mark.parametrize(
    ("dates", "settings", "second"),
    [
        # The last file alone could be read in two ways: it is read as the first.
        (("31/01/2024", "2024-02-01", "01/02/2024"), {}, "2024-02-01"),
        (("45322", "01.02.2024", "2024-02-01"), {"DATE_FORMAT": "DD/MM/YYYY"}, "2024-02-01"),
        (("1706659200", "13.02.2024", "2024-02-01"), {}, "2024-02-13"),
        (("31. Januar 2024", "2024-02-02", "2024-02-01"), {}, "2024-02-02"),
    ],
)
def test_each_file_may_have_its_own_format(tmp_path, dates, settings, second):
    files = {f"order_lines_{n}.csv": dated(text) for n, text in enumerate(dates)}
    found = read_times(tmp_path, files, **settings)
    expected = ["2024-01-31", second, "2024-02-01"]
    assert [time for _, time in found] == [datetime.fromisoformat(text) for text in expected]


def test_a_file_that_mixes_formats_is_refused_all_the_same(tmp_path):
    files = {
        "order_lines_1.csv": dated("2024-01-31"),
        "order_lines_2.csv": dated("31.01.2024", "2024-02-01"),
    }
    assert "mixes date formats" in str(try_load(tmp_path, files).problem)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("2024-03", "a month without a day"),
        ("03/2024", "a month without a day"),
        ("März 2024", "a month without a day"),
        ("2024-W07", "a week without a day"),
        ("W07 2024", "a week without a day"),
        ("Q1 2024", "a quarter without a day"),
        ("2024", "a year without a day"),
    ],
)
def test_what_is_no_day_is_refused_in_words(tmp_path, text, words):
    message = str(try_load(tmp_path, {"order_lines.csv": dated(text, text)}).problem)
    assert f"row 1 of order_lines.csv has '{text}', {words}" in message
    assert "expected the day" in message


@pytest.mark.parametrize(
    ("text", "words"),
    [("soon", "text"), ("17:45", "a time without a date"), ("12", "a number")],
)
def test_the_first_date_that_cannot_be_read_is_shown(tmp_path, text, words):
    message = str(try_load(tmp_path, {"order_lines.csv": dated(text)}).problem)
    assert f"row 1 of order_lines.csv has '{text}', which looks like {words}" in message
    assert "columns.yml" in message


def test_a_few_numbers_among_dates_are_no_dates(tmp_path):
    tried = try_files(tmp_path, {"order_lines.csv": dated("2024-01-31", "45292", "2024-02")})
    assert tried.reasons() == {"unreadable_ordered_at": 2}


def test_languages_are_told_apart_by_all_of_their_months():
    names = ProjectSql(duckdb.connect()).call("month_names")
    texts = [(masked(f"5 {name} 2024"), 1) for name in ("mar", "mai", "dez", "fev")]
    assert named_formats(texts, names) == (4, ["pt:%d %m %Y"])
    assert spoken_format("pt:%d %m %Y") == "DD MON YYYY, months in Portuguese"
    for months in names.values():
        assert len(months) in (0, 12)


def test_what_texts_look_like():
    assert looks_like("45319.33") == "a serial date of Excel"
    assert looks_like("1706428860") == "Unix time in seconds"
    assert coarse([("9999-99", 3), ("soon", 1)]) == "a month without a day"
    assert coarse([("9999-99", 1), ("soon", 1)]) is None


def test_formats_by_file_are_followed_when_a_file_comes(tmp_path):
    data = write(tmp_path / "data", {"order_lines_1.csv": dated("31.01.2024")})
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(tmp_path / "w")}
    load(resolve(given), NOW)
    write(data, {"order_lines_2.csv": dated("2024-02-01")})
    load(resolve(given), NOW)
    with duckdb.connect(tmp_path / "w" / "build.duckdb") as connection:
        rows = connection.execute(
            "select source_file, format from raw.column_formats "
            "where source_table = 'order_lines' and kind = 'time' order by 1"
        ).fetchall()
    assert rows == [("order_lines_1.csv", "%d.%m.%Y"), ("order_lines_2.csv", "iso")]
