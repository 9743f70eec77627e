"""What the segments are compared with: a notebook's usual recipe, and cells of RFM quintiles."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from sklearn.cluster import KMeans
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.metrics import silhouette_score
from sklearn.model_selection import StratifiedKFold, cross_val_predict
from sklearn.preprocessing import StandardScaler

from benchmarks.pipeline import columns_of

NOTEBOOK_KS = range(3, 9)
RFM = ("days_since_last_order", "orders_per_28_days", "spend_per_28_days")
QUANTILES = 5
SILHOUETTE_ROWS = 5000  # above this many customers a notebook samples, as scikit-learn offers
FOLDS = 5


def filled(matrix: pa.Table, features: Sequence[str]) -> np.ndarray:
    """Features as float64 (rows x features), nulls replaced by the median, as notebooks do."""
    columns = []
    for values in columns_of(matrix, features).T:
        is_null = np.isnan(values)
        if not is_null.all():
            columns.append(np.where(is_null, np.median(values[~is_null]), values))
    return np.stack(columns, axis=1)


def notebook(rows: np.ndarray, seed: int) -> tuple[int, np.ndarray]:
    """StandardScaler, KMeans(n_init=10), k by best silhouette; returns (k, labels)."""
    scaled = StandardScaler().fit_transform(rows)
    size = SILHOUETTE_ROWS if len(scaled) > SILHOUETTE_ROWS else None
    found = []
    for k in NOTEBOOK_KS:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            labels = KMeans(k, n_init=10, random_state=seed).fit_predict(scaled)
        silhouette = silhouette_score(scaled, labels, sample_size=size, random_state=seed)
        found.append((silhouette, k, labels))
    _, k, labels = max(found, key=lambda one: one[0])
    return k, labels


def rfm_cells(matrix: pa.Table) -> np.ndarray:
    """Cells 0 to 124 of quintiles of recency, frequency and monetary value; ties by key order."""
    cells = np.zeros(matrix.num_rows, dtype=np.int64)
    for values in filled(matrix, RFM).T:
        rank = np.empty(len(values), dtype=np.int64)
        rank[np.argsort(values, kind="stable")] = np.arange(len(values))
        cells = cells * QUANTILES + rank * QUANTILES // len(values)
    return cells


def supervised(rows: np.ndarray, labels: np.ndarray, seed: int) -> np.ndarray:
    """Labels that linear discriminants, taught the true ones, give customers they did not see.

    No recipe: the mark of what the features themselves hold, as the oracle is that
    of what the orders can tell.
    """
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    predicted: np.ndarray = cross_val_predict(LinearDiscriminantAnalysis(), rows, labels, cv=folds)
    return predicted
