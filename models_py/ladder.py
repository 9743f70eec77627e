"""The ladder of a fit: natural groups where there are any, else needs, else the best weak cut.

1. joint: K-means over all features, in weights found in the data or those of the definitions. Where
   its segments have structure, they are the segments.
2. columns: K-means over what, how, when and on what terms customers buy, in weights found with
   spend taken out. Groups that differ in a few of these are hidden among all features: of a world
   of five kinds, 0.50 is found by the first rung (adjusted Rand index) and 0.70 by this one.
3. needs: axes of what, how, when and on what terms customers buy, cut where half samples agree
   (`needs_search`). Constructive: dependable cuts through a continuum that has no natural groups
   (Dolnicar and Leisch 2010, Marketing Letters 21(1)). Weak where they agree in part.
4. the joint segments all the same, called weak.

A bar decides the word, and which of them is shown; all that were tried are in the scan.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from models_py.arrays import Matrix, Vector
from models_py.candidates import add_needs_profiles, with_profiles, words_of
from models_py.config import FitSettings
from models_py.drift import SPREAD_SCHEMA
from models_py.evaluation import Evaluation
from models_py.feature_passes import Passes
from models_py.kmeans import rng_for
from models_py.needs import (
    LINES,
    NEEDS,
    NO_PART,
    OBSERVED,
    ORDERS,
    SPEND,
    NeedsColumn,
    NeedsModel,
)
from models_py.needs_learning import components
from models_py.needs_rows import needs_row, shown, without_needs
from models_py.needs_search import NeedsSearch, search
from models_py.parallel import one_blas_thread
from models_py.sample import sampled_rows
from models_py.scaling import DEFINITIONS, STRUCTURE
from models_py.selection import WEAK
from models_py.weighting import ActiveWeights, structure_weights

JOINT, COLUMNS = "joint", "columns"  # rungs, beside `NEEDS`
# Blocks that no axis is made of: the other half of the orders says nothing of them.
NO_AXES = ("engagement", "attitudes")
SAMPLE_SIZE = 20_000  # customers that needs are learned from
SAMPLE_PATH, WEIGHTS_PATH = 32, 33  # seed paths of samples; others are in `scan`, `weighting`
NOT_CHOSEN = {"is_chosen": False, "choice_reason": "not chosen: no structure"}
SCALING_TYPE = pa.list_(pa.struct(list(SPREAD_SCHEMA)))

Scanned = Callable[[pa.Table, str], pa.Table]
"""Tries every k in a scaling, for a rung."""
Evaluated = Callable[[pa.Table, Matrix], Evaluation]
"""Measures centres on all customers, scaled as a scaling table says."""


def rung_of(scaling: pa.Table | None) -> str:
    """The rung of a fit, by its scaling; the first where there is none."""
    if NeedsModel.from_table(scaling) is not None:
        return NEEDS
    return COLUMNS if scaling is not None and is_of_columns(scaling) else JOINT


def settings_of_rung(settings: FitSettings, stored: pa.Table | None, rung: str) -> FitSettings:
    """Settings for the choice of k on a rung: a k of another rung is not active there."""
    return settings if rung_of(stored) == rung else replace(settings, active_k=None)


def needs_columns(definitions: pa.Table, scaling: pa.Table) -> list[NeedsColumn]:
    """The columns that axes may be made of: those with a block that vary, in position order."""
    if "needs_block" not in definitions.column_names:
        return []
    learned = {row["feature"]: row for row in scaling.to_pylist()}
    found = []
    for row in sorted(definitions.to_pylist(), key=lambda row: (row["position"], row["feature"])):
        own = learned.get(row["feature"])
        if row["needs_block"] and own is not None and own["mean_value"] is not None:
            found.append(
                NeedsColumn(
                    row["feature"],
                    row["needs_block"],
                    row["share_of"],
                    own["transform"],
                    own["missing_value"],
                    own["lower_value"],
                    own["upper_value"],
                )
            )
    return found


def sampled_values(
    columns: list[NeedsColumn], passes: Passes, settings: FitSettings
) -> dict[str, Vector] | None:
    """Features of a seeded sample of the customers, by name; None where there is no spend."""
    names = [column.feature for column in columns]
    names += [name for name in (SPEND, ORDERS, LINES, OBSERVED) if name not in names]
    if not columns or not set(names) <= passes.columns():
        return None
    sample = passes.seen(names).sample
    rows = sampled_rows(sample.shape[1], SAMPLE_SIZE, rng_for(settings.seed, SAMPLE_PATH))
    return {name: sample[at, rows] for at, name in enumerate(names)}


def halves_of(halves: pa.Table | None) -> list[dict[str, Vector]] | None:
    """Features of the same customers in two halves of their orders, from a table of both.

    halves: customer_id, half (0 or 1) and features; two rows per customer.
    """
    if halves is None:
        return None
    ordered = halves.sort_by([("half", "ascending"), ("customer_id", "ascending")])
    names = [
        name for name in ordered.column_names if name not in ("customer_id", "half", "as_of_date")
    ]
    middle = ordered.num_rows // 2
    values = {
        name: ordered.column(name).cast(pa.float64()).to_numpy(zero_copy_only=False)
        for name in names
    }
    return [
        {name: line[part] for name, line in values.items()}
        for part in (slice(None, middle), slice(middle, None))
    ]


def climbed(
    scaling: pa.Table,
    definitions: pa.Table,
    passes: Passes,
    halves: pa.Table | None,
    stored: pa.Table | None,
    settings: FitSettings,
    scanned: Scanned,
    evaluated: Evaluated,
) -> pa.Table:
    """The scan of each rung as far as needed; the chosen row has the scaling.

    scaling: of the first rung. halves: see `halves_of`. stored: the scaling of the fit before.
    """
    joint, words = scanned(scaling, JOINT), words_of(definitions)
    rows = with_profiles(joint.to_pylist(), scaling, words, settings)
    chosen, final = _chosen(rows), scaling
    if chosen["verdict"] == WEAK and settings.weighting != DEFINITIONS:
        columns = needs_columns(definitions, scaling)
        given = sampled_values(columns, passes, settings)
        if given is not None:
            own = columns_scaling(scaling, columns, given, settings, stored)
            if own is not None:
                tried = [row | {"rung": COLUMNS} for row in scanned(own, COLUMNS).to_pylist()]
                tried = with_profiles(tried, own, words, settings)
                final = own if _outdone(chosen, tried) else scaling
                rows += tried
            if final is scaling:
                found = _needs_found(columns, given, halves, stored, settings)
                cuts = shown(found)
                tried = [needs_row(cut, found, chosen) for cut in cuts]
                if found.chosen is not None:
                    chosen |= NOT_CHOSEN
                    final = found.chosen.model.described(scaling)
                    best = _chosen(tried)
                    _measure(best, evaluated(final, np.array(best["centroids"])))
                for cut, row in zip(cuts, tried, strict=True):
                    add_needs_profiles(row, cut.model, cut.shares, cut.means, words, settings)
                rows += tried
                if final is scaling:
                    chosen["verdict_reason"] += f"; {without_needs(found, cuts)}"
    _chosen(rows)["scaling"] = final.to_pylist()
    names = joint.schema.names
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema=joint.schema
    )


def _chosen(rows: list[dict[str, Any]]) -> dict[str, Any]:
    return next(row for row in rows if row["is_chosen"])


def _outdone(before: dict[str, Any], tried: list[dict[str, Any]]) -> bool:
    """Has the chosen row of a rung more than a weak verdict? The other is chosen no more."""
    best = _chosen(tried)
    loser = best if best["verdict"] == WEAK else before
    loser |= NOT_CHOSEN
    return loser is before


def _needs_found(
    columns: list[NeedsColumn],
    given: dict[str, Vector],
    halves: pa.Table | None,
    stored: pa.Table | None,
    settings: FitSettings,
) -> NeedsSearch:
    before = NeedsModel.from_table(stored)
    if before is not None and not set(before.read_features) <= set(given):
        before = None
    parts = [column for column in columns if column.block not in NO_AXES]
    return search(parts, given, halves_of(halves), settings, before)


def columns_scaling(
    scaling: pa.Table,
    columns: list[NeedsColumn],
    given: dict[str, Vector],
    settings: FitSettings,
    stored: pa.Table | None,
) -> pa.Table | None:
    """A scaling of the columns of needs alone, in weights found with spend taken out.

    None where no groups show. stored: the scaling of the fit before, whose weights stay while
    their groups are there (see `weighting`).
    """
    found = components(columns, given)
    if found is None:
        return None
    count = len(found.standardised)
    rng = rng_for(settings.seed, WEIGHTS_PATH)
    rows = sampled_rows(count, settings.weighting_sample_size, rng)
    names = [column.feature for column in found.columns]
    active = ActiveWeights.from_table(stored)
    with one_blas_thread():
        weights = structure_weights(
            np.ascontiguousarray(found.standardised[rows], dtype=np.float32),
            np.ones(len(names)),
            [column.block for column in found.columns],
            settings,
            held=None if active is None else active.of_features(names),
        )
    if weights is None:
        return None
    return _weighted(scaling, found.columns, dict(zip(names, weights, strict=True)))


def _weighted(
    scaling: pa.Table, columns: Sequence[NeedsColumn], weights: dict[str, float]
) -> pa.Table:
    """The scaling with these features alone, of these shares of variance."""
    rows = scaling.to_pylist()
    parts = {column.feature: column for column in columns}
    for row in rows:
        row |= {"weighting": STRUCTURE, "is_used": False, "scale_factor": None}
        weight = weights.get(row["feature"])
        if weight is None:
            row["dropped_reason"] = row["dropped_reason"] or NO_PART
            continue
        part = parts[row["feature"]]
        row |= {"is_used": True, "dropped_reason": None, "weight": float(weight)}
        row |= {"needs_block": part.block, "share_of": part.share_of}
        row["scale_factor"] = float(np.sqrt(weight) / row["standard_deviation"])
    return pa.Table.from_pylist(rows, schema=scaling.schema)


def is_of_columns(scaling: pa.Table) -> bool:
    """Is a scaling of the columns of needs alone?"""
    rows = scaling.to_pylist()
    return any(row["weighting"] == STRUCTURE and row["is_used"] for row in rows) and any(
        row["feature"] == SPEND and row["dropped_reason"] == NO_PART for row in rows
    )


def scaling_of(scan: pa.Table) -> pa.Table:
    """The scaling that the chosen segments of a scan were made in, with bins where it has them."""
    return pa.Table.from_pylist(_chosen(scan.to_pylist())["scaling"], schema=SPREAD_SCHEMA)


def with_scaling(scan: pa.Table, scaling: pa.Table) -> pa.Table:
    """The scan with this scaling, in the layout of `drift.SPREAD_SCHEMA`, in the chosen row."""
    rows = scan.to_pylist()
    _chosen(rows)["scaling"] = scaling.to_pylist()
    return pa.Table.from_pylist(rows, schema=scan.schema)


def _measure(row: dict[str, Any], measured: Evaluation) -> None:
    """Put the measures of all customers into the row."""
    row |= {
        "inertia": measured.inertia,
        "explained_variance_share": measured.explained_variance_share,
        "silhouette": measured.silhouette,
        "davies_bouldin": measured.davies_bouldin,
        "calinski_harabasz": measured.calinski_harabasz,
        "smallest_segment_share": float(measured.sizes.min()) / row["customer_count"],
        "cluster_sizes": measured.sizes.tolist(),
        "cluster_silhouettes": [
            None if np.isnan(value) else value for value in measured.cluster_silhouettes.tolist()
        ],
    }


def columns_again(active: pa.Table, scaling: pa.Table) -> list[NeedsColumn]:
    """The columns of the active fit with the bounds of another scaling, where they vary there."""
    named = {
        "feature": active.column("feature"),
        "position": active.column("position"),
        "needs_block": active.column("needs_block"),
        "share_of": active.column("share_of"),
    }
    return needs_columns(pa.table(named), scaling)
