"""Segments of the judged fit, learned at an earlier date, under the ids of those in force."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.relations import (
        key_ordered,
        learned_rows,
        learning_of,
        segment_ids,
        settings_from,
    )
    from models_py.scoring import ASSIGN_SCHEMA

    settings = settings_from(dbt.ref("fit_settings"))
    in_force = segment_ids(dbt.ref("fit_segments"))
    customers = dbt.ref("judged_input")
    definitions = dbt.ref("feature_settings").to_arrow_table()
    learned = learned_rows(customers)
    if learned is None:
        return ASSIGN_SCHEMA.empty_table()
    learned_from = key_ordered(learned)
    return learning_of(learned_from).judged_step(
        learned_from,
        key_ordered(customers, "as_of_date"),
        definitions,
        in_force,
        settings.fit,
    )
