"""Builds that continue from the last one give the marts of a full build; when nothing is kept."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from test_planted_defects import DEFECTS

from benchmarks.scale_data import Shop, write_shop
from common.project_root import ROOT
from common.settings import Settings, resolve
from common.warehouse_paths import Warehouse
from export_ordered import digests
from loading.load_raw import load
from shops import SHOP, Builds, Built, build, copy_project, copy_warehouse, edit, read_csv
from store import increment
from store.build_database import relation_kind
from store.increment import (
    KEPT_TABLES,
    SOURCES_THAT_GROW,
    complete,
    decide,
    describe,
    digest_of_code,
    forget_state,
    kept_tables,
    prepare,
    read_state,
)

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HEADER = "order_id,customer_id,ordered_at,net_amount\n"
LATER = "order_lines_2.csv"
LATER_PARQUET = "order_lines_020.parquet"
LATER_FROM = "2025-01"
# Defects of an edited model that only new lines show, and what has to find them.
OF_ORDERS = DEFECTS["assert_orders_hold_the_money_of_their_lines"]
PLANTED = {
    "a copy of an older line is kept": (
        "core/order_lines.sql",
        "where coalesce(order_line_outcomes.outcome, 'accepted') = 'accepted'",
        "where coalesce(order_line_outcomes.outcome, 'accepted') <> 'rejected'",
        "test primary_key_order_lines: fail",
    ),
    "a new order is lost": (
        str(OF_ORDERS.model),
        OF_ORDERS.old,
        f"{OF_ORDERS.old}    where order_date < date '{LATER_FROM}-15'\n",
        "test assert_orders_hold_the_money_of_their_lines: fail",
    ),
}


# --- whole builds


def write_lines(path: Path, records: list[dict[str, str]]) -> None:
    """Write records as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, records[0].keys())
        writer.writeheader()
        writer.writerows(records)


def midnight(line: dict[str, str]) -> str:
    """Return the first moment of a line's day: the line that has it comes first by content."""
    return f"{line['ordered_at'][:10]} 00:00:00"


def divided_shop(folder: Path) -> tuple[Path, Path]:
    """Write the fixture shop as data of its first year and a file that comes later."""
    data = folder / "data"
    shutil.copytree(SHOP, data)
    lines = read_csv(data / "order_lines.csv")
    (data / "order_lines.csv").unlink()
    first = [line for line in lines if line["ordered_at"] < LATER_FROM]
    later = [line for line in lines if line["ordered_at"] >= LATER_FROM]
    assert first and later
    identified = [line for line in first if line["order_line_id"] and line["net_amount"] > "1"]
    # A copy, a conflict that the older line loses, a return to an old order on a later day, and a
    # line that joins an old order.
    a_return = {"order_line_id": "late-return", "net_amount": "-1.00", "is_return": "true"}
    later += [
        dict(identified[0]),
        identified[30] | {"ordered_at": midnight(identified[30]), "net_amount": "999.00"},
        identified[60] | a_return | {"quantity": "-1", "ordered_at": "2025-02-01 10:00:00"},
        identified[90] | {"order_line_id": "late-line"},
    ]
    write_lines(data / "order_lines_1.csv", first)
    write_lines(folder / LATER, later)
    return data, folder / LATER


def build_first(builds: Builds) -> Built:
    """Build the first year of the fixture shop."""
    folder = builds.folder("increment")
    data, _ = divided_shop(folder)
    first = build(data, folder / "warehouse", threads=2).checked()
    copy_warehouse(first, folder / "full")
    copy_warehouse(first, folder / "grown")
    for defect in PLANTED:
        copy_warehouse(first, folder / defect)
    return first


def build_grown(builds: Builds) -> Built:
    """Add the later file and build again, with a mark on the lines that are to be kept.

    A customer has another attribute than before; products and interactions are as they were.
    """
    folder = builds.folder("increment")
    shutil.copy(folder / LATER, folder / "data")
    customers = read_csv(folder / "data" / "customers.csv")
    *_, attribute = customers[0]
    customers[0][attribute] = customers[1][attribute] + "!"
    write_lines(folder / "data" / "customers.csv", customers)
    with duckdb.connect(folder / "grown" / "build.duckdb") as connection:
        connection.execute(
            "alter table core.int_order_lines_keyed add column mark varchar default 'kept'"
        )
        connection.execute("alter table core.int_order_lines_keyed alter mark drop default")
    return build(folder / "data", folder / "grown", threads=2).checked()


def build_grown_full(builds: Builds) -> Built:
    """Build the same with the same history in a full build."""
    folder = builds.folder("increment")
    return build(folder / "data", folder / "full", threads=2, full=1).checked()


def planted(defect: str) -> Callable[[Builds], Built]:
    """Return the function that adds the later file where a model has a defect."""

    def make(builds: Builds) -> Built:
        folder = builds.folder("increment")
        root = copy_project(folder / f"project of {defect}")
        model, old, new = PLANTED[defect][:3]
        edit(root / "dbt_project" / "models" / model, old, new)
        # Other code would keep nothing.
        with duckdb.connect(folder / defect / "build.duckdb") as connection:
            code = digest_of_code(root)
            connection.execute("update raw.last_build set value = ? where name = 'code'", [code])
        return build(folder / "data", folder / defect, root=root, threads=2)

    return make


def build_appended_first(builds: Builds) -> Built:
    """Build a larger shop whose last file has not come yet."""
    folder = builds.folder("appended")
    data = folder / "data"
    write_shop(Shop(20_000, 7), data, threads=2, file_count=20)
    (data / LATER_PARQUET).rename(folder / LATER_PARQUET)
    first = build(data, folder / "warehouse", threads=2).checked()
    copy_warehouse(first, folder / "full")
    copy_warehouse(first, folder / "grown")
    return first


def build_appended(builds: Builds) -> Built:
    """Add the file with the last orders and build again."""
    folder = builds.folder("appended")
    shutil.copy(folder / LATER_PARQUET, folder / "data")
    return build(folder / "data", folder / "grown", threads=2, refit="never").checked()


def build_appended_full(builds: Builds) -> Built:
    """Build the same with the same history in a full build."""
    folder = builds.folder("appended")
    return build(folder / "data", folder / "full", threads=2, refit="never", full=1).checked()


CHAINS = [
    {"before the increment": build_first, "grown": build_grown, "grown_full": build_grown_full}
    | {defect: planted(defect) for defect in PLANTED},
    {
        "appended_first": build_appended_first,
        "appended": build_appended,
        "appended_full": build_appended_full,
    },
]


@pytest.mark.many_builds
@pytest.mark.parametrize("name", ["grown", "appended"])
def test_an_increment_gives_the_marts_of_a_full_build(builds: Builds, name: str) -> None:
    expected, found = digests(builds[f"{name}_full"].marts), digests(builds[name].marts)
    assert "customer_segments" in expected
    different = sorted(mart for mart in expected if found.get(mart) != expected[mart])
    assert not different
    assert found.keys() == expected.keys()


@pytest.mark.many_builds
@pytest.mark.parametrize("name", ["grown", "appended"])
def test_every_kept_table_is_that_of_a_full_build(builds: Builds, name: str) -> None:
    grown, full = builds[name], builds[f"{name}_full"]
    for schema, table in kept_tables():
        columns = ", ".join(
            column
            for (column,) in full.query_build(
                "select column_name from duckdb_columns() where schema_name = ? "
                "and table_name = ? and column_name <> 'mark' order by column_index",
                schema,
                table,
            )
        )
        sql = f"select {columns} from {schema}.{table} order by all"
        assert grown.query_build(sql) == full.query_build(sql), table


@pytest.mark.many_builds
def test_older_lines_are_not_read_again(builds: Builds) -> None:
    rows = builds["grown"].query_build(
        "select distinct lines.source_file, keyed.mark from core.int_order_lines_keyed as keyed "
        "inner join core.int_order_lines_validated as lines using (file_key, source_row_number)"
    )
    found = dict(rows)
    assert len(rows) == 2
    assert found["order_lines_1.csv"] == "kept"
    assert found[LATER] is None


@pytest.mark.many_builds
@pytest.mark.parametrize(
    ("name", "unchanged"),
    [
        # One of its interactions lies in the future, and did so before.
        ("grown", {"interactions", "products"}),
        ("grown_full", set()),
        ("appended", {"customers", "interactions", "products"}),
    ],
)
def test_tables_of_unchanged_files_are_left_as_they_are(
    builds: Builds, name: str, unchanged: set[str]
) -> None:
    target = builds[name].warehouse.dbt_target
    nodes = json.loads((target / "manifest.json").read_text(encoding="utf-8"))["nodes"]
    kept, made = set(), set()
    for node, message in messages(builds[name]).items():
        config = nodes[node]["config"] if node in nodes else {}
        made_of = config.get("meta", {}).get("made_of", [])
        (kept if message == "KEPT" else made).update(made_of)
    assert kept == unchanged
    assert made == {"customers", "interactions", "products"} - unchanged


def messages(built: Built) -> dict[str, str]:
    """Return what dbt said of each node that it ran, by its id."""
    text = (built.warehouse.dbt_target / "run_results.json").read_text(encoding="utf-8")
    return {result["unique_id"]: result["message"] for result in json.loads(text)["results"]}


@pytest.mark.many_builds
def test_the_backtest_is_kept_while_all_that_it_is_made_of_is_the_same(builds: Builds) -> None:
    backtest = "model.segmentation.learned_backtest_assignments"
    # A file of the grown shop has lines of days before the backtest.
    names = ("grown", "grown_full", "appended_first", "appended", "appended_full")
    kept = [name for name in names if messages(builds[name])[backtest] == "KEPT"]
    assert kept == ["appended"]
    rows = "select * from segmentation.learned_backtest_assignments order by all"
    found = builds["appended"].query_build(rows)
    assert found
    assert found == builds["appended_full"].query_build(rows)


@pytest.mark.many_builds
def test_the_build_says_what_it_keeps(builds: Builds) -> None:
    ((row_count,),) = builds["before the increment"].query_build(
        "select sum(row_count) from raw.load_ledger where source_table = 'order_lines'"
    )
    said = f"1 new file of order lines: what the last build made of {row_count:,} rows in 1 file"
    assert said in builds["grown"].output
    assert "everything is rebuilt: FULL=1" in builds["grown_full"].output
    assert (
        "everything is rebuilt: there is no complete build to continue from"
        in builds["before the increment"].output
    )
    assert "rows in 19 files is kept" in builds["appended"].output


@pytest.mark.many_builds
def test_the_later_file_affects_older_orders(builds: Builds) -> None:
    ((order_count, oldest),) = builds["grown"].query_build(
        "select count(*), cast(min(order_date) as varchar) from core.affected_orders"
    )
    assert order_count > 20
    assert oldest < LATER_FROM
    # The lines that the copy and the conflict share their keys with.
    ((from_old,),) = builds["grown"].query_build(
        "select count(*) from core.int_order_line_outcomes where file_key <> hash(?) and "
        "line_key_hash in "
        "(select line_key_hash from core.int_order_line_outcomes where file_key = hash(?))",
        LATER,
        LATER,
    )
    assert from_old == 2
    # Added at the end, it leaves older windows alone.
    ((first_affected, last_kept),) = builds["appended"].query_build(
        "select (select min(order_date) from core.affected_orders), "
        "(select max(as_of_date) from features.snapshots where as_of_date <= "
        "(select min(order_date) from core.affected_orders))"
    )
    assert last_kept <= first_affected


@pytest.mark.many_builds
@pytest.mark.parametrize("defect", PLANTED)
def test_a_defect_in_new_lines_is_found_by_an_increment(builds: Builds, defect: str) -> None:
    assert "rows in 1 file is kept" in builds[defect].output
    assert builds[defect].code == 1
    assert PLANTED[defect][3] in builds[defect].output


def test_kept_tables_are_the_incremental_models(shop: Built) -> None:
    text = (shop.warehouse.dbt_target / "manifest.json").read_text(encoding="utf-8")
    nodes = json.loads(text)["nodes"].values()
    found = {
        (node["schema"], node["alias"])
        for node in nodes
        if node["resource_type"] == "model" and node["config"]["materialized"] == "incremental"
    }
    assert found == set(kept_tables())


def test_sources_that_grow_have_no_cancellations() -> None:
    for source in SOURCES_THAT_GROW:
        folder = ROOT / "dbt_project" / "models" / "staging" / source
        text = (folder / f"stg_{source}__order_lines.sql").read_text(encoding="utf-8")
        assert "false as is_cancellation" in text


# --- what is decided


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "order_lines_1.csv").write_text(HEADER + "o1,c1,2024-01-02,9\n")
    (folder / "products.csv").write_text("product_id,category\np1,books\n")
    return folder


@pytest.fixture
def chosen(tmp_path: Path, data: Path) -> Settings:
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(tmp_path / "w")}
    return resolve(given | {"MEMORY": "1GB"})


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


def decided(chosen: Settings, now: datetime = NOW) -> increment.Increment:
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


def test_a_new_file_is_all_that_is_made(chosen: Settings, data: Path) -> None:
    built(chosen)
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\no3,c1,2024-02-03,3\n")
    found = decided(chosen)
    assert found == increment.Increment(None, (LATER,), 1, 1, ("products",))
    assert plan_of(chosen) == ([(True,)], [(LATER,)], [("products",)])
    assert describe(found).startswith("  1 new file of order lines: what the last build made of 1 ")


def test_nothing_new_keeps_all(chosen: Settings) -> None:
    built(chosen)
    assert decided(replace(chosen, k=5, seed=7, refit="always")).is_increment
    assert plan_of(chosen) == ([(True,)], [], [("products",)])


INTERACTIONS = "customer_id,interaction_type,occurred_at\nc1,visit,2025-03-04\n"


def test_files_of_what_is_made_each_time_may_change(chosen: Settings, data: Path) -> None:
    built(chosen)
    (data / "customers.csv").write_text("customer_id,age_band\nc1,old\n")
    (data / "interactions.csv").write_text(INTERACTIONS)
    assert decided(chosen).unchanged_tables == ("products",)


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
        now = increment.state_of(connection, chosen)
        assert not increment.is_unchanged(connection, "interactions", before, now)
        assert increment.is_unchanged(connection, "products", before, now)


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
def test_other_data_than_new_files_keeps_nothing(chosen, data, change, reason) -> None:
    built(chosen)
    change(data)
    found = decided(chosen)
    assert found.reason == reason
    assert plan_of(chosen) == ([(False,)], [], [])
    assert describe(found) == f"  everything is rebuilt: {reason}"


def test_full_keeps_nothing(chosen: Settings) -> None:
    built(chosen)
    assert decided(replace(chosen, full=True)).reason == "FULL=1"
    assert resolve({"DATA": "", "FULL": "1"}).full
    assert not resolve({}).full


def test_a_replay_keeps_nothing(chosen: Settings) -> None:
    built(chosen)
    assert prepare(chosen, is_replay=True)[0].reason == "a replay is built from nothing"


def test_other_sources_keep_nothing(chosen: Settings) -> None:
    with duckdb.connect() as connection:
        found = decide(connection, replace(chosen, source="mall_customers"), {}, {})
    assert found.reason == "SOURCE=mall_customers has no files that are added to"


def test_settings_that_data_is_read_by_keep_nothing(chosen: Settings, tmp_path: Path) -> None:
    built(chosen)
    said = "settings that decide how data is read have changed"
    definitions = tmp_path / "definitions.csv"
    definitions.write_text("x\n")
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        before = read_state(connection)
        for other in (
            replace(chosen, decimal="comma"),
            replace(chosen, date_format="DD/MM/YYYY"),
            replace(chosen, definitions=definitions),
        ):
            now = increment.state_of(connection, other)
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
def test_all_else_that_counts_keeps_nothing(chosen: Settings, name: str, reason: str) -> None:
    built(chosen)
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        before = read_state(connection)
        now = increment.state_of(connection, chosen)
        assert decide(connection, chosen, before, now).is_increment
        assert decide(connection, chosen, before, now | {name: "other"}).reason == reason
        earlier = now | {"loaded_at": "2025-01-01 00:00:00"}
        said = "the time of the load is before that of the last build"
        assert decide(connection, chosen, before, earlier).reason == said


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


def test_a_row_still_in_the_future_takes_nothing_away(chosen: Settings, data: Path) -> None:
    built(chosen)
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\n")
    assert decided(chosen, datetime(2026, 1, 7, tzinfo=UTC)).is_increment


def test_a_row_that_the_new_load_reaches_keeps_nothing(chosen: Settings, data: Path) -> None:
    built(chosen)
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\n")
    found = decided(chosen, datetime(2026, 1, 8, tzinfo=UTC))
    assert found.reason == "1 row dated after 2026-01-01 are no longer in the future"


def test_a_build_that_was_killed_is_not_gone_on_from(chosen: Settings) -> None:
    built(chosen)
    assert decided(chosen).is_increment
    # It got as far as dbt, and nothing was marked as complete.
    assert decided(chosen).reason == "there is no complete build to continue from"


def test_loading_alone_takes_nothing_away_and_plans_nothing(chosen: Settings, data: Path) -> None:
    built(chosen)
    (data / LATER).write_text(HEADER + "o2,c1,2024-02-02,3\n")
    load(chosen, NOW)
    assert plan_of(chosen) == ([(False,)], [], [])
    assert decided(chosen).new_files == (LATER,)


def test_dbt_by_hand_is_not_gone_on_from(chosen: Settings) -> None:
    built(chosen)
    forget_state(chosen)
    assert decided(chosen).reason == "there is no complete build to continue from"


def test_a_table_that_others_made_is_not_gone_on_from(chosen: Settings) -> None:
    built(chosen)
    with duckdb.connect(Warehouse(chosen.warehouse).build_db) as connection:
        connection.execute("create or replace table core.keyed_orders as select 1 as x")
    said = "keyed_orders is not as the last complete build left it"
    assert decided(chosen).reason == said


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
