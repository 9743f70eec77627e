"""The scaled float32 matrix of all rows, on disk, for the passes of the search."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from models_py.arrays import Labels, Matrix
from models_py.config import FitSettings
from models_py.errors import LearningError
from models_py.features import BatchSource, Chunk, chunks
from models_py.parallel import map_stream
from models_py.scaler import Scaler

READ_ROWS = 65_536  # rows read at once when single rows are wanted


class ScaledMatrix:
    """A float32 matrix (rows x features) in a file, read block by block.

    Read and not mapped: mapped pages would count as memory of the process, all of them at last.
    Several threads may read at once.
    """

    def __init__(self, name: str, row_count: int, width: int) -> None:
        self._name = name
        self.shape = (row_count, width)

    def __len__(self) -> int:
        """Give the number of rows."""
        return self.shape[0]

    def block(self, first: int, count: int, *, out: Matrix | None = None) -> Matrix:
        """Rows from `first`, at most `count`; float32 (rows x features).

        out: memory for at least as many rows, which the result then lies in.
        """
        rows, width = self.shape
        count = max(0, min(count, rows - first))
        found = np.empty((count, width), dtype=np.float32) if out is None else out[:count]
        if found.size:
            with open(self._name, "rb", buffering=0) as file:
                file.seek(first * width * found.itemsize)
                read = file.readinto(found.data)
            if read != found.nbytes:
                raise OSError(f"{self._name}: expected {found.nbytes} bytes, found {read}")
        return found

    def blocks(self, size: int) -> Iterator[Matrix]:
        """All rows in order, `size` at a time; each is overwritten by the next."""
        room = np.empty((min(size, len(self)), self.shape[1]), dtype=np.float32)
        for first in range(0, len(self), size):
            yield self.block(first, size, out=room)

    def take(self, numbers: Labels) -> Matrix:
        """The rows with these numbers, which ascend; float32 (numbers x features)."""
        out = np.empty((numbers.size, self.shape[1]), dtype=np.float32)
        place = first = 0
        for block in self.blocks(READ_ROWS):
            until = int(np.searchsorted(numbers, first + len(block)))
            out[place:until] = block[numbers[place:until] - first]
            place, first = until, first + len(block)
        return out


@contextmanager
def scaled_matrix(
    source: BatchSource, scaler: Scaler, settings: FitSettings, *, row_count: int
) -> Iterator[ScaledMatrix]:
    """Write the scaled matrix in one pass and give it for reading.

    The file lies in `settings.tmp_dir` and is deleted at the end, also on an error.
    Raises LearningError when the source has not the rows that the scaling was learned from.
    """

    def scaled_rows(chunk: Chunk) -> Matrix:
        return np.ascontiguousarray(scaler.scale(chunk.values).T, dtype=np.float32)

    handle, name = tempfile.mkstemp(suffix=".f32", prefix="scaled_", dir=settings.tmp_dir)
    try:
        written = 0
        with os.fdopen(handle, "wb") as file:
            stream = chunks(
                source,
                scaler.features,
                chunk_rows=settings.chunk_rows,
                absurd_value=settings.absurd_value,
                check_order=True,
            )
            for rows in map_stream(scaled_rows, stream, threads=settings.threads):
                file.write(rows.data)
                written += len(rows)
        if written != row_count:
            raise LearningError(
                f"expected the {row_count} customers that the scaling was learned from, found "
                f"{written}; learn the scaling again from the same source"
            )
        yield ScaledMatrix(name, written, len(scaler.features))
    finally:
        Path(name).unlink(missing_ok=True)
