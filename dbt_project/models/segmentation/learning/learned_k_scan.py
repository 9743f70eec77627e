"""One row per candidate number of segments, with its measures and whether it was chosen."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.relations import check_fixed_k, is_refit, key_ordered, learning_of, settings_from
    from models_py.steps import K_SCAN_SCHEMA

    settings = settings_from(dbt.ref("fit_request"))
    decision = dbt.ref("refit_decision")
    customers = dbt.ref("clustering_input")
    source = key_ordered(customers)
    learning = learning_of(source)
    scaling = dbt.ref("learned_scaling").to_arrow_table()
    if not is_refit(decision):
        return K_SCAN_SCHEMA.empty_table()
    check_fixed_k(customers, settings)
    return learning.k_scan_step(source, scaling, settings.fit)
