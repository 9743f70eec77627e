"""Scaling parameters of every feature, learned where a refit is due."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.profiling import scaling_of_all
    from models_py.relations import is_refit, key_ordered, settings_from
    from models_py.scaling import SCALING_SCHEMA

    settings = settings_from(dbt.ref("fit_settings"))
    decision = dbt.ref("refit_decision")
    source = key_ordered(dbt.ref("clustering_input"))
    definitions = dbt.ref("feature_settings").to_arrow_table()
    if not is_refit(decision):
        return SCALING_SCHEMA.empty_table()
    return scaling_of_all(source, definitions, settings.fit)
