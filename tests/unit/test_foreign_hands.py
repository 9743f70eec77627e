"""What others do to the files of a build: another user, another version, another program."""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from building.build import files_steady
from common.console import DATA_REFUSED, FAILED, Problem
from common.program import run
from common.quoting import literal
from common.settings import resolve
from common.warehouse_paths import Warehouse
from loading.load_raw import load
from loading.loaded import Loaded
from store import kept_versions
from store.history import unreadable

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=["order_lines", "order_lines[1]"])
def parquet(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    file = tmp_path / "data" / f"{request.param}.parquet"
    file.parent.mkdir()
    written = tmp_path / "written"
    duckdb.connect().sql(
        "copy (select 'o1' as order_id, 'c1' as customer_id, timestamp '2024-01-02' as "
        f"ordered_at, 9.5 as net_amount) to {literal(written)} (format parquet)"
    )
    written.rename(file)
    return file


@pytest.fixture
def loaded(tmp_path: Path, parquet: Path) -> Loaded:
    given = {"SOURCE": "own_files", "DATA": str(parquet.parent), "WAREHOUSE": str(tmp_path / "w")}
    return load(resolve(given), NOW)


def vanish(file: Path) -> None:
    file.unlink()


def change(file: Path) -> None:
    file.write_bytes(file.read_bytes() + b" ")


@pytest.mark.parametrize("happens", [vanish, change])
@pytest.mark.parametrize("dbt_fails", [False, True])
def test_parquet_that_vanishes_or_changes_while_dbt_reads_it_is_named(
    loaded: Loaded, parquet: Path, happens: object, dbt_fails: bool
) -> None:
    is_copied = "[" in parquet.name
    dbt = Problem("int_customers: IO Error: No files found")
    # What has such a name was copied, and is not read any more.
    reason = "int_customers" if is_copied else parquet.name
    is_fine = is_copied and not dbt_fails
    expected = nullcontext() if is_fine else pytest.raises(Problem, match=reason)
    with expected as caught, files_steady(loaded):
        happens(parquet)
        if dbt_fails:
            raise dbt
    if not is_fine:
        assert caught.value.exit_code == (FAILED if is_copied else DATA_REFUSED)


def test_a_failure_of_dbt_is_shown_as_it_is_where_no_file_changed(loaded: Loaded) -> None:
    with pytest.raises(Problem, match="as it is"), files_steady(loaded):
        raise Problem("as it is")


def test_a_damaged_block_is_not_the_lock_of_another_program(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    damaged = duckdb.IOException("Corrupt database file: checksum in block at location 0")
    assert "cannot be read" in str(unreadable(warehouse, damaged))
    locked = duckdb.IOException('Could not set lock on file "x": Conflicting lock is held')
    assert "open for writing" in str(unreadable(warehouse, locked))


def checksum(header: bytes) -> bytes:
    """Return the checksum that DuckDB writes before a header."""
    found = 5381
    for at in range(0, len(header), 8):
        number = int.from_bytes(header[at : at + 8], "little")
        found ^= number * 0xBF58476D1CE4E5B9 % 2**64
    return found.to_bytes(8, "little")


def test_a_published_file_of_another_version_of_duckdb_is_named_as_such(tmp_path: Path) -> None:
    warehouse = Warehouse(tmp_path)
    with duckdb.connect() as connection:
        connection.execute(
            f"attach {literal(warehouse.marts_db)} as marts (storage_version 'v1.0.0')"
        )
        connection.execute("create table marts.segmentation_runs (run_number integer)")
    content = bytearray(warehouse.marts_db.read_bytes())
    assert content[:8] == checksum(bytes(content[8:4096]))
    content[12:20] = (999).to_bytes(8, "little")
    content[:8] = checksum(bytes(content[8:4096]))
    warehouse.marts_db.write_bytes(content)
    given = {"SOURCE": "own_files", "DATA": str(tmp_path), "WAREHOUSE": str(tmp_path)}
    with pytest.raises(Problem, match="another version of DuckDB"):
        load(resolve(given), NOW)


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EACCES, errno.EDQUOT, errno.EROFS])
def test_what_the_machine_refuses_is_one_line_in_every_command(
    number: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def main() -> int:
        raise OSError(number, os.strerror(number), "/some/file")

    assert run(main) == FAILED
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "/some/file" in error


def test_another_error_is_not_hidden() -> None:
    def main() -> int:
        raise FileNotFoundError(errno.ENOENT, "no such file", "x")

    with pytest.raises(FileNotFoundError):
        run(main)


@pytest.fixture
def version(tmp_path: Path) -> Iterator[Path]:
    file = tmp_path / "marts.duckdb"
    file.write_bytes(b"")
    file.chmod(0o440)
    yield file


def test_a_version_of_another_user_keeps_its_rights(
    version: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: version.stat().st_uid + 1)
    kept_versions.make_read_only(version)
    assert stat.S_IMODE(version.stat().st_mode) == 0o440
