"""Builds that continue from the last one give the marts of a full build; when nothing is kept."""

from __future__ import annotations

import csv
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from benchmarks.scale_data import write_shop
from benchmarks.scale_lines import Shop
from common.project_root import ROOT
from export_ordered import digests
from planted_defects import DEFECTS
from shops import SHOP, Builds, Built, build, copy_project, copy_warehouse, edit, read_csv
from store.build_inputs import SOURCES_THAT_GROW, digest_of_code
from store.build_state import kept_tables

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)
HEADER = "order_id,customer_id,ordered_at,net_amount\n"
LATER = "order_lines_2.csv"
FILE_COUNT = 39
LATER_PARQUET = f"order_lines_{FILE_COUNT:03d}.parquet"
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
    """Build a larger shop whose last file has not come yet.

    The file has two weeks of lines: without it, the data still goes back far enough for the
    windows of all snapshots to be whole.
    """
    folder = builds.folder("appended")
    data = folder / "data"
    write_shop(Shop(20_000, 7), data, threads=2, file_count=FILE_COUNT)
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
@pytest.mark.short
@pytest.mark.parametrize("name", ["grown", "appended"])
def test_an_increment_gives_the_marts_of_a_full_build(builds: Builds, name: str) -> None:
    expected, found = digests(builds[f"{name}_full"].marts), digests(builds[name].marts)
    assert "customer_segments" in expected
    different = sorted(mart for mart in expected if found.get(mart) != expected[mart])
    assert not different
    assert found.keys() == expected.keys()


@pytest.mark.many_builds
@pytest.mark.short
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
@pytest.mark.short
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
@pytest.mark.short
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
@pytest.mark.short
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
@pytest.mark.short
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
    assert f"rows in {FILE_COUNT - 1} files is kept" in builds["appended"].output


@pytest.mark.many_builds
@pytest.mark.short
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
@pytest.mark.short
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
