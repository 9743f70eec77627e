"""What must be touched to add something: one feature and one mart, added to a copy and built.

A feature is its expression in the macro of its family, a row of the seed and a doc block of its
name; a mart is a SQL file and its description.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from shops import SHOP, Builds, Built, build, copy_project, edit

pytestmark = pytest.mark.many_builds

FEATURE = "orders_per_week"
EXPRESSION = f"        '{FEATURE}': \"cast(order_count * 7 as double) / observed_days\",\n"
DESCRIPTION = "Orders per observed week, at least 0."
DEFINITION = (
    f"*,99,{FEATURE},orders per week,value,orders per week,log1p,0.5,true,zero,busy weeks,"
    "quiet weeks"
)
MART = "segment_order_shares"
MART_SQL = """with

customer_segments as (

    select * from {{ ref('customer_segments') }}
    where status = 'segmented'

),

final as (

    select
        segment_id,
        cast(sum(order_count) as bigint) as order_count
    from customer_segments
    group by segment_id

)

select * from final
"""
MART_YAML = f"""version: 2

models:
  - name: {MART}
    description: >
      How many orders the customers of a segment placed in the window. Grain:
      one row per segment.
    config:
      contract:
        enforced: true
      meta:
        small_groups: segments
        primary_key:
          - segment_id
    data_tests:
      - primary_key
    columns:
      - name: segment_id
        data_type: bigint
        description: Segment.
      - name: order_count
        data_type: bigint
        description: Orders of its customers in the window.
"""


def build_with_more(builds: Builds) -> Built:
    """Build the fixture shop by a copy of the project with a feature and a mart more."""
    folder = builds.folder("added")
    root = copy_project(folder / "project")
    add_feature(root / "dbt_project")
    add_mart(root / "dbt_project" / "models" / "marts" / "segments")
    return build(SHOP, folder / "warehouse", root=root).checked()


def add_feature(project: Path) -> None:
    """Add the feature: expression, definition, description."""
    first = "        'orders_per_28_days':"
    edit(project / "macros/families/value_features.sql", first, EXPRESSION + first)
    with (project / "seeds/feature_definitions.csv").open("a", encoding="utf-8") as seed:
        seed.write(DEFINITION + "\n")
    docs = project / "models/features/families/_families__docs.md"
    with docs.open("a", encoding="utf-8") as blocks:
        blocks.write(f"\n{{% docs {FEATURE} %}}\n{DESCRIPTION}\n{{% enddocs %}}\n")


def add_mart(folder: Path) -> None:
    """Add the mart: SQL and YAML."""
    (folder / f"{MART}.sql").write_text(MART_SQL, encoding="utf-8")
    (folder / f"_{MART}__models.yml").write_text(MART_YAML, encoding="utf-8")


CHAINS = [{"added": build_with_more}]


@pytest.fixture
def added(builds: Builds) -> Built:
    """The build with a feature and a mart more."""
    return builds["added"]


def test_a_feature_is_computed_told_and_clustered_by(added: Built) -> None:
    wrong = added.one(
        f"select count(*) filter (where abs({FEATURE} - orders_per_28_days / 4) > 1e-12), "
        f"count({FEATURE}) from customer_features"
    )
    assert wrong[0] == 0
    assert wrong[1] > 0
    assert added.one(
        "select label, family, is_clustered from feature_catalog where feature = ?", FEATURE
    ) == ("orders per week", "value", True)
    assert added.one("select count(*) from segment_profiles where feature = ?", FEATURE) > (0,)
    assert added.one(
        "select comment from duckdb_columns() "
        "where table_name = 'customer_features' and column_name = ?",
        FEATURE,
    ) == (DESCRIPTION,)


def test_a_mart_is_published_with_its_descriptions(added: Built) -> None:
    found = dict(added.query(f"select segment_id, order_count from {MART}"))
    expected = added.query(
        "select segment_id, order_count from segment_summary where order_count > 0"
    )
    assert {segment: count for segment, count in found.items() if count} == dict(expected)
    assert found
    assert added.one(
        "select comment from duckdb_columns() where table_name = ? and column_name = 'order_count'",
        MART,
    ) == ("Orders of its customers in the window.",)
