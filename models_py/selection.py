"""The choice of k by structure and stability together, and the verdict, in words.

Thresholds come from planted and structureless matrices (tests/support/synthetic_tables.py); each
stands beside its reason. The rule, in order, over k whose smallest segment is large enough:

1. separated: the largest k whose every pair of neighbours has a valley in between, whose clusters
   return in half samples, and whose silhouette is above that of references without structure, and
   that keeps a fair share of the separation of a smaller k whose segments are entirely apart.
   Merging two planted clusters keeps a valley between the rest, cutting one in two loses it, so
   the largest k that passes is the number that was planted.
2. overlapping: no such k, but silhouettes are above the references: the largest product of the
   gap and the agreement of half samples.
3. without structure: no k has a gap, or the overlapping choice would itself be called weak. Then
   segments are a useful cut through a cloud: the largest k that half samples agree on, because
   finer segments say more, or the k they agree on most.

The choice has hysteresis: at a refit the active k stays while it passes the tests of the rule and
no other k is clearly better. Twelve weekly refits of a moving population changed k five times
without it, which moved 12% of customers each time; matching can keep ids, but not a k that flips.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from models_py.config import FitSettings

# Structureless worlds of 800 and 3,000 rows reach 0.05; medium planted ones start at 0.12.
MINIMUM_GAP = 0.06
# A gap must also stand out from the scatter of the references: matters for few customers only.
MINIMUM_GAP_SPREADS = 3.0
# A k that explains structure but less than half as well as the best k is a coarser or finer cut,
# unless valleys as deep as STRONG_SEPARATION say otherwise: where two groups differ in few columns
# silhouettes fall though the groups are apart. A cut through a group never has such a valley.
MINIMUM_GAP_SHARE = 0.5
# Cutting one planted cluster in two gives at most 0.08 and mostly less than 0, the planted k of
# easy worlds at least 0.4, of medium ones mostly more than 0.1; 0.06 to 0.12 do nearly as well.
MINIMUM_SEPARATION = 0.08
# Where a smaller k leaves segments apart by this much, a larger one that keeps less than a quarter
# of it cuts a group along its noise. A shop of four types: 0.98 at four, 0.20 at five; the planted
# k of matrices and worlds keep more than half wherever a smaller k gets so far.
APART_SEPARATION = 0.6
MINIMUM_SEPARATION_SHARE = 0.25
# Hennig: from 0.6 on a cluster is a pattern. On matrices 0.5 to 0.65 choose the same k; on worlds
# of order lines a cut through a planted segment came back with 0.59. 0.7 loses planted k.
MINIMUM_JACCARD = 0.65
# Half samples that agree this much: what real data reaches at a k that also predicts spend and
# says something of preferences (docs/quality.md, the frontier).
STABLE_ADJUSTED_RAND = 0.75
# What it takes to displace the active k: twice the separation that passes, a tenth more of gap
# times stability, or, without structure, that half samples agree on the old k a tenth less.
DISPLACING_SEPARATION = 2 * MINIMUM_SEPARATION
DISPLACING_SCORE = 1.1
KEEPING_ADJUSTED_RAND = STABLE_ADJUSTED_RAND - 0.1
# Strong: as clearly apart as nearly all easy planted worlds and few medium ones.
STRONG_GAP = 0.15
STRONG_SEPARATION = 0.4
STRONG_JACCARD = 0.75  # Hennig: from here on a cluster is valid and stable
# Overlapping segments are `moderate` when they come back and at least hint at a valley: skewed
# clouds have a gap by chance but no valley, uniform boxes have valleys at corners but no gap.
OVERLAP_ADJUSTED_RAND = 0.7
OVERLAP_SEPARATION = 0.0

STRONG, MODERATE, CONSTRUCTIVE, WEAK = "strong", "moderate", "constructive", "weak"


@dataclass(frozen=True)
class Evidence:
    """What the rule looks at for one k. None: could not be measured."""

    k: int
    smallest_share: float
    gap: float | None
    spread: float | None
    stability: float | None
    jaccard: float | None
    separation: float | None


@dataclass(frozen=True)
class Judgement:
    """score: what the rule ranks by, larger first; comparable within one scan only."""

    is_feasible: bool
    score: float | None
    is_chosen: bool
    choice_reason: str
    verdict: str
    verdict_reason: str


def has_gap(one: Evidence) -> bool:
    """Is the silhouette above what data without structure gives?"""
    return one.gap is not None and one.gap >= max(
        MINIMUM_GAP, MINIMUM_GAP_SPREADS * (one.spread or 0.0)
    )


def _gap(one: Evidence) -> float:
    """The gap, 0 where it could not be measured."""
    return one.gap or 0.0


def _overlapping_score(one: Evidence) -> float:
    """Gap times the agreement of half samples, which ranks overlapping segments."""
    return _gap(one) * max(one.stability or 0.0, 0.0)


def is_cut(one: Evidence, feasible: Sequence[Evidence]) -> bool:
    """Does a smaller k have segments entirely apart, and this one hardly any such valley?"""
    smaller = [other.separation or 0.0 for other in feasible if other.k < one.k and has_gap(other)]
    best = max(smaller, default=0.0)
    return best >= APART_SEPARATION and (one.separation or 0.0) < MINIMUM_SEPARATION_SHARE * best


def is_apart(one: Evidence) -> bool:
    """Are the valleys as deep, and do the clusters return as well, as in strong structure?"""
    return (one.separation or 0.0) >= STRONG_SEPARATION and (one.jaccard or 0.0) >= STRONG_JACCARD


def is_separated(one: Evidence, best_gap: float) -> bool:
    """Does every pair of neighbours have a valley, and does every cluster return?"""
    return (
        has_gap(one)
        and (_gap(one) >= MINIMUM_GAP_SHARE * best_gap or is_apart(one))
        and (one.separation or 0.0) >= MINIMUM_SEPARATION
        and (one.jaccard or 0.0) >= MINIMUM_JACCARD
    )


def verdict(one: Evidence) -> tuple[str, str]:
    """`strong`, `moderate` or `weak` for one k, and why."""
    if one.k == 1:
        return WEAK, "one segment has no structure to judge"
    if one.gap is None or one.stability is None:
        return WEAK, "too few customers to compare with references and half samples"
    facts = (
        f"silhouette {one.gap:+.3f} against data without structure, half samples agree at "
        f"{one.stability:.2f}, least stable segment {one.jaccard:.2f}, least separation "
        f"{one.separation:.2f}"
    )
    if not has_gap(one):
        needed = max(MINIMUM_GAP, MINIMUM_GAP_SPREADS * (one.spread or 0.0))
        return WEAK, f"no more structure than in data without any ({needed:.3f} is needed): {facts}"
    if one.gap >= STRONG_GAP and is_apart(one):
        return STRONG, f"segments are apart and come back: {facts}"
    separation, jaccard = one.separation or 0.0, one.jaccard or 0.0
    if separation >= MINIMUM_SEPARATION and jaccard >= MINIMUM_JACCARD:
        return MODERATE, f"segments touch but come back: {facts}"
    if one.stability >= OVERLAP_ADJUSTED_RAND and separation >= OVERLAP_SEPARATION:
        return MODERATE, f"segments overlap but come back: {facts}"
    return WEAK, f"segments overlap and do not come back well enough: {facts}"


def choose(evidence: Sequence[Evidence], settings: FitSettings, *, limit: int) -> list[Judgement]:
    """Choose one k; one judgement per piece of evidence, in its order.

    limit: the largest k that the customers allow (number of distinct ones, counted as needed).
    Exactly one is chosen. A fixed k is chosen whatever the evidence; when no k is feasible the
    one with the largest smallest segment is chosen, and the reason says so.
    """
    feasible = [one for one in evidence if one.smallest_share >= settings.min_segment_share]
    best_gap = max((_gap(one) for one in feasible if has_gap(one)), default=0.0)
    separated = [
        one for one in feasible if is_separated(one, best_gap) and not is_cut(one, feasible)
    ]
    overlapping = max(
        (one for one in feasible if has_gap(one)),
        key=lambda one: (_overlapping_score(one), -one.k),
        default=None,
    )
    scores: dict[int, float] = {}
    if separated:
        rule = "separated"
        for one in feasible:
            scores[one.k] = float(one.k) if one in separated else _part(one.separation)
    elif overlapping is not None and verdict(overlapping)[0] != WEAK:
        rule = "overlapping"
        for one in feasible:
            scores[one.k] = _overlapping_score(one) if has_gap(one) else 0.0
    else:
        rule = "without structure"
        for one in feasible:
            is_stable = (one.stability or 0.0) >= STABLE_ADJUSTED_RAND
            scores[one.k] = float(one.k) if is_stable else _part(one.stability)
    if len(evidence) == 1:
        chosen = evidence[0].k
    elif feasible:
        best = max(feasible, key=lambda one: (scores[one.k], -one.k))
        chosen = with_hysteresis(best, feasible, separated, scores, rule, settings.active_k).k
    else:
        chosen = max(evidence, key=lambda one: (one.smallest_share, -one.k)).k
    judged = []
    for one in evidence:
        word, why = verdict(one)
        reason = _reason(one, chosen, rule, scores, settings, limit, best_gap, bool(feasible))
        judged.append(
            Judgement(one in feasible, scores.get(one.k), one.k == chosen, reason, word, why)
        )
    return judged


def with_hysteresis(
    best: Evidence,
    feasible: Sequence[Evidence],
    separated: Sequence[Evidence],
    scores: dict[int, float],
    rule: str,
    active_k: int | None,
) -> Evidence:
    """The active k if it passes the rule's tests and `best` is hardly better; else `best`."""
    holder = next((one for one in feasible if one.k == active_k), None)
    if holder is None or holder is best:
        return best
    if rule == "separated":
        stays = holder in separated and (best.separation or 0.0) < DISPLACING_SEPARATION
    elif rule == "overlapping":
        stays = has_gap(holder) and scores[best.k] < DISPLACING_SCORE * scores[holder.k]
    else:
        stays = (holder.stability or 0.0) >= KEEPING_ADJUSTED_RAND
    return holder if stays else best


def _part(value: float | None) -> float:
    """A score below any that passes: the failing measure itself, from 0 to under 1."""
    return min(max(value or 0.0, 0.0), 0.999)


def _reason(
    one: Evidence,
    chosen: int,
    rule: str,
    scores: dict[int, float],
    settings: FitSettings,
    limit: int,
    best_gap: float,
    any_feasible: bool,
) -> str:
    """One sentence: why this k was chosen, or why not."""
    if one.k == chosen:
        return _chosen_reason(one, rule, settings, limit, any_feasible)
    if one.smallest_share < settings.min_segment_share:
        return (
            f"not chosen: its smallest segment has {one.smallest_share:.1%} of customers, "
            f"less than {settings.min_segment_share:.1%}"
        )
    if chosen == settings.active_k:
        return f"not chosen: k={chosen} is active, and this k is not clearly better"
    if rule == "separated":
        if not has_gap(one):
            return "not chosen: its silhouette is not above that of data without structure"
        if _gap(one) < MINIMUM_GAP_SHARE * best_gap and not is_apart(one):
            return (
                f"not chosen: its gap {_gap(one):.3f} is less than half of the best, {best_gap:.3f}"
            )
        if (one.separation or 0.0) < MINIMUM_SEPARATION:
            return (
                f"not chosen: two of its segments are one group cut in two "
                f"(separation {one.separation or 0.0:.2f}; {MINIMUM_SEPARATION} is needed)"
            )
        if (one.jaccard or 0.0) < MINIMUM_JACCARD:
            return (
                f"not chosen: its least stable segment comes back with a Jaccard coefficient of "
                f"{one.jaccard or 0.0:.2f}; {MINIMUM_JACCARD} is needed"
            )
        if one.k > chosen:
            return (
                f"not chosen: k={chosen} has segments entirely apart, and this k cuts one of them "
                f"(separation {one.separation:.2f})"
            )
        return f"not chosen: k={chosen} passes the same tests and separates more segments"
    if rule == "overlapping":
        return f"not chosen: k={chosen} has more structure and stability together"
    if (one.stability or 0.0) < STABLE_ADJUSTED_RAND:
        return (
            f"not chosen: without structure half samples must agree, and they do at "
            f"{one.stability or 0.0:.2f} only"
        )
    return f"not chosen: half samples agree on k={chosen} too, which says more"


def _chosen_reason(
    one: Evidence, rule: str, settings: FitSettings, limit: int, any_feasible: bool
) -> str:
    small = ""
    if one.smallest_share < settings.min_segment_share:
        small = (
            f", although its smallest segment has {one.smallest_share:.1%} of customers, less "
            f"than {settings.min_segment_share:.1%}"
        )
    wanted = settings.candidates
    if one.k not in wanted:
        return (
            f"chosen: {min(wanted)} segments need as many distinct customers, there are only "
            f"{limit}, so k is reduced to {one.k}{small}"
        )
    if len(wanted) == 1:
        return f"chosen: k was fixed at {one.k}{small}"
    if not any_feasible:
        return f"chosen: no k has segments of the minimum share, this one comes nearest{small}"
    if one.k == settings.active_k:
        return (
            f"chosen: k={one.k} is active, still passes and no other k is clearly better "
            f"(half samples agree at {one.stability or 0.0:.2f})"
        )
    if rule == "separated":
        return (
            f"chosen: the largest k whose segments are all apart (separation {one.separation:.2f}) "
            f"and come back (Jaccard coefficient at least {one.jaccard:.2f})"
        )
    if rule == "overlapping":
        return (
            f"chosen: no k has segments all apart, this one has most structure and stability "
            f"together (gap {one.gap:.3f}, adjusted Rand index {one.stability:.2f})"
        )
    if (one.stability or 0.0) >= STABLE_ADJUSTED_RAND:
        return (
            f"chosen: no k shows structure, and this is the largest that half samples agree on "
            f"(adjusted Rand index {one.stability:.2f})"
        )
    if one.stability is None:
        return "chosen: too few customers to compare candidates, so the smallest k"
    return (
        f"chosen: no k shows structure, and this is the one half samples agree on most "
        f"(adjusted Rand index {one.stability:.2f})"
    )
