"""Old names of marts, columns and values: the views of a published file, and files of version 1."""

import duckdb
import pytest
import yaml

from common.quoting import identifier, literal
from common.warehouse_paths import Warehouse
from export_ordered import digests
from publishing.old_names import old_columns
from queries_page import UPGRADING, renames_table, with_block
from shops import ROOT, SHOP, Builds, Built, build, copy_warehouse
from store.history import create_history_table
from store.history_schema import HISTORY_TABLES, MART_OF
from store.kept_versions import version_of
from store.marts_renames import Rename, former_columns, old_marts, read_renames

VERSION = 2
OLD_MARTS = old_marts(read_renames(), VERSION)
# Columns of version 1 and their types, taken down from a build before version 2.
OLD_SCHEMA = old_columns()
VIEWS = [("v1", mart) for mart in OLD_MARTS]
VIEWS += [("main", mart) for mart in OLD_MARTS if mart.name != mart.new_name]


def as_version_1(warehouse: Warehouse) -> None:
    """Give a published file the names that a file of version 1 has."""
    warehouse.marts_db.chmod(0o644)
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute("drop schema v1 cascade")
        for mart in OLD_MARTS:
            tables = [identifier("main", mart.new_name)]
            tables += [
                identifier("history", name)
                for name, described_by in MART_OF.items()
                if described_by == mart.new_name
            ]
            for table in tables:
                for column, values in mart.values.items():
                    for new, old in values.items():
                        connection.execute(
                            f"update {table} set {identifier(column)} = {literal(old)} "
                            f"where {identifier(column)} = {literal(new)}"
                        )
                for new, old in mart.columns.items():
                    connection.execute(
                        f"alter table {table} rename {identifier(new)} to {identifier(old)}"
                    )
            if mart.name != mart.new_name:
                connection.execute(f"drop view main.{identifier(mart.name)}")
                connection.execute(f"alter table {tables[0]} rename to {identifier(mart.name)}")
        for table in ("main.segmentation_runs", "history.runs"):
            connection.execute(f"update {table} set marts_schema_version = 1")
    warehouse.marts_db.chmod(0o444)
    # A file whose run has no checksum is taken as it is.
    version_of(warehouse, 1).checksum_file.unlink()


def build_upgraded(builds: Builds) -> Built:
    """Build on a file that has the names of version 1."""
    path = copy_warehouse(builds["shop"], builds.folder("upgraded") / "warehouse")
    as_version_1(Warehouse(path))
    return build(SHOP, path, threads=2).checked()


CHAINS = [{"upgraded": build_upgraded}]


def columns_of(connection, schema, name):
    """Names, types and comments of the columns of a table or view, in their order."""
    return connection.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where schema_name = ? and table_name = ? and database_name = current_database() "
        "order by column_index",
        [schema, name],
    ).fetchall()


def test_the_list_is_of_names_that_there_were_and_that_there_are(marts):
    before = {(row["mart"], row["column"]) for row in OLD_SCHEMA}
    for rename in read_renames():
        assert rename.mart in {mart for mart, _ in before}
        assert not rename.column or (rename.mart, rename.column) in before
    for mart in OLD_MARTS:
        now = {name for name, _, _ in columns_of(marts, "main", mart.new_name)}
        assert mart.columns.keys() | mart.values.keys() <= now


def test_views_are_made_for_the_version_of_the_project(marts):
    text = (ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8")
    assert yaml.safe_load(text)["vars"]["marts_schema_version"] == VERSION
    found = marts.execute(
        "select schema_name, view_name from duckdb_views() where not internal "
        "and database_name = current_database() "
        "and view_name not in "
        "('customer_explanations', 'segment_change_drivers', 'segment_warnings')"
    ).fetchall()
    assert sorted(found) == sorted((schema, mart.name) for schema, mart in VIEWS)


@pytest.mark.parametrize(("schema", "mart"), VIEWS, ids=lambda value: getattr(value, "name", value))
def test_a_view_has_the_columns_it_had_in_their_order_and_all_rows(marts, schema, mart):
    before = [(row["column"], row["type"]) for row in OLD_SCHEMA if row["mart"] == mart.name]
    found = [(name, kind) for name, kind, _ in columns_of(marts, schema, mart.name)]
    # A column may be added.
    assert found[: len(before)] == before
    now = {old: new for new, old in mart.columns.items()}
    new_names = [now.get(name, name) for name, _ in found]
    expected = [
        tuple(
            mart.values.get(name, {}).get(value, value)
            for name, value in zip(new_names, row, strict=True)
        )
        for row in marts.execute(
            f"select {', '.join(new_names)} from main.{mart.new_name}"
        ).fetchall()
    ]
    rows = marts.execute(f"from {schema}.{mart.name}").fetchall()
    assert sorted(map(str, rows)) == sorted(map(str, expected))
    assert rows


def test_marts_without_a_rename_have_the_columns_they_had(marts):
    renamed = {mart.name for mart in OLD_MARTS}
    for name in {row["mart"] for row in OLD_SCHEMA} - renamed:
        before = [(row["column"], row["type"]) for row in OLD_SCHEMA if row["mart"] == name]
        found = {(column, kind) for column, kind, _ in columns_of(marts, "main", name)}
        assert set(before) <= found


def test_values_are_shown_as_they_were(marts):
    assert marts.execute("select distinct basis from v1.segment_yield order by 1").fetchall() == [
        ("in_force",),
        ("judged",),
    ]
    assert (
        marts.execute(
            "select distinct kpi from v1.segment_playbook where kpi like 'future%'"
        ).fetchall()
        == []
    )


def test_views_say_what_to_read_in_their_place(marts):
    for schema, mart in VIEWS:
        ((comment,),) = marts.execute(
            "select comment from duckdb_views() where schema_name = ? and view_name = ?",
            [schema, mart.name],
        ).fetchall()
        assert comment.endswith(f"Read main.{mart.new_name}.")
        comments = {name: text for name, _, text in columns_of(marts, schema, mart.name)}
        assert all(comments.values())
        for new, old in mart.columns.items():
            assert comments[old].startswith(f"Now {new}.")


def test_queries_of_the_old_names_run_with_the_schema_first(shop):
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(shop.marts)} as another_name (read_only)")
        connection.execute("use another_name")
        connection.execute("set search_path = 'another_name.v1,another_name.main'")
        assert connection.execute(
            "select stance, evidence, later_active_share, kpi from segment_playbook "
            "inner join segment_summary using (segment_id) "
            "where evidence = 'judged' order by segment_playbook.yield_rank"
        ).fetchall()
        assert connection.execute("select count(*) from segment_trends").fetchone() > (0,)


def test_views_find_their_own_file_under_any_name(shop):
    with duckdb.connect() as connection:
        connection.execute(f"attach {literal(shop.marts)} as another_name (read_only)")
        for schema, mart in VIEWS:
            assert connection.execute(f"from another_name.{schema}.{mart.name}").fetchall()


def test_the_page_shows_the_list():
    text = UPGRADING.read_text(encoding="utf-8")
    assert with_block(text, "renames", renames_table(read_renames())) == text


def test_a_column_of_the_state_is_read_by_its_former_name():
    columns = HISTORY_TABLES["runs"]
    former = former_columns(read_renames(), MART_OF["runs"])
    assert former["baseline_finding"] == ["usefulness"]
    cells = ", ".join(
        f"cast(null as {kind}) as {former.get(name, [name])[0]}"
        for name, kind in columns
        if name not in (*former, "run_number")
    )
    with duckdb.connect() as connection:
        connection.execute("attach ':memory:' as published")
        connection.execute("create schema published.history; create schema history")
        connection.execute(
            f"create table published.history.runs as select 7 as run_number, 'x' as usefulness, "
            f"0.5 as later_spend_captured_share, {cells}"
        )
        described = connection.execute("describe published.history.runs").fetchall()
        create_history_table(connection, "runs", columns, [name for name, *_ in described])
        assert connection.execute(
            "select run_number, baseline_finding, future_spend_captured_share, "
            "future_spend_variance_explained from history.runs"
        ).fetchall() == [(7, "x", 0.5, None)]


def test_names_may_change_more_than_once():
    renames = [
        Rename(2, "old", "", "", "mart"),
        Rename(2, "old", "a", "", "b"),
        Rename(3, "mart", "b", "", "c"),
    ]
    assert former_columns(renames, "mart") == {"c": ["b", "a"]}


@pytest.mark.many_builds
@pytest.mark.short
def test_a_build_goes_on_from_a_file_of_version_1(builds, shop):
    upgraded = builds["upgraded"]
    assert upgraded.query(
        "select run_number, fit_number, marts_schema_version, baseline_finding, "
        "future_spend_variance_explained from segmentation_runs order by run_number"
    ) == [
        (run, 1, version, *measured)
        for run, version in ((1, 1), (2, 2))
        for measured in [shop.current_run("baseline_finding", "future_spend_variance_explained")]
    ]
    assert upgraded.current_run("parent_run_id") == shop.current_run("run_id")
    ids = "select customer_id, segment_id, fit_number from customer_segments order by all"
    assert upgraded.query(ids) == shop.query(ids)
    of_one_run = digests(shop.marts).keys() - {"segmentation_runs", "segment_movement"}
    assert of_one_run
    assert upgraded.one("select count(*) from v1.segmentation_runs") == (2,)
