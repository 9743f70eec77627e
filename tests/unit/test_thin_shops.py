"""Customers who order once or twice are not divided by what chance decides of so few orders."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from models_py import fit_steps
from models_py.config import FitSettings
from models_py.ladder import scaling_of
from thin_shops import groceries_like
from tried import Tried, model_rows, model_table, try_files

pytestmark = [pytest.mark.many_builds, pytest.mark.short]

SETTINGS = FitSettings(threads=2)


@pytest.fixture(scope="module")
def grocer(tmp_path_factory: pytest.TempPathFactory) -> Tried:
    """Members who differ by chance alone, seen one to three times."""
    folder = tmp_path_factory.mktemp("grocer")
    data = groceries_like(folder / "made", customer_count=600)
    return try_files(folder, {"order_lines.csv": (data / "order_lines.csv").read_bytes()})


@pytest.fixture(scope="module")
def definitions(grocer: Tried) -> pa.Table:
    """What the members are clustered by."""
    return model_table(grocer, "clustering_definitions", "*")


def test_shares_and_means_of_few_orders_are_left_out_and_say_why(definitions: pa.Table) -> None:
    rows = definitions.to_pylist()
    assert sorted(row["feature"] for row in rows if row["is_clustered"]) == [
        "coupons_per_28_days",
        "days_since_last_order",
        "feedback_score",
        "orders_per_28_days",
        "service_contacts_per_28_days",
        "spend_per_28_days",
        "visits_per_28_days",
    ]
    (left_out,) = (row for row in rows if row["feature"] == "weekend_order_share")
    assert left_out["left_out_reason"] == (
        "a share or mean of fewer than 5 orders or lines for most customers"
    )


def test_members_who_differ_by_chance_are_no_strong_segments(
    grocer: Tried, definitions: pa.Table
) -> None:
    members = model_table(
        grocer, "features_by_slot_set", "*", where="is_current and has_sufficient_history"
    )

    def source():
        return iter(members.to_batches(max_chunksize=1_000))

    scan = fit_steps.k_scan_step(source, definitions, SETTINGS)
    assert set(scaling_of(scan).column("weighting").to_pylist()) == {"definitions"}
    assert [row["verdict"] for row in scan.to_pylist() if row["is_chosen"]] == ["weak"]


def test_a_shop_seen_often_keeps_its_shares(tmp_path: Path) -> None:
    lines = "".join(
        f"o{day},c{day % 3},2025-{1 + day // 28:02d}-{1 + day % 28:02d},1\n" for day in range(300)
    )
    header = "order_id,customer_id,ordered_at,net_amount\n"
    tried = try_files(tmp_path, {"order_lines.csv": header + lines})
    found = model_rows(tried, "clustering_definitions", "feature", where="is_clustered")
    assert {("weekend_order_share",), ("lines_per_order",)} <= set(found)
