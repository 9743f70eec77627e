"""`segmentation forget` and `make forget`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command("CUSTOMER", "FORCE", *PLACE, "WAIT", argument="CUSTOMER")
def forget() -> int:
    """Remove a customer from all that the warehouse holds.

    Rows go from the published file and the ledger of exports; each file is rewritten, so that
    nothing is left in free space, and replaced by one rename. Earlier versions and replays that
    hold the customer are removed, which takes --force: their totals, less the customers who stay,
    would give the customer back. So would those of the published file until the next build, which
    computes all of them again. The warehouse's forgotten.csv gets the day and a hash by which
    files that still hold the customer do not bring him or her back. Ids are given as they stand in
    your files; PSEUDONYM_KEY must be in the environment where customers have pseudonyms.
    """
    from upkeep.forget import main

    return main()


if __name__ == "__main__":
    execute(forget)
