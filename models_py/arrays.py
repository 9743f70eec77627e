"""Names for the arrays of the learning step: what they hold, and whether they have one side or two.

Matrices hold float64, float32 where the search runs (`kmeans`, `scaled_file`); each docstring says
which, and which side the features are on. NumPy's types do not hold the number of sides.
"""

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Matrix: TypeAlias = NDArray[np.floating[Any]]
"""Two sides: rows, centres or features."""

Vector: TypeAlias = NDArray[np.floating[Any]]
"""One number a row, a feature or a centre."""

Labels: TypeAlias = NDArray[np.integer[Any]]
"""A number for each row or centre: of a cluster, a segment, a feature or a row."""

Counts: TypeAlias = NDArray[np.integer[Any]]
"""Numbers of rows, by one side or by two."""

Mask: TypeAlias = NDArray[np.bool_]
"""Whether something holds, for each row or feature."""
