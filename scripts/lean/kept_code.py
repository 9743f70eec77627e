"""Keeps what is compiled from text while dbt runs, so that the next run need not.

A dataclass is made by compiling its methods, and a model or macro of dbt by turning its Jinja into
Python and compiling that: 2,000 texts and 500 templates in a build, the same ones in each. The JSON
schemas that dbt checks its settings by are made from its classes.

The code of a text depends on the text and on Python alone, that of a template on the template and
on the releases of Jinja and dbt too, a schema on the class and the release. All of this makes the
key, so what is found is what would be made. The file is one of dbt's target folder, beside the
parsed project.
"""

from __future__ import annotations

import builtins
import dataclasses
import json
import marshal
import sys
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from types import CodeType
from typing import Any, TypeVar

from lean import keep, releases

FILE = "kept_code.bin"
# Packages whose releases decide what a template becomes.
TEMPLATE_PACKAGES = ("jinja2", "dbt-common", "dbt-core")
# Packages whose releases decide what the schema of a class is.
SCHEMA_PACKAGES = ("dbt-adapters", "dbt-common", "dbt-core", "dbt-duckdb", "mashumaro")
# Past this size only what this run used is kept.
LARGEST_FILE = 16_000_000

T = TypeVar("T")


class KeptCode:
    """Code, and schemas, by the digest of what they were made from.

    Attributes:
        made: How many had to be made in this run.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE
        self._salt = f"{sys.implementation.cache_tag} {sys.version} {sys.flags.optimize}"
        self._codes: dict[bytes, Any] = {}
        self._used: set[bytes] = set()
        self.made = 0
        try:
            self._codes = marshal.loads(self._path.read_bytes())
        except (OSError, ValueError, EOFError, TypeError):
            # Not there, or not whole: all is made once more.
            self._codes = {}

    def code_of(self, parts: Iterable[str], make: Callable[[], T]) -> T:
        """Return the kept code of these parts; it is made where there is none.

        What is made is code or text.
        """
        key = blake2b("\0".join((self._salt, *parts)).encode(), digest_size=16).digest()
        code = self._codes.get(key)
        if code is None:
            code = make()
            self._codes[key] = code
            self.made += 1
        self._used.add(key)
        return code

    def save(self) -> None:
        """Write the file again where something was made; without room for it nothing is kept."""
        if not self.made:
            return
        content = marshal.dumps(self._codes)
        if len(content) > LARGEST_FILE:
            content = marshal.dumps({key: self._codes[key] for key in self._used})
        keep(self._path, content)


def _compiled(text: str) -> CodeType:
    # Without the future statements of this file, as `exec` in a file that has none.
    return compile(text, "<string>", "exec", dont_inherit=True)


def keep_dataclasses(kept: KeptCode) -> None:
    """Have dataclasses made from kept code."""

    def execute(text: str, names: dict[str, Any], *places: dict[str, Any]) -> None:
        code = kept.code_of(["dataclass", text], lambda: _compiled(text))
        builtins.exec(code, names, *places)

    # A name of the module comes before the function of Python.
    dataclasses.exec = execute


def keep_templates(kept: KeptCode) -> None:
    """Have dbt's Jinja templates made from kept code."""
    from dbt_common.clients import jinja

    environment = getattr(jinja, "MacroFuzzEnvironment", None)
    if environment is None:
        return
    make = environment.compile
    made_by = releases(TEMPLATE_PACKAGES)

    def compile_template(
        self: Any, source: Any, name: str | None = None, filename: str | None = None, **options: Any
    ) -> Any:
        if not isinstance(source, str) or name or filename or options or jinja.MACRO_DEBUGGING:
            return make(self, source, name, filename, **options)
        parts = ["template", *made_by, type(self).__name__, *sorted(self.extensions), source]
        return kept.code_of(parts, lambda: make(self, source))

    environment.compile = compile_template


def _text_of(schema: dict[str, Any]) -> str:
    """Return a schema as text; nothing where the text does not say all of it."""
    try:
        text = json.dumps(schema)
    except TypeError:
        return ""
    return text if json.loads(text) == schema else ""


def keep_schemas(kept: KeptCode) -> None:
    """Have dbt check its settings by kept schemas."""
    from dbt_common.dataclass_schema import dbtClassMixin

    method = vars(dbtClassMixin).get("json_schema")
    if not isinstance(method, classmethod):
        return
    make = method.__func__
    schemas: dict[type, dict[str, Any]] = {}
    made_by = releases(SCHEMA_PACKAGES)

    def json_schema(cls: type) -> dict[str, Any]:
        if cls not in schemas:
            parts = ["schema as text", *made_by, cls.__module__, cls.__qualname__]
            # As text: values of enumerations are none of the plain types that can be kept.
            text = kept.code_of(parts, lambda: _text_of(make(cls)))
            schemas[cls] = json.loads(text) if text else make(cls)
        return schemas[cls]

    dbtClassMixin.json_schema = classmethod(json_schema)
