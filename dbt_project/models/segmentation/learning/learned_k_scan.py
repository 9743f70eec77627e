"""Measures of each rung and candidate number of segments; the chosen one with its scaling."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.dbt_inputs import (
        api_of,
        check_fixed_k,
        is_refit,
        key_ordered,
        of_fit,
        settings_from,
    )
    from models_py.drift import with_bins
    from models_py.fit_steps import K_SCAN_SCHEMA
    from models_py.ladder import scaling_of, with_scaling

    settings = settings_from(dbt.ref("fit_request"))
    decision = dbt.ref("refit_decision")
    customers = dbt.ref("clustering_input")
    source = key_ordered(customers)
    api = api_of(source)
    definitions = dbt.ref("clustering_definitions").to_arrow_table()
    halves = dbt.ref("customer_halves")
    stored_features = dbt.source("history", "fit_features")
    if not is_refit(decision):
        return K_SCAN_SCHEMA.empty_table()
    check_fixed_k(customers, settings)
    stored = of_fit(stored_features, settings.stored_fit_number)
    halves = api.halves_read(halves, settings.fit)
    k_scan = api.k_scan_step(source, definitions, settings.fit, stored, halves)
    scaling = scaling_of(k_scan)
    scored = api.with_scores(source, scaling)
    bins = api.baseline_step(scored, scaling, settings.fit)
    return with_scaling(k_scan, with_bins(scaling, bins))
