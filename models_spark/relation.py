"""Tables of Spark as the dbt Python models know relations: by order, filter and Arrow."""

from __future__ import annotations

import re
from collections.abc import Sequence
from types import ModuleType
from typing import Any

import pyarrow as pa
from pyspark.sql import DataFrame
from pyspark.sql import functions as f

from models_spark import api as spark_api
from models_spark.customers import SparkCustomers, quoted

BETWEEN_COLUMNS = re.compile(r",(?![^(]*\))")  # a comma that is in no brackets


class RelationCustomers(SparkCustomers):
    """Customers of a relation, with the learning steps that take them."""

    api: ModuleType = spark_api


class SparkRelation:
    """What `models_py.dbt_inputs` asks of a relation, over a DataFrame.

    Small tables come to Python whole (settings, definitions, segments), and Spark ends the build
    when one is larger than `spark.driver.maxResultSize`: customers stay where they are.
    """

    def __init__(self, frame: DataFrame) -> None:
        self.frame = frame

    def filter(self, condition: str) -> SparkRelation:
        """Rows that meet a condition in SQL."""
        return SparkRelation(self.frame.filter(condition))

    def order(self, columns: str) -> SparkRelation:
        """Rows in the order of these columns, named with commas between them."""
        return SparkRelation(self.frame.orderBy(*(name.strip() for name in columns.split(","))))

    def project(self, columns: str) -> SparkRelation:
        """Expressions with commas between them, each `as` a name or a column by its own."""
        return SparkRelation(self.frame.selectExpr(*BETWEEN_COLUMNS.split(columns)))

    def join(self, other: SparkRelation, columns: str, how: str) -> SparkRelation:
        """Rows joined to those of another relation that have the same values in these columns."""
        keys = [name.strip() for name in columns.split(",")]
        return SparkRelation(self.frame.join(other.frame, keys, how))

    @property
    def columns(self) -> list[str]:
        """Names of the columns."""
        return list(self.frame.columns)

    def extremes(self, names: Sequence[str]) -> list[float | None]:
        """Minimum and maximum of each of these columns, one after the other."""
        asked = [reduced(quoted(name)) for name in names for reduced in (f.min, f.max)]
        return list(self.frame.agg(*asked).collect()[0])

    def count(self, _: str = "*") -> SparkRelation:
        """One row with the number of rows."""
        return SparkRelation(self.frame.agg(f.count(f.lit(1))))

    def aggregate(self, columns: str, groups: str = "") -> SparkRelation:
        """Expressions with commas between them, over all rows or by groups, named likewise."""
        query = f"select {columns} from {{rows}}" + (f" group by {groups}" if groups else "")
        return SparkRelation(self.frame.sparkSession.sql(query, rows=self.frame))

    def customers(self) -> RelationCustomers:
        """The rows as customers, which stay in Spark."""
        return RelationCustomers(self.frame)

    def fetchall(self) -> list[tuple[Any, ...]]:
        """All rows, as tuples."""
        return [tuple(row) for row in self.frame.collect()]

    def to_arrow_table(self) -> pa.Table:
        """All rows."""
        return self.frame.toArrow()
