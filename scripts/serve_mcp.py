"""`segmentation mcp` and `make mcp`; a file of that name would hide the SDK."""

from __future__ import annotations

from importlib.util import find_spec

from common.command_line import PLACE, command, execute
from common.console import Problem


@command(*PLACE)
def mcp() -> int:
    r"""Serve the published file to agents, read-only, over stdio (Model Context Protocol).

    \b
        segmentation mcp --warehouse /full/path/warehouse

    An agent's program starts this command and ends it; docs/connect.md shows what to write into
    its settings. Needs the packages of `make setup-mcp`.
    """
    if find_spec("mcp") is None:
        raise Problem("the packages of the server are not installed: run make setup-mcp")
    from agent.server import main

    return main()


if __name__ == "__main__":
    execute(mcp)
