"""`segmentation check` and `make check`."""

from __future__ import annotations

from common.command_line import ALL_SETTINGS, command, execute

EXIT_CODES = """exit codes:
  0  the data can be built from
  1  failed
  2  wrong use: an invalid setting
  4  data refused
"""


@command(
    *ALL_SETTINGS,
    "FORMAT",
    argument="DATA",
    exit_codes=EXIT_CODES,
    defaults={"SOURCE": "own_files"},
    FORMAT=("text", "json"),
)
def check() -> int:
    """Check data without building from it: how it is read, what is rejected or suspicious.

    The files are read as a build reads them, into a database that is deleted afterwards, and
    their rows are validated by the same models of the dbt project. SOURCE is own_files unless
    given. --format json prints one JSON object.
    """
    from checking.check import main

    return main()


if __name__ == "__main__":
    execute(check)
