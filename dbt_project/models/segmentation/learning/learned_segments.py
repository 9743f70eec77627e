"""The segments of the fit in the making, matched to those of the fit before it."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.dbt_inputs import (
        api_of,
        is_refit,
        key_ordered,
        nested_segments,
        settings_from,
        with_previous_segments,
    )
    from models_py.ladder import scaling_of
    from models_py.model import SEGMENTS_SCHEMA

    settings = settings_from(dbt.ref("fit_request"))
    decision = dbt.ref("refit_decision")
    customers = with_previous_segments(
        dbt.ref("clustering_input"),
        dbt.ref("learned_stored_assignments"),
        dbt.source("history", "assignments"),
    )
    source = key_ordered(customers)
    api = api_of(source)
    k_scan = dbt.ref("learned_k_scan").to_arrow_table()
    stored_segments = dbt.source("history", "segments")
    stored_centroids = dbt.source("history", "fit_centroids")
    if not is_refit(decision):
        return SEGMENTS_SCHEMA.empty_table()
    previous = nested_segments(stored_segments, stored_centroids, settings.stored_fit_number)
    scaling = scaling_of(k_scan)
    scored = api.with_scores(source, scaling)
    return api.fit_step(scored, scaling, k_scan, previous, settings.next_segment_id, settings.fit)
