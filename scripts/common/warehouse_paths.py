"""The paths of a warehouse folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from common.console import WRONG_USE, Problem

# Temporary data of builds and other commands, below a warehouse.
TEMPORARY = "tmp"


@dataclass(frozen=True)
class Warehouse:
    """The folder that a build reads its state from and publishes to."""

    path: Path

    @property
    def build_db(self) -> Path:
        """The working database of builds: disposable, never read by users."""
        return self.path / "build.duckdb"

    @property
    def marts_db(self) -> Path:
        """The published file."""
        return self.path / "marts.duckdb"

    @property
    def versions(self) -> Path:
        """Folder of kept published files, one folder per run number."""
        return self.path / "versions"

    @property
    def parquet(self) -> Path:
        """The published tables as Parquet, where Spark made them: a folder for each run."""
        return self.path / "parquet"

    @property
    def exports(self) -> Path:
        """Where exports go that name no place."""
        return self.path / "exports"

    @property
    def exports_db(self) -> Path:
        """The ledger of exports: what was last exported to each audience."""
        return self.path / "exports.duckdb"

    @property
    def forgetting(self) -> Path:
        """What the next build has to leave out, as it counts a customer who was forgotten."""
        return self.path / ".forgetting"

    @property
    def lock_file(self) -> Path:
        """File whose lock a build holds."""
        return self.path / ".lock"

    @property
    def temporary(self) -> Path:
        """Where DuckDB spills to when memory is short, and what else is there for one build."""
        return self.path / TEMPORARY

    @property
    def dbt_target(self) -> Path:
        """Dbt's compiled models, manifest and run results."""
        return self.path / "dbt" / "target"

    @property
    def dbt_logs(self) -> Path:
        """Dbt's logs."""
        return self.path / "dbt" / "logs"

    @property
    def docs(self) -> Path:
        """The documentation page."""
        return self.path / "docs.html"

    @property
    def segment_facts(self) -> Path:
        """The facts of the segments as JSON, for programs that write text."""
        return self.path / "segment_facts.json"

    @property
    def superset_bundle(self) -> Path:
        """The dashboards for Superset over the published file."""
        return self.path / "superset.zip"

    @property
    def docs_site(self) -> Path:
        """The README and the pages of docs/ as a site."""
        return self.path / "docs_site"

    def report(self, segment_id: int | None = None) -> Path:
        """The page people look at, or the brief of a segment."""
        brief = "" if segment_id is None else f"_segment_{segment_id}"
        return self.path / f"report{brief}.html"

    def office(self, ending: str) -> Path:
        """The workbook (`.xlsx`) or the deck (`.pptx`) of what the page shows."""
        return self.path / f"report{ending}"

    def create(self) -> None:
        """Make the folder.

        Raises:
            Problem: the folder cannot be made or written to.
        """
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise Problem(
                f"WAREHOUSE={self.path} cannot be written to ({error.strerror}): "
                "expected a folder, or a place where one can be made",
                WRONG_USE,
            ) from error
