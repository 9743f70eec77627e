"""Going back and building on, through whole builds; and building on without the build database."""

import shutil

import pytest

from common.warehouse_paths import Warehouse
from export_ordered import digests
from moving_shop import LINE, MANY, K
from shops import Builds, Built, build, copy_warehouse, rows
from store.history_schema import HISTORY_TABLES
from store.kept_versions import damage, kept_versions, version_of
from store.warehouse import exclusive
from upkeep.rollback import rollback

pytestmark = pytest.mark.many_builds


def without_build_database(warehouse: Warehouse) -> None:
    """Remove all that a build makes again."""
    warehouse.build_db.unlink()
    shutil.rmtree(warehouse.path / "dbt")


def build_later_anew(builds: Builds) -> Built:
    """Build what `later` builds, from a warehouse that has nothing but what was published."""
    name = "later without build database"
    path = copy_warehouse(builds["first"], builds.folder(name) / "warehouse")
    without_build_database(Warehouse(path))
    return build(builds.folder("later") / "data", path, k=K).checked()


def build_on_rolled_back(builds: Builds, name: str, *, is_bare: bool) -> Built:
    """Go back from `overridden` to the run before and build it again."""
    path = copy_warehouse(builds["overridden"], builds.folder(name) / "warehouse")
    warehouse = Warehouse(path)
    with exclusive(warehouse):
        rollback(warehouse)
    if is_bare:
        without_build_database(warehouse)
    data = builds.folder("overridden") / "data"
    return build(data, path, k=MANY, refit="always").checked()


def build_rolled_back(builds: Builds) -> Built:
    """Build on after going back."""
    return build_on_rolled_back(builds, "rolled back", is_bare=False)


def build_rolled_back_anew(builds: Builds) -> Built:
    """Build on after going back, without the build database."""
    return build_on_rolled_back(builds, "rolled back anew", is_bare=True)


# To be started after the line, whose builds these wait for.
ROLLED_BACK = {
    "later without build database": build_later_anew,
    "rolled back": build_rolled_back,
    "rolled back anew": build_rolled_back_anew,
}
CHAINS = [LINE, ROLLED_BACK]
OPENED = "select distinct segment_id from history.segments where fit_number = ?"


def history(built: Built) -> dict[str, list[tuple]]:
    """Return the state that was published, but for when files were first seen."""
    found = {}
    for table in HISTORY_TABLES:
        columns = "* exclude (loaded_at)" if table in ("runs", "load_ledger") else "*"
        found[table] = built.query(f"select {columns} from history.{table} order by all")
    return found


@pytest.mark.parametrize(
    ("bare", "full"),
    [("later without build database", "later"), ("rolled back anew", "rolled back")],
)
def test_the_build_database_holds_nothing_that_is_needed(builds, bare, full):
    found, expected = digests(builds[bare].marts), digests(builds[full].marts)
    assert [mart for mart in expected if found.get(mart) != expected[mart]] == []
    assert history(builds[bare]) == history(builds[full])


def test_a_build_goes_on_from_the_version_gone_back_to(builds):
    before, after = builds["held back"], builds["rolled back"]
    numbers = "select run_number from segmentation_runs order by 1"
    assert after.query(numbers) == [(1,), (2,), (3,), (4,), (6,)]
    (parent,) = after.current_run("parent_run_id")
    assert (parent,) == before.current_run("run_id")


def test_nothing_that_a_version_rolled_back_from_gave_out_is_given_out_again(builds):
    left, after = builds["overridden"], builds["rolled back"]
    assert left.current_run("run_number", "fit_number") == (5, 3)
    assert after.current_run("run_number", "fit_number") == (6, 4)
    known = set(builds["held back"].query("select distinct segment_id from history.segments"))
    opened_then = set(left.query(OPENED, 3)) - known
    opened_now = set(after.query(OPENED, 4)) - known
    assert opened_then
    assert len(opened_now) == len(opened_then)
    assert min(opened_now) > max(opened_then)
    assert after.query("from history.highest_numbers") == [(6, 4, max(opened_now)[0])]


def test_the_version_rolled_back_from_is_still_there(builds):
    after = builds["rolled back"].warehouse
    assert [version.run_number for version in kept_versions(after)] == [2, 3, 4, 5, 6]
    assert not [version for version in kept_versions(after) if damage(version)]
    kept = version_of(after, 5).file
    assert kept.read_bytes() == builds["overridden"].marts.read_bytes()
    assert rows(kept, "select count(*) from segmentation_runs") == [(5,)]


def test_movement_is_told_from_the_run_gone_back_to(builds):
    movement = "select count(*), min(from_date) from segment_movement where period = 'run 6'"
    ((count, from_date),) = builds["rolled back"].query(movement)
    assert count > 0
    assert (from_date,) == builds["held back"].current_run("as_of_date")
