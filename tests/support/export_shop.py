"""A copy of the published fixture shop that a test may change, and exports from it."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import duckdb
import pytest

from common.console import Problem
from common.settings import resolve_reading
from common.warehouse_paths import Warehouse
from handover import export
from handover.export import export as run_export
from handover.export_request import read_request
from shops import Built


class Shop:
    """A copy of the published fixture shop that a test may change, and exports from it."""

    def __init__(self, folder: Path, built: Built) -> None:
        folder.mkdir()
        self.warehouse = Warehouse(folder)
        shutil.copy2(built.marts, self.warehouse.marts_db)
        self.warehouse.marts_db.chmod(0o644)

    def change(self, *statements: str) -> None:
        """Change what is published, as another run would."""
        with duckdb.connect(self.warehouse.marts_db) as connection:
            for statement in statements:
                connection.execute(statement)

    def next_run(self, *moves: tuple[str, int | None]) -> None:
        """Publish a further run, four weeks later, in which customers moved to segments."""
        statements = [
            "create or replace temp table latest as from segmentation_runs where is_current",
            "update segmentation_runs set is_current = false",
            "insert into segmentation_runs select * replace (run_number + 1 as run_number, "
            "run_id || '+' as run_id, as_of_date + 28 as as_of_date) from latest",
            "update customer_segments set run_number = run_number + 1, "
            "as_of_date = as_of_date + 28",
        ]
        for customer, segment in moves:
            statements += [
                "update history.assignments set last_run_number = "
                "(select run_number - 1 from segmentation_runs where is_current) "
                f"where customer_id = '{customer}' and last_run_number is null",
                "update segment_summary set customer_count = customer_count - 1 where segment_id = "
                f"(select segment_id from customer_segments where customer_id = '{customer}')",
            ]
            if segment is None:
                statements.append(
                    "update customer_segments set status = 'insufficient_history', "
                    f"segment_id = null where customer_id = '{customer}'"
                )
                continue
            statements += [
                f"update customer_segments set segment_id = {segment}, status = 'segmented' "
                f"where customer_id = '{customer}'",
                "update segment_summary set customer_count = customer_count + 1 "
                f"where segment_id = {segment}",
                f"insert into history.assignments select '{customer}', {segment}, run_number, null "
                "from segmentation_runs where is_current",
            ]
        self.change(*statements)

    def query(self, sql: str) -> list[tuple]:
        with duckdb.connect(self.warehouse.marts_db, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def members(self, segment: int | None = None, holdout: str = "not is_holdout") -> set[str]:
        """Customers of a segment, told by the published file."""
        where = "status = 'segmented'"
        if segment is not None:
            where += f" and segment_id = {segment}"
        return {
            customer
            for (customer,) in self.query(
                f"select customer_id from customer_segments where {where} and {holdout}"
            )
        }

    def export(self, **given: object) -> export.Exported:
        """Export as `make export` does; replaces what is there unless FORCE says otherwise."""
        environment = {"FORCE": "1"} | {name: str(value) for name, value in given.items()}
        settings = resolve_reading({"SOURCE": "own_files", "WAREHOUSE": str(self.warehouse.path)})
        return run_export(settings, read_request(environment))

    def refusal(self, **given: object) -> Problem:
        with pytest.raises(Problem) as caught:
            self.export(**given)
        assert "\n" not in str(caught.value)
        return caught.value

    def ledger(self, sql: str) -> list[tuple]:
        with duckdb.connect(self.warehouse.exports_db, read_only=True) as connection:
            return connection.execute(sql).fetchall()

    def leftovers(self) -> list[str]:
        return [path.name for path in self.warehouse.path.rglob("*.part")]


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def contacts(path: Path, rows: dict[str, dict[str, str]]) -> Path:
    """Write a file of contacts; the columns are those of the first row."""
    with path.open("w", encoding="utf-8", newline="") as file:
        first = next(iter(rows.values()))
        writer = csv.DictWriter(file, ["customer_id", *first])
        writer.writeheader()
        writer.writerows({"customer_id": customer, **cells} for customer, cells in rows.items())
    return path


def contacts_of_all(copy: Shop, path: Path) -> Path:
    """Write contacts of everybody, addresses as people write them."""
    customers = sorted(c for (c,) in copy.query("select customer_id from customer_segments"))
    rows = {
        customer: {"E-Mail": f" Person{number}@Example.COM "}
        for number, customer in enumerate(customers)
    }
    return contacts(path, rows)


def files(exported: export.Exported) -> dict[str, list[dict[str, str]]]:
    """Return the rows of each of a layout's files."""
    return {path.name: read(path) for path in sorted(exported.path.iterdir())}


def query(sql: str, *parameters: object) -> list[tuple]:
    with duckdb.connect() as connection:
        return connection.execute(sql, parameters).fetchall()


def statuses(exported: export.Exported) -> dict[str, str]:
    return {row["customer_id"]: row["membership_status"] for row in read(exported.path)}


def two_segments(copy: Shop) -> tuple[int, int, str, str]:
    """Two segments, and two customers of the first who are not held out."""
    first, second = (
        segment
        for (segment,) in copy.query("select segment_id from segment_summary order by 1 limit 2")
    )
    one, other, *_ = sorted(c for c in copy.members(first) if c.startswith("c"))
    return first, second, one, other
