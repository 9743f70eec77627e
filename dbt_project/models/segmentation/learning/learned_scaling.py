"""How every feature is scaled, and how its values are spread, where a refit is due."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.dbt_inputs import api_of, is_refit, key_ordered, settings_from
    from models_py.drift import SPREAD_SCHEMA, with_bins
    from models_py.ladder import scaling_of

    settings = settings_from(dbt.ref("fit_request"))
    decision = dbt.ref("refit_decision")
    source = key_ordered(dbt.ref("clustering_input"))
    api = api_of(source)
    k_scan = dbt.ref("learned_k_scan").to_arrow_table()
    if not is_refit(decision):
        return SPREAD_SCHEMA.empty_table()
    scaling = scaling_of(k_scan)
    scored = api.with_scores(source, scaling)
    return with_bins(scaling, api.baseline_step(scored, scaling, settings.fit))
