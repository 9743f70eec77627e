"""A segment id is a promise over many builds: what is stored, refitted, held back and told."""

from collections import Counter

import duckdb
import pytest

from dbt_runs.fit_settings import changed_settings, project_vars
from moving_shop import (
    BRANCHES,
    FEWER,
    LATE,
    LINE,
    MANY,
    MOVERS,
    K,
    customers,
)
from segments_read import movement, names, segment_of_most, segments
from shops import ROOT

pytestmark = pytest.mark.many_builds

CHAINS = [LINE, BRANCHES]
STEPS = ("first", "later", "fewer", "held back", "overridden", "drifted", "never")
IN_A_LINE = ("first", "later", "fewer", "held back", "overridden")
MOST_THAT_MAY_MOVE = 0.25


# --- the stored fit goes on


def test_the_first_segments_are_the_types_of_customers(builds):
    first = builds["first"]
    found = segments(first)
    by_type = {kind: segment_of_most(first, kind) for kind in set(customers().values())}
    assert len(set(by_type.values())) == K
    assert all(found[one] == by_type[customers()[one]] for one in found)
    assert sorted(names(first)) == list(range(1, K + 1))
    assert first.current_run("run_number", "fit_number", "refit_reason", "is_refit") == (
        1,
        1,
        "first fit",
        True,
    )
    assert movement(first, 1) == {}


def test_new_rows_are_scored_with_the_stored_fit(builds):
    first, later = builds["first"], builds["later"]
    columns = ("run_number", "fit_number", "refit_reason", "is_refit", "is_held_back")
    assert later.current_run(*columns) == (2, 1, "stored fit stays active", False, False)
    for table in ("fits", "fit_features", "fit_centroids", "fit_baselines", "segments", "k_scan"):
        query = f"select * from history.{table} order by all"
        assert later.query(query) == first.query(query), table
    ((before,), (after,)) = later.query("select as_of_date from segmentation_runs order by all")
    assert (after - before).days == 28


def test_a_name_stays_while_its_fit_does(builds):
    assert names(builds["later"]) == names(builds["first"])
    assert names(builds["held back"]) == names(builds["fewer"])


def test_who_takes_up_other_ways_moves_and_nobody_else_does(builds):
    before, after = segments(builds["first"]), segments(builds["later"])
    coins, grocers = (segment_of_most(builds["first"], kind) for kind in ("coin", "grocer"))
    moved = {customer for customer in before if before[customer] != after[customer]}
    assert moved == set(MOVERS)
    assert {(before[one], after[one]) for one in moved} == {(coins, grocers)}
    assert after.keys() - before.keys() == set(LATE)


def test_movement_tells_customers_who_changed_from_those_who_came(builds):
    later = builds["later"]
    found = movement(later, 2)
    coins, grocers = (str(segment_of_most(later, kind)) for kind in ("coin", "grocer"))
    assert found.pop((coins, grocers)) == (len(MOVERS), len(MOVERS), 0)
    came = [pair for pair in found if pair[0] == "not segmented"]
    assert sum(found.pop(pair)[0] for pair in came) == len(LATE)
    assert all(before == after for before, after in found)
    assert {counts[1:] for counts in found.values()} == {(0, 0)}
    assert later.current_run("customer_changed_share", "model_changed_share") == (
        pytest.approx(len(MOVERS) / len(segments(builds["first"]))),
        0,
    )


# --- another number of segments


def test_other_settings_refit_and_keep_ids_where_members_are(builds):
    later, fewer = builds["later"], builds["fewer"]
    columns = ("run_number", "fit_number", "k", "refit_reason", "is_refit", "is_held_back")
    assert fewer.current_run(*columns) == (3, 2, FEWER, "settings changed", True, False)
    assert names(fewer).keys() < names(later).keys()
    before, after = segments(later), segments(fewer)
    for segment in names(fewer):
        stayed = [after[one] == segment for one in before if before[one] == segment]
        assert sum(stayed) > 0.9 * len(stayed)
    (moved,) = fewer.current_run("moved_share")
    assert 0 < moved <= MOST_THAT_MAY_MOVE
    assert moved == pytest.approx(sum(before[one] != after[one] for one in before) / len(before))


def test_a_merged_and_a_retired_segment_are_recorded(builds):
    later, fewer = builds["later"], builds["fewer"]
    lineages = {
        segment: (lineage, came_from)
        for segment, lineage, came_from in fewer.query(
            "select segment_id, lineage, lineage_from from history.segments where fit_number = 2"
        )
    }
    (retired,) = names(later).keys() - names(fewer).keys()
    assert lineages[retired][0] == "retired"
    # Coins and deals are near each other: the retired one went into the other.
    pair = {segment_of_most(later, "coin"), segment_of_most(later, "deal")}
    assert retired in pair
    (merged,) = pair - {retired}
    assert lineages[merged] == ("merged", ", ".join(str(one) for one in sorted(pair)))
    assert [lineages[one][0] for one in names(fewer) if one != merged] == ["kept", "kept"]


def test_what_the_model_changed_is_told_from_what_customers_did(builds):
    later, fewer = builds["later"], builds["fewer"]
    before, after = segments(later), segments(fewer)
    expected = Counter((str(before[one]), str(after[one])) for one in before)
    found = movement(fewer, 3)
    assert {pair: counts[0] for pair, counts in found.items()} == expected
    # The same rows on the same day: nobody changed but the model.
    assert {pair: counts[1:] for pair, counts in found.items()} == {
        (one, other): (0, 0 if one == other else expected[one, other]) for one, other in expected
    }
    assert fewer.current_run("customer_changed_share") == (0,)


def test_a_fit_stores_the_settings_that_its_features_were_made_by(builds):
    """So that it is applied to no others; they are stored as the project's file has them."""
    stored = builds["overridden"].query("select feature_settings from history.fits")
    assert len(stored) > 1
    for (text,) in stored:
        assert "window_days=364;" in text
        assert changed_settings(text, project_vars(ROOT / "dbt_project")) == []


# --- over the budget


def test_a_refit_over_the_budget_is_held_back_with_exit_code_3(builds):
    held = builds["held back"]
    assert held.code == 3
    columns = ("run_number", "fit_number", "k", "refit_reason", "is_refit", "is_held_back")
    assert held.current_run(*columns) == (4, 2, FEWER, "settings changed", False, True)
    (moved,) = held.current_run("moved_share")
    assert moved > MOST_THAT_MAY_MOVE


def test_whoever_reads_what_the_build_prints_learns_of_it(builds):
    output = builds["held back"].output
    assert "held back" in output
    assert "REFIT=always" in output
    assert "held back" not in builds["overridden"].output


def test_it_is_told_before_the_work_that_k_may_not_count(builds):
    told = f"K={MANY} replaces {FEWER} segments"
    before, _, after = builds["held back"].output.partition("Running dbt")
    assert told in before and f"K={MANY} REFIT=always" in before
    assert told not in after
    assert f"K={FEWER} replaces {K} segments" in builds["fewer"].output
    before, _, _ = builds["never"].output.partition("Running dbt")
    assert f"K={FEWER} has no effect with REFIT=never" in before
    for name in ("first", "later", "overridden"):
        assert "replaces" not in builds[name].output


def test_while_a_refit_is_held_back_the_stored_fit_goes_on(builds):
    fewer, held = builds["fewer"], builds["held back"]
    assert segments(held) == segments(fewer)
    for table in ("fits", "fit_features", "fit_centroids", "segments"):
        query = f"select * from history.{table} order by all"
        assert held.query(query) == fewer.query(query), table
    assert all(before == after for before, after in movement(held, 4))


def test_refit_always_overrides_the_budget(builds):
    overridden = builds["overridden"]
    columns = ("run_number", "fit_number", "k", "refit_reason", "is_refit", "is_held_back")
    reason = "asked for by REFIT=always"
    assert overridden.current_run(*columns) == (5, 3, MANY, reason, True, False)
    (moved,) = overridden.current_run("moved_share")
    assert moved > MOST_THAT_MAY_MOVE
    assert len(names(overridden)) == MANY


def test_an_id_is_never_given_out_twice(builds):
    overridden = builds["overridden"]
    rows = overridden.query("select fit_number, segment_id, lineage from history.segments")
    fits = {
        number: {s for n, s, word in rows if n == number and word != "retired"}
        for number in (1, 2, 3)
    }
    retired = {(number, segment) for number, segment, word in rows if word == "retired"}
    assert fits[1] == set(range(1, K + 1))
    assert fits[2] < fits[1]
    assert retired == {(2, segment) for segment in fits[1] - fits[2]}
    # Nothing of what was retired comes again; what is new goes on above all that ever was.
    assert not {segment for _, segment in retired} & fits[3]
    assert fits[2] <= fits[3]
    assert fits[3] - fits[2] == set(range(K + 1, K + 1 + MANY - FEWER))
    assert fits[3] == names(overridden).keys()


def test_runs_and_stays_in_segments_are_kept_over_all_builds(builds):
    overridden = builds["overridden"]
    runs = overridden.query(
        "select run_number, fit_number, is_refit, is_held_back from segmentation_runs order by 1"
    )
    assert runs == [
        (1, 1, True, False),
        (2, 1, False, False),
        (3, 2, True, False),
        (4, 2, False, True),
        (5, 3, True, False),
    ]
    for number, name in enumerate(IN_A_LINE, start=1):
        stayed = overridden.query(
            "select customer_id, segment_id from history.assignments where first_run_number <= ? "
            "and coalesce(last_run_number, 5) >= ?",
            number,
            number,
        )
        assert sorted(stayed) == sorted(segments(builds[name]).items()), name


def test_movement_of_earlier_runs_is_told_as_it_was(builds):
    overridden = builds["overridden"]
    for number, name in enumerate(IN_A_LINE, start=1):
        assert movement(overridden, number) == movement(builds[name], number)


# --- over all of them


@pytest.mark.parametrize("name", STEPS)
def test_every_customer_is_counted_once_in_what_a_build_says_of_movement(builds, name):
    with duckdb.connect(builds[name].marts, read_only=True) as connection:
        (run,) = connection.execute("select max(run_number) from segmentation_runs").fetchone()
        found = dict(
            connection.execute(
                "select to_segment_id, sum(customer_count) from segment_movement "
                "where basis = 'runs' and period = ? and to_segment_id is not null group by all",
                [f"run {run}"],
            ).fetchall()
        )
        sizes = dict(
            connection.execute("select segment_id, customer_count from segment_summary").fetchall()
        )
    assert found == ({} if name == "first" else sizes)
