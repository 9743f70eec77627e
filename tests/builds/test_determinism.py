"""The same rows give the same marts, whatever their order and however many threads work."""

import pytest

from export_ordered import digests
from shops import SHOP, Builds, Built, build, shuffle_csv
from stationary_shop import TYPES, stationary_shop

pytestmark = pytest.mark.many_builds


def build_shop_shuffled(builds: Builds) -> Built:
    """Build the fixture shop from shuffled rows and columns, with one thread."""
    folder = builds.folder("shuffled_shop")
    shuffle_csv(SHOP, folder / "data", seed=3)
    return build(folder / "data", folder / "warehouse", threads=1).checked()


def build_stationary(builds: Builds) -> Built:
    """Build the stationary shop with two threads."""
    folder = builds.folder("stationary")
    data = stationary_shop(folder / "data")
    return build(data, folder / "warehouse", k=len(TYPES), threads=2).checked()


def build_stationary_one_thread(builds: Builds) -> Built:
    """Build the stationary shop with one thread."""
    folder = builds.folder("stationary_one_thread")
    data = stationary_shop(folder / "data")
    return build(data, folder / "warehouse", k=len(TYPES), threads=1).checked()


def build_stationary_shuffled(builds: Builds) -> Built:
    """Build the stationary shop from shuffled rows and columns, with four threads."""
    folder = builds.folder("stationary_shuffled")
    data = stationary_shop(folder / "data", is_shuffled=True)
    return build(data, folder / "warehouse", k=len(TYPES), threads=4).checked()


CHAINS = [
    {"shuffled_shop": build_shop_shuffled},
    {"stationary": build_stationary},
    {"stationary_one_thread": build_stationary_one_thread},
    {"stationary_shuffled": build_stationary_shuffled},
]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Every kind of edge, among them rows of which one is kept.
        pytest.param(
            "shop",
            "shuffled_shop",
            id="2 threads and 1, shuffled edges",
            marks=pytest.mark.short,
        ),
        # Enough rows that the threads do share the work.
        pytest.param(
            "stationary",
            "stationary_one_thread",
            id="2 threads and 1",
        ),
        pytest.param(
            "stationary",
            "stationary_shuffled",
            id="2 threads and 4, shuffled",
            marks=pytest.mark.short,
        ),
    ],
)
def test_every_mart_is_the_same(builds, one, other):
    expected, found = digests(builds[one].marts), digests(builds[other].marts)
    assert "customer_segments" in expected
    different = sorted(mart for mart in expected if found.get(mart) != expected[mart])
    assert not different
    assert found.keys() == expected.keys()


@pytest.mark.short
def test_shuffled_files_are_not_the_same_files(builds):
    ledger = "select source_table, file_sha256 from history.load_ledger order by all"
    pairs = zip(builds["shop"].query(ledger), builds["shuffled_shop"].query(ledger), strict=True)
    assert all(a[0] == b[0] and a[1] != b[1] for a, b in pairs)


@pytest.mark.short
def test_the_larger_shop_has_work_for_several_threads(builds):
    # DuckDB hands out table rows to threads by the 122,880.
    ((line_count,),) = builds["stationary"].query(
        "select order_line_count from segmentation_runs where is_current"
    )
    assert line_count > 2 * 122_880
