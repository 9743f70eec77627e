"""Write a sheet of a workbook as CSV, in a separate process with limited memory and time.

A workbook is a program's memory in a file: a small one can ask its reader for any amount. Whatever
becomes of this process, the one that loads goes on and says what was wrong.
"""

from __future__ import annotations

import csv
import json
import resource
import sys
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from fnmatch import fnmatchcase
from pathlib import Path

import python_calamine

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from common.json_types import JsonObject

SECONDS = 600
FIRST_ROWS = 100
LARGEST_WHOLE = 1e15

Cell = int | float | str | bool | date | datetime | time | timedelta


class SheetProblemError(Exception):
    """What is wrong with a workbook, in words."""


def text_of(cell: Cell) -> str:
    """Return a cell as text: numbers not rounded, times in ISO 8601."""
    if isinstance(cell, str):
        return cell.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float):
        if cell.is_integer() and abs(cell) < LARGEST_WHOLE:
            return str(int(cell))
        shortest = repr(cell)
        return format(Decimal(shortest), "f") if "e" in shortest else shortest
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, timedelta):
        minutes, seconds = divmod(round(cell.total_seconds()), 60)
        return f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}"
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def sheets_named(workbook: python_calamine.CalamineWorkbook, wanted: str) -> list[str]:
    """Return the sheets of a name or pattern; of no name the first one that can be seen.

    Raises:
        SheetProblemError: there is none.
    """
    sheets = [
        sheet
        for sheet in workbook.sheets_metadata
        if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
    ]
    visible = python_calamine.SheetVisibleEnum.Visible
    seen = [sheet.name for sheet in sheets if sheet.visible == visible]
    if not wanted:
        if not seen:
            raise SheetProblemError("has no sheet that can be seen")
        return seen[:1]
    for alike in (str, str.casefold):
        for sheet in sheets:
            if alike(sheet.name) == alike(wanted):
                return [sheet.name]
    matching = [name for name in seen if fnmatchcase(name.casefold(), wanted.casefold())]
    if not matching:
        there = ", ".join(sheet.name for sheet in sheets)
        raise SheetProblemError(f"has no sheet {wanted}, as _sheet says; there are: {there}")
    return matching


def numbered_rows(
    sheet: python_calamine.CalamineSheet, skipped: int
) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank with their number in the sheet, texts as cells."""
    for number, row in enumerate(sheet.iter_rows(), start=1):
        if number <= skipped:
            continue
        texts = [text_of(cell) for cell in row]
        if any(text.strip() for text in texts):
            yield number, texts


def convert(source: Path, target: Path, wanted: str, skipped: int, most_bytes: int) -> JsonObject:
    """Write sheets as CSV, one below the other; returns which, and where the first rows stand."""
    with (
        python_calamine.CalamineWorkbook.from_path(source) as workbook,
        target.open("w", encoding="utf-8", newline="") as file,
    ):
        names = sheets_named(workbook, wanted)
        writer = csv.writer(file, lineterminator="\n")
        header, numbers = None, []
        for name in names:
            rows = numbered_rows(workbook.get_sheet_by_name(name), skipped)
            number, texts = next(rows, (0, []))
            # A line break in a name of the header makes DuckDB lose rows without a word.
            first = [" ".join(text.split()) for text in texts]
            if header is None:
                header = first
                numbers.append(number)
                writer.writerow(header)
            elif texts and first != header:
                raise SheetProblemError(
                    f"sheet {name} has other columns than sheet {names[0]}: expected the same "
                    f"where _sheet is {wanted}"
                )
            for number, texts in rows:
                writer.writerow(texts)
                if len(numbers) < FIRST_ROWS:
                    numbers.append(number)
                if file.tell() > most_bytes:
                    raise SheetProblemError(f"has more than {most_bytes:,} bytes of text")
        rows_found = numbers if header else []
        return {"sheets": names, "all": workbook.sheet_names, "rows": rows_found}


def limit(memory: int) -> None:
    """Limit what this process may use; not every system knows each of the limits."""
    for kind, most in (("RLIMIT_AS", memory), ("RLIMIT_CPU", SECONDS), ("RLIMIT_CORE", 0)):
        _, hard = resource.getrlimit(getattr(resource, kind))
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        try:
            resource.setrlimit(getattr(resource, kind), (most, most))
        except (ValueError, OSError):
            continue


def main() -> int:
    """Convert as the arguments say and print what was found, or what is wrong, as JSON."""
    source, target, wanted, skipped, memory, most_bytes = sys.argv[1:]
    limit(int(memory))
    try:
        found = convert(Path(source), Path(target), wanted, int(skipped), int(most_bytes))
    except python_calamine.PasswordError:
        found = {"problem": "is locked by a password: save it without one"}
    except SheetProblemError as error:
        found = {"problem": str(error)}
    except MemoryError:
        return 1
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        found = {"unreadable": str(error)}
    sys.stdout.write(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
