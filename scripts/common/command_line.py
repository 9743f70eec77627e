"""Settings as options of the command line, which win over those of the environment.

An option is the setting of its name: `--as-of` is AS_OF. What is given is put into the environment,
which is where settings are read and checked, so that one message says what is wrong with a value
however it was given.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

import click
from click.shell_completion import CompletionItem

from common.console import WRONG_USE, Problem
from common.program import run
from common.setting_values import known_sources
from common.settings_table import SETTINGS, VARIABLES, Setting

BY_NAME = {setting.name: setting for setting in (*SETTINGS, *VARIABLES)}
ALL_SETTINGS = tuple(setting.name for setting in SETTINGS)
# Where the published file is, for commands that only read it or change it.
PLACE = ("SOURCE", "WAREHOUSE")
FILES = ("DATA", "DEFINITIONS", "SPARK_CONF", "CONTACTS", "OUT", "FILE")
FOLDERS = ("WAREHOUSE",)


class Value(click.ParamType[str]):
    """The text of a setting, which is checked where settings are; completes what it can."""

    name = "text"

    def __init__(self, setting: Setting) -> None:
        self._setting = setting

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the words that the setting accepts, or have the shell complete paths."""
        name = self._setting.name
        if name in FILES or name in FOLDERS:
            return [CompletionItem(incomplete, type="dir" if name in FOLDERS else "file")]
        words = known_sources() if name == "SOURCE" else self._setting.choices
        return [CompletionItem(word) for word in words if word.startswith(incomplete)]


def option(setting: Setting) -> click.Option:
    """Return the option of a setting."""
    flag = f"--{setting.name.lower().replace('_', '-')}"
    text = f"{setting.what}: {setting.accepted}"
    if setting.is_flag:
        return click.Option([flag], is_flag=True, default=False, help=setting.what)
    choices = "|".join(setting.choices)
    return click.Option(
        [flag],
        type=Value(setting),
        metavar=f"[{choices}]" if choices else "TEXT",
        help=f"{text}  [default: {setting.default}]",
    )


def command(
    *names: str,
    argument: str | None = None,
    exit_codes: str = "",
    defaults: Mapping[str, str] | None = None,
    **choices: tuple[str, ...],
) -> Callable[[Callable[..., int]], click.Command]:
    """Make a command of a function without arguments that reads its settings.

    Args:
        names: The settings it takes, as options.
        argument: The setting that may also be given without the name of its option.
        exit_codes: What its exit codes mean, for the help.
        defaults: What counts for this command alone where a setting is not given, for the help.
        choices: The words that a setting accepts for this command alone.
    """
    usual = {name: words[0] for name, words in choices.items()} | dict(defaults or {})
    settings = [
        replace(
            BY_NAME[name],
            choices=choices.get(name, BY_NAME[name].choices),
            accepted=" or ".join(choices[name]) if name in choices else BY_NAME[name].accepted,
            default=usual.get(name, BY_NAME[name].default),
        )
        for name in names
    ]

    def made(function: Callable[[], int]) -> click.Command:
        def callback(argument_value: str | None = None, **values: Any) -> int:
            given = {name.upper(): value for name, value in values.items() if value}
            if argument and argument_value:
                if given.get(argument, argument_value) != argument_value:
                    raise click.UsageError(f"{argument} is given twice")
                given[argument] = argument_value
            for name, value in given.items():
                os.environ[name] = "1" if value is True else value
            return function()

        parameters: list[click.Parameter] = [option(setting) for setting in settings]
        if argument:
            parameters.append(
                click.Argument(
                    ["argument_value"],
                    required=False,
                    metavar=f"[{argument}]",
                    type=Value(BY_NAME[argument]),
                )
            )
        named = getattr(function, "__name__", "command").replace("_", "-")
        return click.Command(
            named,
            callback=callback,
            params=parameters,
            # A line \\b, which keeps click from wrapping a paragraph, is a character to click.
            help=(function.__doc__ or "").replace("\\b\n", "\b\n"),
            epilog=f"\b\n{exit_codes}" if exit_codes else None,
            context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
        )

    return made


def execute(made: click.Command, arguments: Iterable[str] | None = None) -> None:
    """Run a command with the arguments of the process, and end with its exit code."""

    def main() -> int:
        try:
            given = None if arguments is None else list(arguments)
            return int(made.main(given, prog_name=made.name, standalone_mode=False) or 0)
        except click.ClickException as error:
            raise Problem(error.format_message(), WRONG_USE) from None
        except click.exceptions.Exit as ended:
            return ended.exit_code

    sys.exit(run(main))
