"""Has dbt's classes made without code that few of them need.

Each of dbt's 400 dataclasses is given four methods that turn it into a dict or a message and back.
mashumaro writes them as text and compiles them; the text that dbt asks for says no more than that
the method is to be written when it is first called. Here a closure says so instead.

To be used before dbt is imported. Classes that ask for something else are left to mashumaro, as is
everything where a release of it does not have these parts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mashumaro.config import ADD_DIALECT_SUPPORT, BaseConfig
from mashumaro.core.meta.code import builder as code
from mashumaro.mixins import dict as mixins

# What the two functions below call, and what calls them.
PARTS = ("add_pack_method", "add_unpack_method", "get_pack_method_name", "get_unpack_method_name")


def is_lazy(cls: type) -> bool:
    """Say whether a class asks for its methods to be written when they are first called."""
    config = getattr(cls, "Config", BaseConfig)
    options = getattr(config, "code_generation_options", ())
    return getattr(config, "lazy_compilation", False) and ADD_DIALECT_SUPPORT not in options


def put(cls: type, name: code.InternalMethodName, method: object) -> None:
    """Give a class a method under both names that mashumaro knows it by."""
    setattr(cls, name, method)
    setattr(cls, name.public, method)


def postpone_methods() -> None:
    """Have the methods of lazy classes written by mashumaro when they are first called."""
    pack = getattr(mixins, "compile_mixin_packer", None)
    unpack = getattr(mixins, "compile_mixin_unpacker", None)
    if not (pack and unpack and all(hasattr(code.CodeBuilder, part) for part in PARTS)):
        return

    def later_packer(
        cls: type,
        format_name: str = "dict",
        dialect: type | None = None,
        encoder: Any = None,
        encoder_kwargs: dict[str, Any] | None = None,
    ) -> None:
        if not is_lazy(cls):
            pack(cls, format_name, dialect, encoder, encoder_kwargs)
            return
        name = code.CodeBuilder.get_pack_method_name(format_name=format_name, encoder=encoder)

        def packed(self: Any, *arguments: Any, **named: Any) -> Any:
            code.CodeBuilder(
                type(self),
                first_method=name,
                allow_postponed_evaluation=False,
                format_name=format_name,
                encoder=encoder,
                encoder_kwargs=encoder_kwargs,
                default_dialect=dialect,
            ).add_pack_method()
            return getattr(self, name)(*arguments, **named)

        put(cls, name, packed)

    def later_unpacker(
        cls: type,
        format_name: str = "dict",
        dialect: type | None = None,
        decoder: Callable[[Any], dict[Any, Any]] | None = None,
    ) -> None:
        if not is_lazy(cls):
            unpack(cls, format_name, dialect, decoder)
            return
        name = code.CodeBuilder.get_unpack_method_name(format_name=format_name, decoder=decoder)

        def unpacked(cls: type, *arguments: Any, **named: Any) -> Any:
            code.CodeBuilder(
                cls,
                first_method=name,
                allow_postponed_evaluation=False,
                format_name=format_name,
                decoder=decoder,
                default_dialect=dialect,
            ).add_unpack_method()
            return getattr(cls, name)(*arguments, **named)

        put(cls, name, classmethod(unpacked))

    # The default: mashumaro's own classes, of JSON schemas, say nothing of it.
    BaseConfig.lazy_compilation = True
    mixins.compile_mixin_packer, mixins.compile_mixin_unpacker = later_packer, later_unpacker
