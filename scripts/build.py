"""`segmentation build` and `make build`."""

from __future__ import annotations

from common.command_line import ALL_SETTINGS, command, execute
from common.console import EXIT_CODES


@command(*ALL_SETTINGS, "LOG", "WAIT", exit_codes=EXIT_CODES)
def build() -> int:
    """Load, model, segment, publish, and show the summary."""
    from building.build import main

    return main()


if __name__ == "__main__":
    execute(build)
