"""examples/publishing: the marts as Parquet, by DuckDB's own writer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import duckdb

from export_shop import Shop
from shops import ROOT, Built

PROGRAM = ROOT / "examples" / "publishing" / "publish.py"


def publish(*arguments: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(PROGRAM), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_copy_has_the_rows_of_each_mart_and_names_the_run(shop: Built, tmp_path: Path) -> None:
    target = tmp_path / "it's a [lake]"
    finished = publish(shop.marts, "parquet", target)
    assert finished.returncode == 0, finished.stderr
    current = json.loads((target / "current.json").read_text())
    assert (current["run_id"], current["run_number"]) == shop.current_run("run_id", "run_number")
    folder = target / current["folder"]
    marts = {name for (name,) in shop.query("select table_name from duckdb_tables() "
                                            "where schema_name = 'main'")}  # fmt: skip
    assert {path.stem for path in folder.iterdir()} == marts
    with duckdb.connect() as connection:
        connection.execute(f"attach '{shop.marts}' as marts (read_only)")
        for mart in sorted(marts):
            # In a pattern [[] is the character [.
            path = str(folder / f"{mart}.parquet").replace("[", "[[]").replace("'", "''")
            for one, other in ((f"marts.{mart}", f"'{path}'"), (f"'{path}'", f"marts.{mart}")):
                query = f"select count(*) from (from {one} except all from {other})"
                assert connection.execute(query).fetchall() == [(0,)], mart


def test_a_later_run_takes_the_place_of_the_one_before(shop: Built, tmp_path: Path) -> None:
    copy, target = Shop(tmp_path / "warehouse", shop), tmp_path / "lake"
    publish(copy.warehouse.marts_db, "parquet", target, "--only", "segment*")
    copy.next_run()
    assert publish(copy.warehouse.marts_db, "parquet", target, "--only", "segment*").returncode == 0
    assert json.loads((target / "current.json").read_text())["folder"] == "run_2"
    assert (target / "run_1" / "segment_summary.parquet").exists()
    assert not (target / "run_2" / "customer_segments.parquet").exists()


def test_what_cannot_be_read_or_is_not_there_is_said_in_a_line(shop: Built, tmp_path: Path) -> None:
    for arguments in (
        (tmp_path / "none.duckdb", "parquet", tmp_path / "x"),
        (shop.marts, "parquet", tmp_path / "x", "--only", "none_*"),
        (shop.marts, "parquet", "/proc/nowhere"),
    ):
        refused = publish(*arguments)
        assert refused.returncode == 1
        assert len(refused.stderr.splitlines()) == 1
