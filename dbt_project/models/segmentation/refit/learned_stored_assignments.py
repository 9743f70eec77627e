"""Where the stored fit sees today's customers: the far ones, and what a refit would move."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.dbt_inputs import (
        api_of,
        settings_from,
        stored_customers,
        stored_tables,
    )
    from models_py.scoring import ASSIGN_SCHEMA

    settings = settings_from(dbt.ref("fit_request"))
    source = stored_customers(dbt.ref("features_by_slot_set"))
    stored = (
        dbt.source("history", "fit_features"),
        dbt.source("history", "segments"),
        dbt.source("history", "fit_centroids"),
    )
    if not settings.stored_fit_number:
        return ASSIGN_SCHEMA.empty_table()
    api = api_of(source)
    scaling, segments = stored_tables(stored, settings.stored_fit_number)
    return api.assignments_by_stored_fit(
        api.with_scores(source, scaling),
        scaling,
        segments,
        settings.fit,
    )
