"""What speaks for every customer's segment, and the smallest change that would leave it."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.relations import (
        fit_number,
        key_ordered,
        learning_of,
        nested_segments,
        settings_from,
    )

    settings = settings_from(dbt.ref("fit_settings"))
    number = fit_number(dbt.ref("active_fit"))
    source = key_ordered(dbt.ref("current_input"))
    learning = learning_of(source)
    scaling = dbt.ref("fit_features").to_arrow_table()
    segments = nested_segments(dbt.ref("fit_segments"), dbt.ref("fit_centroids"), number)
    ranges = dbt.ref("feature_ranges").to_arrow_table()
    return learning.reasons_told(source, scaling, segments, ranges, settings.fit)
