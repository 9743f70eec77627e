"""Customers who drift ask for a refit; ids and names that people gave outlive it."""

import pytest

from moving_shop import (
    BRANCHES,
    LINE,
    LOST,
    MORE_DAYS,
    K,
    as_of,
)
from segments_read import members, movement, names, segment_of_most, segments

pytestmark = pytest.mark.many_builds

CHAINS = [LINE, BRANCHES]


def test_customers_who_drifted_ask_for_a_refit_that_keeps_ids(builds):
    later, drifted = builds["later"], builds["drifted"]
    number, fit, is_refit, reason, features = drifted.current_run(
        "run_number", "fit_number", "is_refit", "refit_reason", "drifted_features"
    )
    assert (number, fit, is_refit) == (3, 2, True)
    assert reason == f"customers drifted in {features}"
    # Prices are what doubled. Nothing else did.
    assert features == "spend_per_28_days"
    before, after = segments(later), segments(drifted)
    assert set(after.values()) == set(before.values())
    assert before.keys() - after.keys() == set(LOST)
    assert sum(after[one] != before[one] for one in after) <= 0.05 * len(after)
    lineages = drifted.query("select distinct lineage from history.segments where fit_number = 2")
    assert lineages == [("kept",)]


def test_names_follow_ids_over_a_refit(builds):
    derived = {
        fit: dict(
            builds["drifted"].query(
                "select segment_id, derived_name from history.segments where fit_number = ?", fit
            )
        )
        for fit in (1, 2)
    }
    assert derived[2] == derived[1]


def test_a_name_given_by_people_follows_its_id(builds):
    drifted = builds["drifted"]
    given = "Regulars, and glad of it"
    assert names(drifted)[2] == given
    assert members(drifted, 2) & members(builds["later"], 2)
    assert drifted.query(
        "select distinct segment_name from customer_segments where segment_id = 2"
    ) == [(given,)]


def test_customers_who_are_in_no_file_any_more_are_counted_where_they_were(builds):
    drifted = builds["drifted"]
    deals = segment_of_most(builds["later"], "deal")
    found = movement(drifted, 3)
    left = sum(counts[0] for pair, counts in found.items() if pair[0] == str(deals))
    assert left == len(members(builds["later"], deals))
    gone = {pair[1]: counts for pair, counts in found.items() if not pair[1].isdigit()}
    assert list(gone.values()) == [(len(LOST), 0, 0)]
    assert not any(customer in segments(drifted) for customer in LOST)


def test_never_keeps_the_stored_fit_whatever_changed(builds):
    later, never = builds["later"], builds["never"]
    columns = ("run_number", "fit_number", "k", "is_refit", "is_held_back", "as_of_date")
    assert never.current_run(*columns) == (3, 1, K, False, False, as_of(MORE_DAYS))
    assert never.current_run("refit_reason") == ("stored fit stays active",)
    # The run still says what a refit would be for.
    (features,) = never.current_run("drifted_features")
    assert features == "spend_per_28_days"
    query = "select * from history.fit_centroids order by all"
    assert never.query(query) == later.query(query)
    assert names(never) == names(later)


def test_the_catalogue_shows_a_feature_as_the_active_fit_uses_it(builds):
    # The build that never refits has other definitions: one transform changed, one feature gone.
    catalogue = (
        "select feature, transform, weight, missing_value, lower_value, upper_value, mean_value, "
        "scale_factor from feature_catalog where is_used order by feature"
    )
    assert builds["never"].query(catalogue) == builds["later"].query(catalogue)


@pytest.mark.parametrize(
    "mart", ["customer_segments", "segment_yield", "segment_baselines", "segment_profiles"]
)
def test_settings_that_no_fit_was_learned_by_change_no_figure(builds, mart):
    """One build keeps the stored fit as it was asked to, the other asks for another fit."""
    never, kept = builds["never"], builds["kept"]
    # Words of a feature are today's: the one that is gone has none of its own any more.
    columns = "columns(lambda c: c not in ('run_id', 'label', 'unit', 'phrase'))"
    query = f"select {columns} from {mart} order by all"
    assert never.query(query) == kept.query(query)
