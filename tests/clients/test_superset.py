"""Apache Superset over the published file, while builds publish.

Run by `make test-superset`: setting Superset up takes minutes.
"""

import threading

import pytest

from shops import SHOP, build

pytestmark = pytest.mark.superset
AS_OF = ("2025-02-05", "2025-02-06")


def test_superset_shows_what_is_published_through_a_build(superset, tmp_path, note):
    folder = tmp_path / "a warehouse"
    first = build(SHOP, folder, threads=1, as_of=AS_OF[0]).checked()
    database = superset.connect(first.marts)

    # Tables and columns are those of the file.
    for schema in ("main", "history"):
        listed = first.query(
            "select table_name, list(column_name order by column_index) "
            "from duckdb_columns() where schema_name = ? and not internal group by 1",
            schema,
        )
        assert superset.tables(database, schema) == {table for table, _ in listed}
        for table, columns in listed:
            assert superset.columns(database, schema, table) == columns

    # A chart has the figures of the file, and so does SQL Lab.
    segments = superset.dataset(database, "segment_summary")
    shown = superset.chart(
        segments, ["segment_name"], customers="sum(customer_count)", spend="sum(spend)"
    )
    expected = first.query("select segment_name, customer_count, spend from segment_summary")
    assert sorted(
        (row["segment_name"], row["customers"], float(row["spend"])) for row in shown
    ) == sorted((name, customers, float(spend)) for name, customers, spend in expected)
    (counted,) = superset.sql_lab(database, "select count(*) as n from customer_segments")
    assert (counted["n"],) == first.one("select count(*) from customer_segments")

    # It cannot write.
    with pytest.raises(AssertionError, match="sqllab/execute"):
        superset.sql_lab(database, "create table main.mine as select 1 as a")

    # Charts are drawn while a build publishes, and then show the new run.
    runs = superset.dataset(database, "segmentation_runs")
    seen, is_over = [], threading.Event()

    def look():
        while not is_over.is_set():
            (row,) = superset.chart(runs, [], run="max(run_number)")
            seen.append(row["run"])

    looking = threading.Thread(target=look)
    looking.start()
    second = build(SHOP, folder, threads=1, as_of=AS_OF[1])
    is_over.set()
    looking.join()
    assert second.code in (0, 3), second.output
    assert second.current_run("run_number") == (2,)
    assert len(seen) > 1
    assert seen == sorted(seen)
    assert seen[0] == 1
    (row,) = superset.chart(runs, [], run="max(run_number)")
    assert row["run"] == 2
    note(f"Superset: {len(seen)} charts through a build and publish, none failed")
