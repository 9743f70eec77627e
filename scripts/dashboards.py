"""`segmentation dashboards` and `make dashboards`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command(*PLACE)
def dashboards() -> int:
    """Write superset.zip: three dashboards over the published file, for Apache Superset.

    It goes into the warehouse and holds the address of the published file, no figures.
    """
    from handover.dashboards import main

    return main()


if __name__ == "__main__":
    execute(dashboards)
