"""Groups of few people: their figures are hidden, and do not follow from what is shown."""

from __future__ import annotations

import duckdb
import numpy as np
import pytest
from scipy.optimize import linprog

from common.project_sql import ProjectSql, Relation

LEAST = 5


def asked(connection: duckdb.DuckDBPyConnection) -> ProjectSql:
    """The project's SQL over tables of the connection."""
    return ProjectSql(connection, {"min_group_size": LEAST}, lambda name: Relation("main", name))


def make(connection: duckdb.DuckDBPyConnection, model: str) -> None:
    sql, _ = asked(connection).model(model)
    connection.execute(f"create table {model} as {sql}")


# --- the rule


def some_tables(count: int) -> list[np.ndarray]:
    """Tables of segments and values: sparse, even, lumpy and with one small segment.

    The total of a column is known to readers, so it is 0 or large enough itself.
    """
    rng = np.random.default_rng(7)
    # Web purchases (0 to 8) of three segments: nobody of the first has the rare values.
    found: list[np.ndarray] = [
        np.array(
            [
                [0, 0, 0, 14, 18, 32, 21, 17, 18],
                [0, 0, 19, 12, 17, 23, 0, 0, 0],
                [17, 31, 1, 0, 0, 0, 0, 0, 0],
            ]
        )
    ]
    while len(found) < count:
        rows, columns = int(rng.integers(2, 6)), int(rng.integers(1, 7))
        people = (
            rng.poisson(rng.gamma(1, 6, size=(rows, columns))),
            rng.integers(0, 12, size=(rows, columns)),
            (rng.random((rows, columns)) < 0.5) * rng.integers(0, 40, size=(rows, columns)),
            np.outer(rng.integers(1, 200, rows), rng.dirichlet(np.ones(columns))).round(),
        )[len(found) % 4].astype(int)
        totals = people.sum(axis=0)
        if ((totals == 0) | (totals >= LEAST)).all():
            found.append(people)
    return found


def hidden(tables: list[np.ndarray]) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each table which cells, and which totals of rows, are hidden."""
    found = [(np.zeros(t.shape, bool), np.zeros(len(t), bool)) for t in tables]
    with duckdb.connect() as connection:
        connection.execute("create table cells (number int, part int, value int, people bigint)")
        connection.executemany(
            "insert into cells values (?, ?, ?, ?)",
            [
                (number, *map(int, at), int(people))
                for number, table in enumerate(tables)
                for at, people in np.ndenumerate(table)
            ],
        )
        ctes = asked(connection).macro("hidden_cells", "cells", "number", "part", "value")
        for number, part, value, is_hidden, is_total_hidden in connection.execute(
            f"with {ctes} select number, part, value, is_hidden, is_total_hidden from cells_hidden"
        ).fetchall():
            found[number][0][part, value] = is_hidden
            found[number][1][part] |= is_total_hidden
    return found


def could_be(
    people: np.ndarray, is_hidden: np.ndarray, is_total_hidden: np.ndarray, cell: tuple[int, int]
) -> tuple[float, float]:
    """The least and the most people in a hidden cell, for a reader who subtracts what is shown."""
    places = list(zip(*np.nonzero(is_hidden), strict=True))
    rules, totals = [], []
    for axis, line in [
        *((0, row) for row in range(len(people)) if not is_total_hidden[row]),
        *((1, column) for column in range(people.shape[1])),
    ]:
        own = [float(place[axis] == line) for place in places]
        if any(own):
            rules.append(own)
            totals.append(
                sum(people[place] for place, is_own in zip(places, own, strict=True) if is_own)
            )
    aim = np.array([float(place == cell) for place in places])
    least, most = (linprog(sign * aim, A_eq=rules, b_eq=totals) for sign in (1, -1))
    return least.fun, -most.fun


def test_no_small_group_is_shown_or_follows_from_what_is() -> None:
    tables = some_tables(120)
    checked = 0
    for people, (is_hidden, is_total_hidden) in zip(tables, hidden(tables), strict=True):
        is_small = (people > 0) & (people < LEAST)
        totals = people.sum(axis=1)
        assert not (is_small & ~is_hidden).any(), people
        assert not ((totals > 0) & (totals < LEAST) & ~is_total_hidden).any(), people
        for cell in zip(*np.nonzero(is_small), strict=True):
            least, most = could_be(people, is_hidden, is_total_hidden, cell)
            assert most - least >= 1 - 1e-6, (people, is_hidden.astype(int), cell)
            checked += 1
        # What is hidden together is no small group itself.
        for axis in (0, 1):
            sums = (people * is_hidden).sum(axis=axis)
            known = ~is_total_hidden if axis == 1 else np.ones(len(sums), bool)
            assert ((sums == 0) | (sums >= LEAST) | ~known).all(), (people, is_hidden.astype(int))
            # And no hidden cell stands alone in its row or column.
            counts = is_hidden.sum(axis=axis)
            fewest = min(2, people.shape[axis])
            assert ((counts == 0) | (counts >= fewest)).all(), (people, is_hidden.astype(int))
    assert checked > 200


def test_where_nothing_is_small_nothing_is_hidden() -> None:
    ((cells, totals),) = hidden([np.array([[5, 0, 9], [0, 30, 7]])])
    assert not cells.any()
    assert not totals.any()


# --- demographics


def demographics(people: dict[tuple[int, str], int]) -> dict:
    """The rows of segment_demographics by segment and value, of so many customers each."""
    with duckdb.connect() as connection:
        connection.execute(
            "create table told (customer_id varchar, segment_id bigint, value varchar)"
        )
        for (segment, value), count in people.items():
            connection.execute(
                "insert into told select concat_ws('-', $1, $2, range), $1, $2 from range($3)",
                [segment, value, count],
            )
        for name, sql in {
            "customer_attribute_values": "select *, 'kind' as attribute from told",
            "attribute_profiles": "select 'kind' as attribute, 'kind' as label, "
            "true as is_profiled, false as is_whole, false as has_decimal_comma, "
            "null as band_limit_1, null as band_limit_2, null as band_limit_3, "
            "null as band_limit_4",
            "customer_assignments": "select customer_id, segment_id, true as is_current from told",
        }.items():
            connection.execute(f"create table {name} as {sql}")
        make(connection, "segment_demographics")
        cursor = connection.execute("select * from segment_demographics")
        names = [column[0] for column in cursor.description]
        rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return {(row["segment_id"], row["value"]): row for row in rows}


def test_population_shares_are_those_of_the_population() -> None:
    # Of 2,240 customers 21 complained; 14 of them are in segment 3.
    found = demographics(
        {
            (1, "no"): 700,
            (1, "yes"): 4,
            (2, "no"): 551,
            (2, "yes"): 3,
            (3, "no"): 968,
            (3, "yes"): 14,
        }
    )
    assert {value: row["population_share"] for (_, value), row in found.items()} == {
        "no": pytest.approx(2219 / 2240),
        "yes": pytest.approx(21 / 2240),
    }
    assert found[3, "yes"]["index_value"] == pytest.approx(100 * (14 / 982) / (21 / 2240))
    for segment in (1, 2):
        for value in ("no", "yes"):
            row = found[segment, value]
            assert row["is_small_group"]
            assert (row["customer_count"], row["customer_share"], row["index_value"]) == (None,) * 3
        assert found[segment, "no"]["known_count"] == {1: 704, 2: 554}[segment]


def test_a_segment_of_few_does_not_follow_from_the_others() -> None:
    # Four of segment 3: with one other segment shown they would be what is left of the population.
    found = demographics(
        {(1, "a"): 300, (1, "b"): 226, (2, "a"): 71, (2, "b"): 200, (3, "a"): 3, (3, "b"): 1}
    )
    assert {key for key, row in found.items() if row["customer_count"] is not None} == {
        (1, "a"),
        (1, "b"),
    }
    assert [found[segment, "a"]["known_count"] for segment in (1, 2, 3)] == [526, None, None]
    assert found[2, "a"]["population_share"] == pytest.approx(374 / 801)


def test_values_of_few_customers_are_folded_for_every_segment() -> None:
    found = demographics({(1, "a"): 40, (1, "b"): 2, (1, "c"): 9, (2, "a"): 30, (2, "d"): 8})
    # Two of b are folded together with d, the next rarest: ten of 89.
    assert {value for _, value in found} == {"a", "c", "(small groups)"}
    assert found[2, "(small groups)"]["population_share"] == pytest.approx(10 / 89)
    assert (found[1, "(small groups)"]["value_count"], found[1, "a"]["value_count"]) == (2, 1)


def test_what_hardly_anybody_told_is_left_out() -> None:
    assert demographics({(1, "a"): 2, (2, "b"): 2}) == {}
