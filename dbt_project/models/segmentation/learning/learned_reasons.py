"""What speaks for every customer's segment, and the smallest change that would leave it."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.relations import (
        active_fit_from,
        customers_of,
        learning_of,
        nested_segments,
        settings_from,
        value_ranges,
    )

    settings = settings_from(dbt.ref("fit_request"))
    active = active_fit_from(dbt.ref("active_fit"))
    features = dbt.ref("features_by_slot_set")
    scaling = dbt.ref("fit_features").to_arrow_table()
    segments = nested_segments(dbt.ref("fit_segments"), dbt.ref("fit_centroids"), active.number)
    source = customers_of(features, active)
    ranges = value_ranges(features, active, scaling)
    return learning_of(source).reasons_told(source, scaling, segments, ranges, settings.fit)
