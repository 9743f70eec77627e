"""Settings: what is accepted, what is refused, and the one line that says so."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import yaml

from building.build import check_loaded, window_days
from common import settings, settings_table
from common.console import WRONG_USE, Problem
from common.machine import engine_memory, machine_memory, usual_memory
from common.project_root import ROOT
from common.settings import Settings, resolve
from common.settings_table import SETTINGS
from dbt_runs import run_dbt
from loading.loaded import Loaded


def resolved(**given: str) -> Settings:
    return resolve(given)


def refusal(**given: str) -> str:
    with pytest.raises(Problem) as caught:
        resolve(given)
    assert caught.value.exit_code == WRONG_USE
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_defaults() -> None:
    found = resolved()
    assert found.source == "complete_journey"
    assert found.data is None
    assert found.warehouse == ROOT / "warehouse"
    assert (found.as_of, found.k, found.refit, found.seed) == (None, None, "auto", 20170101)
    assert found.threads >= 1
    assert re.fullmatch(r"\d+MB", found.memory)
    assert found.target == "duckdb"


def test_empty_values_count_as_absent() -> None:
    assert resolved(**{setting.name: "" for setting in SETTINGS}) == resolved()


def test_given_values(tmp_path: Path) -> None:
    data = tmp_path / "it's my data"
    data.mkdir()
    found = resolved(
        SOURCE="own_files",
        DATA=str(data),
        WAREHOUSE=str(tmp_path / "out"),
        AS_OF="2024-02-29",
        K="5",
        REFIT="never",
        SEED="0",
        THREADS="3",
        MEMORY="4GB",
    )
    assert found.data == data
    assert found.warehouse == tmp_path / "out"
    assert found.as_of == date(2024, 2, 29)
    assert (found.k, found.refit, found.seed) == (5, "never", 0)
    assert (found.threads, found.memory) == (3, "4GB")


def test_each_source_has_its_own_default_warehouse(tmp_path: Path) -> None:
    found = resolved(SOURCE="own_files", DATA=str(tmp_path))
    assert found.warehouse == ROOT / "warehouse" / "own_files"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("K", "1"),
        ("K", "0"),
        ("K", "-3"),
        ("K", "51"),
        ("K", "five"),
        ("K", "3.0"),
        ("K", "٣"),
        ("SEED", "-1"),
        ("SEED", "4294967296"),
        ("THREADS", "0"),
        ("THREADS", "many"),
        ("AS_OF", "31.12.2017"),
        ("AS_OF", "2017-02-30"),
        ("AS_OF", "20171231"),
        ("AS_OF", "yesterday"),
        ("REFIT", "sometimes"),
        ("MEMORY", "4"),
        ("MEMORY", "10MB"),
        ("MEMORY", "lots"),
        ("TARGET", "flink"),
        ("SPARK_MASTER", "the big one"),
        ("SPARK_CONF", "/not there"),
        ("TARGET", "oracle"),
    ],
)
def test_impossible_values_are_refused(name: str, value: str) -> None:
    message = refusal(**{name: value})
    assert message.startswith(f"{name}={value}: ")
    assert "expected" in message


def test_unknown_source_names_those_there_are() -> None:
    message = refusal(SOURCE="complete_jorney")
    assert "complete_journey" in message
    assert "own_files" in message
    assert "did you mean complete_journey?" in message


@pytest.mark.parametrize("value", ["..", "../staging", "own_files/", "/etc"])
def test_a_path_is_no_source(value: str) -> None:
    refusal(SOURCE=value)


def test_data_is_needed_by_own_files_and_must_be_a_folder(tmp_path: Path) -> None:
    assert "DATA is missing" in refusal(SOURCE="own_files")
    assert "nothing of this name" in refusal(SOURCE="own_files", DATA=str(tmp_path / "no"))
    (tmp_path / "file.csv").touch()
    assert "is a file" in refusal(SOURCE="own_files", DATA=str(tmp_path / "file.csv"))


def test_data_is_refused_where_the_source_brings_its_own(tmp_path: Path) -> None:
    assert "own data" in refusal(DATA=str(tmp_path))


def test_a_warehouse_cannot_be_inside_a_file(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in refusal(WAREHOUSE=str(tmp_path / "file" / "warehouse"))


@pytest.mark.parametrize(
    ("makeflags", "names"),
    [
        ("", []),
        ("w", []),
        (" -- K=5 SEDE=3", ["K", "SEDE"]),
        ("w --no-print-directory -- DATA=/a\\ b=c K:=5", ["DATA", "K"]),
    ],
)
def test_names_on_the_command_line_of_make(makeflags: str, names: list[str]) -> None:
    assert settings.make_variables(makeflags) == names


def test_a_mistyped_name_is_refused() -> None:
    message = refusal(MAKEFLAGS=" -- SEDE=5")
    assert "SEDE is not a setting" in message
    assert "did you mean SEED?" in message


def test_the_table_shows_every_setting_within_80_columns() -> None:
    lines = settings_table.table().splitlines()
    assert all(len(line) <= 80 for line in lines)
    for setting in SETTINGS:
        assert any(line.split()[:1] == [setting.name] for line in lines)


LOADED = Loaded(
    row_count=9, customer_count=4, first_date=date(2024, 1, 1), last_date=date(2024, 12, 31)
)


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"k": 5}, "there are 4 customers"),
        ({"as_of": date(2023, 12, 31)}, "the first order is of 2024-01-01"),
        ({"as_of": date(2024, 1, 1)}, "the first order is of 2024-01-01"),
        ({"as_of": date(2026, 1, 1)}, "none falls in the 364 days before"),
    ],
)
def test_what_the_data_cannot_serve_is_refused(given: dict, shown: str) -> None:
    with pytest.raises(Problem) as caught:
        check_loaded(replace(resolved(), **given), LOADED, window=364)
    assert caught.value.exit_code == WRONG_USE
    assert shown in str(caught.value)


@pytest.mark.parametrize(
    "given", [{}, {"k": 4}, {"as_of": date(2024, 1, 2)}, {"as_of": date(2025, 12, 30)}]
)
def test_what_the_data_can_serve_is_accepted(given: dict) -> None:
    check_loaded(replace(resolved(), **given), LOADED, window=364)
    check_loaded(
        replace(resolved(), **given), replace(LOADED, first_date=None, last_date=None), window=364
    )


def test_the_window_is_read_from_the_dbt_project() -> None:
    assert window_days(ROOT / "dbt_project") == 364


@pytest.mark.parametrize(
    ("memory", "engine"),
    [
        ("4GB", "2900MB"),
        ("1.5GB", "750MB"),
        ("256MB", "128MB"),
        ("4GiB", "3194MB"),
    ],
)
def test_python_has_its_part_of_the_memory(memory: str, engine: str) -> None:
    assert engine_memory(resolved(MEMORY=memory).memory) == engine


@pytest.mark.parametrize(
    ("machine", "target", "build"),
    [
        (96, "duckdb", 16.0),
        (24, "duckdb", 4.0),
        (16, "duckdb", 4.0),
        (4, "duckdb", 2.8),
        (0.1, "duckdb", 0.256),
        (24, "spark", 7.2),
        (8, "spark", 4.0),
    ],
)
def test_a_build_uses_a_share_of_a_large_machine_and_more_of_a_small_one(
    machine, target, build
) -> None:
    assert usual_memory(int(machine * 10**9), target) == pytest.approx(build * 10**9)


def test_the_memory_that_is_usual_depends_on_the_engine() -> None:
    def used(target: str) -> str:
        return f"{usual_memory(machine_memory(), target) // 10**6}MB"

    assert resolved(MEMORY="").memory == used("duckdb")
    assert resolved(MEMORY="", TARGET="spark").memory == used("spark")


def test_dbt_gets_every_setting_and_none_of_the_users_dbt_options() -> None:
    chosen = resolved(K="4", AS_OF="2024-02-03", THREADS="2", MEMORY="1GB")
    assert run_dbt.dbt_vars(chosen) == {"source": "complete_journey"}
    found = run_dbt.environment(chosen, {"DBT_TARGET": "x", "OMP_NUM_THREADS": "8", "HOME": "/h"})
    assert "DBT_TARGET" not in found
    assert (found["OMP_NUM_THREADS"], found["HOME"]) == ("1", "/h")
    assert (found["THREADS"], found["MEMORY"], found["TARGET"]) == ("2", "500MB", "duckdb")
    assert json.loads(found["SEGMENTATION_SETTINGS"]) == {"as_of": "2024-02-03", "k": 4}
    assert found["SEGMENTATION_BUILD_DB"] == str(ROOT / "warehouse" / "build.duckdb")


def test_settings_go_before_the_vars_of_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = run_dbt.project_vars()
    monkeypatch.setattr(run_dbt, "project_vars", lambda: usual | {"k": 5, "refit": "never"})
    assert run_dbt.given_settings(resolved()) == {"k": None, "refit": "auto"}
    assert run_dbt.given_settings(resolved(K="5", REFIT="never")) == {}


def test_dbt_can_spill() -> None:
    """Among the settings of a profile it is set anew, which DuckDB refuses after a first spill."""
    profile = yaml.safe_load((ROOT / "dbt_project" / "profiles.yml").read_text(encoding="utf-8"))
    output = profile["segmentation"]["outputs"]["duckdb"]
    assert "temp_directory" in output["config_options"]
    assert "temp_directory" not in output["settings"]
