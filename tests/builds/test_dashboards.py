"""The dashboards for Superset: as their description says, and nothing that is not to be shown.

`make test-superset` imports and draws them.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
import zipfile
from urllib.parse import urlsplit

import duckdb
import pytest
import yaml

from common.project_sql import LOADER, project_vars
from handover.dashboards import FILES, bundle_files
from report_pages import edited
from shops import ROOT, clean_environment, copy_warehouse
from shown_marts import make_shown
from superset_bundle.bundle import files, sources

LEAST = project_vars()["min_group_size"]
BUNDLE = {
    path.relative_to(FILES).as_posix(): yaml.load(path.read_text(encoding="utf-8"), LOADER)
    for path in FILES.rglob("*.yaml")
}
DATASETS = {content["uuid"]: content for path, content in BUNDLE.items() if "/" in path and
            path.startswith("datasets")}  # fmt: skip
CHARTS = {name: content for name, content in BUNDLE.items() if name.startswith("charts")}
BOARDS = {name: content for name, content in BUNDLE.items() if name.startswith("dashboards")}
TABLES = {content["table_name"]: content for content in DATASETS.values()}


@pytest.fixture(scope="module")
def large(shop, tmp_path_factory):
    """The fixture shop, of which all may be shown."""
    with duckdb.connect(edited(shop, tmp_path_factory.mktemp("large"), make_shown)) as connection:
        yield connection


def all_rows(marts, sql):
    return marts.execute(sql).fetchall()


def test_the_files_are_as_their_description_says(marts):
    written = {
        path.relative_to(FILES).as_posix(): path.read_text(encoding="utf-8")
        for path in FILES.rglob("*")
        if path.is_file()
    }
    assert written == files(marts), "run dev/write_superset_bundle.py"


def test_the_pages_in_evidence_read_the_same_queries():
    folder = ROOT / "examples" / "evidence" / "sources" / "marts"
    written = {path.name: path.read_text(encoding="utf-8") for path in folder.glob("*.sql")}
    assert written == sources(), "run dev/write_superset_bundle.py"


@pytest.mark.parametrize("name", TABLES)
def test_a_page_in_evidence_reads_the_rows_of_the_dataset_or_one_without_values(name, large):
    query, source = TABLES[name]["sql"], sources()[f"{name}.sql"]
    assert sorted(all_rows(large, source), key=str) == sorted(all_rows(large, query), key=str)
    nothing = source.replace(textwrap.indent(query, "    "), f"{query} limit 0")
    assert nothing != source
    ((first, *others),) = all_rows(large, nothing)
    assert {first, *others} == {None}


def test_there_are_three_dashboards_and_each_chart_is_on_one():
    assert set(BOARDS) == {
        f"dashboards/{name}.yaml" for name in ("movement", "overview", "segment")
    }
    placed = [
        part["meta"]["uuid"]
        for board in BOARDS.values()
        for part in board["position"].values()
        if isinstance(part, dict) and part["type"] == "CHART"
    ]
    assert sorted(placed) == sorted(chart["uuid"] for chart in CHARTS.values())
    assert len(CHARTS) >= 20


@pytest.mark.parametrize("name", TABLES)
def test_a_dataset_has_rows_metrics_and_descriptions(name, large):
    table = TABLES[name]
    columns = large.sql(table["sql"])
    assert [column["column_name"] for column in table["columns"]] == columns.columns
    assert all(column["description"] for column in table["columns"])
    assert all_rows(large, f"select count(*) from ({table['sql']})") > [(0,)]
    for metric in table["metrics"]:
        assert metric["description"]
        ((value,),) = all_rows(large, f"select {metric['expression']} from ({table['sql']}) as t")
        assert value is not None, metric["metric_name"]


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_asks_for_what_its_dataset_has(name, large):
    chart = CHARTS[name]
    params, table = chart["params"], DATASETS[chart["dataset_uuid"]]
    metrics = {metric["metric_name"] for metric in table["metrics"]}
    columns = {column["column_name"] for column in table["columns"]}
    asked = [params[key] for key in ("metric", "size") if key in params]
    assert {*asked, *params.get("metrics", [])} <= metrics
    named = [
        params[key] for key in ("x_axis", "entity", "series", "source", "target") if key in params
    ]
    groups = params.get("groupby", [])
    named += [groups] if isinstance(groups, str) else groups
    assert {*named, *params.get("all_columns", [])} <= columns
    for condition in params.get("adhoc_filters", []):
        sql = f"select count(*) from ({table['sql']}) where {condition['sqlExpression']}"
        assert all_rows(large, sql) > [(0,)]


def test_small_groups_are_in_no_dataset(shop, tmp_path):
    """The fixture shop has some in every mart that marks them, and a segment is made one."""

    def make_small(connection):
        make_shown(connection)
        connection.execute("update segment_summary set customer_count = 3 where segment_id = 1")
        for mart in ("grid", "trends", "category_affinity", "engagement"):
            connection.execute(f"update segment_{mart} set is_small_group = segment_id = 2")

    with duckdb.connect(edited(shop, tmp_path, make_small)) as marts:
        numbers = all_rows(marts, "select segment_id from segment_summary")
        assert {(1,), (2,)} < set(numbers)
        for name, table in TABLES.items():
            columns = marts.sql(table["sql"]).columns
            if "segment_id" not in columns:
                continue
            sql = f"select distinct segment_id from ({table['sql']})"
            found = {number for (number,) in all_rows(marts, sql)}
            assert 1 not in found, name
            is_marked = name in {
                "segment_value_tiers", "segment_periods", "segment_categories", "segment_contacts",
            }  # fmt: skip
            assert (2 in found) == (not is_marked), name
            if {"customer_share", "spend_share"} <= set(columns) and name == "segments":
                # With these the size of the segment would follow.
                shares = "count(customer_share) + count(spend_share)"
                sql = f"select {shares} from ({table['sql']})"
                assert all_rows(marts, sql) == [(0,)]
        moves = all_rows(marts, TABLES["segment_moves"]["sql"])
        assert moves
        assert not any(start.startswith("1 ") for start, *_ in moves)


def test_the_marts_they_read_are_in_the_exposure(manifest, marts):
    names = {name for (name,) in all_rows(marts, "select table_name from duckdb_tables()")}
    words = {word for table in TABLES.values() for word in re.findall(r"\w+", table["sql"])}
    (exposure,) = [e for e in manifest["exposures"].values() if e["name"] == "segment_dashboard"]
    told = {node.rpartition(".")[2] for node in exposure["depends_on"]["nodes"]}
    assert words & names
    assert words & names <= told


def test_moves_are_at_least_of_the_least_size(large):
    for name in ("segment_moves", "segment_came_and_left"):
        rows = all_rows(large, f"select abs(move_count) from ({TABLES[name]['sql']})")
        assert rows
        assert min(rows) >= (LEAST,)


@pytest.fixture(scope="module")
def archive(shop, tmp_path_factory):
    """What make dashboards writes for the fixture shop."""
    warehouse = copy_warehouse(shop, tmp_path_factory.mktemp("dashboards") / "a warehouse")
    command = [sys.executable, str(ROOT / "scripts" / "dashboards.py")]
    environment = clean_environment(source="own_files", warehouse=warehouse)
    subprocess.run(command, env=environment, capture_output=True, check=True)
    return warehouse / "superset.zip"


def test_the_archive_opens_the_published_file_read_only(archive):
    with zipfile.ZipFile(archive) as opened:
        assert opened.testzip() is None
        texts = {name: opened.read(name).decode() for name in opened.namelist()}
    assert len(texts) == len(BUNDLE)
    database = json.loads(texts["customer_segments/databases/customer_segments.yaml"])
    address = urlsplit(database["sqlalchemy_uri"])
    assert address.path.removeprefix("//") == str(archive.parent / "marts.duckdb").removeprefix("/")
    assert address.query == "access_mode=read_only"
    assert database["extra"]["engine_params"]["connect_args"]["read_only"] is True
    assert not any(database[key] for key in ("allow_dml", "allow_ctas", "allow_file_upload"))
    for name in BOARDS:
        board = json.loads(texts[f"customer_segments/{name}"])
        assert board["dashboard_title"].endswith("(own_files)")


def test_every_id_belongs_to_the_address_and_stays(tmp_path):
    here = dict(bundle_files(tmp_path / "a" / "marts.duckdb", "own_files"))
    there = dict(bundle_files(tmp_path / "b" / "marts.duckdb", "own_files"))
    assert here == dict(bundle_files(tmp_path / "a" / "marts.duckdb", "own_files"))
    ids = {content["uuid"] for content in BUNDLE.values() if "uuid" in content}
    mine = {content["uuid"] for text in here.values() if "uuid" in (content := json.loads(text))}
    theirs = {content["uuid"] for text in there.values() if "uuid" in (content := json.loads(text))}
    assert len(ids) == len(mine) == len(theirs) == len(BUNDLE) - 1
    assert not (ids & mine or ids & theirs or mine & theirs)
    # Superset keeps one dataset and database of a name.
    names = [
        {content[key] for key in ("table_name", "database_name") if key in content}
        for content in map(json.loads, (*here.values(), *there.values()))
    ]
    assert sum(map(len, names)) == len(set().union(*names)) == 2 * (len(TABLES) + 1)
    # What refers to an id has the new one, too.
    for text in here.values():
        assert not any(old in text for old in ids)


def test_it_is_written_once_something_is_published(tmp_path):
    command = [sys.executable, str(ROOT / "scripts" / "dashboards.py")]
    environment = clean_environment(warehouse=tmp_path)
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    assert "nothing is published yet" in ended.stderr
    assert list(tmp_path.iterdir()) == []
