"""How the features of the fit in the making are spread, for later builds to compare with."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.drift import BASELINE_SCHEMA
    from models_py.relations import is_refit, key_ordered, learning_of, settings_from

    settings = settings_from(dbt.ref("fit_request"))
    decision = dbt.ref("refit_decision")
    source = key_ordered(dbt.ref("clustering_input"))
    learning = learning_of(source)
    scaling = dbt.ref("learned_scaling").to_arrow_table()
    if not is_refit(decision):
        return BASELINE_SCHEMA.empty_table()
    return learning.baseline_step(source, scaling, settings.fit)
