"""`segmentation workbook` and `make workbook`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute

EXIT_CODES = """exit codes:
  0  written
  2  wrong use
  1  anything else; no file was put in place
"""


@command("OUT", "FORCE", *PLACE, exit_codes=EXIT_CODES)
def workbook() -> int:
    """Write what the page shows as an Excel workbook.

    Summary, profiles, playbook and definitions, and a sheet for each segment.
    It goes to report.xlsx in the warehouse, which is always replaced; another file, whose name ends
    in .xlsx, only with --force.
    """
    from office import command as office_command
    from office.workbook import workbook as made_by

    return office_command.run(".xlsx", made_by)


if __name__ == "__main__":
    execute(workbook)
