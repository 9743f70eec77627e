"""How far today's customers have moved from those the stored fit was learned from."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.dbt_inputs import (
        api_of,
        of_fit,
        settings_from,
        stored_customers,
        stored_tables,
    )
    from models_py.drift import DRIFT_SCHEMA

    settings = settings_from(dbt.ref("fit_request"))
    source = stored_customers(dbt.ref("features_by_slot_set"))
    stored = (
        dbt.source("history", "fit_features"),
        dbt.source("history", "segments"),
        dbt.source("history", "fit_centroids"),
    )
    baselines = dbt.source("history", "fit_baselines")
    if not settings.stored_fit_number:
        return DRIFT_SCHEMA.empty_table()
    api = api_of(source)
    scaling, segments = stored_tables(stored, settings.stored_fit_number)
    return api.drift_step(
        api.with_scores(source, scaling),
        scaling,
        segments,
        of_fit(baselines, settings.stored_fit_number),
        settings.fit,
    )
