"""make docs: one static page with the lineage, and what it says of who reads the marts."""

import re
import subprocess
import sys

import pytest

from shops import ROOT, SHOP, clean_environment, copy_warehouse

pytestmark = pytest.mark.many_builds


@pytest.fixture(scope="module")
def page(shop, tmp_path_factory):
    """The page that make docs writes for the fixture shop."""
    warehouse = copy_warehouse(shop, tmp_path_factory.mktemp("docs") / "warehouse")
    subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "docs.py")],
        env=clean_environment(source="own_files", data=SHOP, warehouse=warehouse),
        capture_output=True,
        check=True,
    )
    return (warehouse / "docs.html").read_text(encoding="utf-8")


def test_the_page_is_whole_by_itself(page):
    loaded = re.findall(r"<(?:script|link|img)\b[^>]*\b(?:src|href)=[\"']?([^\"' >]+)", page)
    # What else stands there are templates that its own script fills in.
    assert [address for address in loaded if re.match(r"(?:https?:)?//", address)] == []


def test_the_page_has_the_lineage_from_raw_to_marts_and_to_their_readers(page):
    for name in (
        "source.segmentation.own_files.order_lines",
        "model.segmentation.stg_own_files__order_lines",
        "model.segmentation.order_lines",
        "model.segmentation.customer_features",
        "model.segmentation.learned_segments",
        "model.segmentation.segment_summary",
        "exposure.segmentation.segment_report",
        "exposure.segmentation.segment_dashboard",
    ):
        assert f'"{name}"' in page, name
    assert "marketing@example.com" in page
