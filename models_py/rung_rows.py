"""Rows of the scan for cuts without natural groups, and what they say of them."""

from collections.abc import Sequence
from typing import Any

from models_py.needs import NEEDS, centres
from models_py.needs_search import Cut, NeedsSearch
from models_py.selection import CONSTRUCTIVE, WEAK
from models_py.weighting import Agreed

CONTINUUM = "dependable cuts through a continuum, which has no natural groups"


def shown(found: NeedsSearch) -> list[Cut]:
    """One cut for each number of axes: the chosen one, else the one half samples agree on most."""
    best: dict[int, Cut] = {}
    for cut in sorted(found.cuts, key=lambda cut: (cut is found.chosen, cut.agreement)):
        best[cut.k] = cut
    return [best[k] for k in sorted(best)]


def without_needs(found: NeedsSearch, cuts: Sequence[Cut]) -> str:
    """Why customers are not segmented by needs; of the cuts shown the one of fewest needs says."""
    why = found.finding or cuts[0].problem(is_active=found.is_active(cuts[0]))
    return f"no needs to segment by: {why}"


def needs_row(cut: Cut, found: NeedsSearch, joint: dict[str, Any]) -> dict[str, Any]:
    """The row of a cut in the scan; its measures on all customers are put in where it is chosen.

    joint: the chosen row of the first rung.
    """
    problem = cut.problem(is_active=found.is_active(cut))
    facts = (
        f"half samples agree at {cut.agreement:.2f}, each need comes back in the other half of "
        f"the orders (correlation at least {cut.reliability:.2f}), smallest segment "
        f"{cut.smallest_share:.1%}"
    )
    is_chosen = cut is found.chosen
    if is_chosen and problem:
        reason = "chosen: no natural groups, and needs that half samples agree on in part"
    elif is_chosen:
        reason = f"chosen: no natural groups, but {cut.model.axes} needs that can be depended on"
    elif problem is None:
        reason = "not chosen: segments of another number can be depended on, too"
    else:
        reason = f"not chosen: {problem}"
    return {
        "rung": NEEDS,
        "k": cut.k,
        "customer_count": joint["customer_count"],
        "is_feasible": problem is None,
        "stability": cut.agreement,
        "reliability": cut.reliability,
        "minimum_jaccard": float(cut.jaccards.min()),
        "smallest_segment_share": cut.smallest_share,
        "is_chosen": is_chosen,
        "choice_reason": reason,
        "verdict": WEAK if problem else CONSTRUCTIVE,
        "verdict_reason": problem or f"{CONTINUUM}: {facts}",
        "centroids": centres(cut.model.axes, cut.model.threshold).tolist() if is_chosen else [],
        "cluster_sizes": [],
        "cluster_silhouettes": [],
        "cluster_jaccards": cut.jaccards.tolist() if is_chosen else [],
    }


def cut_row(row: dict[str, Any], cut: Agreed, active_k: int | None, word: str) -> dict[str, Any]:
    """The row of a scan in found weights of which this cut is chosen (see `WeightSearch`).

    active_k: of the fit before, where it is of this rung. word: the verdict, constructive or weak.
    """
    is_kept = cut.k == active_k
    active = f"k={cut.k} is active, and half samples agree on it"
    if row["k"] != cut.k:
        if is_kept:
            reason = f"not chosen: {active}"
        elif row["k"] < cut.k:
            reason = f"not chosen: half samples agree on k={cut.k} too, which says more"
        else:
            reason = (
                "not chosen: half samples agree less, or one of its segments is small or like the "
                "average"
            )
        return row | {"is_chosen": False, "verdict": WEAK, "choice_reason": reason}
    if is_kept:
        reason = f"chosen: {active}"
    else:
        reason = "chosen: no natural groups, but the largest number that half samples agree on"
    facts = (
        f"half samples agree at {cut.agreement:.2f}, smallest segment "
        f"{row['smallest_segment_share']:.1%}"
    )
    kind = CONTINUUM if word == CONSTRUCTIVE else "a cut through a continuum"
    return row | {
        "is_chosen": True,
        "is_feasible": True,
        "stability": cut.agreement,
        "verdict": word,
        "verdict_reason": f"{kind}: {facts}",
        "choice_reason": reason,
    }
