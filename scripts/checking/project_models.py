"""The models of the dbt project that validate rows, made in a loaded database without dbt."""

from __future__ import annotations

import duckdb
from pyarrow.csv import read_csv

from checking.findings import Outcome
from common.project_sql import PROJECT, ProjectSql, Relation
from common.settings import Settings
from dbt_runs.run_dbt import dbt_vars

SCHEMA = "checked"
SEED_ROWS = "rows_of_a_seed"


class ProjectModels:
    """Makes models of the project in schema `checked`, each when it is first asked for."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, settings: Settings) -> None:
        self.connection = connection
        self.sql = ProjectSql(connection, dbt_vars(settings), self.ref)
        self._made: set[str] = set()
        connection.execute(f"create schema if not exists {SCHEMA}")

    def ref(self, name: str) -> Relation:
        """Return the relation of a model or seed, made if it is not there yet."""
        relation = Relation(SCHEMA, name)
        if name in self._made:
            return relation
        seed = PROJECT / "seeds" / f"{name}.csv"
        if seed.exists():
            # The database may read no files but those of the data.
            self.connection.register(SEED_ROWS, read_csv(seed))
            self.connection.execute(f"create table {relation} as select * from {SEED_ROWS}")
            self.connection.unregister(SEED_ROWS)
            self._made.add(name)
            return relation
        query, config = self.sql.model(name)
        # As dbt_project.yml has it: staging are views, other models tables unless they say so.
        usual = "view" if name.startswith("stg_") else "table"
        kind = config.get("materialized", usual)
        kind = "table" if kind == "incremental" else kind
        self.connection.execute(f"create {kind} {relation} as {query}")
        self._made.add(name)
        return relation

    def outcomes(self) -> list[Outcome]:
        """Return what becomes of the rows of each raw table."""
        rows = self.connection.execute(
            f"select source_table, outcome, reason, row_count from {self.ref('data_quality')} "
            "order by source_table, outcome, row_count desc, reason"
        ).fetchall()
        first = self._first_rejected()
        return [
            Outcome(table, outcome, reason, row_count, *first.get((table, reason), ("", "")))
            for table, outcome, reason, row_count in rows
        ]

    def _first_rejected(self) -> dict[tuple[str, str], tuple[str, str]]:
        rows = self.connection.execute(
            "select source_table, reason, min_by((source_file, source_row_number, record_json), "
            "(source_file, source_row_number)) "
            f"from {self.ref('rejected_records')} group by source_table, reason"
        ).fetchall()
        return {
            (source_table, reason): (f"{file}, row {number:,}", record)
            for source_table, reason, (file, number, record) in rows
        }
