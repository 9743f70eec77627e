"""Makes the macros that a model may call from a plan, which dbt draws up again for each model.

dbt gives each model, twice, an object for each of 700 macros, put by name into dicts of packages.
Which macro has which name is the same for all models of a package: it is found out once, by dbt
itself, and the objects are then put in place by it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dbt.clients.jinja import MacroGenerator
from dbt.context import macros as dbt_macros

# Attributes of an object that calls a macro; tests/unit/test_lean_dbt.py compares them.
ATTRIBUTES = ("context", "macro", "node", "stack")


def generator(macro: Any, context: dict[str, Any], node: Any, stack: Any) -> MacroGenerator:
    """Return what `MacroGenerator` with these arguments gives, without three calls to make it."""
    made = MacroGenerator.__new__(MacroGenerator)
    made.context = context
    made.macro = macro
    made.node = node
    made.stack = stack
    return made


class PlannedNamespace(dbt_macros.MacroNamespace):
    """A namespace with one dict of what each name stands for, found out beforehand."""

    all_names: dict[str, Any]

    def _keys(self) -> Any:
        return self.all_names.keys()

    def __getitem__(self, key: str) -> Any:
        return self.all_names[key]


@dataclass
class Plan:
    """Which macro has which name, in the namespace that dbt made of `packages`."""

    packages: Mapping[str, Mapping[str, Any]]
    key: tuple[Any, ...]
    macros: list[Any]
    parts: list[dict[str, int]]
    package_names: list[str]
    all_names: dict[str, int]

    @classmethod
    def of(
        cls, namespace: dbt_macros.MacroNamespace, packages: Mapping[str, Any], key: tuple[Any, ...]
    ) -> Plan:
        """Read the plan off a namespace made by dbt."""
        parts = [
            namespace.global_namespace,
            namespace.local_namespace,
            namespace.global_project_namespace,
            *namespace.packages.values(),
        ]
        generators = list({id(made): made for part in parts for made in part.values()}.values())
        place = {id(made): n for n, made in enumerate(generators)}
        # Of dicts, those of packages, the place is that in `parts`, counted from behind.
        place |= {id(part): n - len(parts) for n, part in enumerate(parts)}
        return cls(
            packages=packages,
            key=key,
            macros=[made.macro for made in generators],
            parts=[{name: place[id(made)] for name, made in part.items()} for part in parts],
            package_names=list(namespace.packages),
            all_names={name: place[id(namespace[name])] for name in namespace},
        )

    def namespace(self, context: dict[str, Any], node: Any, stack: Any) -> PlannedNamespace:
        """Return the namespace of a context."""
        made: list[Any] = [generator(macro, context, node, stack) for macro in self.macros]
        parts = [{name: made[n] for name, n in part.items()} for part in self.parts]
        made += parts
        namespace = PlannedNamespace(
            global_namespace=parts[0],
            local_namespace=parts[1],
            global_project_namespace=parts[2],
            packages=dict(zip(self.package_names, parts[3:], strict=True)),
        )
        namespace.all_names = {name: made[n] for name, n in self.all_names.items()}
        return namespace


def plan_macro_names() -> None:
    """Have dbt make the namespaces of macros from a plan."""
    builder = getattr(dbt_macros, "MacroNamespaceBuilder", None)
    if builder is None:
        return
    build = builder.build_namespace
    plans: list[Plan] = []

    def build_namespace(
        self: dbt_macros.MacroNamespaceBuilder,
        macros_by_package: dict[str, dict[str, Any]],
        ctx: dict[str, Any],
    ) -> dbt_macros.MacroNamespace:
        key = (
            self.root_package,
            self.search_package,
            tuple(self.internal_package_names_order),
            tuple(len(package) for package in macros_by_package.values()),
        )
        for plan in plans:
            if plan.packages is macros_by_package and plan.key == key:
                return plan.namespace(ctx, self.node, self.thread_ctx)
        namespace = build(self, macros_by_package, ctx)
        # Another project's macros are not asked for again.
        plans[:] = [plan for plan in plans if plan.packages is macros_by_package]
        plans.append(Plan.of(namespace, macros_by_package, key))
        return namespace

    builder.build_namespace = build_namespace
