"""`segmentation docs` and `make docs`."""

from __future__ import annotations

from common.command_line import ALL_SETTINGS, command, execute


@command(*ALL_SETTINGS, "WAIT")
def docs() -> int:
    """Write the lineage and all descriptions as one page, docs.html in the warehouse."""
    from handover.docs import main

    return main()


if __name__ == "__main__":
    execute(docs)
