"""A rule of at most three conditions for each segment, learned against all others."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.dbt_inputs import (
        active_fit_from,
        api_of,
        customers_with_segments,
        rule_features,
        settings_from,
        settings_of_fit,
    )

    settings = settings_from(dbt.ref("fit_request"))
    active = active_fit_from(dbt.ref("active_fit"))
    features = dbt.ref("features_by_slot_set")
    source = customers_with_segments(features, active, dbt.ref("customer_assignments"))
    return api_of(source).rules_step(
        source,
        rule_features(dbt.ref("feature_catalog_entries"), features),
        settings_of_fit(settings.fit, dbt.ref("active_fit")),
    )
