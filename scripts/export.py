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
    "FORMAT",
    "FIELDS",
    "OUT",
    "HOLDOUT",
    "FORCE",
    *PLACE,
    "THREADS",
    "MEMORY",
    exit_codes=EXIT_CODES,
    defaults={"FORMAT": "the ending of OUT, else csv"},
    FORMAT=("csv", "parquet"),
)
def export() -> int:
    """Write the customers of one segment, all segments or none, for a campaign tool.

    Each row says whether the customer entered, stayed or left since the last export of the same
    audience, and since when. A segment that was exported before also lists who left it since:
    status left, with the segment that was left; so does a status. The first export of an audience
    calls everybody entered; one that is repeated for the same run says the same again.

    The fields are columns of customer_segments, and membership_status, member_since_date and
    previous_segment_id. For the segment lapsed, value_tier, former_spend and last_order_date are
    written in place of member_since_date, and the segment is the one of the last order. Customers
    held out of campaigns are left out unless the holdout says otherwise; include adds the column
    is_holdout. The format follows the ending of the file.
    """
    from handover.export import main

    return main()


if __name__ == "__main__":
    execute(export)
