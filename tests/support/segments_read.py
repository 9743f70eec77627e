"""Segments, their names and movement, read from what builds published."""

from collections import Counter

from moving_shop import (
    customers,
)
from shops import Built


def segments(built: Built) -> dict[str, int]:
    """Return the segment of each segmented customer."""
    return dict(
        built.query(
            "select customer_id, segment_id from customer_segments where status = 'segmented'"
        )
    )


def names(built: Built) -> dict[int, str]:
    """Return the name of each segment."""
    return dict(built.query("select segment_id, segment_name from segment_summary"))


def members(built: Built, segment: int) -> set[str]:
    """Return the customers of a segment."""
    return {customer for customer, found in segments(built).items() if found == segment}


def segment_of_most(built: Built, kind: str) -> int:
    """Return the segment that most customers of a type are in."""
    found = [segment for one, segment in segments(built).items() if customers()[one] == kind]
    ((segment, _),) = Counter(found).most_common(1)
    return segment


def movement(built: Built, run: int) -> dict[tuple, tuple[int, int, int]]:
    """Return how many moved into a run: in all, because they changed, because the model did."""
    return {
        (before, after): tuple(counts)
        for before, after, *counts in built.query(
            "select from_group, to_group, customer_count, customer_changed_count, "
            "model_changed_count from segment_movement where basis = 'runs' and period = ?",
            f"run {run}",
        )
    }
