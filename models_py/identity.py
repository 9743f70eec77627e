"""A segment id is a promise: a refit keeps ids, retires ids, opens new ones, never reuses one.

New segments are matched to those of the fit before by the members they share and by where their
centres lie. Label churn is split into what customers changed and what the model changed.
"""

from dataclasses import dataclass

import numpy as np

from models_py.arrays import Counts, Labels, Mask, Matrix
from models_py.metrics import best_pairs, jaccard_matrix

MEMBER_WEIGHT = 0.8  # members decide; centres break near ties and serve when members are new
CENTRE_MATCH = 0.5  # a centre that moved less than half way to its nearest neighbour is the same
HALF = 0.5  # a segment went where at least half of its members went
MERGE_SHARE = 0.1  # and it counts as a part of a merger when it makes a tenth of the new one

OPENED, KEPT, RETIRED, SPLIT, MERGED = "opened", "kept", "retired", "split", "merged"


@dataclass(frozen=True)
class Match:
    """Identity of the new segments.

    segment_ids: int64 (new segments). lineages: their words. origins: previous ids each came from.
    retired: previous ids that no new segment carries, ascending.
    next_segment_id: the first id not given out.
    """

    segment_ids: Labels
    lineages: tuple[str, ...]
    origins: tuple[tuple[int, ...], ...]
    retired: tuple[int, ...]
    next_segment_id: int


def centre_closeness(new: Matrix, previous: Matrix) -> Matrix:
    """1 where the centres coincide, 0 from the nearest neighbour's distance on.

    new: (new x features), previous: (previous x features), both scaled alike. The measure of
    distance is, for each previous centre, that to its nearest other previous centre.
    """
    gaps = np.sqrt(np.square(previous[:, None] - previous[None]).sum(axis=2))
    np.fill_diagonal(gaps, np.inf)
    reach = gaps.min(axis=1)
    if len(previous) == 1:
        spread = np.sqrt(np.square(new - previous).sum(axis=1)).max(initial=0.0)
        reach = np.array([spread if spread > 0 else 1.0])
    apart = np.sqrt(np.square(new[:, None] - previous[None]).sum(axis=2))
    safe = np.where(reach > 0, reach, 1.0)
    closeness: Matrix = np.where(
        reach > 0, np.clip(1 - apart / safe, 0, 1), (apart == 0).astype(float)
    )
    return closeness


def match_segments(
    shared: Counts,
    previous_ids: Labels,
    next_segment_id: int,
    order: Labels,
    *,
    closeness: Matrix | None = None,
    minimum_jaccard: float = 1 / 3,
) -> Match:
    """Give ids to new segments.

    shared: (new x previous) customers in new segment i that were in previous segment j.
    previous_ids: int64 (previous), the ids of the active segments of the fit before.
    order: indices of new segments in business order; new ids are given out in that order.
    closeness: (new x previous) from `centre_closeness`, or None when no feature is common.

    The assignment maximises the sum over pairs of 0.8 Jaccard + 0.2 closeness (closeness alone
    when no customer has a previous segment), by the Hungarian algorithm; a pair keeps its id when
    its Jaccard coefficient is at least `minimum_jaccard` or its centre stayed nearer to its old
    place than half way to the neighbour.
    """
    new_count, previous_count = shared.shape
    jaccard = jaccard_matrix(shared)
    close = np.zeros(shared.shape) if closeness is None else closeness
    has_members = shared.sum() > 0
    similarity = MEMBER_WEIGHT * jaccard + (1 - MEMBER_WEIGHT) * close if has_members else close
    is_near = (close > 1 - CENTRE_MATCH) & ((jaccard > 0) | (not has_members))
    kept = _kept_pairs(similarity, (jaccard >= minimum_jaccard) | is_near)
    went = shared / np.maximum(shared.sum(axis=0), 1)[None, :]
    came = shared / np.maximum(shared.sum(axis=1), 1)[:, None]
    ids = np.zeros(new_count, dtype=np.int64)
    lineages = [""] * new_count
    origins: list[tuple[int, ...]] = [()] * new_count
    following = next_segment_id
    for i in (int(number) for number in order):
        parts = [
            j for j in range(previous_count) if went[i, j] >= HALF and came[i, j] >= MERGE_SHARE
        ]
        if i in kept:
            parts = sorted({*parts, kept[i]})
            ids[i] = previous_ids[kept[i]]
            lineages[i] = MERGED if len(parts) > 1 else KEPT
        else:
            ids[i] = following
            following += 1
            source = int(np.argmax(came[i])) if previous_count else -1
            if len(parts) > 1:
                lineages[i] = MERGED
            elif previous_count and came[i, source] > HALF:
                lineages[i], parts = SPLIT, [source]
            else:
                lineages[i], parts = OPENED, []
        origins[i] = tuple(sorted(int(previous_ids[j]) for j in parts))
    held = {int(previous_ids[j]) for j in kept.values()}
    retired = tuple(sorted(int(one) for one in previous_ids if int(one) not in held))
    return Match(ids, tuple(lineages), tuple(origins), retired, following)


def _kept_pairs(similarity: Matrix, may_keep: Mask) -> dict[int, int]:
    """The previous segment of each new one that keeps its id; (new x previous) both."""
    if not similarity.shape[1]:
        return {}
    pairs = zip(*best_pairs(similarity), strict=True)
    return {int(i): int(j) for i, j in pairs if may_keep[i, j]}


def paired_ids(shared: Counts, ids: Labels) -> Labels:
    """Give each new segment the id of one other segment, whatever they share.

    shared: (new x other) customers in new segment i and other segment j, new <= other. ids: int64
    (other). The pairs maximise the sum of their Jaccard coefficients (Hungarian algorithm). Unlike
    `match_segments` no pair is refused, so read with it how much of each pair is shared.
    """
    new, other = best_pairs(jaccard_matrix(shared))
    paired = np.zeros(len(shared), dtype=np.int64)
    paired[new] = ids[other]
    return paired


def business_order(original_centres: Matrix) -> Labels:
    """Indices of segments by descending centre of the first feature, ties by the next ones.

    original_centres: (segments x features), original units, features in position order.
    """
    if original_centres.shape[1] == 0:
        return np.arange(len(original_centres))
    keys = tuple(-original_centres[:, column] for column in range(original_centres.shape[1]))
    return np.lexsort(keys[::-1])
