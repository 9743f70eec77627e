"""What a build says when dbt failed: one line where the cause is known, the failing nodes else."""

import json
from contextlib import contextmanager
from types import SimpleNamespace

import pytest

from common.console import LiveLine, Problem
from common.settings import resolve
from common.warehouse_paths import Warehouse
from dbt_runs import run_dbt
from dbt_runs.dbt_results import Progress

TRACEBACK = """Runtime Error in model learned_k_scan (models/segmentation/learned_k_scan.py)
  Python model failed:
  Traceback (most recent call last):
    File "learned_k_scan.py", line 21, in model
      check_fixed_k(customers, settings)
  models_py.errors.LearningError: {}
"""


def refusal(tmp_path, *results):
    """Return what is said of these results: (unique id, status, message)."""
    written = tmp_path / "run_results.json"
    keys = ("unique_id", "status", "message")
    rows = [dict(zip(keys, result, strict=True)) for result in results]
    written.write_text(json.dumps({"results": rows}), encoding="utf-8")
    progress = Progress(tmp_path / "manifest.json", LiveLine())
    return progress.refusal(written), progress.failures(written)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("K=44: there are 42 customers with enough history to segment; expected fewer", 2),
        ("expected at least one customer to learn from, found none; check the as-of date", 4),
        ("stored fit 1: expected the features it was learned from, found no column for x", 4),
    ],
)
def test_what_the_learning_step_refuses_is_one_line_with_a_code(tmp_path, message, code):
    error = ("model.s.learned_k_scan", "error", TRACEBACK.format(message))
    skipped = ("model.s.fit_segments", "skipped", None)
    found, _ = refusal(tmp_path, ("model.s.a", "success", "OK"), error, skipped)
    assert found == (message, code)


def test_no_accepted_order_is_data_refused(tmp_path):
    test = ("test.s.assert_some_order_was_accepted.1a2b", "fail", "Got 1 result")
    found, _ = refusal(tmp_path, test)
    assert found == ("no order line was accepted, so there is nothing to segment", 4)


def test_anything_else_names_the_nodes_that_failed(tmp_path):
    results = [
        ("model.s.orders", "error", "Binder Error: no such column\nLINE 1: select x"),
        ("test.s.assert_no_order_is_lost.1a2b", "fail", "Got 3 results"),
        ("model.s.marts", "skipped", None),
        ("test.s.assert_some_order_was_accepted.1a2b", "pass", None),
    ]
    found, lines = refusal(tmp_path, *results)
    assert found is None
    assert lines == [
        "model orders: error",
        "  Binder Error: no such column",
        "  LINE 1: select x",
        "test assert_no_order_is_lost.1a2b: fail",
        "  Got 3 results",
        "1 node after them skipped",
    ]


@pytest.mark.parametrize("left", ["{", None], ids=["half of its results", "no results"])
def test_a_disk_too_full_for_dbts_results_is_told_as_that(tmp_path, monkeypatch, left):
    settings = resolve({"WAREHOUSE": str(tmp_path)})
    target = Warehouse(tmp_path).dbt_target
    target.mkdir(parents=True)
    event = {
        "info": {"name": "LogModelResult", "level": "error", "msg": "No space left on device"},
        "data": {"node_info": {"unique_id": "model.s.orders", "node_name": "orders"}},
    }

    @contextmanager
    def started(*_):
        if left:
            (target / "run_results.json").write_text(left)
        yield SimpleNamespace(stdout=iter([json.dumps(event)]), wait=lambda: 1)

    monkeypatch.setattr(run_dbt, "started", started)
    with pytest.raises(Problem, match="dbt stopped, as there is no room left"):
        run_dbt.run_quietly(settings, ["build"], 0)
