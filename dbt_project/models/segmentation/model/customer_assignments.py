"""The nearest segment of every customer at every as-of date, streamed."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.dbt_inputs import (
        active_fit_from,
        api_of,
        customers_of,
        settings_from,
        tables_of_fit,
        with_current,
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
    source = customers_of(features, active, at_every_date=True)
    members = customers_of(features, active)
    api = api_of(source)
    source, members = (api.with_scores(one, scaling) for one in (source, members))
    api.check_stored_features(source, scaling, active.number)
    assigned = api.assign_step(source, scaling, segments, settings.fit, members)
    return with_current(assigned, active.as_of_date)
