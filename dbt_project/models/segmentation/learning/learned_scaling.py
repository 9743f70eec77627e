"""How every feature is scaled, and how its values are spread, where a refit is due."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.drift import SPREAD_SCHEMA, with_bins
    from models_py.ladder import scaling_of
    from models_py.relations import is_refit, key_ordered, learning_of, settings_from

    settings = settings_from(dbt.ref("fit_request"))
    decision = dbt.ref("refit_decision")
    source = key_ordered(dbt.ref("clustering_input"))
    learning = learning_of(source)
    k_scan = dbt.ref("learned_k_scan").to_arrow_table()
    if not is_refit(decision):
        return SPREAD_SCHEMA.empty_table()
    scaling = scaling_of(k_scan)
    scored = learning.with_scores(source, scaling)
    return with_bins(scaling, learning.baseline_step(scored, scaling, settings.fit))
