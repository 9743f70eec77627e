"""`segmentation rollback` and `make rollback`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command("RUN", *PLACE, "WAIT", argument="RUN")
def rollback() -> int:
    """Go back to the version published before, its state included, or to any kept run.

    The published file is replaced by one rename. The version left behind is kept, and numbers and
    ids it gave out are never given out again. The next build continues from the version gone back
    to.
    """
    from upkeep.rollback import main

    return main()


if __name__ == "__main__":
    execute(rollback)
