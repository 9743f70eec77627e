"""`segmentation audiences` and `make audiences`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command(*PLACE, "THREADS", "MEMORY")
def audiences() -> int:
    """Show the audiences of dbt_project/seeds/audiences.csv: how many customers each has.

    They are counted in what is published: customers who are held out of campaigns, of the others
    those who opted out of messages, and who is left to contact.
    """
    from handover.audiences import main

    return main()


if __name__ == "__main__":
    execute(audiences)
