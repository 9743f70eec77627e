"""The template of a source, copied as the guide says and built."""

from __future__ import annotations

import random
import shutil
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from common.console import WRONG_USE, Problem
from common.sources import source_of_folder
from customer_tables import write_table
from shops import ROOT, Builds, Built, build, copy_project

TEMPLATE = ROOT / "docs" / "templates" / "source"


def build_template(builds: Builds) -> Built:
    """Copy the template into a copy of the project and build two of its three files."""
    folder = builds.folder("template")
    root = copy_project(folder / "project")
    shutil.copytree(TEMPLATE, root / "dbt_project" / "models" / "staging" / "my_shop")
    rng = random.Random(2)
    sales = []
    for card in range(30):
        at = datetime(2025, 1, 1, 9) + timedelta(days=card % 7)
        while at < datetime(2025, 9, 1):
            sales.append(
                {
                    "receipt": f"r{len(sales)}",
                    "card": f"0{card}",
                    "article": rng.choice(["tea", "jam", "soap"]),
                    "pieces": rng.randint(1, 4),
                    "amount": f"{rng.randint(100, 2000) * (1 + 9 * (card % 2)) / 100:.2f}",
                    "sold_at": at.isoformat(sep=" "),
                }
            )
            at += timedelta(days=rng.randint(2, 30), minutes=rng.randint(0, 300))
    sales.append(sales[0] | {"receipt": "bad", "amount": "much"})
    write_table(folder / "data" / "sales.csv", sales)
    articles = [{"article": a, "department": d} for a, d in (("tea", "Food"), ("soap", "Care"))]
    write_table(folder / "data" / "articles.csv", articles)
    return build(folder / "data", folder / "warehouse", root=root, source="my_shop")


CHAINS = [{"template": build_template}]


@pytest.mark.many_builds
def test_the_template_builds(builds):
    built = builds["template"].checked()
    assert built.current_run("source", "customer_count") == ("my_shop", 30)
    assert built.query(
        "select source_table, outcome, reason from data_quality "
        "where reason <> 'accepted' order by all"
    ) == [
        ("sales", "noted", "unknown_product"),
        ("sales", "rejected", "unreadable_amount"),
    ]
    used = {
        feature for (feature,) in built.query("select feature from feature_catalog where is_used")
    }
    assert {"spend_per_28_days", "category_1_share"} <= used


def test_the_template_says_what_to_load():
    folder = TEMPLATE.parent / "my_shop"
    with pytest.raises(Problem, match=r"_my_shop__sources\.yml is not there"):
        source_of_folder(folder)


@pytest.fixture
def folder(tmp_path) -> Path:
    return Path(shutil.copytree(TEMPLATE, tmp_path / "my_shop"))


def test_tables_come_from_the_sources_file(folder):
    source = source_of_folder(folder)
    assert (source.orders_table, source.customer_column, source.time_column) == (
        "sales",
        "card",
        "sold_at",
    )
    assert [(t.name, t.is_required) for t in source.tables] == [
        ("sales", True),
        ("articles", False),
        ("cards", False),
    ]
    assert source.tables[0].required[0] == "receipt"
    assert source.tables[1].columns == ("article", "department")


@pytest.mark.parametrize("text", ["sources: [", "version: 2", "sources: [{name: other}]", "- a"])
def test_a_sources_file_that_says_nothing_is_wrong_use(folder, text):
    (folder / "_my_shop__sources.yml").write_text(text)
    with pytest.raises(Problem, match="docs/templates/source") as caught:
        source_of_folder(folder)
    assert caught.value.exit_code == WRONG_USE
