"""What a file may take is bounded before it is read: lines, rows and what is unpacked."""

from __future__ import annotations

import gzip
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from common.console import DATA_REFUSED, Problem
from common.settings import Settings, resolve
from loading import file_bounds
from loading.load_raw import load

NOW = datetime(2026, 1, 1, tzinfo=UTC)
HEADER = b"order_id,customer_id,ordered_at,net_amount\n"
ROW = b"o1,c1,2024-01-02,9.50\n"
MB = 1_000_000
# Far below the files, which are 40 MB and more, and above what loading holds anyway.
MOST_HELD = 34 * MB


def settings_of(tmp_path: Path, name: str, content: bytes) -> Settings:
    data = tmp_path / "data"
    data.mkdir()
    (data / name).write_bytes(content)
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(tmp_path / "w")}
    return resolve(given | {"MEMORY": "512MB", "THREADS": "1"})


def refused(settings: Settings) -> str:
    """Return why loading refuses the data; it holds little of it meanwhile."""
    tracemalloc.start()
    try:
        with pytest.raises(Problem) as caught:
            load(settings, NOW)
        held = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.exit_code == DATA_REFUSED
    assert "\n" not in str(caught.value)
    assert held < MOST_HELD
    return str(caught.value)


@pytest.mark.many_builds
@pytest.mark.short
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"x" * 40 * MB, 1),
        (HEADER + ROW + b"x" * 40 * MB, 3),
        (HEADER + ROW + b"," * 40 * MB + b"\n", 3),
        (HEADER.replace(b"\n", b"\r") + b"x" * 40 * MB + b"\r", 2),
        (b"\xef\xbb\xbf" + HEADER + b"x" * 40 * MB, 2),
        (b"\xef\xbb\xbf" + HEADER + b"x" * 40 * MB + b"\xff", 2),
        (HEADER + b"\xe4" * 40 * MB, 2),
        (b"\xff\xfe" + HEADER.decode().encode("utf-16-le") + b"\x0a\x0a" * 20 * MB, 2),
    ],
    ids=["all", "last", "delimiters", "cr", "bom", "bom and damage", "cp1252", "utf-16"],
)
def test_a_line_without_an_end_is_refused_and_not_held(
    tmp_path: Path, content: bytes, line: int
) -> None:
    message = refused(settings_of(tmp_path, "order_lines.csv", content))
    assert f"line {line} has more than 2,000,000 characters" in message


def test_a_packed_line_without_an_end_is_refused_and_not_held(tmp_path: Path) -> None:
    content = gzip.compress(HEADER + ROW + b"x" * 60 * MB, 1)
    message = refused(settings_of(tmp_path, "order_lines.csv.gz", content))
    assert "line 3 has more than 2,000,000 characters" in message


def test_a_quote_that_is_never_closed_does_not_hold_the_rest_of_the_file(tmp_path: Path) -> None:
    content = HEADER + ROW + b'o2,"c1,2024-01-02,9.50\n' + ROW * 2 * MB
    message = refused(settings_of(tmp_path, "order_lines.csv", content))
    assert "row 2 is longer than 2,000,000 characters; is a double quote in it never" in message


@pytest.mark.many_builds
@pytest.mark.short
def test_a_line_of_json_without_an_end_is_refused_and_not_held(tmp_path: Path) -> None:
    content = b'{"order_id": "' + b"x" * 60 * MB
    message = refused(settings_of(tmp_path, "order_lines.jsonl.gz", gzip.compress(content, 1)))
    assert "order_lines.jsonl.gz" in message


@pytest.mark.parametrize("name", ["order_lines.csv.gz", "order_lines.jsonl.gz"])
def test_what_unpacks_to_far_more_than_it_is_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(file_bounds, "ALWAYS_UNPACKED", 10 * MB)
    content = gzip.compress(HEADER + ROW * 2 * MB)
    message = refused(settings_of(tmp_path, name, content))
    assert "more than 200 times its size" in message


def test_long_lines_and_small_archives_are_read(tmp_path: Path) -> None:
    long = b"o2," + b"c" * 1_900_000 + b",2024-01-02,9.50\n"
    content = gzip.compress(HEADER + ROW * 1_000 + long)
    assert load(settings_of(tmp_path, "order_lines.csv.gz", content), NOW).row_count == 1_001
