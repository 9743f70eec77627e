"""Which column of a file is which column of a raw table."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from common.data_errors import listed, refusal
from common.settings_table import nearest
from common.source_contract import RawTable

ADDED_COLUMNS = ("_file", "_row_number")


def normal(name: str) -> str:
    """Return a column name as raw tables have it: no space around it, lower case."""
    return " ".join(name.split()).lower()


def key(name: str) -> str:
    """Return what two spellings of a name share: letters and digits in lower case.

    `Order ID`, `order-id` and `ORDERID` are one name.
    """
    return "".join(c for c in name.lower() if c.isalnum())


def feature_name(column: str) -> str:
    """Return what macro `snake_case` makes of a column's name."""
    words = "".join(c if c.isalnum() else " " for c in column.lower()).split()
    return "_".join(words)


def contract_names(table: RawTable) -> dict[str, str]:
    """Return the column of the contract by the key of each of its names."""
    names = {key(other): column for other, column in table.aliases}
    return names | {key(column): column for column in table.columns}


def matched(
    name: str, table: RawTable, header: Sequence[str], partitions: Mapping[str, str]
) -> dict[str, str]:
    """Return the file's column for each column of the raw table that the file has.

    Columns of the contract come in its order, then the file's others in the order of their
    names, so that the order of columns in the file does not matter. Columns without a name are
    left out. Folders such as `year=2024` give columns that the file lacks.

    Raises:
        Problem: two columns have one name, or a name is taken.
    """
    contract = contract_names(table)
    found: dict[str, list[str]] = {}
    for column in header:
        if column.strip():
            found.setdefault(contract.get(key(column), normal(column)), []).append(column)
    _set_paths_apart(found)
    for column, ones in found.items():
        if len(ones) > 1:
            spelled = "" if len({normal(one) for one in ones}) == 1 else f" ({listed(ones)})"
            raise refusal(
                name, f"has more than one column {column}{spelled}: expected one of this name"
            )
        if column in ADDED_COLUMNS:
            raise refusal(name, f"column {column}: this name is taken, expected another one")
    for column in partitions:
        found.setdefault(contract.get(key(column), normal(column)), [column])
    others = [column for column in found if column not in table.columns]
    if table.columns:
        others.sort()
    ordered = [column for column in table.columns if column in found] + others
    return {column: found[column][0] for column in ordered}


def _set_paths_apart(found: dict[str, list[str]]) -> None:
    """Leave a column of the contract to the plain name where `customer.id` stands beside it."""
    for column, ones in list(found.items()):
        plain = [one for one in ones if "." not in one]
        if len(plain) == 1 and len(ones) > 1:
            found[column] = plain
            for one in ones:
                if one not in plain:
                    found.setdefault(normal(one), []).append(one)


def check_required(
    name: str, table: RawTable, columns: Sequence[str], header: Sequence[str], hint: str = ""
) -> None:
    """Check that no required column is missing.

    Raises:
        Problem: names the columns that are missing, those there are and the nearest names.
    """
    missing = [column for column in table.required if column not in columns]
    if not missing:
        return
    there = [normal(column) for column in header if column.strip()]
    wanted = ", ".join(column + nearest(column, there) for column in missing)
    raise refusal(
        name,
        f"no column {wanted}; the columns there are: {listed(there, 40) or 'none'}"
        f"{hint}; name another column for it in columns.yml",
    )
