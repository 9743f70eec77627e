"""Totals that counted a forgotten customer: what the next build has to leave out."""

import subprocess
import sys
from datetime import date

import duckdb
import pytest

from common.console import BUSY, Problem
from common.project_root import ROOT
from common.warehouse_paths import Warehouse
from forgotten_shop import forget_customer
from shops import clean_environment
from store.forgotten_totals import (
    Past,
    Pending,
    complete_forgetting,
    pending_of,
    write_pending,
)
from store.kept_versions import version_of
from store.warehouse import exclusive
from upkeep import forget as forgetting

pytestmark = pytest.mark.usefixtures("no_macros")


def test_the_next_build_is_to_leave_out_what_counts_the_customer(forgettable):
    warehouse = Warehouse(forgettable.warehouse)
    forget_customer(forgettable)
    assert pending_of(warehouse) == Pending(1, 0, (2,))
    forget_customer(forgettable, "customer-18")
    assert pending_of(warehouse) == Pending(2, 0, (2,))
    warehouse.forgetting.write_text("{}")
    with pytest.raises(Problem, match="counts a customer who was forgotten"):
        pending_of(warehouse)


def test_earlier_runs_and_fits_are_published_without_figures(tmp_path):
    with duckdb.connect() as connection:
        connection.execute(
            "create table runs as select number as run_number, number as fit_number, "
            "'id ' || number as run_id, 'hash' as data_hash, 10 * number as customer_count, "
            "0.5::double as inertia, date '2024-01-01' as as_of_date, number = 3 as is_current "
            "from (select unnest([1, 2, 3])::bigint as number)"
        )
        connection.execute(
            "create table movement as select * from (values ('runs', 'run 2', 1), "
            "('runs', 'run 3', 2), ('snapshots', '2024-01-01', 3)) as t (basis, period, n)"
        )
        past = Past(run_number=3, fit_number=2)

        def seen(place, table):
            relation = past.relation_sql(connection, place, table)
            return connection.execute(f"select * from {relation} order by all").fetchall()

        day = date(2024, 1, 1)
        assert seen(("main", "segmentation_runs"), "runs") == [
            (1, 1, "id 1", None, None, None, day, False),
            (2, 2, "id 2", None, None, None, day, False),
            (3, 3, "id 3", "hash", 30, 0.5, day, True),
        ]
        assert [row[0] for row in seen(("history", "fit_centroids"), "runs")] == [2]
        assert [row[0] for row in seen(("history", "movement"), "runs")] == [3]
        assert [row[2] for row in seen(("main", "segment_movement"), "movement")] == [2, 3]
        assert len(seen(("main", "segment_summary"), "runs")) == 3


@pytest.mark.parametrize("fit_number", [4, 5])
def test_it_stays_pending_until_a_build_has_learned_again(forgettable, fit_number):
    warehouse = Warehouse(forgettable.warehouse)
    write_pending(warehouse, 1)
    path = warehouse.forgetting
    path.write_text(path.read_text().replace('"fit_number": 0', '"fit_number": 4'))
    warehouse.marts_db.unlink()
    with duckdb.connect(warehouse.marts_db) as connection:
        connection.execute(
            f"create table segmentation_runs as select 2 as run_number, {fit_number} as fit_number,"
            " true as is_current"
        )
    complete_forgetting(warehouse, pending_of(warehouse), 2)
    is_done = fit_number == 5
    assert path.exists() != is_done
    assert version_of(warehouse, 1).folder.exists() != is_done
    assert version_of(warehouse, 2).folder.exists()


def test_a_build_and_forgetting_exclude_each_other(forgettable):
    with exclusive(Warehouse(forgettable.warehouse)):
        ended = subprocess.run(
            [sys.executable, str(ROOT / "scripts" / "forget.py")],
            env=clean_environment(warehouse=forgettable.warehouse, customer="customer-17"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert ended.returncode == BUSY
    assert len(ended.stderr.splitlines()) == 1


def test_what_was_exported_is_named_and_left(forgettable, capsys):
    warehouse = Warehouse(forgettable.warehouse)
    warehouse.exports.mkdir()
    (warehouse.exports / "all_run_2.csv").write_text("customer-17\n")
    assert [path.name for path in forgetting.left_to_the_user(warehouse)] == ["all_run_2.csv"]
