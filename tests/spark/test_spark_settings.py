"""What a build on Spark asks for before it starts Spark: Java, an environment, properties."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from common.console import WRONG_USE, Problem
from common.project_root import ROOT
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from dbt_runs.spark_settings import (
    FEW_BYTES,
    MAX_RESULT_SIZE,
    QUICK_ON_FEW_ROWS,
    SparkWarehouse,
    delete_spark_tables,
    properties,
    spark_settings,
    write_conf,
)
from shops import SHOP, build
from spark import load_spark
from spark.java import check_java, java_program, major_version

ENGINES = (ROOT / "dbt_project" / "macros" / "engines.sql").read_text(encoding="utf-8")


def java_home(folder: Path, shown: str, code: int = 0) -> Path:
    """A folder with a Java that says this of itself."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\nprintf '%s\\n' '{shown}' >&2\nexit {code}\n")
    program.chmod(0o755)
    return folder


def refusal(environment: dict[str, str]) -> str:
    with pytest.raises(Problem) as caught:
        check_java(environment)
    assert caught.value.exit_code == WRONG_USE
    message = str(caught.value)
    assert "expected Java 17 or 21" in message
    assert "\n" not in message
    return message


@pytest.mark.parametrize(
    ("shown", "version"),
    [
        ('openjdk version "17.0.15" 2025-04-15', 17),
        ('openjdk version "21" 2023-09-19', 21),
        ('java version "1.8.0_392"', 8),
        ("command not found", None),
    ],
)
def test_the_version_is_read_from_what_java_says(shown: str, version: int | None) -> None:
    assert major_version(shown) == version


@pytest.mark.parametrize("version", ["17.0.15", "21.0.2"])
def test_a_java_that_spark_runs_on_is_taken(tmp_path: Path, version: str) -> None:
    home = java_home(tmp_path, f'openjdk version "{version}"')
    assert check_java({"JAVA_HOME": str(home)}) == int(version[:2])


def test_java_home_goes_before_the_path(tmp_path: Path) -> None:
    home = java_home(tmp_path / "home", 'openjdk version "17.0.1"')
    other = java_home(tmp_path / "other", 'openjdk version "21.0.1"')
    found = java_program({"JAVA_HOME": str(home), "PATH": str(other / "bin")})
    assert found == str(home / "bin" / "java")
    assert java_program({"PATH": str(other / "bin")}) == str(other / "bin" / "java")


def test_without_java_one_line_says_what_to_do(tmp_path: Path) -> None:
    assert "none was found;" in refusal({"PATH": str(tmp_path)})


def test_a_java_home_without_java_is_refused(tmp_path: Path) -> None:
    assert f"JAVA_HOME={tmp_path} has none that runs" in refusal({"JAVA_HOME": str(tmp_path)})


@pytest.mark.parametrize(
    ("shown", "said"), [('openjdk version "11.0.2"', "is Java 11"), ("hello", "is no Java")]
)
def test_another_java_is_refused(tmp_path: Path, shown: str, said: str) -> None:
    home = java_home(tmp_path, shown)
    assert f"JAVA_HOME={home} {said}" in refusal({"JAVA_HOME": str(home)})


def test_make_refuses_another_java_before_it_sets_up(tmp_path: Path) -> None:
    home = java_home(tmp_path / "java", 'openjdk version "11.0.2"')
    ended = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "setup_environment.py")],
        # The stamp of no environment is this one's, so it would set up.
        env={**os.environ, "TARGET": "spark", "JAVA_HOME": str(home)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == WRONG_USE
    assert "is Java 11" in ended.stderr
    assert ended.stdout == ""


def test_a_build_refuses_another_java(tmp_path: Path) -> None:
    home = java_home(tmp_path / "java", 'openjdk version "11.0.2"')
    ended = build(
        SHOP,
        tmp_path / "warehouse",
        target="spark",
        environment={"JAVA_HOME": str(home)},
    )
    assert ended.code == WRONG_USE
    assert "is Java 11" in ended.output
    assert not (tmp_path / "warehouse").exists()


@pytest.fixture
def given(tmp_path: Path) -> Settings:
    """Settings of a build on Spark in a folder with a space."""
    folder = tmp_path / "a warehouse"
    return spark_settings(
        resolve(
            {
                "SOURCE": "own_files",
                "DATA": str(SHOP),
                "WAREHOUSE": str(folder),
                "TARGET": "spark",
                "THREADS": "3",
                "MEMORY": "4GB",
            }
        )
    )


def test_spark_works_in_a_folder_of_its_own(given: Settings, tmp_path: Path) -> None:
    assert given.warehouse == tmp_path / "a warehouse" / "spark"


def test_this_machine_is_the_default_master(given: Settings) -> None:
    found = properties(given)
    assert found["spark.master"] == "local[3]"
    assert found["spark.driver.memory"] == "2900m"
    assert found["spark.driver.bindAddress"] == "127.0.0.1"


def handed_over(given: Settings, size: int) -> None:
    """Write so many bytes to where raw rows are handed over."""
    folder = SparkWarehouse(given.warehouse).raw / "raw" / "order_lines"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "part-0.parquet").write_bytes(b"0" * size)


def test_queries_of_few_rows_are_not_compiled(given: Settings) -> None:
    handed_over(given, FEW_BYTES)
    assert properties(given).items() >= QUICK_ON_FEW_ROWS.items()
    handed_over(given, FEW_BYTES + 1)
    found = properties(given)
    assert found.keys() & QUICK_ON_FEW_ROWS.keys() == {"spark.sql.shuffle.partitions"}
    assert found["spark.sql.shuffle.partitions"] == "3"


def test_another_master_compiles_whatever_there_is(given: Settings) -> None:
    handed_over(given, FEW_BYTES)
    found = properties(replace(given, spark_master="spark://host:7077"))
    assert found.keys() & QUICK_ON_FEW_ROWS.keys() == set()


def test_the_driver_may_take_little(given: Settings) -> None:
    assert properties(given)["spark.driver.maxResultSize"] == MAX_RESULT_SIZE


def test_another_master_is_left_to_its_own_memory(given: Settings) -> None:
    found = properties(replace(given, spark_master="spark://host:7077"))
    assert found["spark.master"] == "spark://host:7077"
    assert "spark.driver.memory" not in found
    assert "spark.driver.host" not in found


@pytest.mark.parametrize("master", ["local", "local[2]", "local[*]", "yarn", "spark://h:7077"])
def test_masters_of_spark_are_taken(master: str) -> None:
    assert resolve({"SPARK_MASTER": master}).spark_master == master


def test_properties_of_the_user_win(given: Settings, tmp_path: Path) -> None:
    conf = tmp_path / "mine.conf"
    conf.write_text("# mine\n\nspark.executor.memory 4g\nspark.driver.memory=1g\n")
    found = properties(replace(given, spark_conf=conf))
    assert (found["spark.executor.memory"], found["spark.driver.memory"]) == ("4g", "1g")


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("executor.memory 4g", "is no property of Spark"),
        ("spark.sql.session.timeZone Europe/Berlin", "is fixed, as results depend on it"),
    ],
)
def test_properties_that_cannot_be_are_refused(
    given: Settings, tmp_path: Path, line: str, said: str
) -> None:
    conf = tmp_path / "mine.conf"
    conf.write_text(f"# mine\n{line}\n")
    with pytest.raises(Problem) as caught:
        properties(replace(given, spark_conf=conf))
    assert caught.value.exit_code == WRONG_USE
    assert f"SPARK_CONF={conf}, line 2: " in str(caught.value)
    assert said in str(caught.value)


def test_the_file_of_properties_holds_them(given: Settings) -> None:
    folder = write_conf(given)
    lines = (folder / "spark-defaults.conf").read_text(encoding="utf-8").splitlines()
    assert "spark.master local[3]" in lines
    assert f"spark.sql.warehouse.dir {SparkWarehouse(given.warehouse).tables}" in lines


def test_tables_of_spark_can_be_deleted(given: Settings) -> None:
    write_conf(given)
    delete_spark_tables(Warehouse(given.warehouse.parent))
    assert not given.warehouse.exists()
    delete_spark_tables(Warehouse(given.warehouse.parent))


def test_raw_rows_are_written_in_types_that_spark_knows(given: Settings) -> None:
    place = SparkWarehouse(given.warehouse)
    place.create()
    with duckdb.connect(place.build_db) as connection:
        connection.execute("create schema raw")
        connection.execute(
            "create table raw.odd as select 1::hugeint as n, time '09:30' as \"at; 'x'\", "
            "uuid() as u, '2024-01-01 10:00:00+02'::timestamptz as t, 'ü' as name"
        )
        connection.execute("create table raw.empty (a bigint)")
    load_spark.export(given)
    assert [entry[:2] for entry in load_spark.exported(place.raw)] == [
        ("raw", "empty"),
        ("raw", "odd"),
    ]
    with duckdb.connect() as connection:
        described = connection.execute(
            f"describe from read_parquet('{place.raw / 'raw' / 'odd' / '*.parquet'}')"
        ).fetchall()
        kinds = {name: kind for name, kind, *_ in described}
        assert kinds == {
            "n": "DECIMAL(38,0)",
            "at; 'x'": "VARCHAR",
            "u": "VARCHAR",
            "t": "TIMESTAMP",
            "name": "VARCHAR",
        }
        (then,) = connection.execute(
            f"select t from read_parquet('{place.raw / 'raw' / 'odd' / '*.parquet'}')"
        ).fetchone()
        assert then.isoformat() == "2024-01-01T08:00:00"


def test_every_difference_between_the_engines_is_in_the_docs() -> None:
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)'\)", ENGINES))
    page = (ROOT / "docs" / "spark.md").read_text(encoding="utf-8")
    shown = set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE))
    assert len(dispatched) > 20
    assert shown == dispatched


def test_every_dispatched_macro_has_both_engines() -> None:
    dispatched = set(re.findall(r"adapter\.dispatch\('(\w+)'\)", ENGINES))
    for engine in ("duckdb", "spark"):
        there = set(re.findall(rf"macro {engine}__(\w+)\(", ENGINES))
        assert there == dispatched


def pins(name: str) -> dict[str, str]:
    return dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))


def test_the_locks_agree() -> None:
    """Spark's environment holds what builds use; the tools add to both and change nothing."""
    build, spark = pins("requirements.lock"), pins("requirements-spark.lock")
    assert build.items() <= spark.items()
    assert {"dbt-spark", "pyspark"} <= spark.keys()
    tools = pins("requirements-dev.lock")
    assert {"pytest", "ruff", "sqlfluff"} <= tools.keys() - build.keys()
    for name in tools.keys() & spark.keys():
        assert tools[name] == spark[name]
