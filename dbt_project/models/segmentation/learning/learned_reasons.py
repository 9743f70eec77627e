"""What speaks for every customer's segment, and the smallest change that would leave it."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.dbt_inputs import (
        active_fit_from,
        api_of,
        customers_of,
        settings_from,
        tables_of_fit,
        value_ranges,
    )

    settings = settings_from(dbt.ref("fit_request"))
    active = active_fit_from(dbt.ref("active_fit"))
    features = dbt.ref("features_by_slot_set")
    scaling, segments = tables_of_fit(
        active,
        (dbt.ref("learned_k_scan"), dbt.ref("learned_segments")),
        (
            dbt.source("history", "fit_features"),
            dbt.source("history", "segments"),
            dbt.source("history", "fit_centroids"),
        ),
    )
    source = customers_of(features, active)
    ranges = value_ranges(features, active, scaling)
    api = api_of(source)
    scored = api.with_scores(source, scaling)
    return api.top_reasons(scored, scaling, segments, ranges, settings.fit)
