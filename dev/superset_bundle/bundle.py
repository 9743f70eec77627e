"""The files of the bundle for Superset, made from datasets.yml and dashboards.yml.

Types of columns and their descriptions come from a published file.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

import duckdb
import yaml

from common.project_sql import project_vars
from superset_bundle.charts import params_of

HERE = Path(__file__).parent
DATABASE = "customer_segments"
# Where the containers of examples/docker have the published file; `make dashboards` writes its own.
ADDRESS = "duckdb:////warehouse/marts.duckdb?access_mode=read_only"
NAMESPACE = uuid.UUID("6f6f2a5e-7a0f-4d8b-9d7e-0b1a4c2e9a11")
# Superset demands a time; the bundle is the same whenever it is written.
WRITTEN_AT = "2026-11-30T00:00:00+00:00"
VERSION = "1.0.0"
WIDTH = 80


def files(marts: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Return the text of each file by its path in the bundle.

    marts: a published file, opened for reading.
    """
    described, dashboards = _read("datasets.yml"), _read("dashboards.yml")
    made = {
        # Without a type, both Import dashboards and the import of assets take it.
        "metadata.yaml": {"version": VERSION, "timestamp": WRITTEN_AT},
        f"databases/{DATABASE}.yaml": database(),
    }
    for name in described["datasets"]:
        made[f"datasets/{DATABASE}/{name}.yaml"] = dataset(marts, described, name)
    for name, dashboard in dashboards.items():
        for chart_name, one in charts_of(dashboard):
            made[f"charts/{name}_{chart_name}.yaml"] = chart(name, chart_name, one)
        made[f"dashboards/{name}.yaml"] = board(name, dashboard)
    return {path: _written(content) for path, content in made.items()}


def sources() -> dict[str, str]:
    """Return the query of each dataset by the name of its file, for the pages in Evidence."""
    described = _read("datasets.yml")
    return {f"{name}.sql": _source(sql_of(described, name)) for name in described["datasets"]}


def _source(sql: str) -> str:
    """Return a query that gives a row without values for none: Evidence reads no empty file."""
    indented = "\n".join(f"    {line}".rstrip() for line in sql.splitlines())
    return (
        f"with\n\ndataset as (\n\n{indented}\n\n)\n\n"
        "-- Evidence reads no empty file, so a row without values stands for no rows.\n"
        "select dataset.*\nfrom (select 1) as always\nleft join dataset\n    on true\n"
    )


def uuid_of(kind: str, *names: str) -> str:
    """Return the id of a part of the bundle, the same whenever it is written."""
    return str(uuid.uuid5(NAMESPACE, "/".join((kind, *names))))


def database() -> dict[str, Any]:
    """Return the database: the published file, opened so that nothing can be written or read else.

    Superset opens what the address says, so the address itself says read-only.
    """
    limits = {"enable_external_access": "false", "autoinstall_known_extensions": "false"}
    connect = {"read_only": True, "config": {**limits, "lock_configuration": "true"}}
    return {
        "database_name": "Customer segments",
        "sqlalchemy_uri": ADDRESS,
        "cache_timeout": None,
        "expose_in_sqllab": True,
        "allow_run_async": False,
        "allow_ctas": False,
        "allow_cvas": False,
        "allow_dml": False,
        "allow_file_upload": False,
        "extra": {"engine_params": {"connect_args": connect}, "allows_virtual_table_explore": True},
        "uuid": uuid_of("database"),
        "version": VERSION,
    }


def dataset(
    marts: duckdb.DuckDBPyConnection, described: Mapping[str, Any], name: str
) -> dict[str, Any]:
    """Return a dataset with its columns and metrics.

    Raises:
        KeyError: a column has no description.
    """
    one = described["datasets"][name]
    sql = sql_of(described, name)
    texts = {**described["columns"], **_comments(marts, one.get("marts", ()))}
    texts |= one.get("columns", {})
    columns = marts.sql(sql.rstrip())
    return {
        "table_name": name,
        "main_dttm_col": "period_start_date" if "period_start_date" in columns.columns else None,
        "description": _filled(one["description"]),
        "offset": 0,
        "cache_timeout": None,
        "schema": "main",
        "sql": sql,
        "filter_select_enabled": True,
        "uuid": uuid_of("dataset", name),
        "metrics": [_metric(metric, *values) for metric, values in one.get("metrics", {}).items()],
        "columns": [
            {
                "column_name": column,
                "verbose_name": _verbose(column),
                "is_dttm": str(kind) == "DATE",
                "is_active": True,
                "type": str(kind),
                "groupby": True,
                "filterable": True,
                "expression": None,
                "description": texts[column],
            }
            for column, kind in zip(columns.columns, columns.types, strict=True)
        ],
        "version": VERSION,
        "database_uuid": uuid_of("database"),
    }


def sql_of(described: Mapping[str, Any], name: str) -> str:
    """Return the query of a dataset."""
    labels = "\n".join(f"    {line}".rstrip() for line in described["labels"].splitlines())
    return _filled(described["datasets"][name]["sql"].replace("$labels", labels))


def chart(dashboard: str, name: str, one: Mapping[str, Any]) -> dict[str, Any]:
    """Return a chart."""
    return {
        "slice_name": one["title"],
        "description": _filled(one["description"]) if "description" in one else None,
        "viz_type": params_of(one)["viz_type"],
        "params": params_of(one),
        "cache_timeout": None,
        "uuid": uuid_of("chart", dashboard, name),
        "version": VERSION,
        "dataset_uuid": uuid_of("dataset", one["dataset"]),
    }


def charts_of(dashboard: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield name and description of each chart of a dashboard."""
    for row in dashboard["rows"]:
        yield from row["charts"].items()


def board(name: str, dashboard: Mapping[str, Any]) -> dict[str, Any]:
    """Return a dashboard: where its charts stand, and its filter."""
    return {
        "dashboard_title": dashboard["title"],
        "description": dashboard["description"],
        "css": "",
        "slug": None,
        "published": True,
        "uuid": uuid_of("dashboard", name),
        "position": _position(name, dashboard),
        "metadata": {
            "color_scheme": "supersetColors",
            "refresh_frequency": 0,
            "cross_filters_enabled": False,
            "native_filter_configuration": [
                _filter(column) for column in [dashboard.get("filter")] if column
            ],
        },
        "version": VERSION,
    }


def _position(name: str, dashboard: Mapping[str, Any]) -> dict[str, Any]:
    """Return the tree of rows and charts that Superset lays out."""
    rows = [f"ROW-{number}" for number, _ in enumerate(dashboard["rows"], 1)]
    tree: dict[str, Any] = {
        "DASHBOARD_VERSION_KEY": "v2",
        "ROOT_ID": {"id": "ROOT_ID", "type": "ROOT", "children": ["GRID_ID"]},
        "GRID_ID": {"id": "GRID_ID", "type": "GRID", "children": rows, "parents": ["ROOT_ID"]},
        "HEADER_ID": {"id": "HEADER_ID", "type": "HEADER", "meta": {"text": dashboard["title"]}},
    }
    for row_id, row in zip(rows, dashboard["rows"], strict=True):
        tree[row_id] = {
            "id": row_id,
            "type": "ROW",
            "children": [f"CHART-{one}" for one in row["charts"]],
            "parents": ["ROOT_ID", "GRID_ID"],
            "meta": {"background": "BACKGROUND_TRANSPARENT"},
        }
        for chart_name, one in row["charts"].items():
            tree[f"CHART-{chart_name}"] = {
                "id": f"CHART-{chart_name}",
                "type": "CHART",
                "children": [],
                "parents": ["ROOT_ID", "GRID_ID", row_id],
                "meta": {
                    # Superset replaces the number by that of the imported chart.
                    "chartId": len(tree),
                    "uuid": uuid_of("chart", name, chart_name),
                    "sliceName": one["title"],
                    "width": one["width"],
                    "height": row["height"],
                },
            }
    return tree


def _filter(column: str) -> dict[str, Any]:
    """Return a filter that chooses one value, at first the first."""
    return {
        "id": f"NATIVE_FILTER-{column}",
        "type": "NATIVE_FILTER",
        "name": _verbose(column),
        "filterType": "filter_select",
        "targets": [
            {"column": {"name": column}, "datasetUuid": uuid_of("dataset", "segments")},
        ],
        "controlValues": {
            "multiSelect": False,
            "enableEmptyFilter": True,
            "defaultToFirstItem": True,
            "inverseSelection": False,
            "searchAllOptions": False,
        },
        # Charts wait for the first value.
        "requiredFirst": True,
        "defaultDataMask": {"extraFormData": {}, "filterState": {}, "ownState": {}},
        "cascadeParentIds": [],
        "scope": {"rootPath": ["ROOT_ID"], "excluded": []},
        "description": "",
    }


def _metric(name: str, label: str, expression: str, style: str, text: str) -> dict[str, Any]:
    """Return a metric of a dataset."""
    return {
        "metric_name": name,
        "verbose_name": label,
        "metric_type": None,
        "expression": expression,
        "description": text,
        "d3format": style,
        "warning_text": None,
    }


def _verbose(column: str) -> str:
    """Return the name of a column as people read it."""
    words = column.removesuffix("_id").replace("_", " ")
    return {"k": "Segments"}.get(column, words[:1].upper() + words[1:])


def _comments(marts: duckdb.DuckDBPyConnection, names: list[str]) -> dict[str, str]:
    """Return the descriptions of the columns of marts; those of the first mart come first."""
    found: dict[str, str] = {}
    for name in names:
        rows = marts.execute(
            "select column_name, comment from duckdb_columns() "
            "where schema_name = 'main' and table_name = $1",
            [name],
        ).fetchall()
        found = dict(rows) | found
    return found


def _filled(text: str) -> str:
    """Return a text with the size of groups that are shown."""
    least = _least_size()
    return Template(text).substitute(min_group_size=least, most_hidden=least - 1)


@cache
def _least_size() -> int:
    return int(project_vars()["min_group_size"])


def _read(name: str) -> Any:
    return yaml.safe_load((HERE / name).read_text(encoding="utf-8"))


class _Dumper(yaml.SafeDumper):
    """Writes texts of several lines as such."""


def _text(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    style = "|" if "\n" in text else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_Dumper.add_representer(str, _text)


def _written(content: Mapping[str, Any]) -> str:
    return yaml.dump(content, Dumper=_Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)
