"""`segmentation facts` and `make facts`."""

from __future__ import annotations

from common.command_line import PLACE, command, execute


@command(*PLACE)
def facts() -> int:
    """Write segment_facts.json: every segment as numbers and texts, for programs that write.

    It goes into the warehouse and holds what the briefs of the segments show, no customers.
    """
    from agent.write_facts import main

    return main()


if __name__ == "__main__":
    execute(facts)
