"""What a build keeps of the one before it, and when it keeps nothing."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from loading.load_raw import load
from store.build_database import relation_kind
from store.build_inputs import digest_of_code, state_of
from store.build_state import KEPT_TABLES, Increment, complete, forget_state, read_state
from store.increment import decide, describe, is_unchanged, prepare

pytestmark = [pytest.mark.many_builds, pytest.mark.short]

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HEADER = "order_id,customer_id,ordered_at,net_amount\n"
LATER = "order_lines_2.csv"


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return write_data(tmp_path / "data")


def write_data(folder: Path) -> Path:
    folder.mkdir()
    (folder / "order_lines_1.csv").write_text(HEADER + "o1,c1,2024-01-02,9\n")
    (folder / "products.csv").write_text("product_id,category\np1,books\n")
    return folder


@pytest.fixture
def chosen(tmp_path: Path, data: Path) -> Settings:
    return settings_in(tmp_path, data)


def settings_in(folder: Path, data: Path) -> Settings:
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(folder / "w")}
    return resolve(given | {"MEMORY": "1GB"})


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The warehouse that a complete build of `data` leaves, made once."""
    folder = tmp_path_factory.mktemp("left")
    chosen = settings_in(folder, write_data(folder / "data"))
    built(chosen)
    return chosen.warehouse


@pytest.fixture
def after(chosen: Settings, left: Path) -> Settings:
    """Settings of a warehouse with a complete build of `data`."""
    shutil.copytree(left, chosen.warehouse)
    return chosen


def built(chosen: Settings) -> None:
    """Load, and leave the kept tables as a complete build would."""
    load(chosen, NOW)
    _, state = prepare(chosen, is_replay=False)
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        for schema, names in KEPT_TABLES.items():
            connection.execute(f"create schema if not exists {schema}")
            for name in names:
                connection.execute(
                    f"create or replace table {schema}.{name} "
                    "(reject_reason varchar, ordered_at timestamp)"
                )
        connection.execute(
            "insert into core.int_order_lines_keyed values ('in_the_future', '2026-01-09')"
        )
        connection.execute(
            "create or replace table core.rejected_records (source_table varchar, reason varchar)"
        )
    complete(chosen, state)


def decided(chosen: Settings, now: datetime = NOW) -> Increment:
    """Load again and decide."""
    load(chosen, now)
    return prepare(chosen, is_replay=False)[0]


def plan_of(chosen: Settings) -> tuple[list[tuple], list[tuple], list[tuple]]:
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        return (
            connection.execute("from raw.load_increment").fetchall(),
            connection.execute("from raw.load_new_files").fetchall(),
            connection.execute("from raw.load_unchanged_tables").fetchall(),
        )


def test_a_new_file_is_all_that_is_made(after: Settings, data: Path) -> None:
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\no3,c1,2024-02-03,3\n")
    found = decided(after)
    assert found == Increment(None, (LATER,), 1, 1, ("products",))
    assert plan_of(after) == ([(True,)], [(LATER,)], [("products",)])
    assert describe(found).startswith("  1 new file of order lines: what the last build made of 1 ")


def test_nothing_new_keeps_all(after: Settings) -> None:
    assert decided(replace(after, k=5, seed=7, refit="always")).is_increment
    assert plan_of(after) == ([(True,)], [], [("products",)])


INTERACTIONS = "customer_id,interaction_type,occurred_at\nc1,visit,2025-03-04\n"


def test_files_of_what_is_made_each_time_may_change(after: Settings, data: Path) -> None:
    (data / "customers.csv").write_text("customer_id,age_band\nc1,old\n")
    (data / "interactions.csv").write_text(INTERACTIONS)
    assert decided(after).unchanged_tables == ("products",)


def test_what_is_made_of_unchanged_files_is_left_as_it_is(chosen: Settings, data: Path) -> None:
    (data / "customers.csv").write_text("customer_id,age_band\nc1,old\n")
    (data / "interactions.csv").write_text(INTERACTIONS)
    built(chosen)
    assert decided(chosen).unchanged_tables == ("customers", "interactions", "products")
    # The same name and size, and dates in another format.
    built(chosen)
    (data / "interactions.csv").write_text(INTERACTIONS.replace("2025-03-04", "24.03.2025"))
    assert decided(chosen).unchanged_tables == ("customers", "products")


def test_interactions_of_the_future_are_read_again_once_it_is_reached(
    chosen: Settings, data: Path
) -> None:
    (data / "interactions.csv").write_text(INTERACTIONS.replace("2025", "2026"))
    built(chosen)
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        connection.execute(
            "insert into core.rejected_records values ('interactions', 'in_the_future')"
        )
        connection.execute(
            "create view core.int_interactions_validated as select case "
            "when cast(occurred_at as timestamp) > loaded_at then 'in_the_future' "
            "end as reject_reason from raw.interactions, raw.load_settings"
        )
        before = read_state(connection)
    assert decided(chosen).unchanged_tables == ("interactions", "products")
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\n")
    load(chosen, datetime(2026, 3, 5, tzinfo=UTC))
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        now = state_of(connection, chosen)
        assert not is_unchanged(connection, "interactions", before, now)
        assert is_unchanged(connection, "products", before, now)


def a_changed_file(data: Path) -> None:
    (data / "order_lines_1.csv").write_text(HEADER + "o1,c1,2024-01-02,9.51\n")


def a_renamed_file(data: Path) -> None:
    (data / "order_lines_1.csv").rename(data / "order_lines_0.csv")


def other_products(data: Path) -> None:
    (data / "products.csv").write_text("product_id,category\np1,music\n")


def another_column(data: Path) -> None:
    (data / LATER).write_text("colour," + HEADER + "red,o2,c1,2024-02-02,3\n")


def another_format(data: Path) -> None:
    (data / LATER).write_text(HEADER + 'o2,c1,2024-02-03,"3,50"\n')


def mapped_columns(data: Path) -> None:
    (data / "columns.yml").write_text("order_lines:\n  customer_id: customer_id\n")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (a_changed_file, "order_lines_1.csv has changed"),
        (a_renamed_file, "order_lines_1.csv is no longer there"),
        (other_products, "the files of products have changed"),
        (another_column, "columns or their types have changed"),
        (another_format, "how dates and numbers are written has changed"),
        (mapped_columns, "columns.yml makes the columns of order_lines"),
    ],
)
def test_other_data_than_new_files_keeps_nothing(after, data, change, reason) -> None:
    change(data)
    found = decided(after)
    assert found.reason == reason
    assert plan_of(after) == ([(False,)], [], [])
    assert describe(found) == f"  everything is rebuilt: {reason}"


def test_full_keeps_nothing(after: Settings) -> None:
    assert decided(replace(after, full=True)).reason == "FULL=1"
    assert resolve({"DATA": "", "FULL": "1"}).full
    assert not resolve({}).full


def test_a_replay_keeps_nothing(after: Settings) -> None:
    assert prepare(after, is_replay=True)[0].reason == "a replay is built from nothing"


def test_sources_without_orders_keep_nothing(chosen: Settings) -> None:
    with duckdb.connect() as connection:
        found = decide(connection, replace(chosen, source="mall_customers"), {}, {})
    assert found.reason == "SOURCE=mall_customers has no order lines"


def test_other_sources_keep_all_or_nothing(after: Settings) -> None:
    """Their files are none that are added to: a new line may take an old one back."""
    other = replace(after, source="online_retail")
    with duckdb.connect(Warehouse(after.warehouse).build_db) as connection:
        before = state_of(connection, other) | {"mark": read_state(connection)["mark"]}
        now = state_of(connection, other)
        found = decide(connection, other, before, now)
        assert found == Increment(None, None, 2, 2, ("customers", "interactions", "products"))
        assert "no file has changed" in describe(found) and "2 rows in 2 files" in describe(found)
        for name, reason in (
            ("file:order_lines:order_lines_1.csv", "order_lines_1.csv has changed"),
            ("file:order_lines:order_lines_2.csv", "order_lines_2.csv has changed"),
            ("file:products:products.csv", "products.csv has changed"),
            ("columns", "columns or their types have changed"),
        ):
            assert decide(connection, other, before, now | {name: "other"}).reason == reason
        assert "no complete build" in str(decide(connection, other, {}, now).reason)
        connection.execute("insert into core.rejected_records values ('x', 'in_the_future')")
        found = decide(connection, other, before, now)
        assert found.reason == "1 row dated in the future may be in the past by now"


def test_settings_that_data_is_read_by_keep_nothing(after: Settings, tmp_path: Path) -> None:
    said = "settings that decide how data is read have changed"
    definitions = tmp_path / "definitions.csv"
    definitions.write_text("x\n")
    with duckdb.connect(Warehouse(after.warehouse).build_db) as connection:
        before = read_state(connection)
        for other in (
            replace(after, decimal="comma"),
            replace(after, date_format="DD/MM/YYYY"),
            replace(after, definitions=definitions),
        ):
            now = state_of(connection, other)
            assert decide(connection, other, before, now).reason == said


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("code", "the project's code has changed"),
        ("environment", "the versions of what it is built with have changed"),
        ("privacy", "pseudonyms or forgotten customers have changed"),
        ("mapping", "columns.yml has changed"),
    ],
)
def test_all_else_that_counts_keeps_nothing(after: Settings, name: str, reason: str) -> None:
    with duckdb.connect(Warehouse(after.warehouse).build_db) as connection:
        before = read_state(connection)
        now = state_of(connection, after)
        assert decide(connection, after, before, now).is_increment
        assert decide(connection, after, before, now | {name: "other"}).reason == reason
        earlier = now | {"loaded_at": "2025-01-01 00:00:00"}
        said = "the time of the load is before that of the last build"
        assert decide(connection, after, before, earlier).reason == said


def test_any_file_of_the_project_counts_as_code(tmp_path: Path) -> None:
    model = tmp_path / "dbt_project" / "models" / "a.sql"
    made = tmp_path / "dbt_project" / "target" / "a.sql"
    for path in (model, made):
        path.parent.mkdir(parents=True)
        path.write_text("select 1")
    before = digest_of_code(tmp_path)
    made.write_text("select 2")
    assert digest_of_code(tmp_path) == before
    model.write_text("select 2")
    assert digest_of_code(tmp_path) != before


def test_a_row_still_in_the_future_takes_nothing_away(after: Settings, data: Path) -> None:
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\n")
    assert decided(after, datetime(2026, 1, 7, tzinfo=UTC)).is_increment


def test_a_row_that_the_new_load_reaches_keeps_nothing(after: Settings, data: Path) -> None:
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\n")
    found = decided(after, datetime(2026, 1, 8, tzinfo=UTC))
    assert found.reason == "1 row dated after 2026-01-01 are no longer in the future"


def test_a_build_that_was_killed_is_not_gone_on_from(after: Settings) -> None:
    assert decided(after).is_increment
    # It got as far as dbt, and nothing was marked as complete.
    assert decided(after).reason == "there is no complete build to continue from"


def test_loading_alone_takes_nothing_away_and_plans_nothing(after: Settings, data: Path) -> None:
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\n")
    load(after, NOW)
    assert plan_of(after) == ([(False,)], [], [])
    assert decided(after).new_files == (LATER,)


def test_dbt_by_hand_is_not_gone_on_from(after: Settings) -> None:
    forget_state(after)
    assert decided(after).reason == "there is no complete build to continue from"


def test_a_table_that_others_made_is_not_gone_on_from(after: Settings) -> None:
    with duckdb.connect(Warehouse(after.warehouse).build_db) as connection:
        connection.execute("create or replace table core.keyed_orders as select 1 as x")
    said = "keyed_orders is not as the last complete build left it"
    assert decided(after).reason == said


def test_new_text_files_are_appended_to_the_raw_table(chosen: Settings, data: Path) -> None:
    load(chosen, NOW)
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        connection.execute("update raw.order_lines set channel = 'kept'")
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\n")
    loaded = load(chosen, NOW)
    assert loaded.row_count == 3
    rows = "select order_id, channel, _file, _row_number from raw.order_lines order by all"
    ledger = "select file_name, row_count from raw.load_ledger where source_table = 'order_lines' "
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        assert connection.execute(rows).fetchall() == [
            ("o1", "kept", "order_lines_1.csv", 1),
            ("o2", None, LATER, 1),
        ]
        assert connection.execute(ledger + "order by all").fetchall() == [
            ("order_lines_1.csv", 1),
            (LATER, 1),
        ]
    (data / "order_lines_1.csv").write_text(HEADER + "o9,c1,2024-01-02,9.50\n")
    load(chosen, NOW)
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        assert relation_kind(connection, "raw", "order_lines") == "table"
        assert connection.execute(rows).fetchall() == [
            ("o2", None, LATER, 1),
            ("o9", None, "order_lines_1.csv", 1),
        ]
