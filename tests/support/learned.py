"""Segments learned from a table in a hurry: few starts, weights as defined."""

import pyarrow as pa

from models_py import fit_steps
from models_py.ladder import scaling_of

FAST = {
    "start_count": 3,
    "half_sample_count": 2,
    "half_sample_starts": 1,
    "reference_count": 1,
    "reference_starts": 1,
    "chunk_rows": 256,
    "weighting": "definitions",
}


def with_columns(source, **columns):
    table = pa.Table.from_batches(source())
    for name, values in columns.items():
        table = table.append_column(name, values)
    return lambda: iter(table.to_batches(max_chunksize=190))


def learned(source, definitions, settings, previous=None, following=1):
    scan = fit_steps.k_scan_step(source, definitions, settings)
    scaling = scaling_of(scan)
    segments = fit_steps.fit_step(source, scaling, scan, previous, following, settings)
    return scaling, scan, segments


def assigned(source, scaling, segments, settings):
    return fit_steps.assign_step(source, scaling, segments, settings, source).read_all()
