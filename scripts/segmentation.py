"""The command line of the project: the targets of make as commands, imported when asked for."""

from __future__ import annotations

import importlib

import click

from common.command_line import command, execute
from common.settings_table import nearest

# Command, the program beside this file that has it, and what it does.
COMMANDS = {
    "build": ("build", "Load, model, segment, publish, and show the summary."),
    "check": ("check", "Check data without building: totals, rejected rows, suspicions."),
    "load": ("load_raw", "Load the raw data only."),
    "summary": ("summary", "Show the summary of what is published."),
    "candidates": ("candidates", "Show the numbers of segments that were tried."),
    "report": ("report", "Write the report page, or a segment's brief."),
    "facts": ("facts", "Write the facts of the segments as JSON, for programs that write text."),
    "dashboards": ("dashboards", "Write dashboards for Apache Superset."),
    "workbook": ("workbook", "Write what the page shows as an Excel workbook."),
    "deck": ("deck", "Write what the page shows as a PowerPoint deck."),
    "audiences": ("audiences", "Show the audiences of audiences.csv with their customers."),
    "export": ("export", "Write customers to a file for a campaign tool."),
    "query": ("query", "Query the published file in SQL, read-only."),
    "mcp": ("serve_mcp", "Serve the published file to agents, read-only, over stdio."),
    "docs": ("docs", "Write the lineage and all descriptions as one page."),
    "versions": ("list_versions", "List the kept versions of the published file."),
    "verify": ("list_versions", "Verify the checksums of the published files."),
    "rollback": ("rollback", "Go back to the previous version, or to a kept run."),
    "forget": ("forget", "Remove a customer from all that the warehouse holds."),
    "clean": ("segmentation", "Remove what a build recreates."),
}


class Commands(click.Group):
    """The commands, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return their names, in the order of a first use."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return the command of a name; None where there is none."""
        if cmd_name not in COMMANDS or cmd_name == "clean":
            return clean if cmd_name in COMMANDS else None
        found: click.Command = getattr(importlib.import_module(COMMANDS[cmd_name][0]), cmd_name)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that is asked for; a usage error names those there are."""
        if args[0] not in COMMANDS:
            near = nearest(args[0], COMMANDS)
            raise click.UsageError(
                f"{args[0]} is not a command{near}; the commands are {', '.join(COMMANDS)}"
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, what) for name, (_, what) in COMMANDS.items()])


@command("SOURCE", "WAREHOUSE", "WAIT")
def clean() -> int:
    """Remove what a build recreates, not what is published; `make clean-all` removes both."""
    from upkeep.clean import main

    return main()


segmentation = Commands(
    "segmentation",
    help="Customer segmentation: raw data in, segments in warehouse/marts.duckdb out.\n\n"
    "Each option is a setting, which an environment variable sets too: K for --k.",
    epilog='Completion: eval "$(_SEGMENTATION_COMPLETE=bash_source segmentation)", or zsh_source, '
    "or fish_source.",
    context_settings={"help_option_names": ["-h", "--help"]},
)

if __name__ == "__main__":
    execute(segmentation)
