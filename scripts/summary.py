"""`segmentation summary` and `make summary`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command(*PLACE)
def summary() -> int:
    """Show the summary of what is published."""
    from handover.summary import main

    return main()


if __name__ == "__main__":
    execute(summary)
