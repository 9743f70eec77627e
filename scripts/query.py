"""`segmentation query` and `make query`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command("SQL", "FILE", "FORMAT", *PLACE, argument="SQL", FORMAT=("table", "csv", "json"))
def query() -> int:
    r"""Query the published file in SQL: prints a table, changes nothing.

    \b
        segmentation query "from segment_summary"
        segmentation query --file who_moved --format csv > moved.csv

    The file is opened read-only, and the SQL can read and write no other file. A table shows the
    first 100 rows. With neither SQL nor a file, the questions of scripts/queries are listed.
    """
    from handover.query import main

    return main()


if __name__ == "__main__":
    execute(query)
