"""`segmentation versions` and `segmentation verify`, as `make versions` and `make verify`."""

from __future__ import annotations

import sys

from common.command_line import PLACE, command, execute


@command(*PLACE)
def versions() -> int:
    """List the kept versions of the published file, newest first."""
    from upkeep.list_versions import main

    return main()


@command(*PLACE)
def verify() -> int:
    """Check the checksums of the published file and the kept versions."""
    from upkeep.list_versions import main

    return main(is_check=True)


if __name__ == "__main__":
    arguments = [word for word in sys.argv[1:] if word != "--check"]
    execute(verify if "--check" in sys.argv else versions, arguments)
