"""The command line: options are settings, and its commands are the targets of make."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping

import click
import pytest

import segmentation
from common.command_line import BY_NAME, command
from common.settings_table import SETTINGS
from shops import ROOT, clean_environment

PROGRAM = ROOT / "scripts" / "segmentation.py"
# Targets that are no commands: they set up, test or format the project itself.
OF_MAKE_ONLY = re.compile(r"help|setup.*|test.*|clients|superset|lint|format|docs-site|clean-all")


def segmented(
    *arguments: str, environment: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the command line in an environment without settings, but for those given."""
    return subprocess.run(
        [sys.executable, str(PROGRAM), *arguments],
        cwd=ROOT,
        env={**clean_environment(), **(environment or {})},
        capture_output=True,
        text=True,
        check=False,
    )


def commands() -> list[tuple[str, click.Command]]:
    """Return every command with its name."""
    context = click.Context(segmentation.segmentation)
    found = []
    for name in segmentation.COMMANDS:
        made = segmentation.segmentation.get_command(context, name)
        assert made is not None, name
        found.append((name, made))
    return found


def test_commands_are_the_targets_of_make() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    assert {t for t in targets if not OF_MAKE_ONLY.fullmatch(t)} == set(segmentation.COMMANDS)
    called = set(re.findall(r"\$\(VENV\)/segmentation (\S+)$", makefile, re.MULTILINE))
    # Cleaning works without packages, so make calls it in another way.
    assert called == set(segmentation.COMMANDS) - {"clean"}


@pytest.mark.parametrize("name, made", commands())
def test_a_command_has_its_name_and_a_help(name: str, made: click.Command) -> None:
    assert made.name == name
    assert made.help


def test_every_setting_is_an_option_of_a_build() -> None:
    build = dict(commands())["build"]
    options = {text for parameter in build.params for text in parameter.opts}
    assert {f"--{s.name.lower().replace('_', '-')}" for s in SETTINGS} <= options


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, str | None] = {}

    @command("K", "FULL", "SEED", "DATA", argument="DATA")
    def look() -> int:
        """Look."""
        seen.update({name: os.environ.get(name) for name in ("K", "FULL", "SEED", "DATA")})
        return 7

    for name in BY_NAME:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("K", "4")
    monkeypatch.setenv("SEED", "9")
    # What the command sets is taken back with the test.
    monkeypatch.setenv("FULL", "0")
    monkeypatch.setenv("DATA", "")
    assert look.main(["--k", "5", "--full", "a folder"], standalone_mode=False) == 7
    assert seen == {"K": "5", "FULL": "1", "SEED": "9", "DATA": "a folder"}


@pytest.mark.parametrize(
    "arguments, meant",
    [
        (["buld"], "did you mean build?"),
        (["build", "--refitt", "auto"], "--refit"),
        (["build", "--refit", "alway"], "REFIT=alway: expected auto, always or never (did you"),
        (["build", "--k", "x"], "K=x: expected a whole number from 2 to 50"),
        (["check", "here", "--data", "there"], "DATA is given twice"),
        (["query", "--sql"], "requires an argument"),
    ],
)
def test_wrong_use_is_one_message_that_says_what_is_meant(arguments: list[str], meant: str) -> None:
    ended = segmented(*arguments)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr.startswith("Error: ")
    assert len(ended.stderr.splitlines()) == 1
    assert meant in ended.stderr


def test_values_of_the_environment_are_met_with_what_is_near() -> None:
    ended = segmented("build", environment={"TARGET": "spak"})
    assert ended.returncode == 2
    assert "(did you mean spark?)" in ended.stderr


@pytest.mark.parametrize(
    "typed, completed",
    [
        ("segmentation rep", {"plain,report"}),
        ("segmentation build --ref", {"plain,--refit"}),
        ("segmentation build --refit a", {"plain,auto", "plain,always"}),
        ("segmentation build --source own", {"plain,own_files", "plain,own_table"}),
        ("segmentation build --data da", {"file,da"}),
        ("segmentation query --format j", {"plain,json"}),
    ],
)
def test_the_shell_completes_commands_options_and_values(typed: str, completed: set[str]) -> None:
    asked = {
        "_SEGMENTATION_COMPLETE": "bash_complete",
        "COMP_WORDS": typed,
        "COMP_CWORD": str(len(typed.split()) - 1),
    }
    ended = segmented(environment=asked)
    assert set(ended.stdout.split()) == completed


def test_the_help_imports_nothing_of_what_commands_do() -> None:
    code = "import sys, segmentation; print(*sorted({'dbt', 'duckdb', 'numpy'} & {*sys.modules}))"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**clean_environment(), "PYTHONPATH": str(ROOT / "scripts")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.strip() == ""
