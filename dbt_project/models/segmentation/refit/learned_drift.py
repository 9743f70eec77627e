"""How far today's customers have moved from those the stored fit was learned from."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.drift import DRIFT_SCHEMA
    from models_py.relations import (
        learning_of,
        nested_segments,
        of_fit,
        settings_from,
        stored_customers,
    )

    settings = settings_from(dbt.ref("fit_request"))
    source = stored_customers(dbt.ref("features_by_slot_set"))
    features = dbt.source("history", "fit_features")
    segments = dbt.source("history", "segments")
    centroids = dbt.source("history", "fit_centroids")
    baselines = dbt.source("history", "fit_baselines")
    if not settings.stored_fit_number:
        return DRIFT_SCHEMA.empty_table()
    return learning_of(source).drift_step(
        source,
        of_fit(features, settings.stored_fit_number),
        nested_segments(segments, centroids, settings.stored_fit_number),
        of_fit(baselines, settings.stored_fit_number),
        settings.fit,
    )
