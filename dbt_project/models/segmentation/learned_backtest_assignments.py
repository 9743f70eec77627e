"""Segments of the judged fit, learned at an earlier date, under the ids of those in force."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.relations import (
        definitions_of,
        fit_number,
        key_ordered,
        learned_rows,
        learning_of,
        segment_ids,
        settings_from,
        settings_of_fit,
    )
    from models_py.scoring import ASSIGN_SCHEMA

    settings = settings_from(dbt.ref("fit_settings")).fit
    number = fit_number(dbt.ref("active_fit"))
    settings = settings_of_fit(settings, dbt.ref("history_fits"), number)
    in_force = segment_ids(dbt.ref("fit_segments"))
    customers = dbt.ref("backtest_input")
    definitions = definitions_of(dbt.ref("fit_features"))
    learned = learned_rows(customers)
    if learned is None:
        return ASSIGN_SCHEMA.empty_table()
    learned_from = key_ordered(learned)
    return learning_of(learned_from).judged_step(
        learned_from,
        key_ordered(customers, "as_of_date"),
        definitions,
        in_force,
        settings,
    )
