"""The ladder of a fit: natural groups where there are any, else needs, else the best weak cut.

1. joint: K-means over all features, in weights found in the data or those of the definitions. Where
   its segments have structure, they are the segments.
2. columns: K-means over what, how, when and on what terms customers buy, in weights found with
   spend taken out. Groups that differ in a few of these are hidden among all features: of a world
   of five kinds, 0.50 is found by the first rung (adjusted Rand index) and 0.70 by this one. Where
   the groups are not clear, but half samples find them again, each searched for itself, they are
   constructive.
3. needs: axes of what, how, when and on what terms customers buy, cut where half samples agree
   (`needs_search`). Constructive: dependable cuts through a continuum that has no natural groups
   (Dolnicar and Leisch 2010, Marketing Letters 21(1)). Weak where they agree in part.
4. the joint segments all the same, called weak: in the weights found, if half samples agree in
   them.

A bar decides the word. The rung of the fit before keeps its place while its bar, a lower one, is
passed. All rungs that were tried are in the scan.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pyarrow as pa

from models_py.arrays import Matrix, Vector
from models_py.candidates import Words, add_needs_profiles, with_profiles, words_of
from models_py.columns import ColumnsSearch, is_of_columns, needs_columns, sampled_values
from models_py.config import FitSettings
from models_py.drift import SPREAD_SCHEMA
from models_py.evaluation import Evaluation
from models_py.feature_passes import Passes
from models_py.needs import NEEDS, NeedsColumn, NeedsModel
from models_py.needs_search import NeedsSearch, search
from models_py.rung_rows import cut_row, needs_row, shown, without_needs
from models_py.scaling import DEFINITIONS
from models_py.selection import CONSTRUCTIVE, STABLE_ADJUSTED_RAND, WEAK
from models_py.weighting import WeightedScaling

JOINT, COLUMNS = "joint", "columns"  # rungs, beside `NEEDS`
# Blocks that no axis is made of: the other half of the orders says nothing of them.
NO_AXES = ("engagement", "attitudes")
NOT_CHOSEN = {"is_chosen": False, "choice_reason": "not chosen: no structure"}
SCALING_TYPE = pa.list_(pa.struct(list(SPREAD_SCHEMA)))

Row = dict[str, Any]
"""A row of the scan."""
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


def halves_read(halves: Any, settings: FitSettings) -> pa.Table:
    """The table that `halves_of` takes, from its relation; Spark samples it by the settings."""
    table: pa.Table = halves.to_arrow_table()
    return table


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
    first: WeightedScaling,
    definitions: pa.Table,
    passes: Passes,
    halves: pa.Table | None,
    stored: pa.Table | None,
    settings: FitSettings,
    scanned: Scanned,
    evaluated: Evaluated,
) -> pa.Table:
    """The scan of each rung as far as needed; the chosen row has the scaling.

    first: the scaling of the first rung. halves: see `halves_of`. stored: the scaling of the fit
    before.
    """
    joint, words = scanned(first.scaling, JOINT), words_of(definitions)
    rows = with_profiles(joint.to_pylist(), first.scaling, words, settings)
    final = first.scaling
    if _chosen(rows)["verdict"] == WEAK and settings.weighting != DEFINITIONS:
        columns = needs_columns(definitions, first.scaling)
        given = sampled_values(columns, passes, settings)
        if given is not None:
            climb = _Climb(first, rows, words, settings, stored, scanned, evaluated)
            rows, final = climb.up(columns, given, halves)
    _chosen(rows)["scaling"] = final.to_pylist()
    names = joint.schema.names
    return pa.Table.from_pylist(
        [{name: row.get(name) for name in names} for row in rows], schema=joint.schema
    )


class _Climb:
    """The rungs above the first, where all features together show no structure."""

    def __init__(
        self,
        first: WeightedScaling,
        rows: list[Row],
        words: Mapping[str, Words],
        settings: FitSettings,
        stored: pa.Table | None,
        scanned: Scanned,
        evaluated: Evaluated,
    ) -> None:
        self.first, self.final, self.rows, self.words = first, first.scaling, rows, words
        self.settings, self.stored = settings, stored
        self.scanned, self.evaluated = scanned, evaluated

    def up(
        self, columns: list[NeedsColumn], given: dict[str, Vector], halves: pa.Table | None
    ) -> tuple[list[Row], pa.Table]:
        """The rows of all rungs tried, and the scaling of the chosen one."""

        @cache
        def needs() -> NeedsSearch:
            return _needs_found(columns, given, halves, self.stored, self.settings)

        by_columns = ColumnsSearch(self.first.scaling, columns, given, self.settings, self.stored)
        if self._clear_columns(by_columns):
            return self.rows, self.final
        stays = rung_of(self.stored) == NEEDS and needs().keeps_active
        if not stays and self._dependable_columns(by_columns):
            return self.rows, self.final
        if not self._needs(needs()):
            why = without_needs(needs(), shown(needs()))
            if by_columns.is_possible:
                self._agreed_joint()
            _chosen(self.rows)["verdict_reason"] += f"; {why}"
        return self.rows, self.final

    def _clear_columns(self, by_columns: ColumnsSearch) -> bool:
        """Are groups of the columns clear? Then they are shown."""
        own = by_columns.clear()
        if own is None:
            return False
        tried = self._tried_columns(own)
        best = _chosen(tried)
        is_shown = bool(best["verdict"] != WEAK)
        (_chosen(self.rows) if is_shown else best).update(NOT_CHOSEN)
        self.rows = self.rows + tried
        if is_shown:
            self.final = own
        return is_shown

    def _dependable_columns(self, by_columns: ColumnsSearch) -> bool:
        """Do half samples find a cut by the columns again? Then it is shown."""
        active_k = settings_of_rung(self.settings, self.stored, COLUMNS).active_k
        found = by_columns.dependable(active_k)
        if found is None:
            return False
        self.final, cut = found
        _chosen(self.rows).update(NOT_CHOSEN)
        self.rows = [row for row in self.rows if row["rung"] != COLUMNS]
        tried = self._tried_columns(self.final)
        self.rows += [cut_row(row, cut, active_k, CONSTRUCTIVE) for row in tried]
        return True

    def _needs(self, found: NeedsSearch) -> bool:
        """Is there a cut along needs, dependable or in part? Then it is shown."""
        before, cuts = _chosen(self.rows), shown(found)
        tried = [needs_row(cut, found, before) for cut in cuts]
        if found.chosen is not None:
            before.update(NOT_CHOSEN)
            self.final = found.chosen.model.described(self.first.scaling)
            best = _chosen(tried)
            _measure(best, self.evaluated(self.final, np.array(best["centroids"])))
        for cut, row in zip(cuts, tried, strict=True):
            add_needs_profiles(row, cut.model, cut.shares, cut.means, self.words, self.settings)
        self.rows = self.rows + tried
        return found.chosen is not None

    def _agreed_joint(self) -> None:
        """Do half samples agree on a cut by all features in found weights? Then it is shown.

        In place of that in the weights of the definitions, which ranks customers by value once
        more. Weak either way.
        """
        active_k = settings_of_rung(self.settings, self.stored, JOINT).active_k
        found = self.first.in_agreed_weights(active_k)
        if found is None or found[1].agreement < STABLE_ADJUSTED_RAND:
            return
        self.final, cut = found
        tried = self.scanned(self.final, JOINT).to_pylist()
        tried = with_profiles(tried, self.final, self.words, self.settings)
        others = [row for row in self.rows if row["rung"] != JOINT]
        self.rows = [cut_row(row, cut, active_k, WEAK) for row in tried] + others

    def _tried_columns(self, own: pa.Table) -> list[Row]:
        tried = [row | {"rung": COLUMNS} for row in self.scanned(own, COLUMNS).to_pylist()]
        return with_profiles(tried, own, self.words, self.settings)


def _chosen(rows: list[Row]) -> Row:
    return next(row for row in rows if row["is_chosen"])


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
