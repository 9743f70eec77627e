"""File names are names: nothing in a path is a pattern to whatever reads or writes it."""

from __future__ import annotations

import os
import shutil
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from common.console import DATA_REFUSED, Problem
from common.quoting import literal
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from handover.export_rows import check_rows
from loading.load_raw import load
from store.plain_names import plain_names

pytestmark = pytest.mark.inputs

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = "order_id,customer_id,ordered_at,net_amount\n"
# Each is a pattern that matches the plain name after it.
NAMES = (
    ("order_lines[1]", "order_lines1"),
    ("order_lines*", "order_lines_x"),
    ("order_lines**", "order_lines_y"),
    ("order_lines-?", "order_lines-2"),
    ("order_lines[!a]", "order_lines3"),
    ("order_lines{4,5}", "order_lines4"),
)
FOLDERS = ("plain", "a[bc]d", "**", "*", "?", "[", "{a,b}")


def chosen(tmp_path: Path, data: Path, warehouse: str = "warehouse") -> Settings:
    return resolve(
        {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(tmp_path / warehouse)}
    )


def write(file: Path, row: str) -> None:
    """Write a file with one row whose order is named `row`, in the format of its ending."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if file.suffix == ".parquet":
        passing = file.parent / "passing"
        duckdb.connect().sql(
            f"copy (select {literal(row)} as order_id, 'c1' as customer_id, "
            "timestamp '2024-01-02' as ordered_at, 9.5 as net_amount) "
            f"to {literal(passing)} (format parquet)"
        )
        passing.rename(file)
    elif file.suffix == ".jsonl":
        file.write_text(
            f'{{"order_id": "{row}", "customer_id": "c1", "ordered_at": "2024-01-02", '
            '"net_amount": 9.5}\n'
        )
    else:
        encoding = "utf-16" if file.suffix == ".tsv" else "utf-8"
        text = HEADER + f"{row},c1,2024-01-02,9.5\n"
        file.write_text(text.replace(",", "\t" if encoding == "utf-16" else ","), encoding)


def rows(settings: Settings) -> list[tuple]:
    with duckdb.connect(Warehouse(settings.warehouse).build_db) as connection:
        return connection.execute(
            "select _file, order_id from raw.order_lines order by all"
        ).fetchall()


@pytest.mark.parametrize(
    ("folder", "ending"),
    [(folder, ".csv") for folder in FOLDERS]
    + [("a[bc]d", ending) for ending in (".tsv", ".jsonl", ".parquet")],
)
def test_each_file_is_read_once_and_under_its_own_name(
    tmp_path: Path, folder: str, ending: str
) -> None:
    data = tmp_path / folder
    names = [name + ending for pair in NAMES for name in pair]
    for name in names:
        write(data / name, f"of {name.replace(',', ' ')}")
    for other in ("abd", "x"):
        write(tmp_path / other / f"order_lines1{ending}", "of another folder")
    settings = chosen(tmp_path, data)
    for _ in range(2):
        load(settings, NOW)
        assert rows(settings) == sorted((n, f"of {n.replace(',', ' ')}") for n in names)


@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_folders_of_partitions_are_names_too(tmp_path: Path, ending: str) -> None:
    data = tmp_path / "data"
    for value in ("[1]", "1", "*", "?"):
        write(data / "order_lines" / f"channel={value}" / f"part[0]{ending}", f"of {value}")
    settings = chosen(tmp_path, data)
    load(settings, NOW)
    with duckdb.connect(Warehouse(settings.warehouse).build_db) as connection:
        found = connection.execute("select channel, order_id from raw.order_lines").fetchall()
    assert sorted(found) == sorted((value, f"of {value}") for value in ("[1]", "1", "*", "?"))


def test_a_single_file_and_a_warehouse_may_have_such_names(tmp_path: Path) -> None:
    file = tmp_path / "d[1]" / "mine[12].tsv"
    for path, customer in ((file, "right"), (tmp_path / "d1" / "mine1.tsv", "wrong")):
        path.parent.mkdir()
        path.write_text(f"id\tage\n{customer}\t5\n", "utf-16")
    given = {"SOURCE": "own_table", "DATA": str(file), "WAREHOUSE": str(tmp_path / "w[1]*")}
    settings = resolve(given | {"ID": "id"})
    load(settings, NOW)
    with duckdb.connect(Warehouse(settings.warehouse).build_db) as connection:
        assert connection.execute("select id, _file from raw.customers").fetchall() == [
            ("right", "mine[12].tsv")
        ]


@pytest.mark.parametrize("ending", [".csv", ".jsonl", ".parquet"])
def test_names_in_archives_are_names_too(tmp_path: Path, ending: str) -> None:
    member = tmp_path / f"member{ending}"
    write(member, "o1")
    data = tmp_path / "data"
    data.mkdir()
    with zipfile.ZipFile(data / "order_lines[1].zip", "w") as archive:
        archive.write(member, f"orders*/of.[1]{ending}")
    settings = chosen(tmp_path, data, "w[1]*")
    load(settings, NOW)
    assert rows(settings) == [("order_lines[1].zip", "o1")]


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("order_lines[1].csv", ["order_lines[1].csv"]),
        ("order_lines[12].csv", ["order_lines1.csv"]),
        ("order*.csv", ["order_lines1.csv", "order_lines[1].csv"]),
    ],
)
def test_columns_yml_may_give_a_name_or_a_pattern(
    tmp_path: Path, pattern: str, expected: list[str]
) -> None:
    data = tmp_path / "data"
    for name in ("order_lines[1].csv", "order_lines1.csv"):
        write(data / name, f"of {name}")
    (data / "columns.yml").write_text(f'order_lines:\n  _file: "{pattern}"\n')
    settings = chosen(tmp_path, data)
    load(settings, NOW)
    assert [name for name, _ in rows(settings)] == expected


def test_a_pattern_that_is_none_is_refused_in_one_line(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data / "order_lines.csv", "o1")
    for pattern in ("order**.csv", "**x/*.csv", "a\\0b", "[z-a].csv"):
        (data / "columns.yml").write_text(f'order_lines:\n  _file: "{pattern}"\n')
        with pytest.raises(Problem) as caught:
            load(chosen(tmp_path, data), NOW)
        assert caught.value.exit_code == DATA_REFUSED
        assert "columns.yml, line 2" in str(caught.value)
        assert "\n" not in str(caught.value)


def test_a_backslash_is_refused_as_duckdb_takes_it_for_the_end_of_a_folder(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data / "order_lines\\1.csv", "o1")
    with pytest.raises(Problem, match="has a backslash in its path"):
        load(chosen(tmp_path, data), NOW)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_an_export_is_counted_in_the_file_that_was_written(tmp_path: Path, ending: str) -> None:
    written = tmp_path / f"x[1].{ending}"
    other = tmp_path / f"x1.{ending}"
    options = "(format csv, header true)" if ending == "csv" else "(format parquet)"
    duckdb.connect().sql(
        f"copy (select 1 as a union all select 2) to {literal(tmp_path / 'w')} {options}"
    )
    duckdb.connect().sql(f"copy (select 1 as a) to {literal(other)} {options}")
    shutil.move(tmp_path / "w", written)
    with plain_names() as names, duckdb.connect() as connection:
        check_rows(connection, ending, names.of(written), 2)


def test_a_name_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    write(data / "order_lines.csv", "o1")
    (data / "order_lines.csv").rename(os.fsdecode(os.fsencode(data) + b"/order_lines\xff.csv"))
    with pytest.raises(Problem, match="bytes that are not UTF-8"):
        load(chosen(tmp_path, data), NOW)
