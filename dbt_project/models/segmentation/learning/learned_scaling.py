"""How every feature is scaled, and how its values are spread, learned where a refit is due."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.drift import SPREAD_SCHEMA, with_bins
    from models_py.relations import is_refit, key_ordered, learning_of, of_fit, settings_from

    settings = settings_from(dbt.ref("fit_request"))
    decision = dbt.ref("refit_decision")
    source = key_ordered(dbt.ref("clustering_input"))
    learning = learning_of(source)
    definitions = dbt.ref("clustering_definitions").to_arrow_table()
    stored_features = dbt.source("history", "fit_features")
    if not is_refit(decision):
        return SPREAD_SCHEMA.empty_table()
    stored = of_fit(stored_features, settings.stored_fit_number)
    scaling = learning.scaling_step(source, definitions, settings.fit, stored)
    return with_bins(scaling, learning.baseline_step(source, scaling, settings.fit))
