"""`segmentation candidates` and `make candidates`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command("FORMAT", *PLACE, FORMAT=("text", "json"))
def candidates() -> int:
    """Show the numbers of segments that were tried: measures, and a short profile of each.

    They are those of the scan that the published segments were chosen from. What is shown of a
    candidate that was not chosen is no published segment: it has no ids. --format json prints one
    JSON object.
    """
    from handover.candidates import main

    return main()


if __name__ == "__main__":
    execute(candidates)
