"""How long the texts of expressions can get is known before they are run."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from common.console import DATA_REFUSED, Problem
from common.settings import Settings, resolve
from loading.expression_growth import LONGEST_RESULT, MOST_TIMES
from loading.expressions import ExpressionError, parse
from loading.load_raw import load


def grown(text: str) -> tuple[float, float]:
    with duckdb.connect() as connection:
        found = parse(connection, text, str).growth
    return found.times, found.plus


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("a || '-' || b", {"a": "x" * 30, "b": "y" * 20}),
        ("concat(a, a, a)", {"a": "x" * 30}),
        ("replace(a, 'x', 'yyyy')", {"a": "x" * 30}),
        ("replace(replace(a, 'x', 'yyyy'), 'y', 'xx')", {"a": "x" * 30}),
        ("replace('{id}-{id}', '{id}', a)", {"a": "x" * 30}),
        ("regexp_replace(a, '', 'zz', 'g')", {"a": "x" * 30}),
        ("regexp_replace(a, '(.)', '\\1\\1\\1', 'g')", {"a": "x" * 30}),
        ("case when a = 'x' then a else concat(a, a) end", {"a": "x" * 30}),
        ("coalesce(nullif(a, ''), 'none') || upper(b)", {"a": "", "b": "y" * 30}),
        ("substr(concat(a, a), 2)", {"a": "x" * 30}),
        ("cast(length(a) as varchar) || 'pieces'", {"a": "x" * 30}),
        ("strftime(cast(a as date), '%A %B %Y')", {"a": "2024-09-25"}),
    ],
)
def test_no_result_is_longer_than_the_bound(text: str, values: dict[str, str]) -> None:
    times, plus = grown(text)
    assert times <= MOST_TIMES
    named = ", ".join(f"${name} as {name}" for name in values)
    with duckdb.connect() as connection:
        (length,) = connection.execute(
            f"select length({text}) from (select {named})", values
        ).fetchone()
    assert length <= times * max(map(len, values.values())) + plus


NESTED = "a"
for _ in range(10):
    NESTED = f"replace({NESTED}, 'x', 'xxxxxxxxxx')"


@pytest.mark.parametrize(
    "text",
    [
        NESTED,
        f"length({NESTED})",
        f"case when {NESTED} = 'x' then 1 else 2 end",
        f"a in ('x', {NESTED})",
        f"coalesce(b, {NESTED})",
        f"cast({NESTED} as varchar)",
        f"left({NESTED}, 3)",
        "replace(a, 'x', '" + "y" * 200 + "')",
        "replace(a, 'x', a)",
        "replace(a, b, a)",
        "regexp_replace(a, '', a, 'g')",
        "regexp_replace(regexp_replace(a, '', '1234567890', 'g'), '', '1234567890', 'g')",
        "concat(" + ", ".join("a" * 150) + ")",
        "strftime(cast('2024-01-01' as date), " + " || ".join("a" * 10) + ")",
    ],
)
def test_what_could_make_a_text_too_long_is_refused(text: str) -> None:
    with pytest.raises(ExpressionError, match="100 times as long"):
        grown(text)


def settings_of(tmp_path: Path, expression: str, text: str) -> Settings:
    data = tmp_path / "data"
    data.mkdir()
    (data / "order_lines.csv").write_text(
        "order_id,customer_id,ordered_at,net_amount,note\no1,c1,2024-01-02,1,x\n"
        f"o2,c2,2024-01-03,1,{text}\n"
    )
    (data / "columns.yml").write_text(expression)
    given = {"SOURCE": "own_files", "DATA": str(data), "WAREHOUSE": str(tmp_path / "w")}
    return resolve(given)


@pytest.mark.parametrize(
    "line",
    [
        """product_id: "replace(note, 'x', 'yyyy')\"""",
        """_where: "length(replace(note, 'x', 'yyyy')) > 1\"""",
    ],
)
def test_long_texts_of_the_files_count_too(tmp_path: Path, line: str) -> None:
    text = "x" * (LONGEST_RESULT // 4 + 1)
    settings = settings_of(tmp_path, f"order_lines:\n  {line}\n", text)
    with pytest.raises(
        Problem, match=r"columns\.yml, line 2: .* in row 2 of order_lines"
    ) as caught:
        load(settings)
    assert caught.value.exit_code == DATA_REFUSED


def test_texts_within_the_bound_are_made(tmp_path: Path) -> None:
    settings = settings_of(
        tmp_path, "product_id: replace(note, 'x', 'yyyy')\n", "x" * (LONGEST_RESULT // 4 - 100)
    )
    assert load(settings).row_count == 2
