"""`segmentation load` and `make load`."""

from __future__ import annotations

from common.command_line import ALL_SETTINGS, command, execute


@command(*ALL_SETTINGS, "WAIT", argument="DATA")
def load() -> int:
    """Load the raw data of a source, and nothing else.

    Parquet files stay where they are, behind a view; text files are copied as text. Loading the
    same files twice changes nothing.
    """
    from loading.load_raw import main

    return main()


if __name__ == "__main__":
    execute(load)
