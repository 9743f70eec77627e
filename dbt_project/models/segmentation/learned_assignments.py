"""The nearest segment of every customer at every as-of date, streamed."""


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
    source = key_ordered(dbt.ref("assignment_input"), "as_of_date")
    learning = learning_of(source)
    scaling = dbt.ref("fit_features").to_arrow_table()
    segments = nested_segments(dbt.ref("fit_segments"), dbt.ref("fit_centroids"), number)
    learning.check_stored_features(source, scaling, number)
    members = key_ordered(dbt.ref("current_input"))
    return learning.assign_step(source, scaling, segments, settings.fit, members)
