"""Rows of the tables of schema `history` that no dbt model has: what is stored and this run's.

Where dbt reads a table with the rows of this run, it has a model `history_<table>`, which is
published as it is. The others are put together here when they are published: those of runs and of k
scans from the marts that show them. Queries are on a build database that is attached as `build`.
"""

from __future__ import annotations

from dataclasses import dataclass

from common.quoting import identifier
from store.history_schema import HISTORY_TABLES

ACTIVE_FIT = ("segmentation", "active_fit")


@dataclass(frozen=True)
class NewRows:
    """The model that has what this run adds to a table of fits.

    condition: which of its rows these are, where it also has others.
    unnested: its column of lists, where each entry of these is a row.
    """

    schema: str
    model: str
    condition: str = "true"
    unnested: str | None = None


# Added where this run learned the active fit: a refit that is held back leaves nothing.
OF_THE_FIT = {
    "fits": NewRows(*ACTIVE_FIT),
    "fit_features": NewRows(
        "segmentation", "feature_catalog_entries", "new_rows.fit_number is not null"
    ),
    "fit_centroids": NewRows("segmentation", "learned_segments", unnested="centroid"),
    "fit_baselines": NewRows(
        "segmentation", "learned_k_scan", "new_rows.is_used", unnested="scaling"
    ),
    "fit_product_groups": NewRows("core", "learned_product_groups"),
    "fit_categories": NewRows(
        "features",
        "category_slots",
        "new_rows.slot_set = active_fit.slot_set and new_rows.name is not null",
    ),
}
WHOLE = {
    # The mart does not show when the data of a run was loaded.
    "runs": """
        select
            runs.*,
            case
                when stored.run_number is null then run_facts.loaded_at
                else stored.loaded_at
            end as loaded_at
        from build.marts.segmentation_runs as runs
        left join build.history.runs as stored
            on runs.run_number = stored.run_number
        cross join build.segmentation.run_facts as run_facts
    """,
    "k_scan": "select * from build.marts.segmentation_k_scan",
    "segments": """
        select * from build.history.segments
        union all by name
        select
            segment_names.derived_name,
            segment_names.is_name_distinct,
            fit_segments.*
        from build.segmentation.fit_segments as fit_segments
        cross join build.segmentation.active_fit as active_fit
        left join build.segmentation.segment_names as segment_names
            on fit_segments.segment_id = segment_names.segment_id
        where active_fit.is_refit
    """,
    # A file that was loaded before keeps the time it was first loaded at.
    "load_ledger": """
        select
            source_table, file_name, file_bytes, file_sha256, row_count,
            min(loaded_at) as loaded_at
        from (
            from build.history.load_ledger
            union all by name
            from build.raw.load_ledger
        )
        group by all
    """,
    "pseudonymisation": """
        select pseudonym_check from build.raw.load_settings
        where pseudonym_check is not null
    """,
    # Numbers of runs that were rolled back stay given out.
    "highest_numbers": """
        select
            max(run_number) as run_number,
            max(fit_number) as fit_number,
            max(segment_id) as segment_id
        from (
            select run_number, fit_number, segment_id from build.history.highest_numbers
            union all
            select run_number, fit_number, 0 from build.segmentation.segmentation_run
            union all
            select 0, 0, segment_id from build.history.segments
            union all
            select 0, 0, segment_id from build.segmentation.fit_segments
        )
    """,
}
# What these queries read, besides the tables of schema history and the loaded ones.
READ = (
    *((rows.schema, rows.model) for rows in OF_THE_FIT.values()),
    ("segmentation", "segmentation_run"),
    ("segmentation", "fit_segments"),
    ("segmentation", "segment_names"),
    ("marts", "segmentation_k_scan"),
    ("marts", "segmentation_runs"),
    ("segmentation", "run_facts"),
)
LOADED = ("load_ledger", "load_settings")


def rows_sql(name: str) -> str:
    """Return the query for the rows of a table, columns and types as the history has them."""
    columns = HISTORY_TABLES[name]
    cells = ", ".join(f"cast({identifier(c)} as {kind}) as {identifier(c)}" for c, kind in columns)
    rows = WHOLE[name] if name in WHOLE else _with_new_rows(name, OF_THE_FIT[name])
    return f"select {cells} from ({rows})"


def _with_new_rows(name: str, new: NewRows) -> str:
    columns = [column for column, _ in HISTORY_TABLES[name]]
    stored = ", ".join(identifier(column) for column in columns)
    # Models of one fit need not say which.
    added = ", ".join(
        identifier("active_fit" if column == "fit_number" else "new_rows", column)
        for column in columns
    )
    rows = identifier("build", new.schema, new.model)
    if new.unnested:
        entries = f"unnest({identifier(new.unnested)}, max_depth := 2)"
        rows = f"(select * exclude ({identifier(new.unnested)}), {entries} from {rows})"
    return (
        f"select {stored} from {identifier('build', 'history', name)} "
        f"union all select {added} from {rows} as new_rows "
        f"cross join {identifier('build', *ACTIVE_FIT)} as active_fit "
        f"where active_fit.is_refit and {new.condition}"
    )
