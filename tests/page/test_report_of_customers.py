"""The map, the portraits, and the charts of customers: their figures are those of the marts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

import duckdb
import pytest
from python_calamine import CalamineWorkbook

from handover.summary import summary
from office.workbook import workbook
from report_page import wording
from report_page.page import whole_page
from report_page.sections.portrait import habits, sentence, traits, typical
from report_pages import Element, edited, make_large, read
from shops import Built

LEAST_SIZE = 5
Connection = duckdb.DuckDBPyConnection


def make_moved(connection: Connection) -> None:
    """Let six customers of segment 1 move to 2, four to 3, and seven of 2 to 1."""
    connection.execute("delete from segment_movement where basis = 'snapshots'")
    for start, target, count in ((1, 2, 6), (1, 3, 4), (2, 1, 7), (1, 1, 5)):
        connection.execute(
            "insert into segment_movement by name select 'snapshots' as basis, 'x' as period, "
            "cast($start as varchar) as from_group, cast($target as varchar) as to_group, "
            "$start as from_segment_id, $target as to_segment_id, $count as customer_count, "
            "0.5 as from_share, false as is_small_group, $day as from_date, $next as to_date",
            {
                "start": start,
                "target": target,
                "count": count,
                "day": date(2025, 1, 6),
                "next": date(2025, 2, 3),
            },
        )


@pytest.fixture(scope="module")
def file(shop: Built, folder: Path) -> Path:
    def edit(connection: Connection) -> None:
        make_large(connection)
        make_moved(connection)

    return edited(shop, folder / "customers", edit)


@pytest.fixture(scope="module")
def root(file: Path) -> Element:
    return read(whole_page(file))


@pytest.fixture(scope="module")
def marts(file: Path) -> Iterator[Connection]:
    with duckdb.connect(file, read_only=True) as connection:
        yield connection


def figure(root: Element, key: str) -> Element:
    return next(f for f in root.all("figure") if f.attributes["id"] == key)


def values_of(root: Element, key: str, name: str, *others: str) -> list[dict[str, Any]]:
    """Return the values of a chart that have the field `name` and none of `others`."""
    spec = json.loads(
        next(s for s in root.all("script") if s.attributes.get("id") == f"spec-{key}").text
    )
    found = [
        values
        for values in spec["datasets"].values()
        if name in values[-1] and not set(others) & set(values[-1])
    ]
    assert len(found) == 1
    return found[0]


@pytest.mark.pages
def test_the_map_comes_first_and_has_the_cells_of_the_grid(root: Element, marts: Connection):
    first = root.all("section")[0]
    drawn = first.of_class("map")[0]
    cells = [cell for cell in drawn.all("td") if "empty" not in cell.attributes["class"]]
    rows = marts.execute(
        "select tiers, spend_share, customer_count, net_moved_count from segment_grid "
        "order by segment_id, spend_per_customer desc, tiers"
    ).fetchall()
    assert len(cells) == len(rows) > 3
    for cell, (tiers, share, count, moved) in zip(cells, rows, strict=True):
        assert cell.attributes["colspan"] == str(len(tiers.split(", ")))
        assert cell.all("b")[0].text == wording.percent(share)
        lines = [line.text for line in cell.of_class("line")]
        assert lines[0] == f"{count} customers"
        if moved is not None:
            sign = {-1: "\N{BLACK DOWN-POINTING TRIANGLE} ", 1: "\N{BLACK UP-POINTING TRIANGLE} "}
            start = sign.get((moved > 0) - (moved < 0), "\N{PLUS-MINUS SIGN}")
            assert lines[-1].startswith(f"{start}{abs(moved)}")
    for row in drawn.all("tr")[1:]:
        assert (
            sum(int(c.attributes.get("colspan", "1")) for c in row.all("td"))
            == len(drawn.all("tr")[0].all("th")) - 1
        )


@pytest.mark.pages
def test_a_portrait_has_what_differs_most_with_its_index(root: Element, marts: Connection):
    cards = root.of_class("cards")[0].of_class("card")
    for card, (segment_id, rule, avoid) in zip(
        cards,
        marts.execute(
            "select segment_id, rule, avoid from segment_playbook "
            "join segment_rules using (segment_id) order by segment_id"
        ).fetchall(),
        strict=True,
    ):
        for above, title, most in ((True, "More than others", 5), (False, "Less than others", 3)):
            side = "desc" if above else "asc"
            expected = marts.execute(
                f"select label, index_value from segment_profiles where segment_id = {segment_id} "
                "and family <> 'needs' and index_value is not null and standardised_difference "
                f"{'>= 0.2' if above else '<= -0.2'} order by standardised_difference {side} "
                f"limit {most}"
            ).fetchall()
            titles = [heading.text for heading in card.all("h4")]
            lists = [e for e in card.all("ul") if "traits" in e.attributes["class"]]
            places = [t for t in titles if t.endswith("than others")]
            assert (title in places) == bool(expected)
            if expected:
                items = lists[places.index(title)].all("li")
                for item, (label, index) in zip(items, expected, strict=True):
                    # Equal differences may stand in any order.
                    assert f"index {wording.index(index)}" in item.text or label not in item.text
        assert rule is None or f"{rule}." in card.text
        assert avoid in card.text


def test_a_portrait_is_made_of_what_is_known():
    row = {
        "feature": "evening_order_share",
        "label": "evening share of orders",
        "unit": "share of orders",
        "mean_value": 0.5,
        "population_mean": 0.25,
        "median_value": 0.4,
        "standardised_difference": 1.2,
        "index_value": 200.0,
        "is_used": True,
    }
    near = row | {"feature": "discount_rate", "standardised_difference": 0.1, "index_value": 101.0}
    assert traits([row, near], above=True) == [
        {
            "label": "evening share of orders",
            "value": "50%",
            "average": "25%",
            "index": "200",
        }
    ]
    assert traits([row, near], above=False) == []
    assert habits([row, near]) == [
        ("Hour", "evening share of orders 50%, average 25%"),
        ("Promotion", "like the average customer"),
    ]
    assert typical([row, near]) == [("evening share of orders", "40%")]
    assert typical([row | {"is_used": False}]) == [("evening share of orders", "40%")]
    assert sentence("Strong in a (x); light on b (y); c.") == "Strong in a (x); light on b (y)."
    assert sentence("Strong in a; light on b (y); c.", "Strong in a") == "Light on b (y); c."
    assert sentence(None) == ""


def test_a_mean_that_is_said_as_that_of_all_is_not_told():
    row = {
        "feature": "quantity_per_line",
        "label": "units per line",
        "unit": "units per line",
        "mean_value": 1.36,
        "population_mean": 1.42,
        "median_value": 1.4,
        "standardised_difference": -0.4,
        "index_value": 96.0,
        "is_used": True,
    }
    assert traits([row], above=False) == []
    assert habits([row]) == [("Basket", "like the average customer")]
    seen = row | {"mean_value": 1.3}
    assert [one["value"] for one in traits([seen], above=False)] == ["1.3"]
    assert habits([seen]) == [("Basket", "units per line 1.3, average 1.4")]


@pytest.mark.pages
def test_dots_of_the_scatter_are_groups_that_hold_all_customers(root: Element, marts: Connection):
    dots = values_of(root, "scatter", "customers")
    centres = values_of(root, "scatter", "x", "customers")
    sql = figure(root, "scatter").all("pre")[0].text
    rows = marts.execute(sql).fetchall()
    names = [name for name, *_ in marts.description]
    shown = [dict(zip(names, row, strict=True)) for row in rows]
    assert [(d["id"], d["x"], d["y"]) for d in dots] == [
        (str(r["segment_id"]), r["x"], r["y"]) for r in shown
    ]
    assert min(row["customer_count"] for row in shown) >= LEAST_SIZE
    features = [
        marts.execute("select feature from feature_catalog where label = ?", [label]).fetchone()[0]
        for label in (shown[0]["x_label"], shown[0]["y_label"])
    ]
    # A customer without a value of one of the two is nowhere.
    counts = dict(
        marts.execute(
            "select segment_id, count(*) from customer_segments where status = 'segmented' and "
            "(select count(*) from customer_feature_values as v where v.customer_id = "
            "customer_segments.customer_id and v.value is not null and v.feature in ($1, $2)) = 2 "
            "group by segment_id having count(*) >= 5",
            features,
        ).fetchall()
    )
    held = dict.fromkeys(counts, 0)
    for row in shown:
        held[row["segment_id"]] += row["customer_count"]
    assert held == counts
    means = dict(
        marts.execute(
            "select segment_id, mean_value from segment_profiles where feature = ?", features[:1]
        ).fetchall()
    )
    for centre in centres:
        assert centre["x"] == pytest.approx(means[int(centre["id"])], abs=0.001)


@pytest.mark.pages
def test_the_curve_of_spend_is_that_of_the_customers(root: Element, marts: Connection):
    spends = [
        float(spend)
        for (spend,) in marts.execute(
            "select spend from customer_segments where status = 'segmented' order by spend desc"
        ).fetchall()
    ]
    points = values_of(root, "pareto", "shown_x")
    assert (points[0]["x"], points[0]["y"]) == (0, 0)
    for point in points[1:]:
        count = round(point["x"] * len(spends))
        assert point["x"] == pytest.approx(count / len(spends))
        assert point["y"] == pytest.approx(sum(spends[:count]) / sum(spends), abs=1e-6)
    assert points[-1]["x"] == 1


@pytest.mark.pages
def test_the_flow_has_moves_of_enough_customers_and_bands_as_wide(root: Element):
    rows = figure(root, "flow").all("tbody")[0].all("tr")
    told = [[cell.text for cell in row.all("th", "td")][:3] for row in rows]
    assert told == [["1", "2", "6"], ["2", "1", "7"]]
    bands: dict[str, list[float]] = {}
    for point in values_of(root, "flow", "band"):
        bands.setdefault(point["band"], []).append(point["y2"] - point["y"])
    assert set(bands) == {"1 2", "2 1"}
    assert bands["1 2"] == pytest.approx([6] * len(bands["1 2"]), abs=0.01)
    assert bands["2 1"] == pytest.approx([7] * len(bands["2 1"]), abs=0.01)
    assert "Segment 1 gained most, 1 more than it lost" in figure(root, "flow").text


@pytest.mark.pages
def test_dates_are_the_last_days_that_count(root: Element):
    assert "from 5 January 2025 to 2 February 2025" in figure(root, "flow").text
    assert wording.last_day(date(2025, 3, 1)) == "28 February 2025"
    run = {"order_line_count": 1, "as_of_date": date(2025, 1, 1)}
    assert wording.data_until(run) == "data up to 31 December 2024"
    assert wording.data_until(run | {"order_line_count": 0}) == "data as loaded on 1 January 2025"


@pytest.mark.pages
def test_lines_of_the_snake_are_the_differences_of_the_profiles(root: Element, marts: Connection):
    values = values_of(root, "snake", "place")
    rows = {
        (label, str(segment_id)): difference
        for label, segment_id, difference in marts.execute(
            "select label, segment_id, standardised_difference from segment_profiles "
            "where standardised_difference is not null"
        ).fetchall()
    }
    assert len(values) > 10
    for value in values:
        assert value["value"] == rows[(value["row"], value["id"])]


@pytest.mark.pages
def test_what_a_run_warns_of_stands_at_the_head_of_page_and_workbook(shop: Built, folder: Path):
    def edit(connection: Connection) -> None:
        connection.execute(
            "update segmentation_runs set warnings = 'segment 1 became larger; <b>odd</b>', "
            "has_order_gap = true, last_gap_days = 70, last_order_date = date '2025-01-31'"
        )

    file = edited(shop, folder / "warned", edit)
    head = read(whole_page(file)).all("header")[0]
    (listed,) = head.of_class("warnings")
    assert [item.text for item in listed.all("li")] == [
        "Segment 1 became larger.",
        "<b>odd</b>.",
        "70 days without an order before 31 January 2025.",
    ]
    rows = CalamineWorkbook.from_filelike(BytesIO(workbook(file))).get_sheet_by_name("Summary")
    assert "Segment 1 became larger." in [cell for row in rows.to_python() for cell in row]
    assert "Worth a second look: segment 1 became larger" in summary(file, 100)


@pytest.mark.pages
def test_a_run_without_warnings_has_none_at_its_head(root: Element):
    assert not root.of_class("warnings")
