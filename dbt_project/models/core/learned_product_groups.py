"""Groups of products, or of the sub-categories they are in, that the same customers buy."""


def model(dbt, session):
    dbt.config(materialized="table")
    from models_py.product_group_step import Calendar, groups_step

    meta = dbt.config.get("meta")
    return groups_step(
        dbt.ref("int_order_lines_keyed"),
        dbt.ref("int_products_validated"),
        dbt.source("history", "fits"),
        dbt.source("history", "fit_product_groups"),
        calendar=Calendar.of(meta),
    )
