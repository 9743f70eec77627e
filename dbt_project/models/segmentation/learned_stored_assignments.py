"""Where the stored fit sees today's customers, for a refit to be compared with."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.relations import (
        is_refit,
        key_ordered,
        learning_of,
        nested_segments,
        of_fit,
        settings_from,
    )
    from models_py.scoring import ASSIGN_SCHEMA

    settings = settings_from(dbt.ref("fit_settings"))
    decision = dbt.ref("refit_decision")
    source = key_ordered(dbt.ref("stored_input"))
    learning = learning_of(source)
    features = dbt.source("history", "fit_features")
    segments = dbt.source("history", "segments")
    centroids = dbt.source("history", "fit_centroids")
    if not (settings.stored_fit_number and is_refit(decision)):
        return ASSIGN_SCHEMA.empty_table()
    return learning.assignments_by_stored_fit(
        source,
        of_fit(features, settings.stored_fit_number),
        nested_segments(segments, centroids, settings.stored_fit_number),
        settings.fit,
    )
