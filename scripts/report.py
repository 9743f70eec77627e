"""`segmentation report` and `make report`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute

EXIT_CODES = """exit codes:
  0  written
  2  wrong use
  1  anything else; no file was put in place
"""


@command("SEGMENT", "OUT", "FORCE", *PLACE, exit_codes=EXIT_CODES)
def report() -> int:
    """Write the page that people look at, from what is published: one file, no network.

    With a segment, its one-page brief instead. The page goes to report.html in the warehouse, a
    brief to report_segment_<number>.html, and these are always replaced; another file, whose name
    ends in .html, only with --force.
    """
    from report_page.report import main

    return main()


if __name__ == "__main__":
    execute(report)
