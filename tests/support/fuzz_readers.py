"""Feed mutated input to the readers, and write down what became of it.

Run by test_faults_readers.py under coverage. Seeds are whole and right; a mutation changes bytes
(any file is bytes at first), structure (lines, cells, nesting, encoding) or values (cells).
Whatever comes, a reader takes it or refuses it by a Problem with the exit code of refused data
and one printable line; of rows that it takes, none is lost.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import random
import re
import signal
import sys
import tempfile
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import duckdb
from dbt_common.clients import agate_helper

from common.console import DATA_REFUSED, Problem
from common.project_root import ROOT
from common.project_sql import ProjectSql, Relation
from common.quoting import literal
from common.shipped_sources import SOURCES
from common.source_contract import RawTable
from common.text_columns import Stated
from fuzz_mutations import CLASSES, MUTATIONS
from loading import file_search
from loading.audiences import read_rules, sql_of
from loading.column_mapping import map_columns
from loading.definition_rows import COLUMNS, read_definitions
from loading.file_copies import Copies
from loading.file_inspection import inspect
from loading.file_layout import LINES_KEY
from loading.mapped_sql import mapped_sql
from loading.mapping_file import Option, TableMapping, read_mapping
from loading.project_files import check_playbook
from loading.raw_files import TablePlan
from loading.table_rows import text_problem, utf8_file
from loading.text_format import records

OWN_FILES = SOURCES["own_files"]
TABLE = OWN_FILES.tables[0]
SEEDS = ROOT / "dbt_project" / "seeds"
SECONDS_AN_INPUT = 30
INPUTS_TO_A_LINE = 500
LONGEST_MESSAGE = 2_000

ORDER_LINES = (
    "order_line_id,order_id,customer_id,product_id,quantity,net_amount,discount_amount,channel,"
    "is_return,ordered_at\n"
    + "".join(
        f"l{i},o{i // 2},c{i % 4},p{i % 3},{i},{i}.50,0.10,web,false,2024-03-{i + 1:02} 10:00:00\n"
        for i in range(8)
    )
    + '"l,9","o""9",c1,p1,1,"1,5",0,"a\nb",false,2024-04-01\n'
)
MAPPING = (
    "net_amount: Quantity * UnitPrice\n"
    "customer_id: 'Customer ID'\n"
    "ordered_at: InvoiceDate\n"
    "channel: \"'web'\"\n"
    "order_id: No + '-' + Line\n"
    "customers:\n  customer_id: id\n  age: 2024 - born\n  _file: people*.csv\n"
)
CUSTOMER = {
    "value_tier": "'top'",
    "spend": "12.50::decimal(18, 4)",
    "last_order_date": "date '2024-02-29'",
    "is_outlier": "false",
    "segment_id": "3::bigint",
}
TYPES = {
    "value_tier": "varchar",
    "spend": "decimal(18, 4)",
    "last_order_date": "date",
    "is_outlier": "boolean",
    "segment_id": "bigint",
}
AUDIENCES = (
    "source,audience,description,include,exclude\n"
    "*,best,Those who spend,\"value_tier in ('top', 'high') and spend > 10.5\",segment_id = 3\n"
    "own_files,new,Lately,last_order_date >= '2024-01-01' and not is_outlier,\n"
    "*,young,By age,attributes.age + 1 between 18 and 34 or lower(value_tier) like 't%',\n"
)
ORDERS = [
    {"id": n, "customer": {"id": f"c{n}", "home": {"city": "Köln"}}, "lines": [{"sku": "a"}] * n}
    for n in range(4)
]
JSON_LINES = "".join(json.dumps(order) + "\n" for order in ORDERS)
JSON_OBJECT = json.dumps({"page": 1, "orders": ORDERS}, indent=1)
JSON_MAPPING = TableMapping(options={LINES_KEY: Option(LINES_KEY, "lines", 1, "lines")})
JSON_TABLE = RawTable("order_lines")
MAPPED_HEADER = ("No", "Line", "Customer ID", "InvoiceDate", "Quantity", "UnitPrice", "Text")
MAPPED_ROW = ("1", "2", "c1", "2024-01-02", "3", "4.50", "x")


class Readers:
    """The readers, each with a right input to begin from."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._connection = duckdb.connect()
        self._connection.execute(f"set temp_directory = {literal(folder / 'spill')}")
        self._connection.execute(f"set allowed_directories = [{literal(folder)}]")
        self._connection.execute("set enable_external_access = false")
        self._project = ProjectSql(
            self._connection, {"source": "own_files"}, lambda name: Relation("main", name)
        )
        self._connection.execute("create schema raw")
        names = (*MAPPED_HEADER, "_file", "_row_number")
        row = ", ".join(literal(text) for text in (*MAPPED_ROW, "f.csv"))
        self._connection.execute(
            f"create table raw.order_lines_as_read as select * from (values ({row}, 1)) "
            f"as t({', '.join(chr(34) + name + chr(34) for name in names)})"
        )

    def seeds(self) -> dict[str, tuple[bytes, Callable[[bytes], None]]]:
        """Return for each reader a right input and what reads it."""
        return {
            "CSV": (ORDER_LINES.encode(), self.read_csv),
            "JSON lines": (JSON_LINES.encode(), self.read_json),
            "JSON": (JSON_OBJECT.encode(), self.read_json),
            "columns.yml": (MAPPING.encode(), self.read_mapping),
            "definitions": (
                (SEEDS / "feature_definitions.csv").read_bytes(),
                self.read_definitions,
            ),
            "playbook": ((SEEDS / "playbook_rules.csv").read_bytes(), self.read_playbook),
            "audiences": (AUDIENCES.encode(), self.read_audiences),
        }

    def read_csv(self, content: bytes) -> None:
        """Read order lines: each row of the file is a row of the table."""
        path = self._write("data/order_lines.csv", content)
        (found,) = file_search.find_files(path.parent, TABLE)
        file = inspect(self._connection, found, TABLE, Copies(self._folder))
        plan = TablePlan(TABLE, (file,), TABLE.name)
        with utf8_file(file, self._folder) as plain:
            try:
                (count,) = self._connection.execute(
                    f"select count(columns(*)), count(*) from ({plan.select_sql(file, plain)})"
                ).fetchall()[0][-1:]
            except duckdb.Error as error:
                raise text_problem(file, error) from error
        expected = sum(1 for _, record in records(path, file.written) if any(record)) - 1
        blank = sum(1 for _, record in records(path, file.written) if not any(record))
        assert expected <= count <= expected + blank, f"{count} rows, expected {expected}"

    def read_json(self, content: bytes) -> None:
        """Read orders with lines within: each line is a row of the table."""
        path = self._write("json/order_lines.json", content)
        (found,) = file_search.find_files(path.parent, TABLE)
        file = inspect(self._connection, found, JSON_TABLE, Copies(self._folder), JSON_MAPPING)
        plan = TablePlan(JSON_TABLE, (file,), TABLE.name)
        with utf8_file(file, self._folder) as plain:
            try:
                self._connection.execute(
                    f"select count(columns(*)) from ({plan.select_sql(file, plain)})"
                ).fetchall()
            except duckdb.Error as error:
                raise text_problem(file, error) from error

    def read_mapping(self, content: bytes) -> None:
        """Read columns.yml and make SQL of it, which runs."""
        folder = self._write("mapped/columns.yml", content).parent
        mappings = read_mapping(folder, OWN_FILES.tables)
        mapping = mappings.get(TABLE.name)
        if mapping is None or not mapping.columns:
            return
        spellings = {name: name for name in MAPPED_HEADER}
        mapped = map_columns(self._connection, TABLE, f"{TABLE.name}_as_read", spellings, mapping)
        query = mapped_sql(self._connection, self._project, mapped, Stated(None, None))
        self._connection.execute(query).fetchall()

    def read_definitions(self, content: bytes) -> None:
        """Read definitions: every row has all columns."""
        path = self._write("definitions.csv", content)
        for row in read_definitions(path, "own_files"):
            assert row.keys() >= COLUMNS.keys()

    def read_playbook(self, content: bytes) -> None:
        """Read the playbook as a build does before it loads anything, then as dbt would."""
        path = self._write("playbook_rules.csv", content)
        self._connection.execute("drop table if exists playbook_rules")
        check_playbook(self._connection, self._project, path)
        rows = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
        names = [name.strip().lower() for name in rows[0]]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)
            table = agate_helper.from_csv(str(path), text_columns=names)
        kept = [row for row in rows[1:] if any(cell.strip() for cell in row)]
        assert len(table.rows) >= len(kept), f"dbt reads {len(table.rows)} rows of {len(kept)}"

    def read_audiences(self, content: bytes) -> None:
        """Read audiences and look for their customers, as an export does."""
        path = self._write("audiences.csv", content)
        row = ", ".join(f'{value} as "{name}"' for name, value in CUSTOMER.items())
        for rule in read_rules(self._connection, TYPES, "own_files", path):
            named = ", ".join(
                f"cast('5' as varchar) as \"{name}\"" for name in rule.columns if name not in TYPES
            )
            for condition in filter(None, (rule.include, rule.exclude)):
                self._connection.execute(
                    f"select count(*) from (select {', '.join(filter(None, (row, named)))}) "
                    f"where {sql_of(condition, TYPES)}"
                ).fetchall()

    def _write(self, name: str, content: bytes) -> Path:
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


def told_well(problem: Problem) -> str | None:
    """Say what is wrong with a refusal, None when nothing is."""
    text = str(problem)
    if problem.exit_code != DATA_REFUSED:
        return f"exit code {problem.exit_code}"
    if not text.isprintable():
        return "not one printable line"
    if len(text) > LONGEST_MESSAGE:
        return f"a message of {len(text)} characters"
    if not re.match(r"(DEFINITIONS: )?\S+\.(csv|yml|json)", text):
        return "names no file"
    return None


def fuzz(inputs: int, seed: int) -> dict[str, object]:
    """Feed inputs to the readers in turn; returns counts and failures."""
    tried: Counter[str] = Counter()
    refused: Counter[str] = Counter()
    failures: list[dict[str, str]] = []
    with tempfile.TemporaryDirectory(prefix="fuzz-") as name:
        readers = Readers(Path(name)).seeds()
        for content, read in readers.values():
            read(content)
        for number in range(inputs):
            kind = CLASSES[number % len(CLASSES)]
            reader = list(readers)[number // len(CLASSES) % len(readers)]
            content, read = readers[reader]
            rng = random.Random(f"{seed} {number}")
            changed = MUTATIONS[kind](rng, content)
            what = f"{reader}, {kind}"
            tried[what] += 1
            signal.alarm(SECONDS_AN_INPUT)
            try:
                read(changed)
            except Problem as problem:
                refused[what] += 1
                if fault := told_well(problem):
                    failures.append(failure(number, what, f"{fault}: {problem}", changed))
            except Exception:
                failures.append(failure(number, what, traceback.format_exc()[-1500:], changed))
            finally:
                signal.alarm(0)
            if (number + 1) % INPUTS_TO_A_LINE == 0:
                line = f"{number + 1:,} of {inputs:,} inputs, {len(failures)} failures\n"
                sys.stderr.write(line)
    return {"tried": tried, "refused": refused, "failures": failures}


def failure(number: int, what: str, how: str, content: bytes) -> dict[str, str]:
    """Describe a failure, so that it can be tried again."""
    return {"input": str(number), "what": what, "how": how, "content": repr(content)}


def too_long(_: int, __: FrameType | None) -> None:
    """End an input that takes too long."""
    raise TimeoutError(f"took more than {SECONDS_AN_INPUT} s")


def main() -> None:
    """Fuzz and write what came of it as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--inputs", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=20261123)
    arguments = parser.parse_args()
    signal.signal(signal.SIGALRM, too_long)
    json.dump(fuzz(arguments.inputs, arguments.seed), sys.stdout)


if __name__ == "__main__":
    main()
