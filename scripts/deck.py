"""`segmentation deck` and `make deck`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute

EXIT_CODES = """exit codes:
  0  written
  2  wrong use
  1  anything else; no file was put in place
"""


@command("OUT", "FORCE", *PLACE, exit_codes=EXIT_CODES)
def deck() -> int:
    """Write what the page shows as a PowerPoint deck.

    The segments at a glance, the map, movement, and a slide for each segment.
    It goes to report.pptx in the warehouse, which is always replaced; another file, whose name ends
    in .pptx, only with --force.
    """
    from office import command as office_command
    from office.deck import deck as made_by

    return office_command.run(".pptx", made_by)


if __name__ == "__main__":
    execute(deck)
