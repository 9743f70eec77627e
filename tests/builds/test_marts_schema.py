"""The columns that readers rely on, as taken down in tests/fixtures/marts_schema.csv.

A column more is no harm. To take new ones down, after a build of the data that comes along:

    .venv/bin/python dev/marts_schema.py > tests/fixtures/marts_schema.csv
"""

import subprocess
import sys

import yaml

from publishing.marts_schema import COLUMNS, broken, schema_of
from shops import FIXTURES, ROOT, read_csv

TAKEN_DOWN = FIXTURES / "marts_schema.csv"


def taken_down():
    """The schema version and the types of columns by mart, as they were taken down."""
    schema = {}
    rows = read_csv(TAKEN_DOWN)
    for row in rows:
        schema.setdefault(row["mart"], {})[row["column"]] = row["type"]
    ((version),) = {int(row["marts_schema_version"]) for row in rows}
    return version, schema


def test_no_column_is_removed_or_retyped_without_a_new_schema_version(shop):
    version_before, before = taken_down()
    version, after = schema_of(shop.marts)
    assert len(before) >= 11
    changes = broken(before, after)
    assert not changes or version > version_before, (
        "readers would break: raise marts_schema_version in dbt_project.yml, and take the columns "
        f"down anew by dev/marts_schema.py: {changes}"
    )


def test_the_schema_version_published_is_that_of_the_project(shop):
    text = (ROOT / "dbt_project" / "dbt_project.yml").read_text(encoding="utf-8")
    assert schema_of(shop.marts)[0] == yaml.safe_load(text)["vars"]["marts_schema_version"]


def test_the_list_is_as_the_script_writes_it(shop):
    ended = subprocess.run(
        [sys.executable, str(ROOT / "dev" / "marts_schema.py"), str(shop.marts)],
        capture_output=True,
        text=True,
        check=True,
    )
    head, *lines = ended.stdout.splitlines()
    assert head == ",".join(COLUMNS) == TAKEN_DOWN.read_text(encoding="utf-8").splitlines()[0]
    assert len(lines) == len(set(lines)) > 100


def test_what_breaks_readers_and_what_does_not():
    before = {"a": {"x": "BIGINT", "y": "VARCHAR"}, "b": {"z": "DATE"}, "c": {"w": "DATE"}}
    after = {"a": {"y": "VARCHAR", "x": "DOUBLE", "more": "DATE"}, "new": {"q": "DATE"}}
    assert broken(before, after, exempt={"c"}) == [
        "a.x was BIGINT and is DOUBLE",
        "b was removed",
    ]
    assert broken(after, after) == []
