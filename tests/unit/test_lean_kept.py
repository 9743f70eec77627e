"""dbt from kept code and by plans: what comes out is what dbt and Python make by themselves."""

from __future__ import annotations

import dataclasses
import json
import marshal
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from dbt.clients.jinja import MacroGenerator
from dbt.context import macros as dbt_macros
from dbt.contracts.project import ProfileConfig, Project
from dbt_common.clients import jinja
from dbt_common.dataclass_schema import dbtClassMixin

from lean import macro_names
from lean.kept_code import FILE, KeptCode, keep_dataclasses, keep_schemas, keep_templates
from shops import printed

METHODS = """
import json, sys
sys.path.insert(0, "scripts")
from lean.classes import postpone_methods
{first}
from dbt.artifacts.resources.v1.components import ColumnInfo
from dbt.contracts.graph.nodes import Macro
from dbt.contracts.project import Project
from dbt.contracts.graph.manifest import Manifest
column = ColumnInfo(name="a", description="b", data_type="text")
texts = [json.dumps(column.to_dict(omit_none=omit), default=str) for omit in (True, False)]
texts.append(json.dumps(ColumnInfo.from_dict(column.to_dict()).to_dict(), default=str))
texts.append(ColumnInfo.from_msgpack(column.to_msgpack()).name)
project = Project.from_dict({{"name": "x", "config-version": 2, "profile": "y"}})
texts.append(json.dumps(project.to_dict(), default=str, sort_keys=True))
texts.append(json.dumps([cls.json_schema() for cls in (Project, ColumnInfo)]))
try:
    Macro.from_dict({{"name": 1}})
except Exception as error:
    texts.append(f"{{type(error).__name__}} {{error}}")
manifest = Manifest.from_msgpack(Manifest().to_msgpack())
texts.append(str(sorted(vars(manifest))))
print(json.dumps(texts))
print(ColumnInfo.to_dict.__qualname__)
"""


@pytest.mark.many_builds
@pytest.mark.short
def test_methods_that_are_postponed_do_what_those_written_at_once_do() -> None:
    at_once, _ = printed(METHODS.format(first=""))
    postponed, _ = printed(METHODS.format(first="postpone_methods()"))
    assert len(json.loads(at_once)) == 8
    assert postponed == at_once


def test_methods_are_postponed() -> None:
    code = """
import sys
sys.path.insert(0, "scripts")
from lean.classes import postpone_methods
postpone_methods()
from dbt.contracts.graph.nodes import ModelNode
for name in ("to_dict", "from_dict", "to_msgpack", "from_msgpack"):
    method = vars(ModelNode)[name]
    print(getattr(method, "__func__", method).__module__)
"""
    assert printed(code) == ["lean.classes"] * 4, "mashumaro gives classes their methods otherwise"


def test_a_mashumaro_without_these_parts_is_left_alone() -> None:
    code = """
import sys
sys.path.insert(0, "scripts")
from mashumaro.mixins import dict as mixins
from lean import classes
before = mixins.compile_mixin_packer
classes.PARTS = (*classes.PARTS, "of_another_release")
classes.postpone_methods()
print(mixins.compile_mixin_packer is before)
"""
    assert printed(code) == ["True"]


def example(name: str) -> type:
    """A dataclass that has methods made from text."""
    fields = [("a", int), ("b", "str", dataclasses.field(default="x"))]
    return dataclasses.make_dataclass(name, fields, frozen=True, order=True)


def test_a_dataclass_of_kept_code_is_the_one_that_python_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = example("Example")
    monkeypatch.setattr(dataclasses, "exec", None, raising=False)
    for made in (True, False):
        kept = KeptCode(tmp_path)
        keep_dataclasses(kept)
        found = example("Example")
        assert (kept.made > 0) == made
        assert repr(found(1)) == repr(plain(1)) and found(1) < found(2) and found(1) == found(1)
        assert found.__init__.__annotations__ == plain.__init__.__annotations__
        kept.save()
    with pytest.raises(dataclasses.FrozenInstanceError):
        found(1).a = 2


TEMPLATES = (
    "select {{ 1 + 1 }}{% for n in [1, 2] %}, {{ n }}{% endfor %}",
    "{% macro twice(x) %}{{ x }}{{ x }}{% endmacro %}{{ dbt_macro__twice('a') }}",
    "{{ 5 | as_number }}",
)


def rendered() -> list[Any]:
    """What templates give, as text and as values."""
    return [
        jinja.get_template(text, {}, native=native).render({})
        for text in TEMPLATES
        for native in (True, False)
    ]


def test_templates_of_kept_code_give_what_those_of_jinja_give(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = rendered()
    compiled = jinja.MacroFuzzEnvironment.compile
    for made in (2 * len(TEMPLATES), 0):
        kept = KeptCode(tmp_path)
        monkeypatch.setattr(jinja.MacroFuzzEnvironment, "compile", compiled)
        keep_templates(kept)
        assert rendered() == expected
        assert kept.made == made
        kept.save()
    with pytest.raises(Exception, match="unexpected"):
        jinja.get_template("{{ 1 + }}", {})


def test_a_kept_schema_is_the_one_that_dbt_makes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = [json.dumps(cls.json_schema()) for cls in (Project, ProfileConfig)]
    by_dbt = vars(dbtClassMixin)["json_schema"]
    for made in (2, 0):
        kept = KeptCode(tmp_path)
        monkeypatch.setattr(dbtClassMixin, "json_schema", by_dbt)
        keep_schemas(kept)
        for _ in range(2):
            found = [json.dumps(cls.json_schema()) for cls in (Project, ProfileConfig)]
            assert found == expected
        assert kept.made == made
        kept.save()


@pytest.mark.parametrize("content", [b"", b"no code", marshal.dumps({b"x": None})[:-1], b"[]"])
def test_a_file_that_is_not_whole_is_made_once_more(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    kept = KeptCode(tmp_path)
    assert kept.code_of(["a"], lambda: compile("1", "", "eval")).co_name == "<module>"
    kept.save()
    again = KeptCode(tmp_path)
    again.code_of(["a"], lambda: compile("1", "", "eval"))
    assert (kept.made, again.made) == (1, 0)


def test_where_nothing_can_be_written_nothing_is_kept(tmp_path: Path) -> None:
    (tmp_path / "target").write_text("a file where a folder should be")
    kept = KeptCode(tmp_path / "target")
    kept.code_of(["a"], lambda: compile("1", "", "eval"))
    kept.save()


PACKAGES = {
    "root": ["a", "b"],
    "dbt": ["a", "c"],
    "dbt_duckdb": ["c"],
    "another": ["z"],
}


def namespace_of(build: Callable[..., Any], packages: dict, search_package: str) -> tuple:
    """What a namespace holds: by name the attributes of what calls a macro."""
    context = {"model": search_package}
    builder = dbt_macros.MacroNamespaceBuilder(
        "root", search_package, "stack", ["dbt_duckdb", "dbt"], "node"
    )
    namespace = build(builder, packages, context)

    def shown(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: shown(inner) for name, inner in value.items()}
        return (type(value), vars(value), value.context is context)

    names: dict[str, Any] = {}
    names.update(namespace)
    packaged = [namespace.get_from_package(*at) for at in (("dbt", "c"), ("another", "z"))]
    return (
        shown(names),
        [shown(made) for made in packaged],
        shown(namespace.get("b")),
        len(namespace),
    )


def test_macros_have_the_names_that_dbt_gives_them(monkeypatch: pytest.MonkeyPatch) -> None:
    packages = {
        package: {
            name: SimpleNamespace(name=name, package_name=package, unique_id=f"{package}.{name}")
            for name in names
        }
        for package, names in PACKAGES.items()
    }
    by_dbt = dbt_macros.MacroNamespaceBuilder.build_namespace
    monkeypatch.setattr(dbt_macros.MacroNamespaceBuilder, "build_namespace", by_dbt)
    macro_names.plan_macro_names()
    by_plan = dbt_macros.MacroNamespaceBuilder.build_namespace
    for search_package in ("root", "dbt", "another") * 2:
        expected = namespace_of(by_dbt, packages, search_package)
        assert namespace_of(by_plan, packages, search_package) == expected
    packages["root"]["d"] = SimpleNamespace(name="d", package_name="root", unique_id="root.d")
    assert "d" in namespace_of(by_plan, packages, "root")[0]


def test_what_calls_a_macro_has_the_attributes_that_dbt_gives_it() -> None:
    macro, context = SimpleNamespace(name="a"), {}
    expected = vars(MacroGenerator(macro, context, "node", "stack"))
    assert vars(macro_names.generator(macro, context, "node", "stack")) == expected
    assert sorted(expected) == sorted(macro_names.ATTRIBUTES)
