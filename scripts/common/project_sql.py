"""The dbt project's own SQL, rendered without dbt, whose start takes longer than a check may.

Loading and checking have to read text by the very rules that staging and core go by. They stand in
`dbt_project`, once; this renders them from there: the same files, the same macros, the same vars.
A test compares what `make check` counts by it with what a build publishes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any

import duckdb
import jinja2
import jinja2.ext
import yaml

from common.project_root import ROOT
from common.quoting import identifier

PROJECT = ROOT / "dbt_project"
# Reads YAML as safely, and in a tenth of the time, where libyaml is there.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
ENGINE = "duckdb__"
# What Python learns, without rows: rows count the same whatever it is.
LEARNED = {
    "learned_product_groups": "select '' as level, '' as item, '' as product_group where false"
}
ENVIRONMENT = jinja2.Environment(
    extensions=[jinja2.ext.do], undefined=jinja2.StrictUndefined, autoescape=False
)
MACRO = re.compile(r"\{%-?\s*macro\s+(\w+)\(.*?\{%-?\s*endmacro\s*-?%\}", re.DOTALL)


@dataclass(frozen=True)
class Relation:
    """A table or view, written into SQL as its quoted name, as dbt's relations are."""

    schema: str
    identifier: str

    def __str__(self) -> str:
        return identifier(self.schema, self.identifier)


class _ReturnError(Exception):
    """Ends a macro with a value, as dbt's `return` does."""

    def __init__(self, value: Any) -> None:
        super().__init__()
        self.value = value


class ProjectSql:
    """Renders macros and models of the project for DuckDB.

    Args:
        connection: Where the models ask for columns and formats.
        variables: dbt vars that are not as `dbt_project.yml` has them.
        ref: Returns the relation of a model by its name; None where no model is rendered.
    """

    def __init__(
        self,
        connection: duckdb.DuckDBPyConnection,
        variables: Mapping[str, Any] | None = None,
        ref: Callable[[str], Relation] | None = None,
    ) -> None:
        self._connection = connection
        self._vars = project_vars() | dict(variables or {})
        self._config: dict[str, Any] = {}
        self._globals: dict[str, Any] = {
            "adapter": SimpleNamespace(
                dispatch=self._dispatch, get_columns_in_relation=self._columns
            ),
            "config": self._take_config,
            # What a run is started with comes as variables, and not by the environment.
            "env_var": lambda name, default="": default,
            "execute": True,
            "fromjson": json.loads,
            "namespace": jinja2.utils.Namespace,
            "range": range,
            # Whatever is rendered here is made whole.
            "is_incremental": lambda: False,
            "ref": ref,
            "return": self._return,
            "run_query": self._run_query,
            "source": self._source,
            "target": SimpleNamespace(schema="main"),
            "var": lambda name, default=None: self._vars.get(name, default),
        }
        # A template knows the names that were there before it, so macros are made when called.
        self._macros: dict[str, jinja2.runtime.Macro] = {}
        self._globals |= {name: self._caller(name) for name in macro_texts()}

    def macro(self, name: str, *arguments: Any) -> str:
        """Return what a macro renders to."""
        return str(self.call(name, *arguments)).strip()

    def call(self, name: str, *arguments: Any) -> Any:
        """Return what a macro renders to, or returns."""
        return self._globals[name](*arguments)

    def model(self, name: str) -> tuple[str, dict[str, Any]]:
        """Return the SQL of a model and its inline configuration."""
        if name in LEARNED:
            return LEARNED[name], {}
        # A model that this one refers to is rendered meanwhile.
        outer, self._config = self._config, {}
        try:
            text = model_files()[name].read_text(encoding="utf-8")
            sql = self._template(text).render().strip()
            return sql, self._config
        finally:
            self._config = outer

    def _caller(self, name: str) -> Callable[..., Any]:
        def call(*arguments: Any, **named: Any) -> Any:
            if name not in self._macros:
                self._macros[name] = getattr(self._template(macro_texts()[name]).module, name)
            try:
                return self._macros[name](*arguments, **named)
            except _ReturnError as returned:
                return returned.value

        return call

    def _template(self, text: str) -> jinja2.Template:
        return jinja2.Template.from_code(ENVIRONMENT, compiled(text), self._globals)

    def _dispatch(self, name: str) -> Any:
        return self._globals[ENGINE + name]

    def _columns(self, relation: Relation) -> list[SimpleNamespace]:
        rows = self._connection.execute(
            "select column_name, data_type from duckdb_columns() "
            "where database_name = current_database() and schema_name = ? and table_name = ? "
            "order by column_index",
            [relation.schema, relation.identifier],
        ).fetchall()
        return [SimpleNamespace(name=name, data_type=kind) for name, kind in rows]

    def _run_query(self, sql: str) -> SimpleNamespace:
        return SimpleNamespace(rows=self._connection.execute(sql).fetchall())

    def _take_config(self, **options: Any) -> str:
        self._config |= options
        return ""

    def _source(self, source: str, table: str) -> Relation:
        return Relation(source_schemas()[source], table)

    @staticmethod
    def _return(value: Any) -> None:
        raise _ReturnError(value)


@cache
def compiled(text: str) -> CodeType:
    """Return a template's code."""
    return ENVIRONMENT.compile(text)


@cache
def macro_texts() -> dict[str, str]:
    """Return the text of each macro of the project by name."""
    texts = [path.read_text(encoding="utf-8") for path in (PROJECT / "macros").rglob("*.sql")]
    return {match[1]: match[0] for text in texts for match in MACRO.finditer(text)}


@cache
def project_vars(project: Path = PROJECT) -> dict[str, Any]:
    """Return the vars of the dbt project."""
    text = (project / "dbt_project.yml").read_text(encoding="utf-8")
    named: dict[str, Any] = yaml.load(text, Loader=LOADER)["vars"]
    return named


@cache
def model_files() -> dict[str, Path]:
    """Return the SQL files of the project's models by name."""
    return {path.stem: path for path in (PROJECT / "models").rglob("*.sql")}


@cache
def source_schemas() -> dict[str, str]:
    """Return the schema of each dbt source."""
    return {entry["name"]: entry.get("schema", entry["name"]) for entry in _source_entries()}


def _source_entries() -> Iterator[dict[str, Any]]:
    for path in sorted((PROJECT / "models").rglob("*__sources.yml")):
        parsed = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)
        yield from parsed.get("sources", [])
