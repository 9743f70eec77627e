"""A stored fit segments features only where they are made by the settings it was learned by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from common.console import WRONG_USE, Problem
from common.project_root import ROOT
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from dbt_runs import fit_settings
from dbt_runs.fit_settings import (
    changed_settings,
    check_before_loading,
    check_last_fit,
    limits_of_k,
    project_vars,
)
from publishing.publish import publish
from stub_builds import build

STORED = "window_days=364;evening_hour=18"
SAME = {"window_days": 364, "evening_hour": 18, "k_min": 3}
OTHER = SAME | {"evening_hour": 20}
REFUSED = "evening_hour: 20, but stored fit 2.* was learned with evening_hour: 18; set it back"


def store_fits(file: Path, schema: str, name: str, stored: str | None = STORED) -> None:
    """Make the fits of a published file, or of a build database; the first had other settings."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with duckdb.connect(file) as connection:
        connection.execute(f"create schema if not exists {schema}")
        connection.execute(
            f"create table {schema}.{name} as select * from "
            "(values (2, cast($stored as varchar)), (1, 'window_days=28;evening_hour=20')) "
            "as fits(fit_number, feature_settings)",
            {"stored": stored},
        )


@pytest.fixture
def never(tmp_path: Path) -> Settings:
    """Settings that ask for no refit, in a warehouse with a published file."""
    settings = replace(resolve({"WAREHOUSE": str(tmp_path / "warehouse")}), refit="never")
    store_fits(Warehouse(settings.warehouse).marts_db, "history", "fits")
    return settings


def test_only_settings_of_another_value_are_named() -> None:
    assert changed_settings(STORED, SAME) == []
    assert changed_settings(STORED, OTHER) == [("evening_hour", "18", "20")]
    assert changed_settings(STORED, {"window_days": 364}) == [("evening_hour", "18", "None")]
    # A fit from before they were stored counts as learned by today's.
    assert changed_settings(None, OTHER) == []


def test_never_is_refused_before_loading(never: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fit_settings, "project_vars", lambda project: OTHER)
    with pytest.raises(Problem, match=REFUSED) as refused:
        check_before_loading(never)
    assert refused.value.exit_code == WRONG_USE
    # With these a refit is made or asked for: whether it is held back, only the build knows.
    for refit in ("auto", "always"):
        check_before_loading(replace(never, refit=refit))


def test_never_goes_on_with_the_settings_of_the_fit(
    never: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_settings, "project_vars", lambda project: SAME)
    check_before_loading(never)


def test_fits_from_before_settings_were_stored_go_on() -> None:
    with duckdb.connect() as connection:
        connection.execute("create schema history")
        check_last_fit(connection, ("history", "fits"), OTHER)
        connection.execute("create table history.fits as select 1 as fit_number")
        check_last_fit(connection, ("history", "fits"), OTHER)
        connection.execute("alter table history.fits add column feature_settings varchar")
        check_last_fit(connection, ("history", "fits"), OTHER)


@pytest.fixture
def of_four(tmp_path: Path) -> Settings:
    """Settings of a warehouse whose last fit has 4 segments; the one before had 7."""
    settings = resolve({"WAREHOUSE": str(tmp_path / "warehouse")})
    settings.warehouse.mkdir()
    with duckdb.connect(settings.place.marts_db) as connection:
        connection.execute("create schema history")
        connection.execute(
            "create table history.fits as from (values (1, 7), (2, 4)) as fits(fit_number, k)"
        )
    return settings


def test_it_is_told_before_the_work_that_another_k_may_be_held_back(
    of_four: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_settings, "project_vars", lambda project: {"max_moved_share": 0.3})
    assert limits_of_k(replace(of_four, k=7)) == (
        "K=7 replaces 4 segments: where that would move more than 30% of the customers, the refit "
        "is held back and the 4 stay (exit code 3); K=7 REFIT=always publishes it all the same"
    )
    assert limits_of_k(replace(of_four, k=7, refit="never")) == (
        "K=7 has no effect with REFIT=never: the stored fit, which goes on, has 4 segments"
    )


def test_nothing_is_limits_of_k_where_nothing_keeps_it_from_counting(of_four: Settings) -> None:
    assert limits_of_k(of_four) is None
    assert limits_of_k(replace(of_four, k=4)) is None
    assert limits_of_k(replace(of_four, k=7, refit="always")) is None
    assert limits_of_k(replace(of_four, k=7, warehouse=of_four.warehouse / "new")) is None


def test_a_published_file_that_cannot_be_read_is_said(of_four: Settings) -> None:
    of_four.place.marts_db.write_bytes(b"no database")
    with pytest.raises(Problem, match="cannot be read"):
        limits_of_k(replace(of_four, k=7))


def test_a_refit_held_back_is_not_published_under_other_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build is whole, but features were made by other settings than those of its last fit."""
    settings = resolve({"WAREHOUSE": str(tmp_path / "warehouse")})
    warehouse = Warehouse(settings.warehouse)
    warehouse.create()
    build(settings)
    store_fits(warehouse.build_db, "segmentation", "active_fit")
    monkeypatch.setattr(fit_settings, "project_vars", lambda project: OTHER)
    with pytest.raises(Problem, match=REFUSED):
        publish(settings)
    assert not warehouse.marts_db.exists()


def test_a_fit_stores_settings_as_the_project_file_gives_them() -> None:
    """Those of the macro are vars of the project, written as dbt writes them into a text."""
    macro = (ROOT / "dbt_project" / "macros" / "feature_settings_text.sql").read_text("utf-8")
    names = [line.strip(" ',") for line in macro.splitlines() if line.strip().startswith("'")]
    found = project_vars(ROOT / "dbt_project")
    assert {"window_days", "evening_hour"} <= set(names) <= set(found)
