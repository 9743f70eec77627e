"""Made-up customers of kinds, and the scan of the ladder on them."""

from __future__ import annotations

from dataclasses import replace

import pyarrow as pa

from models_py import fit_steps, ladder
from models_py.config import FitSettings
from models_py.metrics import adjusted_rand, contingency
from needs_tables import definitions, halves_table, shop, table

SETTINGS = FitSettings(
    threads=1,
    k_min=4,
    k_max=5,
    start_count=3,
    half_sample_count=2,
    half_sample_starts=1,
    reference_count=1,
    reference_starts=1,
    weighting_sample_size=500,
)
PLAIN = replace(SETTINGS, weighting="definitions")


def source_of(whole: pa.Table, size: int = 300):
    return lambda: iter(whole.to_batches(max_chunksize=size))


class World:
    """Customers, their halves, and what the scan finds."""

    def __init__(self, seed: int = 1, **shape):
        (whole, *halves), self.kinds = shop(seed, **shape)
        self.given = whole
        self.customers, self.halves = table(whole), halves_table(halves)

    def scan(self, settings=SETTINGS, stored=None, size=300, defined=None) -> pa.Table:
        source = source_of(self.customers, size)
        found = definitions() if defined is None else defined
        return fit_steps.k_scan_step(source, found, settings, stored, self.halves)


def chosen(scan: pa.Table) -> dict:
    (row,) = (row for row in scan.to_pylist() if row["is_chosen"])
    return row


def kinds_found(world: World, found: pa.Table) -> float:
    """Adjusted Rand index of the segments and the kinds."""
    scaling, source = ladder.scaling_of(found), source_of(world.customers)
    fitted = fit_steps.fit_step(source, scaling, found, None, 1, SETTINGS)
    ids = fit_steps.assign_step(source, scaling, fitted, SETTINGS).read_all().column("segment_id")
    return adjusted_rand(contingency(world.kinds, ids.to_numpy() - 1, 5, fitted.num_rows))
