"""What the macros read from text and dates, expression by expression, on both engines.

The fixture shop is written plainly; here are the ways in which people write.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from jinja2.utils import Namespace

from common.project_sql import ProjectSql

pytestmark = pytest.mark.spark

ASK_SPARK = """
import json, sys
from pyspark.sql import SparkSession
session = SparkSession.builder.getOrCreate()
asked = json.load(open(sys.argv[1]))
session.createDataFrame([(text,) for text in asked["texts"]], "t string").createOrReplaceTempView(
    "texts"
)
answers = {}
for name, expression in asked["expressions"].items():
    rows = session.sql(f"select t, cast({expression} as string) as answer from texts").collect()
    answers[name] = {row.t: row.answer for row in rows}
json.dump(answers, open(sys.argv[2], "w"))
session.stop()
"""

NUMBERS = (
    *("1", "-1", "+1", "1.5", "1,5", "1,234.56", "1.234,56", "1.234.567,8", "1,234,567.8"),
    *("(12.50)", "12.50-", "\u221212.50", "- 5", "€ 5", "5 €", "$5", "US$ 5.00", "5 kr."),
    *("CHF 1'234.50", "2.000,00 EUR"),
    *("1 234,5", "1\u00a0234,5", "1\u202f234.5", "12,34,567.89", "1e3", "1.5E-2", ".5", "5."),
    *("1.23456", "0.00005", "99999999999999.9999", "999999999999999999", "5 k", "12\n", "0x10"),
    *("1d", "Infinity", "NaN", "1_000", "--5", "abc", "1,2,3", "\u0663"),
)
WORDS = (
    *("NULL", "(null)", "None", "nan", "N/A", "\\N", "", "  ", " x ", "Größe (cm)", "__A  b__"),
    *("ÉTÉ 2024!", "it's", 'say "yes"', "back\\slash", "tab\tbed", "line\nbreak", "id", "row_id"),
    *("true", "TRUE", "t", "yes", "y", "1", "0", "no", "n", "f", "false", "on", "off", "2"),
)
TIMES = (
    *("2024-02-29", "2023-02-29", "2024-2-9", "2024-02-29 10:11:12", "2024-02-29T10:11:12"),
    *("2024-02-29T10:11:12Z", "2024-02-29 10:11:12.123456", "2024-02-29 10:11", "2024", "2024-02"),
    *("2024-02-29T10:11:12+02:00", "2024-02-29 10:11:12.5", "20240229", "10:11:12"),
    *("29/02/2024", "2/9/2024", "29.02.2024 10:11", "2/29/24", "3/1/99", "1/2/69", "1/2/68"),
    *("29 Feb 2024", "29-feb-2024", "2/9/2024 1:05 PM", "2/9/2024 12:00 AM", "31/12/1999"),
    *("1999-12-31 23:59:59", "0024-01-01", "12024-01-01", " 2024-01-01", "2024-01-01x"),
)
# Texts that are read on one engine only, and why that is left so: see docs/spark.md.
SHORT_YEARS = {"3/1/99", "1/2/69", "1/2/68"}
READ_OTHERWISE = {
    "plain number": {"1_000", "\u0663"},
    # In years of five digits, Spark writes a sign.
    "time in ISO 8601": {"Infinity", "12024-01-01"},
    "%d/%m/%Y": {"Infinity", *SHORT_YEARS},
    "%d/%m/%Y or %Y-%m-%d": {"Infinity", *SHORT_YEARS},
}
# DuckDB takes infinity for 1900-01-01 in any format.
OF_ANY_FORMAT = {"Infinity"}
FORMATS = (
    ("%d/%m/%Y",),
    ("%m/%d/%y",),
    ("%d.%m.%Y %H:%M",),
    ("%d %b %Y",),
    ("%m/%d/%Y %I:%M %p",),
    ("%Y-%m-%dT%H:%M:%S",),
    ("%Y-%m-%d %H:%M:%S.%f",),
    ("%d/%m/%Y", "%Y-%m-%d"),
)


class SparkSql(ProjectSql):
    """Renders the project's macros for Spark."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        super().__init__(connection)
        # A global of dbt's that DuckDB's macros do without.
        self._globals["namespace"] = Namespace

    def _dispatch(self, name: str) -> Any:
        return self._globals["spark__" + name]


@dataclass(frozen=True)
class Asked:
    """An expression over a text `t`, rendered for both engines."""

    on_duckdb: str
    on_spark: str


def expressions() -> dict[str, Asked]:
    """Return what is asked, by a name that says what it is."""
    with duckdb.connect() as connection:
        engines = ProjectSql(connection), SparkSql(connection)
        calls: dict[str, tuple] = {
            "number with a point": ("number_of_text", "t", "point"),
            "number with a comma": ("number_of_text", "t", "comma"),
            "plain number": ("number_in_format", "t", ["plain"]),
            "number of an attribute": ("read_number", "t", "false"),
            "number of an attribute with a comma": ("read_number", "t", "true"),
            "text": ("raw_text", "t"),
            "name of a feature": ("snake_case", "t"),
            "whole number as text": ("whole_text", "t"),
            "digits only": ("text_matches", "t", "[0-9]+"),
            "digest": ("text_digest", "t"),
            "share": ("hash_fraction", "t"),
            "time in ISO 8601": ("time_in_format", "t", ["iso"]),
            "serial date": ("time_in_format", "'45319.3340277778'", ["excel"]),
            "Unix time": ("time_in_format", "'1706428860,5'", ["unix_s"]),
            "no Unix time": ("time_in_format", "t", ["unix_ms"]),
            "month in German": ("time_in_format", "'Am 1. März 2024'", ["de:%d %m %Y"]),
            "name of an item": ("readable_item", "t"),
            "item of a list": ("readable_item", "'FRZN MEAT/MEAT DINNERS, ' || upper(t)"),
            "amount of thousands": ("spoken_number", "12345.6 * length(t)", "'currency'"),
            "thousands": ("spoken_number", "cast(length(t) as double) / 7", "'thousand dollars'"),
            "literal": ("text_literal", "a 'quoted' \\d+ \\\\ \"text\""),
        }
        for formats in FORMATS:
            calls[" or ".join(formats)] = ("time_of_text", "trim(t)", list(formats))
        day = "cast('2024-02-29' as date)"
        calls |= {
            "days": ("days_between", "cast('2023-12-31' as date)", day),
            "a day later": ("add_days", day, 366),
            "days before": ("add_days", day, "-60"),
            "Monday": ("week_start", day),
            "period": ("grid_period", day),
            "time on the wall": (
                *("local_time", "cast('2024-07-01 23:30:00' as timestamp)", "America/New_York"),
            ),
        }
        found = {
            name: Asked(*(engine.macro(macro, *arguments) for engine in engines))
            for name, (macro, *arguments) in calls.items()
        }
        return found | {"boolean": Asked("try_cast(t as boolean)", "try_cast(t as boolean)")}


EXPRESSIONS = expressions()
TEXTS = (*NUMBERS, *WORDS, *TIMES)


@pytest.fixture(scope="module")
def on_spark(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str | None]]:
    """What Spark answers: texts by expression and text asked about."""
    folder = tmp_path_factory.mktemp("macros")
    asked = {name: asked.on_spark for name, asked in EXPRESSIONS.items()}
    (folder / "asked.json").write_text(json.dumps({"texts": TEXTS, "expressions": asked}))
    (folder / "spark-defaults.conf").write_text(
        "spark.master local[1]\nspark.ui.enabled false\nspark.sql.session.timeZone UTC\n"
        "spark.driver.bindAddress 127.0.0.1\nspark.driver.host 127.0.0.1\n"
    )
    subprocess.run(
        [sys.executable, "-c", ASK_SPARK, folder / "asked.json", folder / "answers.json"],
        env={**os.environ, "SPARK_CONF_DIR": str(folder), "TZ": "UTC"},
        cwd=folder,
        check=True,
    )
    return json.loads(Path(folder / "answers.json").read_text())


def as_number(answer: str | None) -> object:
    """Return an answer by its value, as each engine writes numbers in its own way."""
    try:
        return float(answer)
    except (TypeError, ValueError):
        return answer


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_engines_read_the_same(name: str, on_spark: dict[str, dict[str, str | None]]) -> None:
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        answers = dict(
            connection.execute(
                f"select t, cast({EXPRESSIONS[name].on_duckdb} as varchar) "
                "from (select unnest($texts) as t)",
                {"texts": list(TEXTS)},
            ).fetchall()
        )
    different = {
        text: (answers[text], on_spark[name][text])
        for text in answers
        if answers[text] != on_spark[name][text]
        and as_number(answers[text]) != as_number(on_spark[name][text])
    }
    is_format = "%" in name
    assert different.keys() == READ_OTHERWISE.get(name, OF_ANY_FORMAT if is_format else set()), (
        different
    )
