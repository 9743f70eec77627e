"""`segmentation forget` and `make forget`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command("CUSTOMER", "FORCE", *PLACE, "WAIT", argument="CUSTOMER")
def forget() -> int:
    """Remove a customer from all that the warehouse holds.

    Rows are removed from the published file and the ledger of exports; each file is rewritten, so
    that nothing is left in free space, and replaced by one rename. Earlier versions and replays
    that hold the customer are removed, which takes --force: their totals, less the customers who
    stay, would reveal the customer. So would the totals of the published file, until the next
    build computes them again. The day and a hash of the id are recorded in forgotten.csv of the
    warehouse, so that files which still hold the customer do not restore the rows. Write the id as
    it is in your files; where customers have pseudonyms, PSEUDONYM_KEY must be in the environment.
    """
    from upkeep.forget import main

    return main()


if __name__ == "__main__":
    execute(forget)
