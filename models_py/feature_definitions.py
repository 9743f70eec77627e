"""The definitions of features, validated before anything is learned by them."""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from models_py.errors import LearningError
from models_py.scaler import TRANSFORMS

MISSING_RULES = ("zero", "median", "max", "min")


@dataclass
class Definition:
    """One row of the feature definitions."""

    feature: str
    position: int
    family: str
    transform: str
    weight: float
    missing_rule: str
    is_clustered: bool
    left_out_reason: str | None


def read_definitions(table: pa.Table) -> list[Definition]:
    """The definitions in position order, validated."""
    found = []
    for row in table.to_pylist():
        name, is_clustered = row["feature"], bool(row["is_clustered"])
        if row["transform"] not in TRANSFORMS:
            raise LearningError(
                f"feature {name}: expected a transform among {', '.join(TRANSFORMS)}, found "
                f"{row['transform']!r}; change the feature definition"
            )
        weight = row["weight"]
        if is_clustered and (weight is None or not 0 <= weight < 1e6):
            raise LearningError(
                f"feature {name}: expected a weight from 0 to 1000000, found {weight}; change "
                "the feature definition, or set is_clustered to false to leave it out"
            )
        rule = str(row["missing_value"]).strip()
        if rule not in MISSING_RULES and not _is_number(rule):
            raise LearningError(
                f"feature {name}: expected missing_value among {', '.join(MISSING_RULES)} or a "
                f"number, found {rule!r}; change the feature definition"
            )
        found.append(
            Definition(
                name,
                row["position"],
                row["family"],
                row["transform"],
                weight or 0.0,
                rule,
                is_clustered,
                row.get("left_out_reason"),
            )
        )
    found.sort(key=lambda definition: (definition.position, definition.feature))
    names = [definition.feature for definition in found]
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise LearningError(
            f"expected each feature to be defined once, found {', '.join(repeated)} more than "
            "once; remove the extra definition"
        )
    if not any(definition.is_clustered for definition in found):
        raise LearningError(
            "expected at least one definition with is_clustered true, found none; "
            "mark the features to cluster on"
        )
    return found


def _is_number(text: str) -> bool:
    try:
        return bool(np.isfinite(float(text)))
    except ValueError:
        return False
