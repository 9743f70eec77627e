"""`segmentation export` and `make export`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute

EXIT_CODES = """exit codes:
  0  written
  2  wrong use
  5  another export is running
  1  anything else; no file was put in place
"""


@command(
    "SEGMENT",
    "AUDIENCE",
    "FORMAT",
    "FIELDS",
    "LAYOUT",
    "CONTACTS",
    "OUT",
    "HOLDOUT",
    "CHANGES",
    "FORCE",
    *PLACE,
    "THREADS",
    "MEMORY",
    exit_codes=EXIT_CODES,
    defaults={"FORMAT": "the ending of OUT, else csv"},
    FORMAT=("csv", "parquet"),
)
def export() -> int:
    """Write the customers of one segment, all segments, none or an audience, for a campaign tool.

    Each row says whether the customer entered, stayed or left since the last export of the same
    audience, and since when. If the segment or status was exported before, customers who left it
    since are listed too, with the status left and the segment that they left. In the first export
    of an audience every customer has entered; an export repeated for the same run is the same.

    The fields are columns of customer_segments, membership_status, member_since_date and
    previous_segment_id. For the segment lapsed, value_tier, former_spend and last_order_date are
    written in place of member_since_date, and the segment is that at the last order. Customers
    held out of campaigns are not exported unless HOLDOUT says so; HOLDOUT=include adds the column
    is_holdout. The format follows the extension of the file.

    LAYOUT writes the files that a campaign tool imports into a folder: add has who is in the
    audience, remove who left since the last export for this tool. Customers who opted out of
    messages, and those without an address, are left out. CHANGES leaves out those who stayed.
    """
    from handover.export import main

    return main()


if __name__ == "__main__":
    execute(export)
