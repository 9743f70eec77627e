"""`segmentation rollback` and `make rollback`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command("RUN", *PLACE, "WAIT", argument="RUN")
def rollback() -> int:
    """Go back to the previously published version with its state, or to any kept run.

    The published file is replaced by one rename. The version left behind is kept, and its
    numbers and ids are never used again. The next build continues from the restored version.
    """
    from upkeep.rollback import main

    return main()


if __name__ == "__main__":
    execute(rollback)
