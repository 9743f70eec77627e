"""Segments of the backtest fit, learned at an earlier date, under the ids of the active fit."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.dbt_inputs import (
        api_of,
        backtest_customers,
        definitions_of,
        key_ordered,
        learned_rows,
        scaling_of_fit,
        segment_ids,
        settings_from,
        settings_of_fit,
    )
    from models_py.scoring import ASSIGN_SCHEMA

    settings = settings_from(dbt.ref("fit_request"))
    settings = settings_of_fit(settings.fit, dbt.ref("active_fit"))
    active_ids = segment_ids(dbt.ref("fit_segments"))
    catalog = dbt.ref("feature_catalog_entries")
    definitions, scaling = definitions_of(catalog), scaling_of_fit(catalog)
    customers = backtest_customers(dbt.ref("features_by_slot_set"))
    learned = learned_rows(customers, dbt.ref("snapshots"), dbt.ref("customer_assignments"))
    if learned is None:
        return ASSIGN_SCHEMA.empty_table()
    learned_from = key_ordered(learned)
    return api_of(learned_from).backtest_step(
        learned_from,
        key_ordered(customers, "as_of_date"),
        definitions,
        active_ids,
        settings,
        scaling,
    )
