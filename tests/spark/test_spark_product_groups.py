"""Groups of products are the same on Spark."""

from __future__ import annotations

import pytest

from models_py.product_group_step import groups_step
from product_lines import CALENDAR, ITEMS, KINDS, NO_CATEGORY, relations

pytestmark = pytest.mark.spark


def test_products_are_in_the_same_groups(session):
    from models_spark.relation import SparkRelation

    _, given = relations(NO_CATEGORY)
    frames = [session.createDataFrame(one.to_arrow_table()) for one in given]
    found = groups_step(*map(SparkRelation, frames), CALENDAR)
    assert found.num_rows == KINDS * ITEMS
    assert found.equals(groups_step(*given, CALENDAR))
