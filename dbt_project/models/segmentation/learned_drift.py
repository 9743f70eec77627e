"""How far today's customers have moved from those the stored fit was learned from."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.monitoring import DRIFT_SCHEMA
    from models_py.relations import key_ordered, learning_of, nested_segments, of_fit, settings_from

    settings = settings_from(dbt.ref("fit_settings"))
    source = key_ordered(dbt.ref("stored_input"))
    learning = learning_of(source)
    features = dbt.source("history", "fit_features")
    segments = dbt.source("history", "segments")
    centroids = dbt.source("history", "fit_centroids")
    baselines = dbt.source("history", "fit_baselines")
    if not settings.stored_fit_number:
        return DRIFT_SCHEMA.empty_table()
    return learning.drift_of_stored_fit(
        source,
        of_fit(features, settings.stored_fit_number),
        nested_segments(segments, centroids, settings.stored_fit_number),
        of_fit(baselines, settings.stored_fit_number),
        settings.fit,
    )
