"""The row and the number of queries that always have one."""

from __future__ import annotations

import duckdb
import pytest

from common.query_rows import one_count, one_row


def test_the_row_of_a_query_comes_with_its_parameters_bound():
    with duckdb.connect() as connection:
        assert one_row(connection, "select $1 + 1, 'a'", [2]) == (3, "a")
        assert one_row(connection, "select $n", {"n": None}) == (None,)
        assert one_count(connection, "select count(*) from range(3)") == 3


def test_a_query_without_rows_is_named():
    with duckdb.connect() as connection, pytest.raises(RuntimeError, match="where false"):
        one_row(connection, "select 1 where false")
