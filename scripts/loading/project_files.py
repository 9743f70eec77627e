"""What can be known of a build before anything is loaded: seeds and descriptions of marts.

A seed that cannot be used, or a mart that would be published without a contract, ends a build in
its first second and not in its last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import duckdb
import yaml

from common.console import WRONG_USE, Problem, count, warn
from common.data_errors import printable, shown
from common.json_types import JsonObject
from common.project_sql import LOADER, PROJECT, ProjectSql, Relation
from common.setting_values import known_sources
from common.settings import Settings
from common.settings_table import nearest
from common.source_contract import Source
from common.warehouse_paths import Warehouse
from dbt_runs.run_dbt import dbt_vars
from loading import audiences
from loading.definition_rows import check_clustered
from loading.definitions import SEEDS, active_definitions, seed_rows
from loading.seed_files import SeedFile

RULES = "playbook_rules"
LONGEST_NAME = 100
# Features need_1, need_2 and so on are found in the data.
MOST_NEEDS = 20
# Its columns follow the catalogue of features; a test compares them.
MARTS_WITHOUT_CONTRACT = ("customer_features",)


def check_project(settings: Settings, source: Source, origin: Warehouse) -> None:
    """Refuse seeds and marts that a build could not use, and say which names it will not.

    Whether features are computed is known when customers are loaded: `definitions.check_features`.
    `origin` is the warehouse whose published segments count.

    Raises:
        Problem: one line that names file, row and column.
    """
    check_marts(PROJECT / "models" / "marts")
    seed_rows()
    check_clustered(*active_definitions(settings, source))
    rules = SEEDS / f"{RULES}.csv"
    content = rules.read_bytes() if rules.is_file() else b""
    check_rules(content, *dbt_vars(settings).items())
    names_of(GROUPS, settings.source)
    check_audiences(settings, source, origin)
    for line in unused_names(settings, origin):
        warn(f"  {line}")


@cache
def check_rules(content: bytes, *variables: tuple[str, object]) -> None:
    """Refuse rules of the playbook; the same ones, with the same dbt vars, are checked once."""
    del content
    with duckdb.connect() as connection:
        project = ProjectSql(connection, dict(variables), lambda name: Relation("main", name))
        check_playbook(connection, project)


def check_playbook(
    connection: duckdb.DuckDBPyConnection,
    project: ProjectSql,
    path: Path = SEEDS / f"{RULES}.csv",
) -> None:
    """Refuse rules of the playbook by the model that a build refuses them by."""
    columns = seed_columns(RULES)
    file = SeedFile(path, path.name, columns, columns)
    rows = list(file.rows())
    if not rows:
        raise file.refusal("has no row: expected rules, the last one for all segments")
    connection.execute(f"create table {RULES} ({', '.join(f'{c} varchar' for c in columns)})")
    names = [row["feature"] for row in seed_rows()]
    connection.execute(
        "create or replace table feature_definitions as select unnest(?) as feature", [names]
    )
    marks = ", ".join("?" for _ in columns)
    for _, cells in rows:
        connection.execute(
            f"insert into {RULES} values ({marks})", [cells[column] or None for column in columns]
        )
    sql, _ = project.model("int_playbook_problems")
    problems = connection.execute(
        "select rule_order, column_name, expected, found "
        f"from ({sql}) as problems order by coalesce(rule_number, -1), column_name, problem"
    ).fetchall()
    if not problems:
        return
    order, column, expected, found = problems[0]
    number = max(number for number, cells in rows if cells["rule_order"] == order)
    others = f" (and {len(problems) - 1} more)" if problems[1:] else ""
    message = f"row {number}, column {column}: found {shown(found)}, expected {expected}{others}"
    raise file.refusal(message)


def check_audiences(settings: Settings, source: Source, origin: Warehouse) -> None:
    """Refuse audiences whose conditions name what is no column, or are none.

    Features that a build leaves out are columns here; an export refuses a rule that names one.
    """
    definitions = [*seed_rows(), *active_definitions(settings, source)[1]]
    types = {str(definition["feature"]).lower(): "double" for definition in definitions}
    types |= {f"need_{number}": "double" for number in range(1, MOST_NEEDS + 1)}
    types |= published_features(origin)
    for path in sorted((PROJECT / "models" / "marts" / "customers").glob("*.yml")):
        for model in described_models(path):
            if model["name"] in audiences.MARTS:
                columns = [c for c in model.get("columns") or [] if "data_type" in c]
                types |= {column["name"]: column["data_type"] for column in columns}
    rules = audiences.file_of_project()
    content = rules.read_bytes() if rules.is_file() else b""
    check_conditions(content, settings.source, *sorted(types.items()))


@cache
def check_conditions(content: bytes, source: str, *types: tuple[str, str]) -> None:
    """Refuse audiences of a source; the same ones, of columns of these types, are checked once."""
    del content
    with duckdb.connect() as connection:
        audiences.read_rules(connection, dict(types), source)


def published_features(origin: Warehouse) -> dict[str, str]:
    """Return the types of the features that are published, by their names; none at first."""
    if not origin.marts_db.exists():
        return {}
    with duckdb.connect(origin.marts_db, read_only=True) as connection:
        return dict(
            connection.execute(
                "select lower(column_name), data_type from duckdb_columns() "
                "where schema_name = 'main' and table_name = 'customer_features'"
            ).fetchall()
        )


def seed_columns(name: str) -> tuple[str, ...]:
    """Return the columns of a seed, as its description lists them."""
    described = parsed_yaml((SEEDS / "_seeds.yml").read_text(encoding="utf-8"))["seeds"]
    (seed,) = (seed for seed in described if seed["name"] == name)
    return tuple(column["name"] for column in seed["columns"])


# --- names that people gave


@dataclass(frozen=True)
class Naming:
    """A seed of names: what is named by key, and what it is called."""

    seed: str
    key: str
    name: str
    thing: str

    @property
    def columns(self) -> tuple[str, str, str]:
        """The columns of the seed."""
        return ("source", self.key, self.name)


SEGMENTS = Naming("segment_name_overrides", "segment_id", "segment_name", "segment")
GROUPS = Naming("product_group_name_overrides", "product_group", "group_name", "product group")


def read_names(path: Path, naming: Naming = SEGMENTS) -> list[tuple[int, str, str, str]]:
    """Read row number, source, key and name of each name that people gave.

    Raises:
        Problem: the file cannot be used.
    """
    file = SeedFile(path, path.name, naming.columns, naming.columns, is_exact=True)
    rows: list[tuple[int, str, str, str]] = []
    for number, cells in file.rows():
        source, key, name = (cells[column] for column in naming.columns)
        if source not in known_sources():
            expected = f"one of {', '.join(known_sources())}{nearest(source, known_sources())}"
            raise file.refused_cell(number, "source", source, expected)
        if naming is SEGMENTS and not re.fullmatch(r"[1-9][0-9]{0,8}", key):
            raise file.refused_cell(number, naming.key, key, "the number of a segment")
        if not 1 <= len(name) <= LONGEST_NAME:
            expected = f"a name of at most {LONGEST_NAME} characters"
            raise file.refused_cell(number, naming.name, name, expected)
        for other, other_source, other_key, other_name in rows:
            if other_source != source:
                continue
            if other_key == key:
                expected = f"one row for each {naming.thing}; row {other} names it too"
                raise file.refused_cell(number, naming.key, key, expected)
            if other_name.casefold() == name.casefold():
                expected = f"another name; row {other} gives this one to {naming.thing} {other_key}"
                raise file.refused_cell(number, naming.name, name, expected)
        rows.append((number, source, key, name))
    return rows


def names_of(naming: Naming, source: str) -> list[tuple[int, str, str, str]]:
    """Read the names that the project's seed has for a source."""
    path = SEEDS / f"{naming.seed}.csv"
    return [row for row in read_names(path, naming) if row[1] == source]


def unused_names(settings: Settings, origin: Warehouse) -> Iterator[str]:
    """Yield a line for each name given to a segment that the published fit does not have."""
    names = names_of(SEGMENTS, settings.source)
    if not names or not origin.marts_db.exists():
        return
    with duckdb.connect(origin.marts_db, read_only=True) as connection:
        try:
            lineages = dict(
                connection.execute(
                    "select segment_id, max_by(lineage, fit_number) from history.segments "
                    "group by segment_id"
                ).fetchall()
            )
        except duckdb.CatalogException:
            return
    active = sorted(segment for segment, lineage in lineages.items() if lineage != "retired")
    for number, _, key, name in names:
        segment = int(key)
        if segment in active:
            continue
        why = "was retired" if segment in lineages else "has not been opened"
        yield printable(
            f"{SEGMENTS.seed}.csv: row {number}, column segment_id: segment {segment} {why}, so "
            f"the name {shown(name)} is not used; the segments are {', '.join(map(str, active))}"
        )


# --- marts


def check_marts(folder: Path) -> None:
    """Refuse a mart that would be published without description, contract or test of its key.

    Raises:
        Problem: with exit code 2; names the file and what is missing.
    """
    described = {
        model["name"]: (path, model)
        for path in sorted(folder.rglob("*.yml"))
        for model in described_models(path)
    }
    problems = []
    for path in sorted(folder.rglob("*.sql")):
        if path.stem not in described:
            problems.append(f"{path.name}: no YAML file in {folder.name} describes this mart")
            continue
        place, model = described[path.stem]
        problems += [f"{place.name}, model {path.stem}: {missing}" for missing in missing_of(model)]
    if problems:
        more = f" (and {count(len(problems) - 1, 'more problem')})" if problems[1:] else ""
        raise Problem(
            printable(
                f"{problems[0]}; expected a description, an enforced contract, described columns "
                f"and a test of the key{more}"
            ),
            WRONG_USE,
        )


@cache
def parsed_yaml(text: str) -> Any:
    """Return what a YAML file of the project says, not to be changed; a text is parsed once."""
    return yaml.load(text, Loader=LOADER)


def described_models(path: Path) -> list[JsonObject]:
    """Return the models that a YAML file describes.

    Raises:
        Problem: it is no YAML, or a model in it has no name (exit code 2).
    """
    try:
        parsed = parsed_yaml(path.read_text(encoding="utf-8")) or {}
        models = parsed.get("models") or []
        return [dict(model, name=str(model["name"])) for model in models]
    except (OSError, UnicodeDecodeError, yaml.YAMLError, AttributeError, KeyError, TypeError) as e:
        raise Problem(
            printable(f"{path.name} cannot be read as YAML that describes models: {e}")[:400],
            WRONG_USE,
        ) from None


def missing_of(model: JsonObject) -> Iterator[str]:
    """Yield what the YAML of a mart lacks."""
    if not str(model.get("description") or "").strip():
        yield "no description"
    columns = model.get("columns") or []
    if not columns and model["name"] not in MARTS_WITHOUT_CONTRACT:
        yield "no columns"
    contract = (model.get("config") or {}).get("contract") or {}
    if model["name"] not in MARTS_WITHOUT_CONTRACT and contract.get("enforced") is not True:
        yield "no enforced contract"
    for column in columns:
        if not str(column.get("description") or "").strip():
            yield f"column {column.get('name')} has no description"
    meta = (model.get("config") or {}).get("meta") or {}
    tests = [*(model.get("data_tests") or []), *(model.get("tests") or [])]
    if "primary_key" in tests and not meta.get("primary_key"):
        yield "no primary_key in its meta"
    of_columns = [t for c in columns for t in (c.get("data_tests") or c.get("tests") or [])]
    if not any(is_key_test(test) for test in tests) and "unique" not in of_columns:
        yield "no test primary_key"


def is_key_test(test: object) -> bool:
    """Say whether an entry among the tests of a model is one of its key."""
    names = [test] if isinstance(test, str) else test if isinstance(test, dict) else []
    return any(name == "primary_key" or name.endswith(".primary_key") for name in names)
