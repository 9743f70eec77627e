"""Transforms of features, and the scaling of rows by a table that `scaling` learned."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models_py.arrays import Matrix, Vector
from models_py.errors import LearningError

TRANSFORMS = ("log1p", "sqrt", "identity")
CURVES = {"log1p": np.log1p, "sqrt": np.sqrt}  # of absolute values


def transformed(
    values: Vector,
    transform: str,
    *,
    out: Vector | None = None,
    room: Vector | None = None,
) -> Vector:
    """Apply a transform; log1p and sqrt keep the sign, so that returns stay below zero.

    out: where the result goes, may be the values; room: memory of their shape to work in.
    """
    if transform == "identity":
        if out is None:
            return values
        np.copyto(out, values)
        return out
    if transform not in CURVES:
        raise LearningError(
            f"expected a transform among {', '.join(TRANSFORMS)}, found {transform!r}; "
            "change the feature definition"
        )
    absolute = np.abs(values, out=room)
    curved: Vector = np.copysign(CURVES[transform](absolute, out=absolute), values, out=out)
    return curved


def untransformed(values: Vector, transform: str) -> Vector:
    """The inverse of `transformed`: back to original units."""
    restored = values
    if transform == "log1p":
        restored = np.copysign(np.expm1(np.abs(values)), values)
    elif transform == "sqrt":
        restored = np.copysign(np.square(values), values)
    return restored


@dataclass(frozen=True)
class Scaler:
    """The used features of a scaling table, as arrays in position order.

    features, positions, transforms: names, positions and transforms, one per used feature.
    missing, lower, upper, mean, deviation, factor: float64 (used features).
    """

    features: tuple[str, ...]
    positions: tuple[int, ...]
    transforms: tuple[str, ...]
    missing: Vector
    lower: Vector
    upper: Vector
    mean: Vector
    deviation: Vector
    factor: Vector

    @classmethod
    def from_table(cls, scaling: pa.Table) -> "Scaler":
        """Read the table that `scaling_step` made (or its rows as read back from history)."""
        rows = sorted(
            (row for row in scaling.to_pylist() if row["is_used"]), key=lambda row: row["position"]
        )

        def column(name: str) -> Vector:
            return np.array([row[name] for row in rows], dtype=np.float64)

        return cls(
            tuple(row["feature"] for row in rows),
            tuple(row["position"] for row in rows),
            tuple(row["transform"] for row in rows),
            column("missing_value"),
            column("lower_value"),
            column("upper_value"),
            column("mean_value"),
            column("standard_deviation"),
            column("scale_factor"),
        )

    def filled(self, values: Matrix) -> Matrix:
        """Replace NaN by each feature's decided value; (features x rows), original units."""
        filled = values.copy()
        np.copyto(filled, self.missing[:, None], where=np.isnan(values))
        return filled

    def scale(self, values: Matrix) -> Matrix:
        """Original units (features x rows, NaN for null) to scaled float64 of the same shape."""
        scaled = self.filled(values)
        room = np.empty(scaled.shape[1])
        for row, transform in enumerate(self.transforms):
            line = scaled[row]
            transformed(line, transform, out=line, room=room)
            np.clip(line, self.lower[row], self.upper[row], out=line)
            line -= self.mean[row]
            line *= self.factor[row]
        return scaled

    def unscale(self, scaled: Matrix) -> Matrix:
        """Scaled centres (centres x features) back to original units."""
        out = np.empty_like(scaled, dtype=np.float64)
        for column, transform in enumerate(self.transforms):
            line = scaled[:, column] / self.factor[column] + self.mean[column]
            out[:, column] = untransformed(line, transform)
        return out

    def scale_one(self, feature: int, values: Vector) -> Vector:
        """Scale values of the feature with this index."""
        line = np.clip(
            transformed(values, self.transforms[feature]), self.lower[feature], self.upper[feature]
        )
        scaled: Vector = (line - self.mean[feature]) * self.factor[feature]
        return scaled
