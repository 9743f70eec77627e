"""What, how, when and on what terms customers buy: columns, in weights of their own."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from models_py.arrays import Vector
from models_py.config import FitSettings
from models_py.feature_passes import Passes
from models_py.kmeans import rng_for
from models_py.needs import LINES, NO_PART, OBSERVED, ORDERS, SPEND, NeedsColumn
from models_py.needs_learning import components
from models_py.parallel import one_blas_thread
from models_py.sample import sampled_rows
from models_py.scaling import STRUCTURE
from models_py.weighting import ActiveWeights, Agreed, WeightSearch

SAMPLE_SIZE = 20_000  # customers that needs are learned from
SAMPLE_PATH, WEIGHTS_PATH = 32, 33  # seed paths of samples; others are in `scan`, `weighting`


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


def columns_again(active: pa.Table, scaling: pa.Table) -> list[NeedsColumn]:
    """The columns of the active fit with the bounds of another scaling, where they vary there."""
    named = {
        "feature": active.column("feature"),
        "position": active.column("position"),
        "needs_block": active.column("needs_block"),
        "share_of": active.column("share_of"),
    }
    return needs_columns(pa.table(named), scaling)


class ColumnsSearch:
    """Scalings of the columns of needs alone, in weights found with spend taken out.

    scaling: of all features. stored: the scaling of the fit before, whose weights stay while their
    groups are there (see `weighting`).
    """

    def __init__(
        self,
        scaling: pa.Table,
        columns: list[NeedsColumn],
        given: dict[str, Vector],
        settings: FitSettings,
        stored: pa.Table | None,
    ) -> None:
        self._scaling = scaling
        self._columns: tuple[NeedsColumn, ...] = ()
        self._search: WeightSearch | None = None
        found = components(columns, given)
        if found is None:
            return
        self._columns = found.columns
        rng = rng_for(settings.seed, WEIGHTS_PATH)
        rows = sampled_rows(len(found.standardised), settings.weighting_sample_size, rng)
        active = ActiveWeights.from_table(stored)
        names = [column.feature for column in found.columns]
        with one_blas_thread():
            self._search = WeightSearch(
                np.ascontiguousarray(found.standardised[rows], dtype=np.float32),
                np.ones(len(names)),
                [column.block for column in found.columns],
                settings,
                held=None if active is None else active.of_features(names),
            )

    @property
    def is_possible(self) -> bool:
        """Are there columns enough in which customers differ?"""
        return self._search is not None

    def clear(self) -> pa.Table | None:
        """The scaling of clear groups; None where none show."""
        if self._search is None:
            return None
        with one_blas_thread():
            return self._of(self._search.clear())

    def dependable(self, active_k: int | None) -> tuple[pa.Table, Agreed] | None:
        """The scaling of a cut that half samples find again, and the cut; None where none is."""
        if self._search is None:
            return None
        with one_blas_thread():
            found = self._search.dependable(active_k)
        return None if found is None else (self._of(found.weights), found)

    def agreed(self) -> pa.Table | None:
        """The scaling of the cut that half samples agree on, however much that is."""
        if self._search is None:
            return None
        with one_blas_thread():
            found = self._search.agreed(None)
        return None if found is None else self._of(found.weights)

    def _of(self, weights: Vector | None) -> pa.Table | None:
        if weights is None:
            return None
        named = zip((column.feature for column in self._columns), weights, strict=True)
        return _weighted(self._scaling, self._columns, dict(named))


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
