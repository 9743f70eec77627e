"""Data and settings that little or nothing can be learned from, through the whole build.

What the learning step says of them on its own is in test_models_py_fit_steps.py and
test_models_py_monitoring.py; a shop of which no row can be used is in test_planted_defects.py. More
bad files, through load and check alone, are in bad_input.py.
"""

import csv
import gzip
import io
import json
import re
import shutil
from collections.abc import Callable

import pytest

from bad_input import REFUSED
from moving_shop import write_csv
from shops import SHOP, Builds, Built, build, copy_project, edit, read_csv
from tried import Files, write

pytestmark = pytest.mark.many_builds

HEADER = ("order_id", "customer_id", "ordered_at", "net_amount", "channel")
# Amounts that no shop takes. The last two are numbers whose sum is too large for its type.
ABSURD = ("inf", "-inf", "nan", "1e300", "99999999999999.99", "99999999999999.99")


def build_k_44(builds: Builds) -> Built:
    """Ask for 44 segments of the fixture shop: of its 47 customers 42 can be segmented."""
    return build(SHOP, builds.folder("k 44") / "warehouse", k=44)


def build_alike(builds: Builds) -> Built:
    """Build a shop of five customers who do the very same."""
    folder = builds.folder("alike")
    records = [
        [f"{customer}-{month}", customer, f"2025-{month:02}-05 10:00:00", "9.00", "web"]
        for customer in "abcde"
        for month in (1, 3, 6)
    ]
    write_csv(folder / "data" / "order_lines.csv", HEADER, records)
    return build(folder / "data", folder / "warehouse")


def build_small(builds: Builds) -> Built:
    """Build a shop of two customers from one feature and one that no column is there for."""
    folder = builds.folder("small")
    records = [
        ["a1", "a", "2025-01-05 10:00:00", "10.00", "web"],
        ["a2", "a", "2025-02-05 10:00:00", "20.00", "web"],
        ["b1", "b", "2025-01-09 10:00:00", "500.00", "store"],
        *([f"x{n}", "b", "2025-01-10 10:00:00", amount, "web"] for n, amount in enumerate(ABSURD)),
    ]
    write_csv(folder / "data" / "order_lines.csv", HEADER, records)
    root = copy_project(folder / "project")
    definitions = root / "dbt_project" / "seeds" / "feature_definitions.csv"
    for line in definitions.read_text(encoding="utf-8").splitlines():
        if ",true," in line and ",spend_per_28_days," not in line:
            edit(definitions, line, line.replace(",true,", ",false,"))
    with definitions.open("a", encoding="utf-8") as file:
        file.write("*,99,no_such_column,nothing,value,none,log1p,1.0,false,zero,more,less\n")
    return build(folder / "data", folder / "warehouse", root=root)


def build_gone(builds: Builds) -> Built:
    """Build the small shop again from a project that knows its one feature no more."""
    folder = builds.folder("gone")
    shutil.copytree(builds["small"].warehouse.path, folder / "warehouse")
    root = shutil.copytree(builds.folder("small") / "project", folder / "project")
    for path in (root / "dbt_project").rglob("*.*"):
        if path.suffix in (".sql", ".yml") or path.name == "feature_definitions.csv":
            text = path.read_text(encoding="utf-8")
            path.write_text(text.replace("spend_per_28_days", "spend_rate"), encoding="utf-8")
    data = builds.folder("small") / "data"
    return build(data, folder / "warehouse", root=root, refit="never")


CHAINS = [{"small": build_small, "gone": build_gone}]
BUILDS = {"k 44": build_k_44, "alike": build_alike}


def test_more_segments_than_customers_to_segment_is_wrong_use(builds):
    refused = builds["k 44"]
    assert refused.code == 2
    *_, last = refused.output.splitlines()
    assert last.startswith("Error: K=44: there are 42 customers with enough history to segment")
    assert "Traceback" not in refused.output
    assert not refused.marts.exists()


# --- customers who are all alike


def test_customers_who_are_alike_are_one_segment(builds):
    alike = builds["alike"].checked()
    found = alike.query(
        "select status, segment_id, runner_up_segment_id, confidence, squared_distance, reasons, "
        "change_feature, is_outlier, count(*) from customer_segments group by all"
    )
    assert found == [("segmented", 1, None, None, 0, None, None, False, 5)]
    assert alike.current_run("k", "verdict", "segmented_customer_count") == (1, "weak", 5)
    (dropped,) = alike.current_run("dropped_features")
    assert "spend_per_28_days (constant)" in dropped
    assert alike.query("select k, is_chosen from segmentation_k_scan where is_chosen") == [
        (1, True)
    ]
    assert alike.one("select segment_name, customer_count, spend_share from segment_summary") == (
        "Near the average in everything",
        5,
        1,
    )


def test_what_has_no_features_has_no_reasons_and_no_scores(builds):
    alike = builds["alike"]
    assert alike.query("select * from explain_customer('a')") == []
    assert alike.query("select feature from feature_catalog where is_used") == []


# --- two customers, one feature


def test_fewer_customers_than_segments_wanted_are_as_many_segments(builds):
    small = builds["small"].checked()
    assert small.current_run("k", "segmented_customer_count") == (2, 2)
    assert small.query("select customer_id, segment_id from customer_segments order by 1") == [
        ("a", 2),
        ("b", 1),  # spends more
    ]
    (reason,) = small.current_run("choice_reason")
    assert "2" in reason


def test_one_feature_is_enough(builds):
    small = builds["small"]
    assert small.query("select feature from feature_catalog where is_used") == [
        ("spend_per_28_days",)
    ]
    scored = small.query("select customer_id, segment_id from score_customers('customer_features')")
    assert set(scored) == {("a", 2), ("b", 1)}
    ((feature, contribution),) = small.query(
        "select feature, contribution from explain_customer('a')"
    )
    ((margin,),) = small.query(
        "select runner_up_squared_distance - squared_distance from customer_segments "
        "where customer_id = 'a'"
    )
    assert (feature, contribution) == ("spend_per_28_days", pytest.approx(margin, abs=1e-9))


def test_a_definition_without_a_column_is_left_out_and_told(builds):
    small = builds["small"]
    assert small.query(
        "select dropped_reason, is_used from feature_catalog where feature = 'no_such_column'"
    ) == [("nothing computes it", False)]
    (dropped,) = small.current_run("dropped_features")
    assert "no_such_column (nothing computes it)" in dropped


def test_absurd_amounts_are_rejected_with_a_reason(builds):
    small = builds["small"]
    ((rejected,),) = small.query(
        "select sum(row_count) from data_quality where outcome = 'rejected'"
    )
    assert rejected == len(ABSURD)
    assert small.one("select sum(spend) from segment_summary") == (530,)


def test_a_stored_fit_whose_features_are_gone_is_refused(builds):
    gone = builds["gone"]
    assert gone.code == 4
    *_, last = gone.output.splitlines()
    assert last.startswith("Error: stored fit 1: expected the features it was learned from")
    assert "spend_per_28_days" in last
    assert "REFIT=always" in last
    assert "Traceback" not in gone.output
    assert gone.marts.read_bytes() == builds["small"].marts.read_bytes()


# --- files from elsewhere, through the whole build


BAD_FILES = {
    name: REFUSED[name]
    for name in (
        "no file",
        "header only",
        "a column shifted by a comma",
        "two date formats",
        "points and commas",
        "a mapping that reads a file",
    )
}


def build_bad(name: str) -> Callable[[Builds], Built]:
    """Return the build of files that are refused."""

    def make(builds: Builds) -> Built:
        folder = builds.folder(name)
        (folder / "data").mkdir()
        return build(write(folder / "data", BAD_FILES[name].files), folder / "warehouse")

    return make


def build_german(builds: Builds) -> Built:
    """Build the fixture shop from files as a German spreadsheet writes them."""
    folder = builds.folder("german")
    (folder / "data").mkdir()
    write(folder / "data", german_shop())
    return build(folder / "data", folder / "warehouse", threads=2)


def german_shop() -> Files:
    """The fixture shop with semicolons, decimal commas, dates by day, and other encodings."""
    files: Files = {}
    encodings = {"order_lines": "utf-16", "customers": "utf-8-sig", "products": "cp1252"}
    for path in SHOP.glob("*.csv"):
        text = io.StringIO()
        writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
        records = read_csv(path)
        # Attributes are named as their columns are.
        is_spelled = path.stem != "customers"
        writer.writerow(n.replace("_", " ").title() if is_spelled else n for n in records[0])
        writer.writerows([german(k, v) for k, v in row.items()] for row in records)
        encoding = encodings.get(path.stem, "utf-8")
        files[f"{path.stem}.csv"] = text.getvalue().encode(encoding)
    return files


def german(column: str, text: str) -> str:
    """Return a value as a German spreadsheet writes it."""
    if column.endswith("_at"):
        return re.sub(r"(\d{4})-(\d\d)-(\d\d)[T ]?(.*)", r"\3.\2.\1 \4", text).strip()
    if column in ("quantity", "net_amount", "discount_amount", "score"):
        return text.translate(str.maketrans(",.", ".,"))
    return text


def build_hostile(builds: Builds) -> Built:
    """Build from names, values and columns that are code, beside rows that cannot be used."""
    folder = builds.folder("hostile")
    records = [
        [f"{customer}-{month}", customer, f"2025-{month:02}-05 10:00:00", "9.00", "we'b"]
        for customer in ("a'; drop schema raw cascade; --", "{{ 1/0 }}", 'b"', "<b>", "007", "7")
        for month in (1, 3, 6)
    ]
    records += [
        ["x1", "NULL", "2025-03-05", "1", ""],
        ["x2", "7", "2025-02-30", "1", ""],
        ["x3", "7", "2101-01-01", "1", ""],
        ["x4", "7", "2025-03-05", "1e308", ""],
    ]
    write_csv(folder / "data" / "order_lines.csv", HEADER, records)
    names = ("customer_id", "a'; --", 'b"', "{{ 1/0 }}")
    write_csv(folder / "data" / "customers.csv", names, [["007", "x'", 'y"', "{{ z }}"]])
    return build(folder / "data", folder / "warehouse")


def build_mapped(builds: Builds) -> Built:
    """Build from partitioned JSON lines, packed, whose columns `columns.yml` names."""
    folder = builds.folder("mapped")
    (folder / "data").mkdir()
    files: Files = {
        "columns.yml": "_file: sales/*/*.gz\norder_id: No\ncustomer_id: Who\nordered_at: Day\n"
        "net_amount: Pieces * Price\nchannel: upper(shop)\n"
    }
    for shop in ("north", "south"):
        rows = [
            {
                "No": f"{who}{month}{shop}",
                "Who": who,
                "Day": f"{month}/28/2025",
                "Pieces": 3,
                "Price": "1,234.50",
            }
            for who in "abcde"
            for month in (1, 3, 6)
        ]
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        files[f"sales/shop={shop}/part.jsonl.gz"] = gzip.compress(content)
    return build(write(folder / "data", files), folder / "warehouse")


BUILDS |= {name: build_bad(name) for name in BAD_FILES}
BUILDS |= {"german": build_german, "hostile": build_hostile, "mapped": build_mapped}


@pytest.mark.parametrize("name", BAD_FILES)
def test_a_build_refuses_what_check_refuses(builds, name):
    refused = builds[name]
    assert refused.code == 4
    *_, last = refused.output.splitlines()
    for part in BAD_FILES[name].says:
        assert part in last
    assert "Traceback" not in refused.output
    assert not refused.marts.exists()


def test_the_way_files_are_written_changes_nothing(builds, shop):
    german = builds["german"].checked()
    for mart in ("customer_segments", "segment_summary", "customer_attributes", "data_quality"):
        query = f"select * from {mart} order by all"
        assert german.query(query) == shop.query(query), mart


def test_code_in_names_and_values_is_only_text(builds):
    hostile = builds["hostile"].checked()
    customers = {name for (name,) in hostile.query("select customer_id from customer_segments")}
    assert {"a'; drop schema raw cascade; --", "{{ 1/0 }}", 'b"', "<b>", "007", "7"} <= customers
    assert hostile.query(
        "select reason, row_count from data_quality where outcome = 'rejected' order by reason"
    ) == [
        ("in_the_future", 1),
        ("missing_customer_id", 1),
        ("unreadable_net_amount", 1),
        ("unreadable_ordered_at", 1),
    ]
    attributes = hostile.query("select attribute, value from customer_attributes order by 1")
    assert attributes == [("a'; --", "x'"), ('b"', 'y"'), ("{{ 1/0 }}", "{{ z }}")]


def test_mapped_columns_and_partitions_are_built_from(builds):
    mapped = builds["mapped"].checked()
    assert mapped.one("select sum(spend) from segment_summary") == (30 * 3 * 1234.5,)
    channels = "select distinct channel from core.order_lines order by 1"
    assert mapped.query_build(channels) == [("NORTH",), ("SOUTH",)]
